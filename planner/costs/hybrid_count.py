"""How many own instances a hybrid runs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.costs.types import Option

__all__ = ["hybrid_instances"]

ONE = Decimal(1)


def hybrid_instances(option: Option, requests: Sequence[Decimal]) -> tuple[int, ...]:
    """Own instances of a hybrid in the fullest hour of each month of these volumes."""
    assert option.hybrid is not None
    if option.purchases is not None:
        return tuple(sum(bought) for bought in option.purchases.of_months(requests, ONE))
    return tuple(option.hybrid.plan(volume).most_instances for volume in requests)

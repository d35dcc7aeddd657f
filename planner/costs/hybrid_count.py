"""How many own instances a hybrid runs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.costs.types import Option

__all__ = ["hybrid_instances"]

ONE = Decimal(1)


def hybrid_instances(option: Option, requests: Sequence[Decimal]) -> tuple[int, ...]:
    """Own instances of a hybrid in the fullest hour of each month of these volumes."""
    base = option.hybrid
    assert base is not None
    if option.purchases is None:
        return tuple(base.plan(volume).most_instances for volume in requests)
    bought = option.purchases.of_months(requests, ONE)
    if not base.scheduled:
        return tuple(sum(each) for each in bought)
    return tuple(
        base.plan_bought(each, volume).most_instances
        for each, volume in zip(bought, requests, strict=True)
    )

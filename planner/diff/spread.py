"""Ranges of what was drawn: the middle 80 % of the draws around an expected value."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.diff.shapley import cents
from planner.diff.types import Range

__all__ = ["around"]


def around(usd: Sequence[float], expected: Decimal) -> Range:
    """The 10th to the 90th percentile, widened where the expected value lies outside of them.

    A point without draws, or where they are all 0.
    """
    if not any(usd):
        return Range.point(expected)
    import numpy as np

    from planner.decision.uncertainty.simulate import range_of

    found = range_of(np.array(usd))
    return Range(
        low=min(cents(found.p10), expected),
        expected=expected,
        high=max(cents(found.p90), expected),
    )

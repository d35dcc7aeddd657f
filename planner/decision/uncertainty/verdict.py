"""Words for how sure the answer is."""

from __future__ import annotations

from planner.costs import Option
from planner.decision.uncertainty.types import VerdictWord

__all__ = ["smaller_lock_in", "verdict_word"]

_CLEARLY, _LIKELY = 0.9, 0.7
# Comparisons of shares of draws with thresholds that are no binary fractions.
_SLACK = 1e-9


def verdict_word(probability: float) -> VerdictWord:
    """The word for the probability that the choice is the cheaper one.

    From 0.9 up clearly, from 0.7 up likely, down to 0.3 too close to call; below, the mirror.
    """
    if probability >= _CLEARLY - _SLACK:
        return "clearly"
    if probability >= _LIKELY - _SLACK:
        return "likely"
    if probability <= 1 - _CLEARLY + _SLACK:
        return "clearly not"
    return "likely not" if probability < 1 - _LIKELY - _SLACK else "too close to call"


def smaller_lock_in(one: Option, other: Option) -> Option:
    """The option that is easier to leave: shorter commitment, then an API before machines.

    The first when both are alike.
    """

    def lock_in(option: Option) -> tuple[int, bool]:
        return option.commitment_months, not option.is_api

    return other if lock_in(other) < lock_in(one) else one

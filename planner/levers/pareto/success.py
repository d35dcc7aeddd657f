"""Success rates: how sure they are, which of them overlap, and what a success costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["WILSON_Z", "Interval", "Measured", "overlapping", "usd_per_success", "wilson"]

# Normal quantile of a two-sided 95 % interval, as commonly rounded.
WILSON_Z = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval of a share (0-1)."""

    low: float
    high: float

    def overlaps(self, other: Interval) -> bool:
        """Whether they have a value in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class Measured:
    """So many successes in so many trials (at least one)."""

    successes: int
    trials: int

    @property
    def interval(self) -> Interval:
        """The 95 % Wilson interval."""
        return wilson(self.successes, self.trials)


def wilson(successes: int, trials: int, z: float = WILSON_Z) -> Interval:
    """Wilson score interval: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).

    E. B. Wilson, Journal of the American Statistical Association 22 (1927). ``trials`` >= 1.
    """
    p, n = successes / trials, float(trials)
    middle = p + z * z / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the root is exact, which floats are not.
    low = (middle - reach) / scale if successes else 0.0
    high = (middle + reach) / scale if successes < trials else 1.0
    return Interval(low, high)


def overlapping(
    measured: Mapping[int, Measured],
    frontier: Iterable[int],
    dominators: Mapping[int, Sequence[int]],
) -> dict[int, tuple[int, ...]]:
    """The points whose place rests on a difference in success rate that the sample cannot tell.

    Compared are neighbours on the frontier, in the order of their rates, and a dominated point
    with each of its ``dominators``. Points by index, each with those it overlaps.
    """
    ranked = sorted(
        (index for index in frontier if index in measured),
        key=lambda index: (_rate(measured[index]), index),
    )
    pairs = [
        *itertools.pairwise(ranked),
        *((b, a) for a, b in itertools.pairwise(ranked)),
        *((point, by) for point, all_by in dominators.items() for by in all_by),
    ]
    found: dict[int, set[int]] = {}
    for one, other in pairs:
        both = one in measured and other in measured
        if both and measured[one].interval.overlaps(measured[other].interval):
            found.setdefault(one, set()).add(other)
    return {index: tuple(sorted(others)) for index, others in found.items()}


def _rate(measured: Measured) -> float:
    return measured.successes / measured.trials


def usd_per_success(usd_per_request: Decimal, success_share: Decimal) -> Decimal | None:
    """Cost of one request that succeeds when failed ones are paid too; None when none succeeds."""
    return usd_per_request / success_share if success_share else None

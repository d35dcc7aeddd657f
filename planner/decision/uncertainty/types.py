"""What uncertainty hands on: spreads of inputs, ranges of results, and what would flip them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

__all__ = [
    "ArmRange",
    "Basis",
    "LastingRange",
    "Range",
    "Spread",
    "Swing",
    "Uncertainty",
    "VerdictWord",
]

Basis = Literal["published", "assumption", "scenario", "serving", "none"]
VerdictWord = Literal["clearly", "likely", "too close to call", "likely not", "clearly not"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What an input may turn out to be, as a multiple of its value in the scenario.

    With ``step_to`` None: lognormal on each side of the median 1, one in ten below ``low``, one
    in ten above ``high``. With ``step_to`` a price list: with ``step_probability`` it falls to that
    multiple, with ``rise_probability`` it rises to ``rise_to``, at a moment spread evenly over the
    horizon; the multiple is the horizon's mean.
    """

    low: float = 1.0
    high: float = 1.0
    step_to: float | None = None
    step_probability: float = 0.0
    rise_to: float = 1.0
    rise_probability: float = 0.0
    basis: Basis = "none"
    source: str = ""
    observed: date | None = None

    @property
    def is_point(self) -> bool:
        """Whether the input cannot differ from its value."""
        if self.step_to is not None:
            falls = self.step_to != 1.0 and self.step_probability > 0.0
            return not falls and (self.rise_to == 1.0 or self.rise_probability == 0.0)
        return self.low == 1.0 and self.high == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The 10th, 50th and 90th percentile of the draws."""

    p10: Decimal
    p50: Decimal
    p90: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRange:
    """One feasible option over the draws; money in USD a month, mean over the horizon.

    ``missed_share`` is the mean share of requests beyond what the fixed fleet holds inside the
    service level; ``short_draws_share`` the share of draws with any.
    """

    name: str
    label: str
    monthly_usd: Range
    missed_share: float
    short_draws_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingRange:
    """The lasting break-even volume over the draws, in requests a month.

    A percentile is None where so many draws have no lasting volume; ``exists_share`` is the share
    of draws that have one.
    """

    p10: int | None
    p50: int | None
    p90: int | None
    exists_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One input moved alone, as a multiple of its value in the scenario.

    ``saving_*`` are USD a month that the choice saves against its rival with the input at its
    10th and 90th percentile and all others at their 50th. ``flip`` is the multiple nearest to 1
    within the range searched at which both cost the same, None when there is none;
    ``flip_probability`` the probability that the input lies at or beyond it under its spread.
    """

    input: str
    of: str
    spread: Spread
    at_p10: float
    at_p90: float
    saving_p10_usd: Decimal
    saving_p90_usd: Decimal
    flip: float | None
    flip_probability: float | None

    @property
    def swing_usd(self) -> Decimal:
        """How far the saving moves between the two percentiles."""
        return abs(self.saving_p90_usd - self.saving_p10_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """How sure the answer is.

    ``saving`` is what the choice saves a month against ``rival``, the runner-up; None, as the
    probabilities, without one. ``p_selfhost_cheaper`` is None unless one of the two is an API
    option and the other self-hosted, no hybrid. ``p_error`` is the standard error of sampling.
    ``swings`` are sorted by swing, the largest first; ``first_flip`` is the first of them that
    flips the answer with the fleets as planned.
    """

    draws: int
    seed: int
    choice: str
    rival: str | None
    arms: tuple[ArmRange, ...]
    saving: Range | None
    saving_point_usd: Decimal | None
    p_choice_cheaper: float | None
    p_selfhost_cheaper: float | None
    p_error: float | None
    verdict: VerdictWord | None
    lasting: LastingRange | None
    swings: tuple[Swing, ...]
    spreads: tuple[tuple[str, Spread], ...]

    @property
    def first_flip(self) -> Swing | None:
        """The input with the largest swing among those that can flip the answer."""
        return next((swing for swing in self.swings if swing.flip is not None), None)

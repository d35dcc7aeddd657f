"""How sure the answer is: spreads of the inputs, draws, percentiles, and what would flip it."""

from __future__ import annotations

from planner.decision.uncertainty.assess import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    PORTFOLIO_DRAWS,
    assess,
    with_uncertainty,
)
from planner.decision.uncertainty.types import (
    ArmRange,
    LastingRange,
    Range,
    Spread,
    Swing,
    Uncertainty,
    VerdictWord,
)
from planner.decision.uncertainty.verdict import smaller_lock_in, verdict_word

__all__ = [
    "DEFAULT_DRAWS",
    "DEFAULT_SEED",
    "PORTFOLIO_DRAWS",
    "ArmRange",
    "LastingRange",
    "Range",
    "Spread",
    "Swing",
    "Uncertainty",
    "VerdictWord",
    "assess",
    "smaller_lock_in",
    "verdict_word",
    "with_uncertainty",
]

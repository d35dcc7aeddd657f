"""A semantic cache: thresholds, their errors and their cost, calibrated on labelled pairs."""

from __future__ import annotations

from planner.levers.cache.calibration import (
    Calibrated,
    ErrorSample,
    GuardEffect,
    calibrated,
    default_thresholds,
)
from planner.levers.cache.guard import GuardReason, forces_miss
from planner.levers.cache.pairs import Pair, parse_pairs, read_pairs
from planner.levers.cache.thresholds import (
    BestSpan,
    CacheCosts,
    Risk,
    ThresholdRates,
    ThresholdResult,
    WrongBasis,
    best_by_error_cost,
    best_threshold,
    threshold_results,
)

__all__ = [
    "BestSpan",
    "CacheCosts",
    "Calibrated",
    "ErrorSample",
    "GuardEffect",
    "GuardReason",
    "Pair",
    "Risk",
    "ThresholdRates",
    "ThresholdResult",
    "WrongBasis",
    "best_by_error_cost",
    "best_threshold",
    "calibrated",
    "default_thresholds",
    "forces_miss",
    "parse_pairs",
    "read_pairs",
    "threshold_results",
]

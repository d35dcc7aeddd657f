"""The frontier of cost, quality and latency: what is worth looking at, and what a mix beats."""

from __future__ import annotations

from planner.levers.pareto.frontier import Axis, Point, Sense, Standing, standings
from planner.levers.pareto.mixes import MOST_FOR_MIXES, Mix, best_mixes
from planner.levers.pareto.options import option_point
from planner.levers.pareto.success import (
    WILSON_Z,
    Interval,
    Measured,
    overlapping,
    usd_per_success,
    wilson,
)
from planner.levers.pareto.table import (
    COST,
    LATENCY,
    QUALITY,
    SENSES,
    BenchmarkRow,
    read_benchmark_csv,
)

__all__ = [
    "COST",
    "LATENCY",
    "MOST_FOR_MIXES",
    "QUALITY",
    "SENSES",
    "WILSON_Z",
    "Axis",
    "BenchmarkRow",
    "Interval",
    "Measured",
    "Mix",
    "Point",
    "Sense",
    "Standing",
    "best_mixes",
    "option_point",
    "overlapping",
    "read_benchmark_csv",
    "standings",
    "usd_per_success",
    "wilson",
]

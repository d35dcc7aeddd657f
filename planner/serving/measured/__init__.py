"""Capacity from measured runs: the user's own benchmark files, and published rows shipped here."""

from __future__ import annotations

from planner.serving.measured.own import OwnRunsProvider, own_runs_provider
from planner.serving.measured.replay import Point, Replayed, point_of, replay
from planner.serving.measured.rows import shipped_rows, shipped_runs
from planner.serving.measured.scale import run_replica
from planner.serving.measured.scaled import ScaledSteps
from planner.serving.measured.shipped import ShippedRowsProvider
from planner.serving.measured.types import LoadKind, Run
from planner.serving.measured.userfile import Benchmark, read_benchmark

__all__ = [
    "Benchmark",
    "LoadKind",
    "OwnRunsProvider",
    "Point",
    "Replayed",
    "Run",
    "ScaledSteps",
    "ShippedRowsProvider",
    "own_runs_provider",
    "point_of",
    "read_benchmark",
    "replay",
    "run_replica",
    "shipped_rows",
    "shipped_runs",
]

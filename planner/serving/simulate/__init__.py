"""Continuous batching played step by step: confirms the analytic model, replays traces."""

from __future__ import annotations

from planner.serving.simulate.confirm import (
    Check,
    Confirmation,
    confirm,
    confirm_with_replicas,
    engine_of,
)
from planner.serving.simulate.run import STEADY, WHOLE, simulate
from planner.serving.simulate.types import (
    Arrivals,
    Cutoff,
    Engine,
    Sample,
    SimRequest,
    SimResult,
    Timeline,
    Workload,
)
from planner.serving.simulate.workloads import (
    burst,
    closed_loop,
    draw_requests,
    open_loop,
    replay,
)

__all__ = [
    "STEADY",
    "WHOLE",
    "Arrivals",
    "Check",
    "Confirmation",
    "Cutoff",
    "Engine",
    "Sample",
    "SimRequest",
    "SimResult",
    "Timeline",
    "Workload",
    "burst",
    "closed_loop",
    "confirm",
    "confirm_with_replicas",
    "draw_requests",
    "engine_of",
    "open_loop",
    "replay",
    "simulate",
]

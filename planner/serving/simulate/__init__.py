"""Continuous batching played step by step: confirms the analytic model, replays traces."""

from __future__ import annotations

from planner.serving.simulate.check import CapacityCheck, Share, check_capacity
from planner.serving.simulate.confirm import (
    LEAST_REQUESTS,
    Check,
    Confirmation,
    confirm,
    confirm_with_replicas,
    engine_of,
)
from planner.serving.simulate.enough import Enough, enough_replicas
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
    replica_workload,
)

__all__ = [
    "LEAST_REQUESTS",
    "STEADY",
    "WHOLE",
    "Arrivals",
    "CapacityCheck",
    "Check",
    "Confirmation",
    "Cutoff",
    "Engine",
    "Enough",
    "Sample",
    "Share",
    "SimRequest",
    "SimResult",
    "Timeline",
    "Workload",
    "burst",
    "check_capacity",
    "closed_loop",
    "confirm",
    "confirm_with_replicas",
    "draw_requests",
    "engine_of",
    "enough_replicas",
    "open_loop",
    "replay",
    "replica_workload",
    "simulate",
]

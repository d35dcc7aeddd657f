"""The decision: ranking, breakeven, what would flip it, and the plan that carries it on."""

from __future__ import annotations

from planner.decision.breakeven import Breakeven, Span
from planner.decision.flips import Flip, FlipInput
from planner.decision.plan import Plan, build_plan, read_plan
from planner.decision.recommendation import Evaluated, Recommendation, recommend

__all__ = [
    "Breakeven",
    "Evaluated",
    "Flip",
    "FlipInput",
    "Plan",
    "Recommendation",
    "Span",
    "build_plan",
    "read_plan",
    "recommend",
]

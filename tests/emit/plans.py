"""Plans of each arm of one scenario, made once; and their serving plans."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from planner.cli.evaluation import PriceOptions, evaluate_file
from planner.decision import Plan, build_plan
from planner.emit.build import serving_plan
from planner.emit.serving_plan import ServingPlan

__all__ = ["SCENARIO", "plan_of", "serving_of"]

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios/office-hours.yaml"
_CLIENTS = "deployment.client_cidrs=[10.0.0.0/16]"
_NO_PRICES = PriceOptions(prices_file=None, as_of=None)


@cache
def _evaluation(sets: tuple[str, ...]):
    return evaluate_file(SCENARIO, [_CLIENTS, *sets], _NO_PRICES)


@cache
def plan_of(arm: str, *sets: str) -> Plan:
    """The cheapest option of an arm; the cheapest hardware carries it."""
    recommendation = _evaluation(sets).with_arm(arm).recommendation
    assert recommendation.chosen is not None
    return build_plan(recommendation, recommendation.chosen)


@cache
def serving_of(arm: str, *sets: str, stack: str = "prod") -> ServingPlan:
    """What the stack of that name gets."""
    return serving_plan(plan_of(arm, *sets), stack)

"""From a plan to what is drilled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planner.cli.evaluation import PriceOptions
from planner.cli.plan_input import plan_of
from planner.decision import Plan
from planner.drill.rehearsal import rehearsal, serving_for_drill, subject_of

_SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
_PRICES = PriceOptions(prices_file=None, as_of=None)


def _plan(name: str, *sets: str) -> Plan:
    return plan_of(_SCENARIOS / f"{name}.yaml", None, sets, _PRICES)


def _without_clients(plan: Plan) -> Plan:
    deployment: dict[str, Any] = {**plan.content["deployment"]}
    deployment |= {"client_cidrs": [], "client_security_group_ids": []}
    return replace(plan, content={**plan.content, "deployment": deployment})


def test_a_plan_that_nobody_may_call_yet_can_be_drilled() -> None:
    plan = _without_clients(_plan("residency-eu"))
    assert serving_for_drill(plan, "residency-eu").deployment.client_cidrs == ("10.0.0.0/8",)


def test_the_alarms_are_those_of_the_program() -> None:
    found = rehearsal(_plan("support-chat"))
    assert found.as_registered
    # Bedrock: fast, slow, day, unit-cost, volume, no-data, anomaly.
    assert len(found.watch.alarms) == 7
    assert all(
        value and "<" not in value
        for alarm in found.watch.alarms
        for metric in alarm.metrics
        for value in metric.dimensions.values()
    )


def test_a_plan_over_its_own_budget_is_said_to_be() -> None:
    found = rehearsal(_plan("textbook-cache", "budget.monthly_usd=500"))
    assert found.note is not None and "no stack is known" in found.note
    over = rehearsal(_plan("support-chat", "budget.monthly_usd=10"))
    assert over.note is not None and "is over budget.monthly_usd, $10.00" in over.note


@pytest.mark.parametrize(("name", "on_aws"), [("support-chat", True), ("faq-assistant", False)])
def test_only_what_aws_bills_is_on_its_bill(name: str, on_aws: bool) -> None:
    plan = _plan(name)
    serving = serving_for_drill(plan, name)
    found = subject_of(plan, serving)
    assert found.api_on_aws is on_aws
    share = sum(found.aws_usd_utc) / sum(float(usd) for usd in serving.spend.hourly_usd_utc)
    assert (share == pytest.approx(1.0)) if on_aws else (share < 0.2)

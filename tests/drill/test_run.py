"""Drills of the sample plans: quiet as planned, told of faults, monotone in headroom."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from planner.drill.model import Fault, faults
from planner.drill.run import Drill, applicable
from planner.drill.subject import Watch
from planner.drill.types import CaseResult
from tests.drill.subjects import USUAL, subject, watch
from tests.stacks.sample_plans import KINDS

_each_kind = pytest.mark.parametrize("kind", KINDS)


@cache
def _drill(kind: str, ratio: str = "1.3", seed: int = 1) -> Drill:
    # A budget and caps of its own, so that headroom moves thresholds only.
    changes: dict[str, Any] = {"spend__headroom_ratio": ratio}
    found, plan = subject(kind, USUAL, **changes)
    return Drill(found, watch(plan), seed=seed)


@cache
def _case(kind: str, name: str, ratio: str = "1.3") -> CaseResult:
    (fault,) = [each for each in faults() if each.name == name]
    return _drill(kind, ratio).case(fault)


@_each_kind
@pytest.mark.parametrize("seed", [1, 2])
def test_planned_days_raise_no_alarm(kind: str, seed: int) -> None:
    planned = _drill(kind, seed=seed).planned()
    assert [f"{each.at} {each.name}" for each in planned.alarms] == []
    assert planned.clock_change is not None


@_each_kind
def test_a_threefold_spike_is_told_of_within_a_quarter_of_an_hour(kind: str) -> None:
    found = _case(kind, "spike_3x")
    assert found.detected
    assert found.time_to_detect_s is not None and found.time_to_detect_s <= 900


@_each_kind
def test_no_fault_is_missed(kind: str) -> None:
    cases, _ = _drill(kind).cases()
    assert [each.case for each in cases if each.missed] == []


@_each_kind
@pytest.mark.parametrize("name", ["spike_3x", "leak_2pct_day", "retry_storm"])
def test_more_headroom_never_shortens_detection(kind: str, name: str) -> None:
    told = [_case(kind, name, ratio).time_to_detect_s for ratio in ("1.1", "1.3", "1.7", "2.5")]
    late = [float("inf") if each is None else each for each in told]
    assert late == sorted(late)


def test_cheaper_clocks_come_first_and_cost_less() -> None:
    found = _case("api_gateway", "spike_10x")
    assert found.overspend_usd < found.capped_overspend_usd < found.uncapped_overspend_usd


def test_overspend_until_the_fast_alarm_is_nine_times_the_plan_for_eight_minutes() -> None:
    # The sample's hours have equally many requests, so the fault begins with the first day: 0.71
    # USD an hour. 5 minutes to see, 3 minutes of lag: 9 x 0.71 x 8 / 60 = 0.85 USD, and Poisson
    # noise of 530 requests with cv 1 of 6 %.
    found = _case("api_gateway", "spike_10x")
    assert found.first_alarm == "sample-api-gateway-spend-rate-fast"
    assert found.time_to_detect_s == 8 * 60
    assert float(found.overspend_usd) == pytest.approx(0.85, rel=0.2)


def test_budgets_do_not_see_what_a_provider_bills() -> None:
    found = _case("api_gateway", "dearer_model")
    assert found.budgets_only_alarm is None
    assert found.budgets_only_overspend_usd == found.uncapped_overspend_usd


def test_budgets_see_what_aws_bills_half_a_day_later() -> None:
    found = _case("bedrock", "spike_10x")
    assert found.budgets_only_time_to_detect_s is not None
    assert found.budgets_only_time_to_detect_s >= 12 * 3_600
    assert found.budgets_only_overspend_usd > 20 * found.overspend_usd


def test_dearer_requests_are_called_dear_and_more_requests_are_not() -> None:
    found, plan = subject("api_gateway", USUAL)
    seen = watch(plan)
    causes = Watch(
        alarms=tuple(replace(a, notifies=False) for a in seen.alarms),
        composites=seen.composites,
        budgets=(),
    )
    drill = Drill(found, causes, seed=1)
    by_name = {fault.name: fault for fault in faults()}
    assert drill.case(by_name["dearer_model"]).first_alarm == "sample-api-gateway-dearer-traffic"
    slow = Fault(name="x", description="", traffic=3.0, unit_cost=0.3)
    assert drill.case(slow).first_alarm == "sample-api-gateway-busier-traffic"


def test_a_drill_without_alarms_misses_what_costs_more_than_headroom() -> None:
    found, _ = subject("bedrock", USUAL)
    blind = Drill(found, Watch(alarms=(), composites=(), budgets=()), seed=1)
    by_name = {fault.name: fault for fault in faults()}
    assert blind.case(by_name["spike_3x"]).missed
    assert not blind.case(by_name["dead_metering"]).missed


def test_the_same_seed_gives_the_same_answers() -> None:
    (fault,) = [each for each in faults() if each.name == "spike_3x"]
    found, plan = subject("bedrock", USUAL)
    again = Drill(found, watch(plan), seed=1).case(fault)
    assert again == _case("bedrock", "spike_3x")


def test_instances_that_cannot_be_more_cannot_be_stuck_high() -> None:
    found, _ = subject(
        "vllm_gpu", gpu__max_instances=1, gpu__instances_by_hour_utc=None, gpu__mean_instances="1"
    )
    (stuck,) = [each for each in faults() if each.name == "gpu_stuck_high"]
    assert applicable(stuck, found.guard) == "the group has 1 instances at all hours, and no more"


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        ("api_gateway", {"gpu_idle", "gpu_stuck_high", "gpu_little_work"}),
        ("vllm_gpu", {"dearer_model", "cache_collapse"}),
        ("hybrid", set[str]()),
    ],
)
def test_faults_that_a_kind_cannot_have_are_left_out_with_the_reason(
    kind: str, left_out: set[str]
) -> None:
    found, _ = subject(kind)
    reasons = {each.name: applicable(each, found.guard) for each in faults()}
    assert {name for name, reason in reasons.items() if reason is not None} == left_out


def test_idle_instances_cost_until_somebody_is_told() -> None:
    # Half an hour to see and 3 minutes of lag, 2 instances at 1.861 USD: 33 / 60 x 3.72 = 2.05.
    found = _case("vllm_gpu", "gpu_idle")
    assert found.first_alarm == "sample-vllm-gpu-idle-burn"
    assert found.overspend_usd <= Decimal("2.10")

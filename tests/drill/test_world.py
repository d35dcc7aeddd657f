"""The simulated stack: what a fault changes and what it leaves."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from planner.drill.model import Fault
from planner.drill.windows import Timeline
from planner.drill.world import World, WorldMaker
from tests.drill.subjects import STILL, subject

_DAY = 1_440
_MONDAY = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
_TIMELINE = Timeline(start=_MONDAY, minutes=4 * _DAY)
_START = 2 * _DAY


def _fault(**changes: object) -> Fault:
    return Fault(name="f", description="", **changes)  # pyright: ignore[reportArgumentType]


def _run(kind: str, fault: Fault | None, *, caps: bool = True, **changes: object) -> World:
    found, _ = subject(kind, STILL, **changes)
    return WorldMaker(found, _TIMELINE, seed=3).run(fault, _START, caps=caps)


def _sum(world: World, name: tuple[str, str], first: int, last: int) -> float:
    return float(np.nansum(world.metrics[name][first:last]))


_SPEND = ("LlmPlanner", "SpendUSD")
_REQUESTS = ("LlmPlanner", "Requests")


def test_a_planned_day_costs_what_is_planned() -> None:
    # 20 USD and 9,600 requests a day; Poisson noise of one day is 1 %.
    world = _run("api_gateway", None)
    assert _sum(world, _REQUESTS, 0, _DAY) == pytest.approx(9_600, rel=0.04)
    assert _sum(world, _SPEND, 0, _DAY) == pytest.approx(20.0, rel=0.04)


def test_before_its_start_a_fault_changes_nothing() -> None:
    planned, spiked = _run("api_gateway", None), _run("api_gateway", _fault(traffic=3.0))
    np.testing.assert_array_equal(planned.total_usd[:_START], spiked.total_usd[:_START])


def test_three_times_the_traffic_costs_three_times_as_much() -> None:
    world = _run("api_gateway", _fault(traffic=3.0), caps=False)
    assert _sum(world, _SPEND, _START, _START + _DAY) == pytest.approx(60.0, rel=0.04)


def test_dearer_requests_are_as_many() -> None:
    world = _run("api_gateway", _fault(unit_cost=2.0), caps=False)
    assert _sum(world, _SPEND, _START, _START + _DAY) == pytest.approx(40.0, rel=0.04)
    assert _sum(world, _REQUESTS, _START, _START + _DAY) == pytest.approx(9_600, rel=0.04)


def test_a_cap_lets_its_amount_through_each_day_and_counts_the_rest() -> None:
    world = _run("api_gateway", _fault(traffic=10.0), gateway__cap_day_usd="80")
    assert _sum(world, _SPEND, _START, _START + _DAY) == pytest.approx(80.0, abs=0.01)
    assert _sum(world, ("LlmPlanner", "Blocked"), _START, _START + _DAY) > 50_000
    assert world.capped[_START:].any() and not world.capped[:_START].any()


def test_a_cap_of_the_month_stops_everything_after_it() -> None:
    world = _run("api_gateway", None, gateway__cap_month_usd="30", gateway__cap_day_usd="25")
    assert float(np.nansum(world.metrics[_SPEND])) == pytest.approx(30.0, abs=0.01)


def test_dead_metering_is_silent_while_requests_are_counted() -> None:
    world = _run("api_gateway", _fault(metered=False))
    assert np.isnan(world.metrics[_SPEND][_START:]).all()
    assert _sum(world, ("AWS/ApiGateway", "Count"), _START, _START + _DAY) > 9_000


def test_instances_follow_the_load_late_and_no_further_than_the_group() -> None:
    # The sample has 1 instance at most hours, 2 on Monday from 08:00 to 18:00, and 3 at most.
    world = _run("vllm_gpu", _fault(traffic=10.0), timezone="UTC")
    running = world.metrics["AWS/AutoScaling", "GroupInServiceInstances"]
    assert running[_START : _START + 9].tolist() == [1.0] * 9
    assert running[_START + 10 : _START + 60].tolist() == [3.0] * 50
    assert world.capped[_START:].all() and not world.capped[:_START].any()


def test_without_a_limit_ten_times_the_traffic_brings_ten_times_the_instances() -> None:
    world = _run("vllm_gpu", _fault(traffic=10.0), caps=False, timezone="UTC")
    running = world.metrics["AWS/AutoScaling", "GroupInServiceInstances"]
    assert running[_START + 10 : _START + 60].tolist() == [10.0] * 50
    assert not world.capped.any()


def test_instances_that_stay_without_requests_are_waste() -> None:
    world = _run("vllm_gpu", _fault(traffic=0.0, instances="planned", waste=True))
    assert world.waste_usd[:_START].sum() == 0.0
    # One instance for two days at 1.861 USD an hour.
    assert world.waste_usd[_START:].sum() == pytest.approx(48 * 1.861)
    assert world.metrics["AWS/ApplicationELB", "RequestCount"][_START:].sum() == 0.0


def test_the_bill_of_aws_is_the_plan_and_the_instances_beyond_it() -> None:
    # 20 USD a day are planned; 2 instances beyond 1 are 24 x 2 x 1.861 = 89.33 USD a day.
    world = _run("vllm_gpu", _fault(instances="most"))
    assert world.aws_usd[-_DAY:].sum() == pytest.approx(20.0 + 89.33, abs=0.05)


def test_a_leak_grows_day_by_day() -> None:
    world = _run("api_gateway", _fault(growth_per_day=0.5), caps=False)
    second_day = _sum(world, _REQUESTS, _START + _DAY, _START + 2 * _DAY)
    # The integral of 1.5^t from 1 to 2, by a day's 9,600: 0.75 / ln 1.5 = 1.850.
    assert second_day == pytest.approx(9_600 * 1.850, rel=0.03)


def test_tokens_of_bedrock_come_to_what_is_spent() -> None:
    world = _run("bedrock", None)
    tokens = [
        _sum(world, ("AWS/Bedrock", name), 0, _DAY)
        for name in ("InputTokenCount", "OutputTokenCount")
    ]
    # 1 and 5 USD a million.
    assert tokens[0] * 1e-6 + tokens[1] * 5e-6 == pytest.approx(20.0, rel=0.04)


def test_the_same_seed_gives_the_same_world() -> None:
    np.testing.assert_array_equal(_run("hybrid", None).total_usd, _run("hybrid", None).total_usd)

"""What a fixed plan leaves over when the load is another: against the rule case by case."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import monthly_ledgers
from planner.costs.hybrid_base import HybridBase
from planner.costs.hybrid_terms import Overflowed, Served
from planner.costs.load_duration import WeekLoad, leftover, week_load
from planner.costs.terms import PerRequest
from planner.decision.uncertainty.arm_cost import arm_cost, scene_of
from planner.decision.uncertainty.draws import points
from planner.decision.uncertainty.hybrid_shares import HybridShares, hybrid_shares
from planner.decision.uncertainty.pace import Pace
from planner.decision.uncertainty.week_overflow import week_shares
from planner.demand import build_demand
from tests.decision.options import api, cost_line, months_of
from tests.decision.uncertainty.support import mean_usd
from tests.scenario.support import read


def week(*, deferrable: bool) -> WeekLoad:
    sets = ("workload.deferrable_share=0.3",) if deferrable else ()
    return week_load(build_demand(read(sets=sets).scenario, Path()))


@pytest.mark.parametrize("deferrable", [False, True])
@given(capacity=st.floats(0.01, 5.0))
def test_shares_are_those_of_the_rule_hour_by_hour(deferrable: bool, capacity: float) -> None:
    load = week(deferrable=deferrable)
    left = leftover(load, 1.0, (capacity,) * load.hours)
    found = week_shares(load, np.ones(load.hours), np.array([capacity]))
    everything = left.interactive + left.deferrable
    assert found.everything[0] == pytest.approx(everything / load.hours, abs=2e-4)
    assert found.interactive[0] == pytest.approx(left.interactive / sum(load.interactive), abs=2e-4)


# The golden hybrid: hours of 100, 60, 20 and 20 requests, one machine for 40 an hour at $1, an API
# at $0.04. As a month: 4 hours, 200 requests.
BASE = HybridBase(
    week=WeekLoad(interactive=(2.0, 1.2, 0.4, 0.4), deferrable=(0.0,), burst=1.0),
    instance_rps=40 / 3600,
    saved_interactive_usd=0.04,
    saved_deferrable_usd=0.04,
    usd_per_instance_hour=Decimal(1),
    committed_usd_per_instance_hour=None,
    term_months=1,
    hours_per_month=Decimal(4),
    volume_hours_per_month=Decimal(4),
    max_instances=None,
    scheduled=False,
    cold_start_s=0.0,
)
MONTHS = months_of(200, months=1)
HYBRID = replace(api("0"), name="hybrid", arm="hybrid", hybrid=BASE)


def shares() -> HybridShares:
    pace = Pace(speed="throughput:x", follows_peak=False)
    return hybrid_shares(HYBRID, BASE, MONTHS.requests, pace)


def overflow(**moved: float) -> float:
    case = {name.replace("throughput", "throughput:x"): value for name, value in moved.items()}
    return float(shares().of(scene_of(points([case]), MONTHS.requests))["all"][0, 0])


def test_the_plan_overflows_as_planned() -> None:
    # One machine: 60 + 20 of 200.
    assert BASE.plan(Decimal(200)).most_instances == 1
    assert overflow() == pytest.approx(0.4)


def test_twice_the_load_overflows_by_hand() -> None:
    # 200, 120, 40, 40 against 40 an hour: 160 + 80 of 400.
    assert overflow(volume=2.0) == pytest.approx(0.6, abs=2e-3)


def test_machines_half_as_fast_are_as_twice_the_load() -> None:
    assert overflow(throughput=0.5) == pytest.approx(overflow(volume=2.0))


@given(st.floats(0.1, 9.0), st.floats(0.1, 9.0))
def test_more_load_never_overflows_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert overflow(volume=low) <= overflow(volume=high) + 1e-12


def test_what_overflows_and_what_is_served_are_paid_apart() -> None:
    lines = (
        replace(
            cost_line("tokens", PerRequest(Decimal(0)), "api_price"),
            term=Overflowed(base=BASE, inner=PerRequest(Decimal("0.04"))),
            provider="x",
        ),
        replace(
            cost_line("use", PerRequest(Decimal(0)), "other"),
            term=Served(base=BASE, inner=PerRequest(Decimal("0.01"))),
        ),
    )
    option = replace(HYBRID, lines_in_month=lambda month: lines)
    cost = arm_cost(option, monthly_ledgers(option, MONTHS), hybrid=shares())
    # 80 requests at $0.04 and 120 at $0.01; with prices doubled 80 at $0.08.
    still, dearer = (
        float(v) for v in cost.total(scene_of(points([{}, {"api_price:x": 2.0}]), MONTHS.requests))
    )
    assert still == pytest.approx(4.40) == mean_usd(option, MONTHS)
    assert dearer == pytest.approx(7.60)

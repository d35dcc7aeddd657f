"""The lasting volume in many cases at once, against the exact solver case by case."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import Factors, Option
from planner.decision.breakeven import breakeven
from planner.decision.uncertainty.arm_cost import scene_of
from planner.decision.uncertainty.draws import points
from planner.decision.uncertainty.lasting import deciding_hardware, lasting_range, lasting_volumes
from planner.decision.uncertainty.length_response import NO_RESPONSE
from tests.decision.options import api, months_of, stepped

MONTHS = months_of(1_000_000)
MULTIPLE = st.decimals("0.5", "2", places=3)


def volumes(remote: Option, machines: list[Option], *cases: dict[str, float]) -> list[float]:
    scene = scene_of(points(cases), MONTHS.requests)
    found = lasting_volumes(remote, machines, scene, NO_RESPONSE, around=1e6)
    return [float(v) for v in found]


def exact(remote: Option, machines: list[Option], factors: Factors) -> float:
    found = breakeven(remote, machines, MONTHS, factors=factors).lasting_requests_per_month
    return float("inf") if found is None else float(found)


def test_the_step_case_of_the_golden_table() -> None:
    # $1,000 for 100 M tokens, one spare, API at $14 per M: lasting from 428.57 M. In requests of
    # a thousand tokens: 100,000 each at $0.014.
    machines = [stepped("1000", 100_000, spare=1)]
    assert volumes(api("0.014"), machines, {}) == [428_572.0]


def test_an_api_that_is_cheaper_than_a_full_replica_never_loses() -> None:
    assert volumes(api("0.009"), [stepped("1000", 100_000, spare=1)], {}) == [np.inf]


@given(api_price=MULTIPLE, gpu=MULTIPLE, labour=MULTIPLE, spare=st.integers(0, 2))
def test_one_kind_of_hardware_is_exact(
    api_price: Decimal, gpu: Decimal, labour: Decimal, spare: int
) -> None:
    remote = api("0.02", fixed="40")
    machines = [stepped("1000", 100_000, spare=spare, per_request="0.001", labour="500")]
    factors = Factors(api_price=api_price, gpu_price=gpu, labour=labour)
    case = {
        "api_price:api": float(api_price),
        "gpu_price:self": float(gpu),
        "labour": float(labour),
    }
    found = volumes(remote, machines, case)
    assert found == pytest.approx([exact(remote, machines, factors)], abs=1)


@given(api_price=MULTIPLE, gpu=MULTIPLE, capacity=MULTIPLE)
def test_two_kinds_join_where_one_fills_the_gaps_of_the_other(
    api_price: Decimal, gpu: Decimal, capacity: Decimal
) -> None:
    remote = api("0.02")
    machines = [
        stepped("1000", 100_000, spare=1, name="small"),
        stepped("2600", 310_000, spare=1, name="large"),
    ]
    factors = Factors(api_price=api_price, gpu_price=gpu, capacity=capacity)
    case = {
        "api_price:api": float(api_price),
        "gpu_price:small": float(gpu),
        "gpu_price:large": float(gpu),
        "throughput:small": float(capacity),
        "throughput:large": float(capacity),
    }
    found = volumes(remote, machines, case)
    assert found == pytest.approx([exact(remote, machines, factors)], abs=2)


def test_a_quote_without_capacity_lasts_from_where_it_pays() -> None:
    # Element 8 of the golden table: $2,000 fixed, API $0.00325, 700 tokens at $0.10 per M.
    quote = stepped("2000", 1, per_request="0.00007")
    fixed = quote.lines_in_month(0)
    from planner.costs import Fixed

    lines = (replace(fixed[0], term=Fixed(Decimal(2000))), *fixed[1:])
    whole = replace(quote, fleet=None, lines_in_month=lambda month: lines)
    assert volumes(api("0.00325"), [whole], {}) == [628_931.0]


def test_the_hardware_that_decides_is_that_of_the_plan() -> None:
    remote = api("0.02")
    good = stepped("1000", 100_000, name="good")
    bad = stepped("1900", 100_000, name="bad")
    still = scene_of(points([{}]), MONTHS.requests)
    assert deciding_hardware(remote, [bad, good], still, around=1e6) == [good]


def test_where_nothing_lasts_the_nearest_decides() -> None:
    remote = api("0.001")
    near, far = stepped("1000", 100_000, name="near"), stepped("9000", 100_000, name="far")
    still = scene_of(points([{}]), MONTHS.requests)
    assert deciding_hardware(remote, [far, near], still, around=1e6) == [near]


def test_what_is_limited_cannot_last() -> None:
    still = scene_of(points([{}]), MONTHS.requests)
    limited = stepped("1000", 100_000, most=4)
    assert deciding_hardware(api("0.02"), [limited], still, around=1e6) == []


def test_the_range_is_anchored_on_the_exact_volume() -> None:
    found = lasting_range(np.array([90.0, 100.0, 110.0] * 10), 100.0, 200)
    assert (found.p10, found.p50, found.p90) == (180, 200, 220)
    assert found.exists_share == 1.0


def test_a_percentile_without_a_volume_is_none() -> None:
    found = lasting_range(np.array([100.0] * 6 + [np.inf] * 4), 100.0, 100)
    assert (found.p10, found.p50, found.p90) == (100, 100, None)
    assert found.exists_share == pytest.approx(0.6)

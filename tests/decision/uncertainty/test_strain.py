"""What a fixed fleet does not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.decision.uncertainty.draws import points
from planner.decision.uncertainty.length_response import LengthResponse
from planner.decision.uncertainty.strain import flat_misses, week_misses
from planner.demand import Demand, build_demand
from tests.decision.options import api, months_of, stepped
from tests.decision.uncertainty.support import model_with
from tests.scenario.support import read


def demand() -> Demand:
    """10,000 requests a day in a shape with a busiest hour of twice the mean."""
    return build_demand(read().scenario, Path())


def test_a_monthly_capacity_misses_what_is_above_it() -> None:
    found = flat_misses().at(np.array([0.25, 0.5, 1.0, 3.0]))
    assert list(found) == pytest.approx([0.75, 0.5, 0.0, 0.0])


def test_a_week_is_held_by_the_capacity_the_rule_asks_for() -> None:
    curve = week_misses(demand())
    assert curve.shares[-1] == 0.0
    assert list(curve.at(np.array([1.0, 1.5]))) == [0.0, 0.0]


def test_less_capacity_misses_more() -> None:
    curve = week_misses(demand())
    ratios = np.linspace(0.0, 1.0, 101)
    shares = curve.at(ratios)
    assert (np.diff(shares) <= 0.0).all()
    assert shares[0] == 1.0


def test_a_fleet_serves_at_least_its_share_of_the_peak() -> None:
    # A share r of the peak need is at least r of the mean load: more than 1 - r is not missed.
    curve = week_misses(demand())
    for ratio, share in zip(curve.ratios, curve.shares, strict=True):
        assert share <= 1.0 - ratio + 1e-9


@given(st.floats(1.01, 4.0))
def test_requests_beyond_the_fleet_are_bought_from_the_api(volume: float) -> None:
    # One unit of 20,000 requests, planned full; the API takes the rest at $0.10.
    months = months_of(20_000)
    model = model_with([stepped("1000", 20_000), api("0.10")], months)
    scene = model.scene(points([{"volume": volume}]))
    beyond = 20_000 * (volume - 1)
    usd, missed = model.usd_and_missed(model.arms[0], scene)
    assert float(usd[0]) == pytest.approx(1000 + 0.10 * beyond)
    assert missed is not None
    assert float(missed[0]) == pytest.approx(beyond / (20_000 * volume))


def test_without_an_api_they_cost_own_capacity_fully_used() -> None:
    months = months_of(20_000)
    model = model_with([stepped("1000", 20_000)], months)
    usd = model.usd(model.arms[0], model.scene(points([{"volume": 1.5}])))
    assert float(usd[0]) == pytest.approx(1000 + 10_000 * 1000 / 20_000)


def test_slower_replicas_and_longer_requests_hold_less() -> None:
    months = months_of(20_000)
    response = LengthResponse(input_tokens=(-1.0, -1.0), output_tokens=(-0.5, -2.0))
    model = model_with([stepped("1000", 20_000), api("0.10")], months, response)
    cases = [
        {"throughput:self": 0.5},
        {"input_tokens": 2.0},
        {"output_tokens": 2.0},
        {"output_tokens": 0.5},
    ]
    _, missed = model.usd_and_missed(model.arms[0], model.scene(points(cases)))
    assert missed is not None
    # Half, half, and a quarter of the capacity left; shorter answers free some.
    assert [float(m) for m in missed] == pytest.approx([0.5, 0.5, 0.75, 0.0])


def test_a_fleet_that_holds_all_misses_nothing() -> None:
    model = model_with([stepped("1000", 20_000, spare=1), api("0.10")], months_of(20_000))
    scene = model.scene(points([{"volume": 2.0}]))
    assert model.usd_and_missed(model.arms[0], scene)[1] is None

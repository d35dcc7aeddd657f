"""Both sides along one input, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planner.catalog import load_catalog
from planner.costs import Option
from planner.decision import Recommendation, recommend
from planner.decision.axis import Axis, AxisCurve, axis_curve
from planner.demand import build_demand
from planner.errors import InputError
from planner.scenario import load_scenario
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario

Make = Callable[..., AxisCurve]


@pytest.fixture
def along(tmp_path: Path) -> Make:
    """300,000 requests of 1,000 tokens a month: $3,000 at the API, $2,000 for one unit of 400,000
    requests and $0.001 for each of them.
    """

    def make(axis: Axis, **more: object) -> AxisCurve:
        found = _recommended(write_scenario(tmp_path, *_OPTIONS))
        return axis_curve(found, _api(found), axis, points=5, **more)  # pyright: ignore

    return make


_OPTIONS = (
    ManualApi("api", "0.01"),
    ManualSelf("own", "2000", capacity="400000", usd_per_request="0.001"),
)


def _recommended(path: Path) -> Recommendation:
    loaded = load_scenario(path, ())
    scenario = loaded.scenario
    catalog = load_catalog(prices=scenario.prices, base_dir=loaded.base_dir)
    return recommend(scenario, build_demand(scenario, loaded.base_dir), catalog)


def _api(found: Recommendation) -> Option:
    return next(e.option for e in found.options if e.option.is_api)


def test_volume_has_the_edges_of_the_breakeven(along: Make) -> None:
    found = along("volume", range_=(100_000.0, 1_000_000.0))
    # 0.009 v = 2,000 for one unit, 4,000 for two from 400,001 up.
    assert [(c.value, c.then) for c in found.crossings] == [
        (222_223.0, "selfhost"),
        (400_001.0, "api"),
        (444_445.0, "selfhost"),
    ]
    assert found.points[0].value == 100_000
    assert found.points[-1].value == 1_000_000
    assert float(found.points[0].api_usd) == 1000
    assert float(found.points[0].selfhost_usd or 0) == 2100


def test_the_api_price_at_which_both_cost_the_same(along: Make) -> None:
    found = along("api_price")
    # $10 per 1M tokens now; self-hosting costs $2,300 a month: 2,300/3,000 of it.
    assert found.now == pytest.approx(10)
    (crossing,) = found.crossings
    assert crossing.value == pytest.approx(10 * 2300 / 3000)
    assert crossing.then == "selfhost"


def test_the_machine_price_at_which_both_cost_the_same(along: Make) -> None:
    found = along("gpu_price")
    # All lines of a quote move together: $2,300 x factor = $3,000.
    assert (found.now, found.unit) == (2300, "USD per month")
    (crossing,) = found.crossings
    assert crossing.value == pytest.approx(3000)
    assert crossing.then == "api"


def test_the_utilisation_from_which_the_planned_machines_pay(along: Make) -> None:
    found = along("utilisation")
    # 0.009 v = 2,000 at 222,222 of the 400,000 that one unit holds; today 300,000 of them.
    assert found.now == pytest.approx(0.75)
    (crossing,) = found.crossings
    assert crossing.value == pytest.approx(2000 / 0.009 / 400_000)
    assert crossing.then == "selfhost"


def test_answers_do_not_move_what_is_priced_by_request(along: Make) -> None:
    found = along("output_tokens")
    assert found.crossings == ()
    assert {float(p.api_usd) for p in found.points} == {3000.0}


def test_values_are_evenly_spaced_in_ratio(along: Make) -> None:
    values = [p.value for p in along("api_price", range_=(1.0, 16.0)).points]
    assert values == pytest.approx([1, 2, 4, 8, 16])


def test_a_fleet_that_is_too_small_has_no_cost(tmp_path: Path) -> None:
    options = (ManualApi("api", "0.01"), ManualSelf("own", "2000", capacity="400000", most=1))
    found = _recommended(write_scenario(tmp_path, *options))
    curve = axis_curve(found, _api(found), "volume", points=2, range_=(4e5, 5e5))
    assert [p.selfhost_usd is None for p in curve.points] == [False, True]
    assert curve.points[1].cheaper == "api"


def test_nothing_self_hosted_is_told(tmp_path: Path) -> None:
    found = _recommended(write_scenario(tmp_path, ManualApi("api", "0.01")))
    with pytest.raises(InputError, match="nothing to compare"):
        axis_curve(found, _api(found), "gpu_price", points=2)


def test_longer_answers_at_a_price_per_token(root: Path) -> None:
    # $2.50 and $10 per 1M: 300,000 x (500 x 2.50 + o x 10)/1e6 against $2,000 +
    # 300,000 x (500 + o) x 0.10/1e6: equal at o = (2,015 - 375)/(3 - 0.03).
    found = _recommended(root / "scenarios" / "textbook-steps-1m.yaml")
    curve = axis_curve(found, _api(found), "output_tokens", points=2)
    (crossing,) = curve.crossings
    assert crossing.value == pytest.approx((2015 - 375) / 2.97)
    assert (curve.now, crossing.then) == (200, "selfhost")

"""The whole assessment, on small scenarios."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from planner.catalog import load_catalog
from planner.decision import Recommendation, recommend
from planner.decision.uncertainty import Spread, Uncertainty, assess, with_uncertainty
from planner.decision.uncertainty.spreads import ZERO_SPREAD
from planner.demand import build_demand
from planner.scenario import load_scenario
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario

ROOT = Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "tests" / "render" / "fixtures" / "small.yaml"
STEPS = ROOT / "scenarios" / "textbook-steps-1m.yaml"
# Nothing varies, the band of the serving answer included.
STILL = {"throughput": ZERO_SPREAD}
CENT = 0.005


@cache
def recommended(path: Path) -> Recommendation:
    loaded = load_scenario(path, ())
    scenario = loaded.scenario
    catalog = load_catalog(prices=scenario.prices, base_dir=loaded.base_dir)
    demand = build_demand(scenario, loaded.base_dir)
    return recommend(scenario, demand, catalog, base_dir=loaded.base_dir)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Recommendation]:
    """A recommendation for 300,000 requests a month of options priced by hand."""

    def make(*options: ManualApi | ManualSelf, more: str = "") -> Recommendation:
        name = f"made-{len(list(tmp_path.iterdir()))}"
        return recommended(write_scenario(tmp_path, *options, more=more, name=name))

    return make


PAIR = (ManualApi("api", "0.01"), ManualSelf("own", "2500", capacity="400000"))


@pytest.mark.parametrize("path", [FIXTURE, STEPS], ids=lambda path: path.stem)
class TestZeroSpread:
    def test_every_option_costs_its_point_answer_to_the_cent(self, path: Path) -> None:
        recommendation = recommended(path)
        found = assess(recommendation, draws=64, spreads=STILL)
        point = {e.option.name: float(e.monthly_cost_usd) for e in recommendation.options}
        for arm in found.arms:
            for value in (arm.monthly_usd.p10, arm.monthly_usd.p50, arm.monthly_usd.p90):
                assert float(value) == pytest.approx(point[arm.name], abs=CENT)

    def test_the_saving_and_the_lasting_volume_are_points(self, path: Path) -> None:
        recommendation = recommended(path)
        found = assess(recommendation, draws=64, spreads=STILL)
        assert found.saving is not None
        assert found.saving_point_usd is not None
        assert float(found.saving.p10) == pytest.approx(float(found.saving_point_usd), abs=CENT)
        assert float(found.saving.p90) == pytest.approx(float(found.saving_point_usd), abs=CENT)
        exact = recommendation.breakeven.lasting_requests_per_month
        assert found.lasting is not None
        assert (found.lasting.p10, found.lasting.p90) == (exact, exact)

    def test_the_choice_is_certain_and_no_bar_has_a_width(self, path: Path) -> None:
        found = assess(recommended(path), draws=64, spreads=STILL)
        assert found.p_choice_cheaper == 1.0
        assert found.p_error == 0.0
        assert found.swings
        assert all(swing.swing_usd == 0 for swing in found.swings)


def ranges(found: Uncertainty) -> dict[str, tuple[float, ...]]:
    return {
        arm.name: tuple(
            float(v) for v in (arm.monthly_usd.p10, arm.monthly_usd.p50, arm.monthly_usd.p90)
        )
        for arm in found.arms
    }


@pytest.mark.parametrize("path", [FIXTURE, STEPS], ids=lambda path: path.stem)
def test_two_seeds_agree_at_10_000_draws(path: Path) -> None:
    one, other = (assess(recommended(path), draws=10_000, seed=seed) for seed in (1, 2))
    for name, values in ranges(one).items():
        assert values == pytest.approx(ranges(other)[name], rel=0.01)
    assert one.saving is not None
    assert other.saving is not None
    cheaper = min(values[1] for values in ranges(one).values())
    for p in ("p10", "p50", "p90"):
        apart = abs(getattr(one.saving, p) - getattr(other.saving, p))
        assert float(apart) <= 0.01 * cheaper


def test_the_same_seed_gives_the_same_answer() -> None:
    assert assess(recommended(STEPS), draws=500) == assess(recommended(STEPS), draws=500)


def test_probabilities_are_shares_and_mirror_each_other(
    made: Callable[..., Recommendation],
) -> None:
    found = assess(made(*PAIR), draws=1000)
    # $2,500 against $3,000: self-hosting is the choice, so both are the same share.
    assert found.choice == "own"
    assert found.p_choice_cheaper is not None
    assert 0.0 < found.p_choice_cheaper < 1.0
    assert found.p_selfhost_cheaper == found.p_choice_cheaper
    p = found.p_choice_cheaper
    assert found.p_error == pytest.approx((p * (1 - p) / 1000) ** 0.5)


def test_volume_alone_gives_the_probability_by_hand(made: Callable[..., Recommendation]) -> None:
    # $3,000 x volume against $2,500: the API wins below 0.8333, in a share
    # Phi(1.2816 ln 0.8333 / -ln 0.75) = Phi(-0.8122) = 0.2084 of the cases.
    band = Spread(low=0.75, high=1 / 0.75)
    found = assess(made(*PAIR), draws=4096, spreads={"volume": band})
    assert found.p_selfhost_cheaper == pytest.approx(1 - 0.2084, abs=2e-3)
    assert found.verdict == "likely"
    volume = next(swing for swing in found.swings if swing.input == "volume")
    assert volume.flip == pytest.approx(2500 / 3000, rel=1e-6)
    assert volume.flip_probability == pytest.approx(0.2084, abs=1e-4)
    assert found.first_flip is volume


def test_percentiles_of_one_input_by_hand(made: Callable[..., Recommendation]) -> None:
    band = Spread(low=0.8, high=1.25)
    found = ranges(assess(made(*PAIR), draws=4096, spreads={"volume": band}))
    assert found["api"] == pytest.approx((2400, 3000, 3750), rel=3e-3)
    # Volume beyond the unit's 400,000 requests is 4 in 3: past the 90th percentile here.
    assert found["own"] == pytest.approx((2500, 2500, 2500), rel=3e-3)


def test_a_dearer_arm_is_never_cheaper_in_any_percentile(
    made: Callable[..., Recommendation],
) -> None:
    before = assess(made(*PAIR), draws=500)
    dearer = assess(
        made(ManualApi("api", "0.01"), ManualSelf("own", "2600", capacity="400000")), draws=500
    )
    for old, new in zip(ranges(before)["own"], ranges(dearer)["own"], strict=True):
        assert new > old
    assert ranges(before)["api"] == ranges(dearer)["api"]
    assert before.p_selfhost_cheaper is not None
    assert dearer.p_selfhost_cheaper is not None
    assert dearer.p_selfhost_cheaper <= before.p_selfhost_cheaper


def test_two_apis_have_no_probability_of_self_hosting(made: Callable[..., Recommendation]) -> None:
    found = assess(made(ManualApi("one", "0.01"), ManualApi("two", "0.011")), draws=200)
    assert found.p_selfhost_cheaper is None
    assert found.p_choice_cheaper is not None
    assert found.lasting is None


def test_a_tie_in_every_draw_is_no_doubt_about_the_choice(
    made: Callable[..., Recommendation],
) -> None:
    still = {"volume": Spread(low=0.5, high=2.0)}
    found = assess(made(ManualApi("one", "0.01"), ManualApi("two", "0.01")), spreads=still)
    assert found.p_choice_cheaper == 1.0


def test_one_option_alone_has_a_range_and_no_rival(made: Callable[..., Recommendation]) -> None:
    found = assess(made(ManualApi("one", "0.01")), draws=200)
    assert (found.rival, found.saving, found.verdict, found.swings) == (None, None, None, ())
    assert len(found.arms) == 1


def test_an_own_band_in_the_scenario_is_used(made: Callable[..., Recommendation]) -> None:
    wide = made(*PAIR, more="uncertainty: {volume: {low: 0.2, high: 5}}\n")
    assert dict(assess(wide, draws=200).spreads)["volume"].low == 0.2


def test_a_quote_is_a_contract_and_does_not_vary(made: Callable[..., Recommendation]) -> None:
    spreads = dict(assess(made(*PAIR), draws=200).spreads)
    assert spreads["gpu_price:own"].is_point
    assert not spreads["api_price:api"].is_point


def test_no_draws_leave_the_recommendation_as_it_was() -> None:
    recommendation = recommended(STEPS)
    assert with_uncertainty(recommendation, draws=0) is recommendation


def test_without_a_choice_nothing_is_assessed(made: Callable[..., Recommendation]) -> None:
    none = made(ManualSelf("small", "1", capacity="10", most=1))
    assert with_uncertainty(none) is none
    with pytest.raises(ValueError, match="without a choice"):
        assess(none)


def test_without_detail_there_is_no_tornado_and_no_lasting_volume() -> None:
    found = assess(recommended(STEPS), draws=100, detail=False)
    assert found.swings == ()
    assert found.lasting is None
    assert found.saving is not None

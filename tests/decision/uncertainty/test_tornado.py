"""One input at a time, on savings that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.decision.uncertainty import Spread, Swing
from planner.decision.uncertainty.draws import World
from planner.decision.uncertainty.tornado import tornado

BAND = Spread(low=0.8, high=1.5)


def swings(spreads: Mapping[str, Spread], saving: object = None) -> dict[str, Swing]:
    def default(world: World) -> np.ndarray:
        # API $1,000 x volume x price; machines $600, people $100.
        remote = 1000 * world.of("volume") * world.of("api_price:x")
        return (
            remote
            - 600 * world.of("gpu_price:on_demand")
            - 100 * world.of("labour")
            + (np.zeros(world.rows))
        )

    chosen = default if saving is None else saving
    return {each.input: each for each in tornado(chosen, spreads)}  # pyright: ignore


ALL = {"volume": BAND, "api_price:x": Spread(), "gpu_price:on_demand": BAND, "labour": BAND}


def test_savings_at_the_percentiles() -> None:
    found = swings(ALL)
    # 1,000 x 0.8 - 700; 1,000 x 1.5 - 700.
    assert float(found["volume"].saving_p10_usd) == pytest.approx(100)
    assert float(found["volume"].saving_p90_usd) == pytest.approx(800)
    assert float(found["gpu_price"].saving_p90_usd) == pytest.approx(0)


def test_an_input_that_does_not_vary_has_no_bar_but_may_flip() -> None:
    price = swings(ALL)["api_price"]
    assert price.swing_usd == 0
    assert price.flip == pytest.approx(0.7)
    assert price.flip_probability == 0.0


def test_flips_are_where_both_cost_the_same() -> None:
    found = swings(ALL)
    assert found["volume"].flip == pytest.approx(0.7, rel=1e-9)
    assert found["gpu_price"].flip == pytest.approx(1.5, rel=1e-9)
    assert found["labour"].flip == pytest.approx(4.0, rel=1e-9)


def test_a_flip_at_the_edge_of_its_range_has_a_tenth() -> None:
    assert swings(ALL)["gpu_price"].flip_probability == pytest.approx(0.1)


def test_the_largest_swing_comes_first() -> None:
    assert list(swings(ALL)) == ["volume", "gpu_price", "labour", "api_price"]


def test_what_never_flips_says_so() -> None:
    found = swings({"labour": BAND}, lambda world: 5000 - 100 * world.of("labour"))
    assert found["labour"].flip is None
    assert found["labour"].flip_probability is None


def test_what_moves_nothing_is_left_out() -> None:
    assert "peak" not in swings({**ALL, "peak": BAND})


def test_the_flip_nearest_to_the_value_counts() -> None:
    # Zero at 1/4 and at 2: in ratio 2 is nearer.
    def saving(world: World) -> object:
        x = world.of("volume")
        return (x - 0.25) * (2.0 - x)

    assert swings({"volume": BAND}, saving)["volume"].flip == pytest.approx(2.0, rel=1e-6)


def test_growth_is_searched_less_far() -> None:
    # 20 times a month's growth would be 20^11 after a year.
    found = swings({"growth": BAND}, lambda world: 100 - 50 * world.of("growth"))
    assert found["growth"].flip is None


@given(st.floats(0.06, 15.0).filter(lambda x: abs(x - 1) > 0.01))
def test_re_evaluated_at_its_flip_the_saving_is_nothing(equal: float) -> None:
    def saving(world: World) -> np.ndarray:
        return 1000 * (np.log(world.of("volume") + np.zeros(world.rows)) - np.log(equal))

    flip = swings({"volume": BAND}, saving)["volume"].flip
    assert flip is not None
    assert float(saving(World(1, {"volume": np.array([flip])}))[0]) == pytest.approx(0, abs=1e-6)

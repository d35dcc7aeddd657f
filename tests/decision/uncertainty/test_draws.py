"""Draws: even, repeatable, each input by its own spread."""

from __future__ import annotations

import numpy as np
import pytest

from planner.decision.uncertainty import Spread
from planner.decision.uncertainty.draws import drawn
from planner.decision.uncertainty.sobol import MOST_DIMENSIONS, shuffled_strata, sobol_points

BAND = Spread(low=0.8, high=1.5)
STEP = Spread(step_to=0.6, step_probability=0.5)


@pytest.mark.parametrize("seed", [0, 7])
def test_each_dimension_has_one_point_in_every_slice(seed: int) -> None:
    points = sobol_points(1024, MOST_DIMENSIONS, seed)
    for column in points.T:
        assert sorted((column * 1024).astype(int)) == list(range(1024))


def test_the_first_dimensions_are_even_in_the_plane() -> None:
    # A (0, 2)-sequence in base 2: 256 points, one in each of 16 x 16 squares.
    first, second = (sobol_points(256, 2, 3) * 16).astype(int).T
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 256


def test_it_integrates_a_product_of_all_dimensions_well() -> None:
    # The mean of the product of (1 + (x - 1/2)/4) over the cube is 1; 4,096 random points would
    # be wrong by 0.005 on average.
    points = sobol_points(4096, MOST_DIMENSIONS, 1)
    assert np.prod(1 + (points - 0.5) / 4, axis=1).mean() == pytest.approx(1.0, abs=5e-4)


def test_dimensions_beyond_the_table_are_refused() -> None:
    with pytest.raises(ValueError, match="22 dimensions"):
        sobol_points(8, 22, 1)


def test_shuffled_strata_have_each_slice_once() -> None:
    points = shuffled_strata(50, "a")
    assert sorted(points) == pytest.approx([(k + 0.5) / 50 for k in range(50)])
    assert list(points) != sorted(points)


def test_a_drawn_band_has_its_percentiles() -> None:
    values = drawn({"volume": BAND}, draws=4096, seed=1).columns["volume"]
    assert np.quantile(values, (0.1, 0.5, 0.9)) == pytest.approx((0.8, 1.0, 1.5), rel=2e-3)


def test_a_drawn_step_happens_as_often_as_it_should() -> None:
    values = drawn({"api_price:x": STEP}, draws=4096, seed=1).columns["api_price:x"]
    assert (values < 1.0).mean() == pytest.approx(0.5, abs=1e-3)
    assert values.min() == pytest.approx(0.6, abs=1e-3)


def test_a_rise_is_drawn_as_often_as_it_should() -> None:
    both = Spread(step_to=0.6, step_probability=0.3, rise_to=2.0, rise_probability=0.1)
    values = drawn({"api_price:x": both}, draws=4096, seed=1).columns["api_price:x"]
    assert (values > 1.0).mean() == pytest.approx(0.1, abs=1e-3)
    assert (values < 1.0).mean() == pytest.approx(0.3, abs=1e-3)
    assert values.max() == pytest.approx(2.0, abs=0.01)


def test_inputs_are_drawn_apart() -> None:
    spreads = {name: BAND for name in ("volume", "growth", "labour", "throughput:a")}
    columns = [np.log(c) for c in drawn(spreads, draws=2000, seed=1).columns.values()]
    correlations = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlations).max() < 0.03


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    one, same, other = (drawn({"volume": BAND}, draws=100, seed=s) for s in (1, 1, 2))
    assert (one.columns["volume"] == same.columns["volume"]).all()
    assert (one.columns["volume"] != other.columns["volume"]).any()


def test_another_option_changes_no_common_draw() -> None:
    few = drawn({"volume": BAND, "labour": BAND}, draws=100, seed=1)
    more = drawn({"volume": BAND, "labour": BAND, "throughput:b": BAND}, draws=100, seed=1)
    assert (few.columns["volume"] == more.columns["volume"]).all()
    assert (few.columns["labour"] == more.columns["labour"]).all()


def test_more_inputs_than_dimensions_are_drawn_too() -> None:
    spreads = {f"throughput:{k}": BAND for k in range(30)}
    columns = drawn(spreads, draws=1000, seed=1).columns
    assert len(columns) == 30
    for values in columns.values():
        assert np.quantile(values, 0.9) == pytest.approx(1.5, rel=0.01)


def test_points_are_not_drawn() -> None:
    world = drawn({"volume": Spread()}, draws=10, seed=1)
    assert world.columns == {}
    assert world.of("volume") == 1.0

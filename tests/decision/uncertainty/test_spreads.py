"""Ranges of inputs: how a band becomes a distribution, and where the figures come from."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.decision.uncertainty import Spread
from planner.decision.uncertainty.spreads import (
    ZERO_SPREAD,
    default_spreads,
    lognormal_band,
    probability_beyond,
    quantile,
    spreads_of,
)
from planner.scenario.uncertainty import UNCERTAIN_INPUTS, Uncertainty
from tests.scenario.support import SMALL, read

BAND = Spread(low=0.8, high=1.5)
# Half the cases fall to 0.6 somewhere in the horizon.
STEP = Spread(step_to=0.6, step_probability=0.5)


def test_a_band_of_70_to_130_percent_has_a_sigma_of_0_242() -> None:
    # ln(1.30 / 0.70) / 2.563 = 0.6190 / 2.563; median sqrt(0.91)
    median, sigma = lognormal_band(0.70, 1.30)
    assert sigma == pytest.approx(0.2415, abs=1e-4)
    assert median == pytest.approx(0.95394, abs=1e-5)


@pytest.mark.parametrize(("level", "value"), [(0.1, 0.8), (0.5, 1.0), (0.9, 1.5)])
def test_a_band_is_met_at_its_percentiles(level: float, value: float) -> None:
    assert quantile(BAND, level) == pytest.approx(value)


@pytest.mark.parametrize(
    # A fall at level/0.5 of the horizon leaves 0.6 for the rest of it.
    ("level", "value"),
    [(0.0, 0.6), (0.1, 0.68), (0.25, 0.8), (0.5, 1.0), (0.9, 1.0)],
)
def test_a_step_is_the_mean_over_the_horizon(level: float, value: float) -> None:
    assert quantile(STEP, level) == pytest.approx(value)


@given(st.floats(0.001, 0.999))
def test_probability_beyond_is_the_inverse_of_the_quantile(level: float) -> None:
    value = quantile(BAND, level)
    nearer = min(level, 1 - level)
    assert probability_beyond(BAND, value) == pytest.approx(nearer, abs=1e-9) or value == 1.0


def test_probability_beyond_a_step_counts_from_below() -> None:
    # 0.8 is the mean when the fall comes half way or earlier: half of 50 %.
    assert probability_beyond(STEP, 0.8) == pytest.approx(0.25)
    assert probability_beyond(STEP, 0.6) == 0.0
    assert probability_beyond(STEP, 1.1) == 0.0


def test_a_price_list_may_also_rise() -> None:
    both = Spread(step_to=0.6, step_probability=0.3, rise_to=2.0, rise_probability=0.1)
    # Levels: 0 to 0.3 fall, 0.9 to 1 rise; half way up at 0.95.
    assert quantile(both, 0.15) == pytest.approx(0.8)
    assert quantile(both, 0.6) == 1.0
    assert quantile(both, 0.95) == pytest.approx(1.5)
    assert probability_beyond(both, 1.5) == pytest.approx(0.05)
    assert probability_beyond(both, 0.8) == pytest.approx(0.15)
    assert probability_beyond(both, 2.5) == 0.0
    assert not both.is_point


def test_what_does_not_vary_is_never_beyond_its_value() -> None:
    assert ZERO_SPREAD.is_point
    assert probability_beyond(ZERO_SPREAD, 1.01) == 0.0
    assert probability_beyond(ZERO_SPREAD, 0.99) == 0.0


def test_every_default_says_where_it_comes_from() -> None:
    found = default_spreads(12)
    assert set(found) == set(UNCERTAIN_INPUTS) - {"throughput"}
    for spread in found.values():
        assert spread.source
        assert spread.observed is not None
        assert spread.basis in ("published", "assumption")
        assert not spread.is_point


def test_a_longer_horizon_makes_a_step_likelier() -> None:
    year, three = default_spreads(12)["api_price"], default_spreads(36)["api_price"]
    # 0.15 a year; 1 - 0.85^3 in three.
    assert (year.step_probability, year.rise_probability) == pytest.approx((0.15, 0.05))
    assert three.step_probability == pytest.approx(0.385875)


def test_the_scenarios_own_band_replaces_the_default() -> None:
    more = "uncertainty: {volume: {low: 0.5, high: 1.2, source: two years of forecasts}}\n"
    spread = spreads_of(read(SMALL + more).scenario)["volume"]
    assert (spread.low, spread.high) == (0.5, 1.2)
    assert (spread.basis, spread.source) == ("scenario", "two years of forecasts")


def test_the_section_names_every_uncertain_input() -> None:
    assert tuple(Uncertainty.model_fields) == UNCERTAIN_INPUTS


def test_a_one_sided_band_never_leaves_the_value_on_the_other_side() -> None:
    falling = Spread(low=0.7, high=1.0)
    assert quantile(falling, 0.99) == 1.0
    assert quantile(falling, 0.1) == pytest.approx(0.7)
    assert Decimal(str(round(math.log(quantile(falling, 0.01)), 4))) < 0

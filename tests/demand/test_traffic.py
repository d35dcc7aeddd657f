from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.demand.traffic import stretched, timezone_of, week_of
from planner.errors import ScenarioError


def test_a_day_repeats_over_the_week() -> None:
    day = [0.0] * 12 + [3.0] * 12
    week = week_of(day)
    assert len(week) == 168
    assert week[:24] == week[144:] == tuple([0.0] * 12 + [2.0] * 12)


def test_weights_are_relative() -> None:
    assert week_of([2.0] * 168) == (1.0,) * 168


def test_stretching_keeps_the_mean_and_hits_the_peak() -> None:
    # 0.5 and 1.5 in turn, doubled around 1: 0 and 2.
    assert stretched([0.5, 1.5] * 12, 2.0) == pytest.approx([0.0, 2.0] * 12)


def test_shrinking_pulls_towards_the_mean() -> None:
    assert stretched([0.0, 2.0] * 12, 1.25) == pytest.approx([0.75, 1.25] * 12)


def test_hours_that_would_fall_below_zero_stay_at_zero() -> None:
    # 0, 1, 1, 2 to a peak of 3: max(w - t, 0) with 4·(2-t) = 3·(4 - 3t) gives t = 0.8,
    # so 0, 0.2, 0.2, 1.2 with mean 0.4.
    assert stretched([0.0, 1.0, 1.0, 2.0], 3.0) == pytest.approx([0.0, 0.5, 0.5, 3.0])


def test_the_largest_peak_puts_everything_into_the_busiest_hours() -> None:
    assert stretched([1.0, 1.0, 4.0, 4.0], 2.0) == (0.0, 0.0, 2.0, 2.0)


@pytest.mark.parametrize(("weights", "peak"), [([1.0] * 24, 1.5), ([1.0, 1.0, 4.0, 4.0], 2.1)])
def test_a_peak_out_of_reach_is_refused_with_the_reachable_one(
    weights: list[float], peak: float
) -> None:
    with pytest.raises(ValueError, match=r"from 1 to [12],? not|from 1 to [12]"):
        stretched(weights, peak)


def test_a_peak_of_one_is_flat() -> None:
    assert stretched([1.0, 5.0, 2.0], 1.0) == (1.0, 1.0, 1.0)


_WEIGHTS = st.lists(st.floats(0.01, 100), min_size=24, max_size=24).filter(
    lambda weights: max(weights) > 1.001 * min(weights)
)


# Hours that nearly tie with the busiest, and a peak next to the largest possible one.
@example(weights=[0.01] * 20 + [99.9999999, 99.9999999, 100.0, 100.0], part=0.999)
@example(weights=[1.0] * 21 + [2.0] * 3, part=0.9999999999999999)
@example(weights=[1.0] * 23 + [2.0], part=1e-16)
@given(weights=_WEIGHTS, part=st.floats(0.001, 0.999))
def test_any_reachable_peak_is_hit_exactly_with_mean_one(weights: list[float], part: float) -> None:
    reachable = len(weights) / weights.count(max(weights))
    peak = 1 + (reachable - 1) * part
    shape = stretched(weights, peak)
    assert max(shape) == pytest.approx(peak, rel=1e-12)
    assert math.fsum(shape) / len(shape) == pytest.approx(1, abs=1e-12)
    assert min(shape) >= 0
    by_weight = sorted(range(len(weights)), key=weights.__getitem__)
    assert all(shape[low] <= shape[high] for low, high in itertools.pairwise(by_weight))


@given(weights=_WEIGHTS)
def test_stretching_to_its_own_peak_changes_nothing(weights: list[float]) -> None:
    shape = week_of(weights)
    assert stretched(shape, max(shape)) == pytest.approx(shape, abs=1e-9)


@given(weights=st.lists(st.floats(0, 1000), min_size=168, max_size=168).filter(any))
def test_normalised_weights_have_mean_one(weights: list[float]) -> None:
    assert math.fsum(week_of(weights)) / 168 == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kolkata"])
def test_zones_are_known(name: str) -> None:
    assert timezone_of(name) is not None


@pytest.mark.parametrize(
    "name", ["Europe/Berln", "America", "../etc/passwd", "/etc/localtime", "\0"]
)
def test_a_zone_that_does_not_exist_is_an_error_at_its_field(name: str) -> None:
    with pytest.raises(ScenarioError) as error:
        timezone_of(name)
    (problem,) = error.value.problems
    assert problem.path == "timezone"


def test_a_misspelt_zone_is_corrected() -> None:
    with pytest.raises(ScenarioError) as error:
        timezone_of("Europe/Berln")
    assert "did you mean `Europe/Berlin`?" in error.value.problems[0].message

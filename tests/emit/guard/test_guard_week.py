"""Summer time, noise and windows of the planned week."""

from __future__ import annotations

import pytest

from planner.emit.guard.week import (
    floored,
    larger_of_offsets,
    longest_run_below,
    no_less_than_hour_before,
    smallest_window,
    with_noise,
)

_FLAT = (1.0,) * 168


def test_a_zone_without_summer_time_changes_nothing() -> None:
    hourly = tuple(float(hour) for hour in range(168))
    assert larger_of_offsets(hourly, "UTC", "2026-11") == hourly


def test_with_summer_time_an_hour_is_planned_at_the_larger_of_both() -> None:
    # Berlin is UTC+1 in November. In summer its 09:00 rush begins at 07:00 UTC, not at 08:00.
    hourly = [0.0] * 168
    hourly[8] = 5.0
    found = larger_of_offsets(hourly, "Europe/Berlin", "2026-11")
    assert (found[6], found[7], found[8], found[9]) == (0.0, 5.0, 5.0, 0.0)


def test_a_plan_that_starts_in_summer_reaches_the_other_way() -> None:
    hourly = [0.0] * 168
    hourly[8] = 5.0
    found = larger_of_offsets(hourly, "America/New_York", "2026-07")
    assert (found[7], found[8], found[9], found[10]) == (0.0, 5.0, 5.0, 0.0)


def test_many_requests_need_no_allowance_for_noise() -> None:
    # 360,000 an hour: one sigma of a minute with cv 1 is sqrt(2 / 6,000) = 1.8 %.
    found = with_noise((1.0,), (360_000.0,), ratio=2.0, sigmas=3.0, cv=1.0, window_s=60)
    assert found == (1.0,)


def test_few_requests_get_one() -> None:
    # 50 in the window, cv 1: sigma sqrt(2 / 50) = 0.2. 3.5 sigma: 1 + 0.7 + 0.49 / 6 = 1.7817
    found = with_noise((10.0,), (50.0,), ratio=1.3, sigmas=3.5, cv=1.0, window_s=3_600)
    assert found[0] * 1.3 == pytest.approx(17.817, abs=1e-3)


@pytest.mark.parametrize("ratio", [1.05, 1.3, 1.9, 3.0])
def test_a_larger_ratio_never_lowers_the_threshold(ratio: float) -> None:
    def threshold(at: float) -> float:
        return at * with_noise((10.0,), (50.0,), ratio=at, sigmas=3.5, cv=1.0, window_s=3_600)[0]

    assert threshold(ratio + 0.1) >= threshold(ratio)


def test_the_floor_is_a_share_of_the_mean() -> None:
    assert floored((0.0, 4.0), 0.25) == (0.5, 4.0)


def test_instances_of_the_hour_before_are_still_there() -> None:
    assert no_less_than_hour_before((1.0, 3.0, 2.0)) == (2.0, 3.0, 3.0)


def test_the_smallest_window_sees_requests_at_any_time() -> None:
    # One request every hour but 10 quiet ones: 20 requests need 30 hours around them.
    hourly = [0.0] * 10 + [1.0] * 158
    assert smallest_window(hourly, 20) == 30
    assert smallest_window(_FLAT, 1) == 1
    assert smallest_window([0.0] * 168, 1) == 168


def test_runs_of_low_days_are_counted_over_the_turn_of_the_week() -> None:
    # Sums of the 24 hours from each hour: low on Saturday, Sunday and Monday.
    days = [1.0] * 24 + [9.0] * 24 * 4 + [1.0] * 24 * 2
    assert longest_run_below(days, 5.0) == 3
    assert longest_run_below(_FLAT, 0.5) == 0

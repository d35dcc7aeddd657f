"""Alarm states: M of N, missing data, statistics, windows, bands. Expected by hand."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from planner.drill.windows import Timeline, windows_of
from planner.emit.guard import Expression
from tests.drill.alarm_support import MONDAY, alarm, letters, metric

_NAN = float("nan")


def test_five_of_five_wants_all_five() -> None:
    spec = alarm(metric(), evaluation_periods=5, datapoints_to_alarm=5)
    assert letters(spec, m=[2, 2, 2, 2, 0, 2, 2, 2, 2, 2, 2]) == "OOOOOOOOOAA"


def test_two_of_three_bears_a_gap() -> None:
    spec = alarm(metric(), evaluation_periods=3, datapoints_to_alarm=2)
    assert letters(spec, m=[2, 0, 2, 0, 0, 2]) == "OOAOOO"


@pytest.mark.parametrize(
    ("missing", "states"),
    [("notBreaching", "AOO"), ("breaching", "AAA"), ("missing", "AII"), ("ignore", "AAA")],
)
def test_missing_data_is_treated_as_the_alarm_says(missing: str, states: str) -> None:
    assert letters(alarm(metric(), missing=missing), m=[2, _NAN, _NAN]) == states


def test_ignored_missing_data_keeps_a_good_state_too() -> None:
    assert letters(alarm(metric(), missing="ignore"), m=[0, _NAN, 2]) == "OOA"


def test_missing_data_breaches_only_where_it_is_said() -> None:
    spec = alarm(metric(), evaluation_periods=3, datapoints_to_alarm=3, missing="breaching")
    assert letters(spec, m=[2, _NAN, 2, 0, _NAN]) == "AAAOO"


@pytest.mark.parametrize(
    ("stat", "threshold", "states"),
    # Two minutes: (3), 3+0, 0+1, 1+(none).
    [
        ("Sum", 2.5, "AAOO"),
        ("Average", 1.2, "AAOO"),
        ("Maximum", 2, "AAOO"),
        ("Minimum", 0.5, "AOOA"),
    ],
)
def test_a_period_is_summed_up_by_its_statistic(stat: str, threshold: float, states: str) -> None:
    spec = alarm(metric(period_s=120, stat=stat), threshold=threshold)
    assert letters(spec, m=[3, 0, 1, _NAN]) == states


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", "OOA"),
        ("GreaterThanOrEqualToThreshold", "OAA"),
        ("LessThanThreshold", "AOO"),
        ("LessThanOrEqualToThreshold", "AAO"),
    ],
)
def test_comparisons_are_strict_where_they_say_so(comparison: str, states: str) -> None:
    assert letters(alarm(metric(), comparison=comparison), m=[0, 1, 2]) == states


def test_sliding_windows_reach_back_from_every_minute() -> None:
    spec = alarm(metric(period_s=180), threshold=2.5)
    assert letters(spec, m=[1, 1, 1, 0, 0, 3]) == "OOAOOA"


def test_wall_clock_windows_begin_with_the_clock_and_count_unfinished() -> None:
    spec = alarm(metric(period_s=300), threshold=2.5, wall_clock="UTC")
    assert letters(spec, m=[1, 1, 1, 0, 0, 1, 1, 0, 0, 1]) == "OOAAAOOOOA"


def test_earlier_wall_clock_windows_are_whole() -> None:
    spec = alarm(
        metric(period_s=300),
        threshold=2.5,
        wall_clock="UTC",
        evaluation_periods=2,
        datapoints_to_alarm=2,
    )
    assert letters(spec, m=[0, 0, 1, 1, 1, 0, 3, 0]) == "OOOOOOAA"


def test_a_local_day_begins_at_local_midnight() -> None:
    # Kathmandu is UTC+05:45: its day begins at 18:15 UTC, minute 1,095.
    spec = alarm(metric(period_s=86_400), threshold=0.5, wall_clock="Asia/Kathmandu")
    states = letters(spec, m=[0.0] * 1_000 + [1.0] + [0.0] * 200)
    assert states.find("A") == 1_000
    assert states.rfind("A") == 1_094


def test_the_day_that_loses_an_hour_is_a_whole_local_day() -> None:
    start = datetime.datetime(2027, 3, 27, tzinfo=datetime.UTC)
    timeline = Timeline(start=start, minutes=3 * 1_440)
    windows = windows_of(timeline, 86_400, "Europe/Berlin")
    begins = sorted(set(windows.start.tolist()))
    # 28 March begins 23:00 UTC and ends 22:00 UTC the day after: 23 hours.
    assert begins[1:3] == [23 * 60, 46 * 60]


def test_hours_and_days_are_utc_from_a_monday() -> None:
    timeline = Timeline(start=MONDAY + datetime.timedelta(days=6), minutes=1_500)
    windows = windows_of(timeline, 60, None)
    assert (windows.day[0], windows.hour[61], windows.day[1_440]) == (7.0, 1.0, 1.0)


def test_an_expression_is_evaluated_over_the_periods_of_its_metrics() -> None:
    rate = Expression(id="r", text="m*3600/PERIOD(m)/(1+(HOUR(m)>=1)*9)")
    states = letters(alarm(metric(), rate, threshold=59.0), m=[1.0] * 62)
    assert states == "A" * 60 + "OO"


def test_what_nothing_emits_is_missing() -> None:
    spec = alarm(metric("x"), missing="missing")
    assert letters(spec, m=[1.0, 1.0]) == "II"


def test_long_runs_are_counted_over_many_periods() -> None:
    spec = alarm(metric(period_s=120), evaluation_periods=4, datapoints_to_alarm=4)
    states = letters(spec, m=[0.0] * 3 + [1.0] * 10)
    # Periods of two minutes that sum to 2: the first that ends at minute 4 makes four by 10.
    assert states.find("A") == 10


def test_a_band_is_made_of_the_two_weeks_before() -> None:
    week = 10_080
    rng = np.random.default_rng(1)
    usual = 100 + rng.normal(0, 1, 3 * week)
    usual[-60:] += 50
    band = Expression(id="band", text="ANOMALY_DETECTION_BAND(m,2)")
    spec = alarm(
        metric(),
        band,
        returned="m",
        band="band",
        threshold=None,
        comparison="GreaterThanUpperThreshold",
        evaluation_periods=3,
        datapoints_to_alarm=3,
    )
    states = letters(spec, m=usual.tolist())
    assert "A" not in states[: 2 * week]
    assert states[-57:] == "A" * 57
    assert states[2 * week : -60].count("A") < 20

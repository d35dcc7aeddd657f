from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from planner.demand.trace import TraceRows, interarrival_cv, read_trace
from planner.demand.trace_load import cv_within_minutes, trace_load
from planner.scenario.workload import Trace

HOUR = 3600.0


def _rows(seconds: list[float], first_at: datetime.datetime | None = None) -> TraceRows:
    return TraceRows(
        file="log.csv",
        seconds=tuple(seconds),
        requests=((1, 1),) * len(seconds),
        first_at=first_at,
    )


@pytest.mark.parametrize(
    ("name", "per_day", "burst"), [("conv", 477_828, 1.54), ("code", 221_762, 4.16)]
)
def test_published_rate_and_burst_of_the_azure_traces(
    root: Path, name: str, per_day: int, burst: float
) -> None:
    spec = Trace.model_validate({"file": f"AzureLLMInferenceTrace_{name}.csv"})
    load = trace_load(read_trace(spec, root / "scenarios" / "traces"), datetime.UTC)
    assert load.requests_per_day == per_day
    assert round(load.busiest_minute_to_mean, 2) == burst
    # Under an hour long: the whole trace is its own hour.
    assert load.busiest_minute_to_its_hour == load.busiest_minute_to_mean
    assert (load.hour_weights, load.shape_hours) == (None, 0)


def test_the_unfinished_last_minute_takes_part_in_the_mean() -> None:
    # Minutes: 3 requests, 1, and 1 in the unfinished third; mean 5/3.
    load = trace_load(_rows([0, 10, 20, 70, 125]), datetime.UTC)
    assert load.busiest_minute_to_mean == pytest.approx(3 * 3 / 5)
    # 5 requests in 125 s.
    assert load.requests_per_day == Decimal("3456")


def test_the_busiest_minute_is_compared_with_its_own_hour() -> None:
    # Hour 0: one request a minute. Hour 1: nine in its first minute, one in the others, the last
    # at 119 min: (9 + 59)/60 a minute. Overall (60 + 68)/120.
    seconds = [60.0 * minute for minute in range(120)] + [HOUR + k for k in range(1, 9)]
    load = trace_load(_rows(sorted(seconds)), datetime.UTC)
    assert load.busiest_minute_to_its_hour == pytest.approx(9 / (68 / 60))
    assert load.busiest_minute_to_mean == pytest.approx(9 / (128 / 120))


def _every_hour(hours: int, busy: int, factor: int) -> list[float]:
    """Ten requests an hour, and ``factor`` times as many in the hour of day ``busy``."""
    seconds: list[float] = []
    for hour in range(hours):
        count = 10 * (factor if hour % 24 == busy else 1)
        seconds.extend(hour * HOUR + k * HOUR / count for k in range(count))
    return seconds


def test_a_day_gives_24_weights_that_repeat() -> None:
    load = trace_load(_rows(_every_hour(24, busy=9, factor=3)), datetime.UTC)
    assert load.shape_hours == 24
    assert load.hour_weights is not None
    # 23 hours of 10 and one of 30: mean 260/24, so the peak is 720/260.
    assert max(load.hour_weights) == pytest.approx(720 / 260, rel=0.01)
    assert load.hour_weights.index(max(load.hour_weights)) == 9
    assert load.requests_per_day == pytest.approx(Decimal(260), rel=Decimal("0.01"))


def test_a_day_and_a_half_does_not_count_the_morning_twice() -> None:
    load = trace_load(_rows(_every_hour(36, busy=9, factor=3)), datetime.UTC)
    # Per day 230 + 30 requests, although 36 h hold 34·10 + 2·30 = 400, which is 267 a day.
    assert load.requests_per_day == pytest.approx(Decimal(260), rel=Decimal("0.01"))


def test_a_week_gives_168_weights_from_monday() -> None:
    # Starts on Wednesday 2026-01-07 00:00; the busy hour 9 of its first day is Wednesday's.
    seconds = _every_hour(168, busy=30, factor=1) + [9 * HOUR + 1 + k for k in range(90)]
    start = datetime.datetime(2026, 1, 7)
    load = trace_load(_rows(sorted(seconds), start), datetime.UTC)
    assert load.shape_hours == 168
    assert load.hour_weights is not None
    assert load.hour_weights.index(max(load.hour_weights)) == 2 * 24 + 9


def test_times_with_a_zone_are_read_in_the_scenarios_zone() -> None:
    start = datetime.datetime(2026, 1, 5, 0, 0, tzinfo=datetime.UTC)  # A Monday.
    load = trace_load(_rows(_every_hour(24, busy=9, factor=3), start), ZoneInfo("Asia/Tokyo"))
    assert load.hour_weights is not None
    assert load.hour_weights.index(max(load.hour_weights)) == 18


def test_times_without_a_zone_are_local_already() -> None:
    start = datetime.datetime(2026, 1, 5, 0, 0)
    load = trace_load(_rows(_every_hour(24, busy=9, factor=3), start), ZoneInfo("Asia/Tokyo"))
    assert load.hour_weights is not None
    assert load.hour_weights.index(max(load.hour_weights)) == 9


def test_less_than_a_day_has_no_shape() -> None:
    load = trace_load(_rows(_every_hour(20, busy=9, factor=3)), datetime.UTC)
    assert load.hour_weights is None


def test_bursts_longer_than_a_minute_are_not_counted_twice() -> None:
    # A clock in each minute, one minute ten times as fast as the other: nothing varies within.
    slow = [float(second) for second in range(0, 60, 5)]
    fast = [60.0 + second * 0.5 for second in range(120)]
    assert cv_within_minutes((*slow, *fast)) == pytest.approx(0, abs=1e-9)
    assert interarrival_cv((*slow, *fast)) > 1


def test_variation_within_a_minute_is_counted() -> None:
    # Gaps of 1 and 3 seconds in turn: mean 2, deviation 1.
    stamps = [0.0]
    for index in range(20):
        stamps.append(stamps[-1] + (1.0 if index % 2 == 0 else 3.0))
    assert cv_within_minutes(tuple(stamps)) == pytest.approx(0.5)


def test_a_minute_with_few_requests_falls_back_to_all_gaps() -> None:
    stamps = (0.0, 70.0, 280.0)
    assert cv_within_minutes(stamps) == interarrival_cv(stamps)

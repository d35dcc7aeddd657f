"""Which days are drilled."""

from __future__ import annotations

import datetime

import pytest

from planner.drill.calendar import PLANNED_DAYS, drill_days

_DAY = 1_440


@pytest.mark.parametrize(
    ("timezone", "month", "change"),
    [
        ("Europe/Berlin", "2026-11", "2027-03-28 01:00"),
        ("America/New_York", "2026-11", "2027-03-14 07:00"),
        ("America/New_York", "2027-06", "2027-11-07 06:00"),
        ("Australia/Sydney", "2026-11", "2027-04-03 16:00"),
    ],
)
def test_a_change_of_the_clocks_lies_in_the_middle(timezone: str, month: str, change: str) -> None:
    days = drill_days(timezone, month)
    assert days.clock_change is not None
    assert f"{days.clock_change:%Y-%m-%d %H:%M}" == change
    into = days.clock_change - days.starts
    assert datetime.timedelta(days=15) <= into < datetime.timedelta(days=16)


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kolkata", "Europe/London"])
def test_a_run_begins_with_a_month_and_three_weeks_of_history(timezone: str) -> None:
    days = drill_days(timezone, "2026-11")
    assert (days.timeline.start.day, days.timeline.start.hour) == (1, 0)
    assert days.first >= 21 * _DAY
    assert days.timeline.minutes - days.first == PLANNED_DAYS * _DAY


def test_a_zone_without_changes_is_drilled_from_the_plans_first_month() -> None:
    days = drill_days("UTC", "2026-11")
    assert days.clock_change is None
    assert f"{days.timeline.start:%Y-%m-%d}" == "2026-11-01"

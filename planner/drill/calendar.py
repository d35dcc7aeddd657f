"""Which days are drilled: thirty, with a change of the clocks among them, after some history."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from planner.drill.windows import Timeline

__all__ = ["PLANNED_DAYS", "DrillDays", "drill_days"]

PLANNED_DAYS = 30
# The anomaly alarm has learnt by then, and the fault has a week of history.
_LEAST_HISTORY_DAYS = 21
_BEFORE_CHANGE_DAYS = 15
_YEAR_DAYS = 366
_MINUTES_PER_DAY = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillDays:
    """The run begins with a month, so that Budgets begin at nothing; ``first`` is a minute."""

    timeline: Timeline
    first: int
    clock_change: datetime.datetime | None

    @property
    def starts(self) -> datetime.datetime:
        """When the thirty days begin."""
        return self.timeline.at(self.first)


def drill_days(timezone: str, start_month: str) -> DrillDays:
    """The days for a plan that starts in ``start_month`` (``YYYY-MM``)."""
    year, month = (int(part) for part in start_month.split("-"))
    earliest = datetime.datetime(year, month, 1, tzinfo=datetime.UTC)
    first = earliest + datetime.timedelta(days=_LEAST_HISTORY_DAYS)
    change = _clock_change(timezone, first + datetime.timedelta(days=_BEFORE_CHANGE_DAYS))
    if change is not None:
        midnight = change.replace(hour=0, minute=0)
        first = midnight - datetime.timedelta(days=_BEFORE_CHANGE_DAYS)
    begin = (first - datetime.timedelta(days=_LEAST_HISTORY_DAYS)).replace(day=1)
    days = (first - begin).days
    timeline = Timeline(start=begin, minutes=(days + PLANNED_DAYS) * _MINUTES_PER_DAY)
    return DrillDays(timeline=timeline, first=days * _MINUTES_PER_DAY, clock_change=change)


def _clock_change(timezone: str, after: datetime.datetime) -> datetime.datetime | None:
    """The first hour after ``after`` with another offset than the hour before, within a year."""
    zone = ZoneInfo(timezone)
    before = after.astimezone(zone).utcoffset()
    for hour in range(1, _YEAR_DAYS * 24):
        at = after + datetime.timedelta(hours=hour)
        if at.astimezone(zone).utcoffset() != before:
            return at
    return None

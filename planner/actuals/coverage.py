"""Which hours the records of some days cover: a plan is compared for these, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from planner.actuals.spend import Cell
from planner.actuals.types import SourceName
from planner.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

__all__ = ["Coverage", "CoveredDay", "coverage", "unsettled_from"]

_HOURS = 24
# Their last two days change with the next export.
_PROVISIONAL: frozenset[SourceName] = frozenset(
    {
        *("cur", "focus", "openai-costs", "anthropic-cost"),
        *("openai-usage", "anthropic-usage", "litellm-daily"),
    }
)
_PROVISIONAL_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDay:
    """A UTC day with records: its hours from ``first_hour`` up to ``end_hour``."""

    day: date
    first_hour: int
    end_hour: int
    is_provisional: bool

    @property
    def hours(self) -> int:
        """How many hours of it are covered."""
        return self.end_hour - self.first_hour

    @property
    def is_complete(self) -> bool:
        """Whether the day is whole and will not change."""
        return self.hours == _HOURS and not self.is_provisional


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The covered days between two days, both included."""

    since: date
    until: date
    days: tuple[CoveredDay, ...]

    @property
    def hours(self) -> int:
        """Covered hours."""
        return sum(each.hours for each in self.days)

    @property
    def all_hours(self) -> int:
        """Hours of all the days asked for."""
        return ((self.until - self.since).days + 1) * _HOURS

    @property
    def share(self) -> float:
        """Covered ÷ all hours."""
        return self.hours / self.all_hours

    @property
    def missing(self) -> tuple[date, ...]:
        """Days without a record."""
        known = {each.day for each in self.days}
        count = (self.until - self.since).days + 1
        every = (self.since + timedelta(days=offset) for offset in range(count))
        return tuple(day for day in every if day not in known)


def coverage(
    cells: Sequence[Cell],
    *,
    since: date,
    until: date,
    first_record: date,
    exported: Iterable[tuple[SourceName, datetime]],
) -> Coverage:
    """Hours from the first record to the last, or to the export of the files if that is later.

    Days between count in full; a day without any record does not count. ``first_record`` is the
    first day of the store, ``exported`` the files' sources and times (aware).
    """
    used = {each.source for each in cells}
    times = [(source, at.astimezone(UTC)) for source, at in exported if source in used]
    known_until = max((at for _, at in times), default=None)
    provisional = max((at for source, at in times if source in _PROVISIONAL), default=None)
    days = sorted({each.day for each in cells})
    found: list[CoveredDay] = []
    for day in days:
        mine = [each for each in cells if each.day == day]
        starts_late = day == days[0] and day == first_record
        ends_early = day == days[-1] and (known_until is None or known_until < _end(day))
        end = _end_hour(max(each.last_second for each in mine), day, known_until)
        found.append(
            CoveredDay(
                day=day,
                first_hour=_hour(min(e.first_second for e in mine)) if starts_late else 0,
                end_hour=end if ends_early else _HOURS,
                is_provisional=provisional is not None
                and _end(day) > provisional - _PROVISIONAL_FOR,
            )
        )
    return Coverage(since=since, until=until, days=tuple(found))


def unsettled_from(exported: Iterable[tuple[SourceName, datetime]]) -> dict[str, date]:
    """For each source whose days change with the next export, the first that still may."""
    found: dict[str, date] = {}
    for source, at in exported:
        if source in _PROVISIONAL:
            day = (at.astimezone(UTC) - _PROVISIONAL_FOR).date()
            found[source] = max(found.get(source, day), day)
    return found


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _hour(second: int) -> int:
    return second % SECONDS_PER_DAY // SECONDS_PER_HOUR


def _end_hour(last_second: int, day: date, known_until: datetime | None) -> int:
    """The end of the hour of the last record, or the whole hours before the export."""
    start = int(datetime.combine(day, time(), UTC).timestamp())
    by_record = -(-(last_second - start + 1) // SECONDS_PER_HOUR)
    by_export = 0
    if known_until is not None and known_until.date() == day:
        by_export = known_until.hour
    return min(max(by_record, by_export), _HOURS)

"""The planned week as thresholds need it: summer time, noise, and a floor for quiet hours."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from planner.units import HOURS_PER_WEEK, SECONDS_PER_HOUR

__all__ = [
    "floored",
    "larger_of_offsets",
    "local_day_sums",
    "longest_run_below",
    "months_from",
    "no_less_than_hour_before",
    "smallest_window",
    "with_noise",
]

_MONTHS = 12
_DAY = 24


def larger_of_offsets(
    hourly: Sequence[float], timezone: str, start_month: str
) -> tuple[float, ...]:
    """The larger value of each UTC hour over the zone's offsets in the twelve months of a plan.

    ``hourly`` is in UTC at the offset of the first day of ``start_month`` (``YYYY-MM``).
    """
    shifts = _shifts(timezone, start_month)
    return tuple(max(_shifted(hourly, hour, shift) for shift in shifts) for hour in range(168))


def _shifts(timezone: str, start_month: str) -> list[float]:
    """Hours that local time is later than at the plan's start; 0 among them."""
    zone = ZoneInfo(timezone)
    offsets = [
        datetime.datetime(year, month, 1, 12, tzinfo=zone).utcoffset() or datetime.timedelta(0)
        for year, month in months_from(start_month, _MONTHS)
    ]
    return sorted({(offset - offsets[0]).total_seconds() / SECONDS_PER_HOUR for offset in offsets})


def months_from(start_month: str, count: int) -> tuple[tuple[int, int], ...]:
    """(year, month) of ``count`` months from ``YYYY-MM``."""
    year, month = (int(part) for part in start_month.split("-"))
    return tuple((year + (month - 1 + n) // 12, (month - 1 + n) % 12 + 1) for n in range(count))


def _shifted(hourly: Sequence[float], hour: int, shift: float) -> float:
    """Local clocks ahead by ``shift`` do at this hour what they did that much later."""
    whole = math.floor(shift)
    later = hourly[(hour + whole + 1) % HOURS_PER_WEEK]
    return (
        hourly[(hour + whole) % HOURS_PER_WEEK]
        if whole == shift
        else max(hourly[(hour + whole) % HOURS_PER_WEEK], later)
    )


def with_noise(
    planned: Sequence[float],
    requests: Sequence[float],
    *,
    ratio: float,
    sigmas: float,
    cv: float,
    window_s: float,
) -> tuple[float, ...]:
    """What ``ratio`` x is the plan plus ``sigmas`` of its noise, no less than the plan.

    ``requests`` are planned in each hour, of which ``window_s`` seconds are looked at. Few
    requests scatter upwards more than downwards: the square is the first term of that skew
    (Cornish and Fisher 1938).
    """
    return tuple(
        max(usd, usd * _quantile(sigmas * _sigma(n * window_s / SECONDS_PER_HOUR, cv)) / ratio)
        for usd, n in zip(planned, requests, strict=True)
    )


def _quantile(deviation: float) -> float:
    return 1 + deviation + deviation * deviation / 6


def _sigma(count: float, cv: float) -> float:
    """Relative standard deviation of the cost of ``count`` requests; 0 where none is planned."""
    return math.sqrt((1 + cv * cv) / count) if count > 0 else 0.0


def floored(values: Sequence[float], share: float) -> tuple[float, ...]:
    """No value below ``share`` of the mean: the absolute floor, and nothing is divided by zero."""
    floor = share * math.fsum(values) / len(values)
    return tuple(max(value, floor) for value in values)


def no_less_than_hour_before(values: Sequence[float]) -> tuple[float, ...]:
    """Instances of an hour that has ended leave during the next."""
    return tuple(max(value, values[hour - 1]) for hour, value in enumerate(values))


def local_day_sums(hourly: Sequence[float]) -> tuple[float, ...]:
    """Sums of 24 hours from each hour of the week: the local days of any zone are among them."""
    return tuple(
        math.fsum(hourly[(start + n) % HOURS_PER_WEEK] for n in range(_DAY))
        for start in range(HOURS_PER_WEEK)
    )


def smallest_window(requests: Sequence[float], least: float) -> int:
    """Hours that at any time of the week see ``least`` planned requests; a week at most."""
    for hours in range(1, HOURS_PER_WEEK):
        if all(
            math.fsum(requests[(start + n) % HOURS_PER_WEEK] for n in range(hours)) >= least
            for start in range(HOURS_PER_WEEK)
        ):
            return hours
    return HOURS_PER_WEEK


def longest_run_below(values: Sequence[float], limit: float) -> int:
    """Days: the longest run of day sums below ``limit``, day by day from any hour of the week."""
    longest = 0
    for start in range(_DAY):
        week = [values[(start + _DAY * day) % HOURS_PER_WEEK] < limit for day in range(7)]
        run = 0
        for below in [*week, *week]:
            run = run + 1 if below else 0
            longest = max(longest, run)
    return longest

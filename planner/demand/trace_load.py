"""What a trace says about traffic: its rate, the shape of its day or week, and its bursts."""

from __future__ import annotations

import datetime
import itertools
import math
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from planner.demand.trace import TraceRows, interarrival_cv
from planner.demand.traffic import week_of
from planner.units import HOURS_PER_WEEK, SECONDS_PER_DAY, SECONDS_PER_HOUR

__all__ = ["TraceLoad", "cv_within_minutes", "trace_load"]

_HOURS_PER_DAY = 24
_SECONDS_PER_MINUTE = 60
_MINUTES_PER_HOUR = 60
# Fewer gaps than this say little of how they vary.
_LEAST_GAPS = 10
# An hour seen for less than this says nothing about its rate.
_LEAST_HOURS_SEEN = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLoad:
    """Traffic figures of a trace.

    ``hour_weights`` are 168 weights with mean 1 in local time; None when the trace does not see
    every hour of a day. ``shape_hours`` says how many of them are its own: 0, 24 or 168.
    ``interarrival_cv`` is that within minutes: what comes and goes over longer times is in the
    busiest minute already. Minutes are counted from the first request and the unfinished last one
    takes part, as in the published figures of the Azure traces.
    """

    span_s: float
    requests_per_day: Decimal
    hour_weights: tuple[float, ...] | None
    shape_hours: int
    busiest_minute_to_mean: float
    busiest_minute_to_its_hour: float
    interarrival_cv: float


def trace_load(rows: TraceRows, zone: datetime.tzinfo) -> TraceLoad:
    """Work out the traffic figures; ``zone`` turns times that carry a zone into local hours.

    Times without a zone are taken as local already; seconds without a date as counted from
    Monday 00:00.
    """
    rates, shape_hours = _hour_rates(rows, _first_hour(rows.first_at, zone))
    per_day = (
        math.fsum(rates) * _HOURS_PER_DAY / len(rates)
        if rates
        else len(rows.seconds) / rows.span_s * SECONDS_PER_DAY
    )
    overall, in_hour = _busiest_minute(rows.seconds)
    return TraceLoad(
        span_s=rows.span_s,
        requests_per_day=Decimal(format(Decimal(f"{per_day:.6g}"), "f")),
        hour_weights=week_of(rates) if rates else None,
        shape_hours=shape_hours,
        busiest_minute_to_mean=overall,
        busiest_minute_to_its_hour=in_hour,
        interarrival_cv=cv_within_minutes(rows.seconds),
    )


def cv_within_minutes(seconds: tuple[float, ...]) -> float:
    """Standard deviation ÷ mean of the gaps between requests of the same minute.

    Each gap is taken relative to the mean gap of its minute, so that busy and quiet minutes do
    not add to it. Of all gaps when no minute has enough of them.
    """
    by_minute: dict[int, list[float]] = {}
    for earlier, later in itertools.pairwise(seconds):
        minute = int(earlier // _SECONDS_PER_MINUTE)
        if minute == int(later // _SECONDS_PER_MINUTE):
            by_minute.setdefault(minute, []).append(later - earlier)
    squares = gaps = 0.0
    for found in by_minute.values():
        mean = math.fsum(found) / len(found)
        if len(found) >= _LEAST_GAPS and mean > 0:
            squares += math.fsum((gap / mean - 1.0) ** 2 for gap in found)
            gaps += len(found)
    return math.sqrt(squares / gaps) if gaps else interarrival_cv(seconds)


def _first_hour(first_at: datetime.datetime | None, zone: datetime.tzinfo) -> float:
    """Hours from Monday 00:00 to the first request."""
    if first_at is None:
        return 0.0
    local = first_at if first_at.tzinfo is None else first_at.astimezone(zone)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second + local.microsecond / 1e6
    return local.weekday() * _HOURS_PER_DAY + seconds / SECONDS_PER_HOUR


def _hour_rates(rows: TraceRows, first_hour: float) -> tuple[list[float], int]:
    """Requests per hour by hour of week, else by hour of day, else nothing."""
    last_hour = first_hour + rows.span_s / SECONDS_PER_HOUR
    counts = Counter(int(first_hour + second / SECONDS_PER_HOUR) for second in rows.seconds)
    seen = {
        hour: min(hour + 1, last_hour) - max(hour, first_hour)
        for hour in range(int(first_hour), math.ceil(last_hour))
    }
    for period in (HOURS_PER_WEEK, _HOURS_PER_DAY):
        hours, requests = [0.0] * period, [0] * period
        for hour, length in seen.items():
            hours[hour % period] += length
            requests[hour % period] += counts[hour]
        if min(hours) >= _LEAST_HOURS_SEEN:
            return [n / length for n, length in zip(requests, hours, strict=True)], period
    return [], 0


def _busiest_minute(seconds: tuple[float, ...]) -> tuple[float, float]:
    """The busiest minute ÷ the mean minute of the trace, and ÷ that of its own hour."""
    minutes = Counter(int(second // _SECONDS_PER_MINUTE) for second in seconds)
    bins = int(seconds[-1] // _SECONDS_PER_MINUTE) + 1
    busiest = min(minutes, key=lambda minute: (-minutes[minute], minute))
    start = busiest - busiest % _MINUTES_PER_HOUR
    hour = range(start, min(start + _MINUTES_PER_HOUR, bins))
    hour_mean = sum(minutes[minute] for minute in hour) / len(hour)
    return minutes[busiest] * bins / len(seconds), minutes[busiest] / hour_mean

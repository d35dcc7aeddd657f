"""The week as a load on machines: what each hour needs, and what a capacity leaves over.

A request rate inside an hour varies. Its minutes are taken as lognormal around the hour's mean,
with the busiest of 60 at ``burst`` times that mean: the one figure that traces give. Requests that
may wait are worked off in quiet hours of their own day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from planner.demand.types import Demand

__all__ = [
    "Leftover",
    "WeekLoad",
    "hourly_needs",
    "left_by_hour",
    "leftover",
    "levelled",
    "overflow_rate",
    "week_load",
    "windowed",
]

_HOURS_PER_DAY = 24
# The busiest minute of an hour: 59 of 60 are below it (quantile of the normal distribution).
_BUSIEST = 2.128045234184984
# A lognormal's 59/60 quantile is at most this multiple of its mean.
_LARGEST_BURST = math.exp(_BUSIEST**2 / 2)
# So many standard deviations away the busiest minute settles nothing: 1e-17 of the rate is left.
_CERTAIN = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLoad:
    """One week, in rates relative to its mean: ``interactive`` by hour, ``deferrable`` by day.

    Hours are local, from Monday 00:00; a day is 24 of them. The interactive rates of all hours
    and the deferrable ones (each day's total, in hours of the mean rate) add up to the number of
    hours. ``burst`` is the busiest minute ÷ mean of its hour, for interactive requests.
    """

    interactive: tuple[float, ...]
    deferrable: tuple[float, ...]
    burst: float

    @property
    def hours(self) -> int:
        """Hours of the week."""
        return len(self.interactive)

    def days(self) -> list[range]:
        """The hours of each day."""
        starts = range(0, self.hours, _HOURS_PER_DAY)
        return [range(start, min(start + _HOURS_PER_DAY, self.hours)) for start in starts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Requests that a capacity does not serve, in hours of the mean rate a week."""

    interactive: float
    deferrable: float


def week_load(demand: Demand) -> WeekLoad:
    """The week of a demand; each day's deferrable share may wait until the day ends."""
    share = float(demand.deferrable_share)
    weights = demand.hour_weights
    starts = range(0, len(weights), _HOURS_PER_DAY)
    return WeekLoad(
        interactive=tuple((1 - share) * weight for weight in weights),
        deferrable=tuple(
            share * math.fsum(weights[start : start + _HOURS_PER_DAY]) for start in starts
        ),
        burst=demand.burst_within_hour,
    )


def hourly_needs(week: WeekLoad) -> tuple[float, ...]:
    """Capacity each hour needs relative to the mean rate, deferrable work levelled in its day.

    max(interactive x burst, level): the level is where waiting work fills the quiet hours.
    """
    return tuple(
        max(load * week.burst, level)
        for load, level in zip(week.interactive, _levels(week), strict=True)
    )


def levelled(week: WeekLoad) -> tuple[float, ...]:
    """Load of each hour relative to the mean, deferrable work levelled in its day."""
    return tuple(
        max(load, level) for load, level in zip(week.interactive, _levels(week), strict=True)
    )


def _levels(week: WeekLoad) -> list[float]:
    """The level of each hour's day."""
    levels: list[float] = []
    for day, work in zip(week.days(), week.deferrable, strict=True):
        levels += [_level([week.interactive[hour] for hour in day], work)] * len(day)
    return levels


def _level(loads: Sequence[float], work: float) -> float:
    """The level L with sum of max(L - load, 0) = work; 0 without work."""
    if work <= 0:
        return 0.0
    filled = 0.0
    ordered = sorted(loads)
    for count, load in enumerate(ordered, start=1):
        filled += load
        level = (work + filled) / count
        if count == len(ordered) or level <= ordered[count]:
            return level
    raise AssertionError("a day has at least one hour")


def windowed(needs: Sequence[float], hours_ahead: int) -> tuple[float, ...]:
    """The largest need of each hour and the ``hours_ahead`` after it; the week repeats.

    A machine must be started that much before it is needed.
    """
    count = len(needs)
    reach = min(hours_ahead, count - 1)
    return tuple(
        max(needs[(hour + ahead) % count] for ahead in range(reach + 1)) for hour in range(count)
    )


def overflow_rate(mean: float, capacity: float, burst: float) -> float:
    """Mean rate above ``capacity`` in an hour of this mean rate: E[max(X - capacity, 0)].

    X is lognormal with mean ``mean`` and 59/60 quantile ``burst`` x mean; with burst 1 it is the
    mean itself. The closed form is that of a call option (Black and Scholes 1973).
    """
    return _over(mean, capacity, _sigma(burst) if burst > 1 else 0.0)


def _over(mean: float, capacity: float, sigma: float) -> float:
    """``overflow_rate`` with the spread of the logarithm in place of the burst."""
    if mean <= 0 or capacity <= 0:
        return max(mean, 0.0)
    if sigma == 0:
        return max(mean - capacity, 0.0)
    distance = (math.log(mean) - math.log(capacity)) / sigma + sigma / 2
    if abs(distance) > _CERTAIN:
        return max(mean - capacity, 0.0)
    return mean * _below(distance) - capacity * _below(distance - sigma)


def _below(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2))


@lru_cache(maxsize=64)
def _sigma(burst: float) -> float:
    """z - sqrt(z² - 2 ln burst): the smaller root of exp(z σ - σ²/2) = burst."""
    return _BUSIEST - math.sqrt(_BUSIEST**2 - 2 * math.log(min(burst, _LARGEST_BURST)))


def leftover(week: WeekLoad, mean_rate: float, capacity: Sequence[float]) -> Leftover:
    """What ``capacity`` (by hour, in the unit of ``mean_rate``) does not serve of the week.

    Interactive requests come first; what they leave of a day's capacity works off the deferrable
    ones of that day.
    """
    if not any(capacity):
        return Leftover(interactive=math.fsum(week.interactive), deferrable=sum(week.deferrable))
    interactive = deferrable = 0.0
    for over, waiting in _left_of_days(week, mean_rate, capacity):
        interactive += math.fsum(over)
        deferrable += waiting
    return Leftover(interactive=interactive, deferrable=deferrable)


def left_by_hour(week: WeekLoad, mean_rate: float, capacity: Sequence[float]) -> list[float]:
    """``leftover`` by hour, relative to the mean rate; deferrable work evenly over its day."""
    return [
        each + waiting / len(over)
        for over, waiting in _left_of_days(week, mean_rate, capacity)
        for each in over
    ]


def _left_of_days(
    week: WeekLoad, mean_rate: float, capacity: Sequence[float]
) -> Iterator[tuple[list[float], float]]:
    """Of each day: interactive overflow of its hours, and the deferrable work left."""
    sigma = _sigma(week.burst) if week.burst > 1 else 0.0
    # Most weeks are one day seven times.
    known: dict[object, tuple[list[float], float]] = {}
    for day, work in zip(week.days(), week.deferrable, strict=True):
        loads = week.interactive[day.start : day.stop]
        have = tuple(capacity[day.start : day.stop])
        if (loads, have, work) not in known:
            known[loads, have, work] = _left_of_day(loads, have, work, mean_rate, sigma)
        yield known[loads, have, work]


def _left_of_day(
    loads: Sequence[float],
    capacity: Sequence[float],
    work: float,
    mean_rate: float,
    sigma: float,
) -> tuple[list[float], float]:
    """Interactive overflow of each hour, and the deferrable work left."""
    over: list[float] = []
    idle = 0.0
    for load, each in zip(loads, capacity, strict=True):
        have = each / mean_rate
        over.append(_over(load, have, sigma))
        idle += have - (load - over[-1])
    return over, max(work - idle, 0.0)

"""Datapoints of a period from samples by the minute, as an alarm sees them minute by minute.

At minute t an alarm's newest datapoint ends with t. It begins a period before (sliding window), or
where the clock of a zone last began a period (wall-clock window: the current, unfinished one
counts). The datapoint before it ends where it begins, and so on: ``start[t] - 1`` is its end.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from planner.emit.guard import MetricRef
from planner.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]
    Index = npt.NDArray[np.int64]

__all__ = ["Timeline", "Windows", "windows_of"]

_MINUTE_S = 60
_MINUTES_PER_DAY = 1_440


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Minutes from a UTC midnight on."""

    start: datetime.datetime
    minutes: int

    def at(self, minute: int) -> datetime.datetime:
        """The time at which a minute begins."""
        return self.start + datetime.timedelta(minutes=minute)

    def minute_of(self, at: datetime.datetime) -> int:
        """The minute that contains ``at``."""
        return int((at - self.start).total_seconds() // _MINUTE_S)

    def offsets_min(self, timezone: str) -> Index:
        """What local clocks are ahead of UTC in each minute, minutes. By the quarter hour."""
        import numpy as np

        zone = ZoneInfo(timezone)
        quarters = -(-self.minutes // 15)
        found = np.empty(quarters, dtype=np.int64)
        for number in range(quarters):
            offset = self.at(number * 15).astimezone(zone).utcoffset() or datetime.timedelta(0)
            found[number] = int(offset.total_seconds() // _MINUTE_S)
        return np.repeat(found, 15)[: self.minutes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """For each minute the datapoint that ends with it: when it began, and its clock in UTC."""

    start: Index
    period_s: float
    hour: Series
    day: Series
    sliding: bool

    def values(self, samples: Series, metric: MetricRef) -> Series:
        """The statistic of ``samples`` (one a minute, NaN: none) over each window."""
        import numpy as np

        there = ~np.isnan(samples)
        count = self._sums(there.astype(float))
        if metric.stat in ("Sum", "Average"):
            total = self._sums(np.where(there, samples, 0.0))
            if metric.stat == "Average":
                total = total / np.maximum(count, 1.0)
        else:
            total = self._extremes(samples, largest=metric.stat == "Maximum")
        return np.where(count > 0, total, np.nan)

    def over_last(self, values: Series, periods: int) -> Series:
        """Sum over the newest ``periods`` datapoints at each minute; before the start, zeros."""
        import numpy as np

        length = int(self.period_s) // _MINUTE_S
        if self.sliding:
            return _strided_sums(values, length, periods)
        total = np.zeros_like(values)
        at = np.arange(len(values))
        for _ in range(periods):
            inside = at >= 0
            total += np.where(inside, values[np.maximum(at, 0)], 0.0)
            at = np.where(inside, self.start[np.maximum(at, 0)] - 1, -1)
        return total

    def _sums(self, samples: Series) -> Series:
        import numpy as np

        whole = np.concatenate(([0.0], np.cumsum(samples)))
        return whole[1:] - whole[np.maximum(self.start, 0)]

    def _extremes(self, samples: Series, *, largest: bool) -> Series:
        import numpy as np

        keep = np.fmax if largest else np.fmin
        found = samples.copy()
        at = np.arange(len(samples))
        for back in range(1, int((at - np.maximum(self.start, 0)).max()) + 1):
            earlier = np.where(at - back >= self.start, np.roll(samples, back), np.nan)
            earlier[:back] = np.nan
            found = keep(found, earlier)
        return found


def windows_of(timeline: Timeline, period_s: int, wall_clock: str | None) -> Windows:
    """The windows of one period; ``wall_clock`` is a zone, None for sliding windows."""
    import numpy as np

    at = np.arange(timeline.minutes)
    length = period_s // _MINUTE_S
    if wall_clock is None:
        start = at - length + 1
    else:
        offsets = timeline.offsets_min(wall_clock)
        # Minutes since a Monday 00:00 of that zone's clock.
        local = at + offsets + timeline.start.weekday() * _MINUTES_PER_DAY
        block = local // length
        changed = np.concatenate(([True], block[1:] != block[:-1]))
        start = np.maximum.accumulate(np.where(changed, at, 0))
    clock = start + timeline.start.weekday() * _MINUTES_PER_DAY
    return Windows(
        start=start,
        period_s=float(period_s),
        hour=(clock // (SECONDS_PER_HOUR // _MINUTE_S) % 24).astype(float),
        day=(clock // _MINUTES_PER_DAY % 7 + 1).astype(float),
        sliding=wall_clock is None,
    )


def _strided_sums(values: Series, step: int, count: int) -> Series:
    """values[t] + values[t - step] + ... : ``count`` of them, those before the start left out."""
    import numpy as np

    rows = -(-len(values) // step)
    table = np.zeros((rows, step))
    table.ravel()[: len(values)] = values
    sums = np.cumsum(table, axis=0)
    sums[count:] -= sums[:-count].copy() if count < rows else 0.0
    return sums.ravel()[: len(values)]

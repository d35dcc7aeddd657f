"""Alarm states minute by minute, from samples by the minute.

What CloudWatch documents and we follow: M of N datapoints, four ways with missing data, sliding and
wall-clock windows, composite rules. What it does not document is ours: an anomaly band is the mean
of the same time of day and week in the two weeks before, and two standard deviations of what lay
beside it; at least 1 % of the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.drill.metric_math import MathError, clock_only, evaluate
from planner.drill.windows import Timeline, Windows, windows_of
from planner.emit.guard import AlarmSpec, Expression, MetricRef

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]
    States = npt.NDArray[np.int8]

__all__ = ["ALARM", "INSUFFICIENT", "OK", "Evaluator", "Samples"]

OK, ALARM, INSUFFICIENT = 0, 1, 2
_BAND = "ANOMALY_DETECTION_BAND("
_WEEK_MINUTES = 10_080
_LEAST_BAND_SHARE = 0.01

# Samples of a metric by the minute, NaN where none came; None: nothing emits it.
Samples = Callable[[MetricRef], "Series | None"]


@dataclass(slots=True, kw_only=True)
class Evaluator:
    """Evaluates alarms over one timeline; windows are made once for each period and clock."""

    timeline: Timeline
    _windows: dict[tuple[int, str | None], Windows]
    _planned: dict[tuple[str, int, str | None], Series]

    @classmethod
    def over(cls, timeline: Timeline) -> Evaluator:
        """An evaluator for ``timeline``."""
        return cls(timeline=timeline, _windows={}, _planned={})

    def states(self, alarm: AlarmSpec, samples: Samples) -> States:
        """OK, ALARM or INSUFFICIENT at the end of each minute, before any lag."""
        period = max(metric.period_s for metric in alarm.metrics)
        windows = self._of(period, alarm.wall_clock)
        values = self._values(alarm, samples, windows)
        limit = None if alarm.band is None else values[alarm.band]
        breaching = _breaching(alarm, values[alarm.returned], limit)
        return _states(alarm, breaching, windows)

    def _of(self, period_s: int, wall_clock: str | None) -> Windows:
        key = (period_s, wall_clock)
        if key not in self._windows:
            self._windows[key] = windows_of(self.timeline, period_s, wall_clock)
        return self._windows[key]

    def _values(self, alarm: AlarmSpec, samples: Samples, windows: Windows) -> Mapping[str, Series]:
        import numpy as np

        values: dict[str, Series] = {}
        waiting: list[Expression] = []
        for query in alarm.queries:
            if isinstance(query, Expression):
                waiting.append(query)
                continue
            found = samples(query)
            nothing = np.full(self.timeline.minutes, np.nan)
            values[query.id] = nothing if found is None else windows.values(found, query)
        for query in waiting:
            if query.text.startswith(_BAND):
                values[query.id] = _band(query.text, values)
            else:
                values[query.id] = self._math(query.text, values, windows, alarm.wall_clock)
        return values

    def _math(
        self,
        text: str,
        values: Mapping[str, Series],
        windows: Windows,
        wall_clock: str | None,
    ) -> Series:
        """What depends on the time of day only is worked out once."""
        import numpy as np

        metric = clock_only(text)
        if metric is None or metric not in values:
            return evaluate(text, values, windows)
        key = (text, int(windows.period_s), wall_clock)
        if key not in self._planned:
            self._planned[key] = evaluate(text, {metric: np.zeros_like(windows.hour)}, windows)
        return np.where(np.isnan(values[metric]), np.nan, self._planned[key])


def _breaching(alarm: AlarmSpec, values: Series, band: Series | None) -> Series:
    """1 or 0; NaN where there is no datapoint."""
    import numpy as np

    compare = {
        "GreaterThanThreshold": np.greater,
        "GreaterThanUpperThreshold": np.greater,
        "GreaterThanOrEqualToThreshold": np.greater_equal,
        "LessThanThreshold": np.less,
        "LessThanOrEqualToThreshold": np.less_equal,
    }[alarm.comparison]
    limit = np.full_like(values, np.nan if alarm.threshold is None else alarm.threshold)
    if band is not None:
        limit = band
    missing = np.isnan(values) | np.isnan(limit)
    return np.where(missing, np.nan, compare(values, limit).astype(float))


def _states(alarm: AlarmSpec, breaching: Series, windows: Windows) -> States:
    import numpy as np

    periods = alarm.evaluation_periods
    missing = np.isnan(breaching)
    # Before the first sample there is nothing: those datapoints are missing too.
    gone = periods - windows.over_last((~missing).astype(float), periods)
    bad = windows.over_last(np.nan_to_num(breaching), periods)
    if alarm.missing == "breaching":
        bad = bad + gone
    states = np.where(bad >= alarm.datapoints_to_alarm, ALARM, OK).astype(np.int8)
    if alarm.missing in ("missing", "ignore"):
        states = np.where(gone == periods, INSUFFICIENT, states).astype(np.int8)
    if alarm.missing == "ignore":
        states = _kept(states)
    return states


def _kept(states: States) -> States:
    """Without data the state stays what it was."""
    import numpy as np

    at = np.where(states == INSUFFICIENT, 0, np.arange(len(states)))
    return states[np.maximum.accumulate(at)]


def _band(text: str, values: Mapping[str, Series]) -> Series:
    """Upper edge of ANOMALY_DETECTION_BAND(id, deviations)."""
    import numpy as np

    id_, _, deviations = text.removeprefix(_BAND).rstrip(")").partition(",")
    if id_ not in values:
        raise MathError(f"{text}: no query has the id {id_!r}")
    series = values[id_]
    lags: Sequence[int] = (_WEEK_MINUTES, 2 * _WEEK_MINUTES)
    earlier = np.stack([_delayed(series, lag) for lag in lags])
    known = ~np.isnan(earlier).any(axis=0)
    expected = np.where(known, np.nan_to_num(earlier).mean(axis=0), np.nan)
    # What lay beside the expectation in the week before, of the same estimator.
    beside = _delayed(series, _WEEK_MINUTES) - _delayed(series, 2 * _WEEK_MINUTES)
    spread = _rolling_rms(np.nan_to_num(beside), _WEEK_MINUTES)
    width = np.maximum(float(deviations) * spread, _LEAST_BAND_SHARE * expected)
    return expected + width


def _delayed(series: Series, minutes: int) -> Series:
    import numpy as np

    return np.concatenate((np.full(minutes, np.nan), series))[: len(series)]


def _rolling_rms(series: Series, minutes: int) -> Series:
    import numpy as np

    whole = np.concatenate(([0.0], np.cumsum(series * series)))
    start = np.maximum(np.arange(len(series)) + 1 - minutes, 0)
    return np.sqrt((whole[1:] - whole[start]) / minutes)

"""From the scenario's traffic fields, or its trace, to the week's shape and its burst."""

from __future__ import annotations

from dataclasses import dataclass

from planner.demand.numbers import plain
from planner.demand.problems import field_error
from planner.demand.profiles import default_burst, default_figure, traffic_table
from planner.demand.trace_load import TraceLoad
from planner.demand.traffic import stretched, week_of
from planner.scenario.provenance import Assumption
from planner.scenario.workload import Workload
from planner.units import HOURS_PER_WEEK, SECONDS_PER_HOUR

__all__ = ["WeekShape", "week_shape"]

_SHAPE = "workload.traffic.weights"
_PROFILE = "workload.traffic.profile"
_PEAK = "workload.traffic.peak_to_mean"
_BURST = "workload.traffic.burst_within_hour"
_FLAT = (1.0,) * HOURS_PER_WEEK


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekShape:
    """168 weights with mean 1, the burst inside an hour, and what they rest on."""

    hour_weights: tuple[float, ...]
    burst_within_hour: float
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """A shape before stretching; ``kind`` decides which burst of a trace fits it."""

    weights: tuple[float, ...]
    kind: str
    assumptions: tuple[Assumption, ...]


def week_shape(workload: Workload, trace: TraceLoad | None, trace_name: str) -> WeekShape:
    """The scenario's weights or profile, else the trace's own shape, else the default.

    A trace that does not see a whole day has no shape: the week is then flat, with the trace's
    busiest minute as burst, unless the scenario gives a shape or a peak. ScenarioError when the
    shape cannot have the peak asked for. ``trace_name`` is shown as the source.
    """
    base = _base(workload, trace, trace_name)
    peak = workload.traffic.peak_to_mean
    weights, assumptions = base.weights, list(base.assumptions)
    if peak is not None or base.kind == "default":
        default = default_figure("peak_to_mean")
        target = float(peak if peak is not None else default.value)
        try:
            weights = stretched(weights, target)
        except ValueError as error:
            raise field_error(_PEAK, f"{error}; give traffic.weights with that peak") from error
        assumptions.append(
            Assumption(
                path=_PEAK,
                value=f"busiest hour {plain(target)} x the mean",
                origin="default" if peak is None else "scenario",
                source=default.source if peak is None else _given(workload),
                mark="?" if peak is None else "",
            )
        )
    burst, burst_line = _burst(workload, trace, trace_name, base.kind, peak is not None, weights)
    return WeekShape(
        hour_weights=weights,
        burst_within_hour=burst,
        assumptions=(*assumptions, burst_line),
    )


def _given(workload: Workload) -> str:
    return workload.source or "given in the scenario"


def _base(workload: Workload, trace: TraceLoad | None, trace_name: str) -> _Base:
    traffic = workload.traffic
    if traffic.weights is not None:
        weights = week_of([float(weight) for weight in traffic.weights])
        line = Assumption(
            path=_SHAPE,
            value=f"{len(traffic.weights)} weights, "
            f"busiest hour {plain(round(max(weights), 3))} x the mean",
            origin="scenario",
            source=_given(workload),
        )
        return _Base(weights=weights, kind="scenario", assumptions=(line,))
    if traffic.profile is not None:
        return _profile(traffic.profile, "scenario", "~")
    if trace is not None and trace.hour_weights is not None:
        line = Assumption(
            path=_SHAPE,
            value=f"{trace.shape_hours} hours of its own, "
            f"busiest hour {plain(round(max(trace.hour_weights), 3))} x the mean",
            origin="trace",
            source=trace_name,
        )
        return _Base(weights=trace.hour_weights, kind="trace", assumptions=(line,))
    if trace is not None and traffic.peak_to_mean is None:
        hours = plain(round(trace.span_s / SECONDS_PER_HOUR, 2))
        line = Assumption(
            path=_PROFILE,
            value="flat: every hour of the week alike",
            origin="default",
            source=f"{trace_name} lasts {hours} h, which shows no shape of the day; "
            "give traffic.profile, weights or peak_to_mean",
            mark="?",
        )
        return _Base(weights=_FLAT, kind="short trace", assumptions=(line,))
    return _profile(default_figure("traffic_profile").value, "default", "?")


def _profile(name: str, kind: str, mark: str) -> _Base:
    if name == "flat":
        line = Assumption(
            path=_PROFILE,
            value="flat: every hour of the week alike",
            origin="scenario",
            source="given in the scenario",
        )
        return _Base(weights=_FLAT, kind=kind, assumptions=(line,))
    table = traffic_table(name)
    weights = week_of(table.weights)
    days = f"mean of {table.days // 7} weeks" if table.days >= 7 else "one day, repeated"
    shape = Assumption(
        path=_PROFILE,
        value=f"{name}, busiest hour {plain(round(max(weights), 3))} x the mean",
        origin="default" if kind == "default" else "trace",
        source=f"{table.source} ({table.licence}), {days}",
        mark="?" if mark == "?" else "~",
    )
    clock = Assumption(
        path=_SHAPE,
        value=f"hour 0 of {name} is taken as Monday 00:00 in the scenario's timezone",
        origin="default",
        source="the trace counts hours from its start; its time zone is not known",
        mark="?",
    )
    return _Base(weights=weights, kind=kind, assumptions=(shape, clock))


def _burst(
    workload: Workload,
    trace: TraceLoad | None,
    trace_name: str,
    kind: str,
    is_stretched: bool,
    weights: tuple[float, ...],
) -> tuple[float, Assumption]:
    given = workload.traffic.burst_within_hour
    if given is not None:
        return float(given), Assumption(
            path=_BURST,
            value=f"busiest minute {plain(given)} x the mean of its hour",
            origin="scenario",
            source=_given(workload),
        )
    if trace is None:
        field = workload.input_tokens
        default = default_burst(None if field is None else field.profile)
        return float(default.value), Assumption(
            path=_BURST,
            value=f"busiest minute {default.value} x the mean of its hour",
            origin="default",
            source=default.source,
            mark="?",
        )
    if kind == "short trace" or (kind == "trace" and not is_stretched):
        # Shape x burst then gives the busiest minute the trace really had.
        burst = max(1.0, trace.busiest_minute_to_mean / max(weights))
        value = f"busiest minute {plain(round(burst, 3))} x the busiest hour's mean"
    else:
        burst = trace.busiest_minute_to_its_hour
        value = f"busiest minute {plain(round(burst, 3))} x the mean of its hour"
    return burst, Assumption(path=_BURST, value=value, origin="trace", source=trace_name)

"""The lines of a demand that a reader may want to check: rate, month, clock, growth, prefix.

Those of the lengths and of the traffic are made where these are worked out.
"""

from __future__ import annotations

from decimal import Decimal

from planner.demand.numbers import plain
from planner.demand.profiles import default_figure
from planner.demand.trace import TraceRows
from planner.demand.trace_load import TraceLoad
from planner.scenario.model import Scenario
from planner.scenario.provenance import Assumption
from planner.scenario.workload import Workload
from planner.units import SECONDS_PER_DAY

__all__ = [
    "arrivals_assumption",
    "clock_assumptions",
    "days_assumption",
    "deferrable_assumption",
    "growth_assumption",
    "prefix_assumption",
    "rate_assumption",
    "trace_name",
]


def trace_name(workload: Workload) -> str:
    """What to call the trace as a source; empty without one."""
    trace = workload.trace
    return "" if trace is None else trace.source or trace.file


def rate_assumption(workload: Workload, load: TraceLoad | None, per_day: Decimal) -> Assumption:
    """Requests a day, and whether the trace saw a whole day."""
    value = f"{plain(per_day)} requests a day"
    path = "workload.requests_per_day"
    if workload.requests_per_day is not None or load is None:
        source = workload.source or "given in the scenario"
        return Assumption(path=path, value=value, origin="scenario", source=source)
    whole_day = load.span_s >= SECONDS_PER_DAY
    return Assumption(
        path=path,
        value=value if whole_day else f"{value}, if sustained",
        origin="trace",
        source=trace_name(workload),
        mark="" if whole_day else "^",
    )


def days_assumption(scenario: Scenario, days: Decimal) -> Assumption:
    """Length of the month that volumes stand for."""
    is_given = "days_per_month" in scenario.conventions.model_fields_set
    return Assumption(
        path="conventions.days_per_month",
        value=f"{plain(days)} days of requests a month",
        origin="scenario" if is_given else "default",
        source="given in the scenario" if is_given else "convention for volumes given per day",
    )


def clock_assumptions(
    scenario: Scenario,
    rows: TraceRows | None,
    load: TraceLoad | None,
    hour_weights: tuple[float, ...],
) -> tuple[Assumption, ...]:
    """What clock the week's hours are read on, where nobody said."""
    lines: list[Assumption] = []
    if max(hour_weights) > 1 and "timezone" not in scenario.model_fields_set:
        lines.append(
            Assumption(
                path="timezone",
                value=f"hours of the week are in {scenario.timezone}",
                origin="default",
                source="no timezone given",
                mark="?",
            )
        )
    has_shape = load is not None and load.hour_weights is not None
    if rows is not None and has_shape and (rows.first_at is None or rows.first_at.tzinfo is None):
        start = "seconds count from Monday 00:00" if rows.first_at is None else "times are local"
        lines.append(
            Assumption(
                path="workload.trace.timestamp_column",
                value=f"{start} in {scenario.timezone}",
                origin="default",
                source=f"the timestamps of {rows.file} carry no zone",
                mark="?",
            )
        )
    return tuple(lines)


def arrivals_assumption(workload: Workload, load: TraceLoad | None) -> Assumption:
    """How unevenly requests follow each other."""
    path = "demand.interarrival_cv"
    quantity = "coefficient of variation of the gaps within a minute"
    if load is not None:
        return Assumption(
            path=path,
            value=f"{quantity} {plain(round(load.interarrival_cv, 3))}",
            origin="trace",
            source=trace_name(workload),
        )
    default = default_figure("interarrival_cv")
    value = f"{quantity} {default.value}"
    return Assumption(path=path, value=value, origin="default", source=default.source, mark="?")


def growth_assumption(workload: Workload) -> Assumption:
    """Growth of the volume."""
    return _share_assumption(
        "growth_per_month", workload.growth_per_month, "% more requests each month", workload
    )


def deferrable_assumption(workload: Workload) -> Assumption:
    """Requests that may wait."""
    return _share_assumption(
        "deferrable_share", workload.deferrable_share, "% may wait up to a day", workload
    )


def _share_assumption(
    name: str, given: Decimal | None, meaning: str, workload: Workload
) -> Assumption:
    default = default_figure(name)
    value = Decimal(default.value) if given is None else given
    return Assumption(
        path=f"workload.{name}",
        value=f"{plain(value * 100)} {meaning}",
        origin="default" if given is None else "scenario",
        source=default.source if given is None else workload.source or "given in the scenario",
        mark="?" if given is None else "",
    )


def prefix_assumption(workload: Workload) -> Assumption:
    """The shared prompt prefix."""
    prefix = workload.shared_prefix
    if prefix is None:
        return Assumption(
            path="workload.shared_prefix",
            value="no prompt prefix is shared",
            origin="default",
            source="none unless given",
            mark="?",
        )
    return Assumption(
        path="workload.shared_prefix",
        value=f"{plain(prefix.tokens)} tokens, {prefix.distinct_prefixes} distinct, "
        f"cached for {prefix.ttl_s} s",
        origin="scenario",
        source=workload.source or "given in the scenario",
    )

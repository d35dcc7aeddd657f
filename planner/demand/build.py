"""From a scenario to its demand."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

from planner.demand.assumptions import (
    arrivals_assumption,
    clock_assumptions,
    days_assumption,
    deferrable_assumption,
    growth_assumption,
    prefix_assumption,
    rate_assumption,
    trace_name,
)
from planner.demand.buckets import RequestLengths
from planner.demand.length_fields import request_lengths
from planner.demand.load import mean_rps
from planner.demand.numbers import plain
from planner.demand.problems import attempt, field_error
from planner.demand.profiles import default_figure
from planner.demand.prompts import TokenCounter
from planner.demand.trace import TraceRows, read_trace
from planner.demand.trace_load import TraceLoad, trace_load
from planner.demand.trace_window import trace_window
from planner.demand.traffic import timezone_of
from planner.demand.traffic_fields import WeekShape, week_shape
from planner.demand.types import Demand, SharedPrefixDemand, TraceWindow
from planner.errors import Problem, ScenarioError
from planner.scenario.model import Scenario
from planner.scenario.provenance import Assumption
from planner.scenario.workload import Workload

__all__ = ["build_demand"]


def build_demand(
    scenario: Scenario, base_dir: Path, *, count_tokens: TokenCounter | None = None
) -> Demand:
    """The demand of a scenario whose trace and prompt files are relative to ``base_dir``.

    ``count_tokens(text, encoding)`` counts prompt files; default: the shipped tokenizer.
    ScenarioError with all problems found: files that cannot be used, a time zone that does not
    exist, a peak the shape cannot have, a shared prefix longer than the mean input.
    """
    workload = scenario.workload
    problems: list[Problem] = []
    zone = attempt(problems, "timezone", lambda: timezone_of(scenario.timezone))
    rows = _trace_rows(workload, base_dir, problems)
    load = None if rows is None else trace_load(rows, zone or datetime.UTC)
    name = trace_name(workload)
    lengths = shape = None
    if rows is not None or workload.input_tokens is not None:
        counter = count_tokens or _default_counter
        lengths = attempt(
            problems,
            "workload.input_tokens",
            lambda: request_lengths(workload, rows, base_dir, counter),
        )
    if rows is not None or workload.trace is None:
        shape = attempt(problems, "workload.traffic", lambda: week_shape(workload, load, name))
    prefix = None
    if lengths is not None:
        longest = lengths[0].input_tokens.mean
        prefix = attempt(
            problems, "workload.shared_prefix", lambda: _shared_prefix(workload, longest)
        )
    if problems or lengths is None or shape is None:
        raise ScenarioError(tuple(problems))
    clock = clock_assumptions(scenario, rows, load, shape.hour_weights)
    window = None if rows is None else _window(rows, workload)
    return _assembled(scenario, load, lengths, shape, prefix, clock, window)


def _window(rows: TraceRows, workload: Workload) -> TraceWindow | None:
    """Lengths given in the scenario win over those of the trace."""
    given = workload.input_tokens is not None and workload.output_tokens is not None
    return trace_window(rows, own_lengths=not given)


def _assembled(
    scenario: Scenario,
    load: TraceLoad | None,
    lengths: tuple[RequestLengths, tuple[Assumption, ...]],
    shape: WeekShape,
    prefix: SharedPrefixDemand | None,
    clock: tuple[Assumption, ...],
    window: TraceWindow | None,
) -> Demand:
    workload = scenario.workload
    requests, lines = lengths
    per_day = _requests_per_day(workload, load)
    days = Decimal(scenario.conventions.days_per_month)
    cv = Decimal(default_figure("interarrival_cv").value)
    per_month = per_day * days
    return Demand(
        requests_per_month=per_month,
        days_per_month=days,
        mean_rps=mean_rps(per_month, days),
        timezone=scenario.timezone,
        hour_weights=shape.hour_weights,
        burst_within_hour=shape.burst_within_hour,
        interarrival_cv=float(cv) if load is None else load.interarrival_cv,
        buckets=requests.buckets,
        input_tokens=requests.input_tokens,
        output_tokens=requests.output_tokens,
        growth_per_month=_or_default(workload.growth_per_month, "growth_per_month"),
        deferrable_share=_or_default(workload.deferrable_share, "deferrable_share"),
        shared_prefix=prefix,
        assumptions=(
            rate_assumption(workload, load, per_day),
            days_assumption(scenario, days),
            *lines,
            *shape.assumptions,
            *clock,
            arrivals_assumption(workload, load),
            growth_assumption(workload),
            deferrable_assumption(workload),
            prefix_assumption(workload),
        ),
        trace_window=window,
    )


def _default_counter(text: str, encoding: str) -> int:
    from planner.demand.tokenizer import count_tokens

    return count_tokens(text, encoding)


def _trace_rows(workload: Workload, base_dir: Path, problems: list[Problem]) -> TraceRows | None:
    trace = workload.trace
    if trace is None:
        return None
    return attempt(problems, "workload.trace", lambda: read_trace(trace, base_dir))


def _requests_per_day(workload: Workload, load: TraceLoad | None) -> Decimal:
    if workload.requests_per_day is not None:
        return workload.requests_per_day
    assert load is not None  # The scenario model asks for a rate when there is no trace.
    return load.requests_per_day


def _or_default(value: Decimal | None, name: str) -> Decimal:
    return Decimal(default_figure(name).value) if value is None else value


def _shared_prefix(workload: Workload, mean_input: Decimal) -> SharedPrefixDemand | None:
    prefix = workload.shared_prefix
    if prefix is None:
        return None
    if prefix.tokens > mean_input:
        raise field_error(
            "workload.shared_prefix.tokens",
            f"the shared prefix of {plain(prefix.tokens)} tokens is longer than the mean input of "
            f"{plain(mean_input)}, which contains it; lower it or raise workload.input_tokens",
        )
    return SharedPrefixDemand(
        tokens=prefix.tokens,
        distinct_prefixes=prefix.distinct_prefixes,
        ttl_s=prefix.ttl_s,
    )

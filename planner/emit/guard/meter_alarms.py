"""Alarms that only one kind of meter has: dead metering, blocked requests, idle instances."""

from __future__ import annotations

import math

from planner.emit.guard import metrics
from planner.emit.guard.data import thresholds
from planner.emit.guard.inputs import GpuFigures, GuardPlan
from planner.emit.guard.meters import Meter
from planner.emit.guard.types import AlarmSpec, Expression, Query
from planner.emit.guard.week import local_day_sums, longest_run_below, smallest_window

__all__ = ["bedrock_alarms", "gateway_alarms", "gpu_alarms"]

_MINUTE, _FIVE_MINUTES, _HOUR, _DAY = 60, 300, 3_600, 86_400
_MOST_DAYS = 7
# Periods below an hour: evaluation may reach back a day (CloudWatch, PutMetricAlarm).
_MOST_SHORT_PERIODS = _DAY // _FIVE_MINUTES
_MOST_HOURS = 168


def gateway_alarms(plan: GuardPlan) -> tuple[AlarmSpec, ...]:
    """The gateway counts money itself: it must not stop, and its cap must not bite unseen."""
    count = metrics.gateway_count("c", _FIVE_MINUTES)
    spend = metrics.gateway("s", "SpendUSD", _FIVE_MINUTES)
    dead = Expression(
        id="dead", text="IF(FILL(c,0)>0 AND FILL(s,-1)<0,1,0)", label="requests without spend"
    )
    blocked = metrics.gateway("b", "Blocked", _FIVE_MINUTES)
    return (
        _flag(
            f"{plan.stack_id}-no-data",
            "requests come in and no spend is metered: all other spend alarms are blind",
            (count, spend, dead),
            periods=3,
        ),
        _flag(
            f"{plan.stack_id}-blocked",
            "requests are refused because a spend cap is reached",
            (blocked,),
            periods=1,
        ),
    )


def bedrock_alarms(plan: GuardPlan) -> tuple[AlarmSpec, ...]:
    """AWS meters Bedrock; silence means that requests go where no alarm looks."""
    hours = _quiet_hours(plan)
    counts = [metrics.invocations(n, _HOUR) for n in range(1, len(plan.models) + 1)]
    queries: tuple[Query, ...] = tuple(counts)
    if len(counts) > 1:
        total = "+".join(f"FILL({each.id},0)" for each in counts)
        queries = (*counts, Expression(id="r", text=total, label="requests"))
    return (
        AlarmSpec(
            name=f"{plan.stack_id}-no-data",
            description=f"no request for {hours} h: the traffic has stopped, or goes to a model "
            "that these alarms do not look at",
            queries=queries,
            returned=queries[-1].id,
            comparison="LessThanOrEqualToThreshold",
            threshold=0.0,
            evaluation_periods=hours,
            datapoints_to_alarm=hours,
            missing="breaching",
        ),
    )


def gpu_alarms(plan: GuardPlan, meter: Meter) -> tuple[AlarmSpec, ...]:
    """Instances are paid with and without work."""
    gpu = plan.gpu
    assert gpu is not None
    base = f"{plan.stack_id}-{meter.prefix}"
    requests = metrics.balancer_requests("r", _FIVE_MINUTES)
    counted = metrics.instances("g", _FIVE_MINUTES)
    dead = Expression(
        id="dead", text="IF(FILL(r,0)>0 AND FILL(g,-1)<0,1,0)", label="requests without instances"
    )
    return (
        # A hybrid's gateway has an alarm of this name already: prefix keeps them apart.
        _flag(
            f"{base}no-data",
            "requests come in and no instance is counted: the group's metrics are off",
            (requests, counted, dead),
            periods=3,
        ),
        _above_group(base, gpu),
        _idle_burn(plan, base),
        _below_breakeven(plan, base, gpu),
    )


def _above_group(base: str, gpu: GpuFigures) -> AlarmSpec:
    return AlarmSpec(
        name=f"{base}gpu-spend",
        description=f"more than the plan's {gpu.max_instances} instances, which cap the spend, "
        "for 15 minutes: somebody has raised the group's size",
        queries=(metrics.instances("g", _MINUTE),),
        returned="g",
        comparison="GreaterThanThreshold",
        # A rolling replacement runs one instance more for a while.
        threshold=float(gpu.max_instances + 1),
        evaluation_periods=15,
        datapoints_to_alarm=15,
    )


def _idle_burn(plan: GuardPlan, base: str) -> AlarmSpec:
    periods = _idle_periods(plan)
    idle = Expression(
        id="idle", text="IF(FILL(g,0)>0 AND FILL(n,0)<1,1,0)", label="instances without requests"
    )
    queries = (metrics.instances("g", _FIVE_MINUTES), metrics.running("n", _FIVE_MINUTES), idle)
    return _flag(
        f"{base}idle-burn",
        f"instances run and no request has been in work for {periods * 5} minutes",
        queries,
        periods=periods,
    )


def _idle_periods(plan: GuardPlan) -> int:
    """Periods of five minutes in which the plan has requests at any time of the week."""
    given = thresholds()
    hours = smallest_window(plan.requests_utc, given.idle_least_requests)
    least = given.idle_least_minutes
    if hours == 1:
        busy = min(plan.requests_utc) * least / 60 >= given.idle_least_requests
        minutes = least if busy else 60
    else:
        minutes = hours * 60
    return min(minutes * 60 // _FIVE_MINUTES, _MOST_SHORT_PERIODS)


def _quiet_hours(plan: GuardPlan) -> int:
    """Whole hours in which the plan has requests, and one more for the current one."""
    hours = smallest_window(plan.requests_utc, thresholds().idle_least_requests)
    return min(hours + 1, _MOST_HOURS)


def _below_breakeven(plan: GuardPlan, base: str, gpu: GpuFigures) -> AlarmSpec:
    """Tokens an instance hour, by the day, below what the API would cost the same for."""
    limit, days, reason = _breakeven(plan, gpu)
    tokens = Expression(
        id="tokens", text="(FILL(p,0)+FILL(o,0))*60/g", label="tokens an instance hour"
    )
    return AlarmSpec(
        name=f"{base}below-breakeven",
        description=f"fewer than {limit:,.0f} tokens an instance hour, {days} "
        f"{'day' if days == 1 else 'days'} running: {reason}",
        queries=(
            metrics.prompt_tokens("p", _DAY),
            metrics.generated_tokens("o", _DAY),
            metrics.instances("g", _DAY),
            tokens,
        ),
        returned="tokens",
        comparison="LessThanThreshold",
        threshold=float(f"{limit:.6g}"),
        evaluation_periods=days,
        datapoints_to_alarm=days,
    )


def _breakeven(plan: GuardPlan, gpu: GpuFigures) -> tuple[float, int, str]:
    """Tokens an instance hour, days running that no planned week has, and what it means.

    A plan that is itself below break-even (data that must not leave, a service level) has an
    alarm on its own volume instead: part of its instances could go.
    """
    given = thresholds()
    tokens = local_day_sums([n * plan.tokens_per_request for n in plan.requests_utc])
    instance_hours = local_day_sums(gpu.instances_by_hour_utc)
    by_day = [
        used / hours if hours else math.inf
        for used, hours in zip(tokens, instance_hours, strict=True)
    ]
    mean = math.fsum(tokens) / max(math.fsum(instance_hours), 1e-9)
    limit, reason = given.under_used_share * mean, "instances stand idle for the most part"
    if gpu.breakeven_tokens_per_hour is not None:
        running = math.fsum(gpu.instances_by_hour_utc) / len(gpu.instances_by_hour_utc)
        even = gpu.breakeven_tokens_per_hour / max(running, 1e-9)
        if mean >= given.breakeven_margin * even:
            limit, reason = even, "the API is cheaper now"
    run = longest_run_below(by_day, limit * given.breakeven_margin)
    return limit, min(run + 1, _MOST_DAYS), reason


def _flag(
    name: str,
    description: str,
    queries: tuple[Query, ...],
    *,
    periods: int,
) -> AlarmSpec:
    """The last query is above 0 in all of ``periods``."""
    return AlarmSpec(
        name=name,
        description=description,
        queries=queries,
        returned=queries[-1].id,
        comparison="GreaterThanThreshold",
        threshold=0.0,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
    )

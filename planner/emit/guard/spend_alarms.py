"""Alarms on what is spent against the plan: by the hour, by the day, by the request."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.emit.guard.data import thresholds
from planner.emit.guard.hours import week_expressions
from planner.emit.guard.inputs import GuardPlan
from planner.emit.guard.meters import Meter
from planner.emit.guard.types import AlarmSpec, CompositeSpec, Expression, Query
from planner.emit.guard.week import floored, local_day_sums, with_noise

__all__ = [
    "anomaly_alarm",
    "cause_composites",
    "spend_day",
    "spend_rate_fast",
    "spend_rate_slow",
    "unit_cost",
    "volume",
]

_MINUTE, _FIVE_MINUTES, _HOUR, _DAY = 60, 300, 3_600, 86_400
# Windows that a mean per request may be taken over, in hours.
_UNIT_HOURS = (1, 6, 24)


def spend_rate_fast(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """Spend a minute against the hour's plan, five minutes running."""
    given = thresholds()
    hours = meter.planned_usd
    if meter.noisy:
        hours = with_noise(
            hours,
            meter.noisy_requests,
            ratio=given.fast_ratio,
            sigmas=given.fast_sigmas,
            cv=given.cost_cv,
            window_s=_MINUTE,
        )
    return _rate_alarm(
        f"{plan.stack_id}-{meter.prefix}spend-rate-fast",
        f"spends more than {given.fast_ratio:g} x the plan of the hour, 5 minutes running",
        meter.spend(_MINUTE),
        hours,
        ratio=given.fast_ratio,
        periods=(5, 5),
    )


def spend_rate_slow(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """Spend an hour against its plan and headroom, in two hours of three, by the clock."""
    given = thresholds()
    hours = meter.planned_usd
    if meter.noisy:
        hours = with_noise(
            hours,
            meter.noisy_requests,
            ratio=plan.headroom_ratio,
            sigmas=given.slow_sigmas,
            cv=given.cost_cv,
            window_s=_HOUR,
        )
    return _rate_alarm(
        f"{plan.stack_id}-{meter.prefix}spend-rate-slow",
        f"spends more than {plan.headroom_ratio:g} x the plan in 2 hours of 3",
        meter.spend(_HOUR),
        hours,
        ratio=plan.headroom_ratio,
        periods=(3, 2),
        wall_clock="UTC",
    )


def volume(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """Requests against the hour's plan. Only composite alarms look at it."""
    given = thresholds()
    hours = with_noise(
        meter.planned_requests,
        meter.planned_requests,
        ratio=given.volume_ratio,
        sigmas=given.volume_sigmas,
        cv=0.0,
        window_s=_FIVE_MINUTES,
    )
    return _rate_alarm(
        f"{plan.stack_id}-{meter.prefix}volume",
        f"more than {given.volume_ratio:g} x the planned requests, in 10 minutes of 15",
        meter.requests(_FIVE_MINUTES),
        hours,
        ratio=given.volume_ratio,
        periods=(3, 2),
        wall_clock="UTC",
        source="r",
        notifies=False,
    )


def _rate_alarm(
    name: str,
    description: str,
    queries: Sequence[Query],
    hours: Sequence[float],
    *,
    ratio: float,
    periods: tuple[int, int],
    wall_clock: str | None = None,
    source: str = "s",
    notifies: bool = True,
) -> AlarmSpec:
    """``source`` an hour ÷ the hour's value, above ``ratio`` in ``periods`` (N, M of them)."""
    days, chosen = week_expressions(floored(hours, thresholds().floor_share), source, prefix="p")
    rate = Expression(
        id="ratio", text=f"{source}*3600/PERIOD({source})/{chosen}", label="actual / planned"
    )
    return AlarmSpec(
        name=name,
        description=description,
        queries=(*queries, *days, rate),
        returned="ratio",
        comparison="GreaterThanThreshold",
        threshold=ratio,
        evaluation_periods=periods[0],
        datapoints_to_alarm=periods[1],
        wall_clock=wall_clock,
        notifies=notifies,
    )


def spend_day(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """Spend since local midnight against the busiest planned day and headroom."""
    given = thresholds()
    usd = local_day_sums(meter.planned_usd)
    if meter.noisy:
        requests = local_day_sums(meter.noisy_requests)
        # Sums are of a day: 3,600 seconds of "an hour" that holds all of it.
        usd = with_noise(
            usd,
            requests,
            ratio=plan.headroom_ratio,
            sigmas=given.slow_sigmas,
            cv=given.cost_cv,
            window_s=_HOUR,
        )
    limit = round(max(usd) * plan.headroom_ratio, 2) or 0.01
    return AlarmSpec(
        name=f"{plan.stack_id}-{meter.prefix}spend-day",
        description=f"more than ${limit:,.2f} since midnight in {plan.timezone}: "
        f"{plan.headroom_ratio:g} x the busiest planned day",
        queries=meter.spend(_DAY),
        returned="s",
        comparison="GreaterThanThreshold",
        threshold=limit,
        evaluation_periods=1,
        datapoints_to_alarm=1,
        wall_clock=plan.timezone,
    )


def unit_cost(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """USD per 1,000 requests against the dearest planned window, where requests are enough.

    The window is the shortest in which the mean hour's requests suffice twice; for instances a
    day, since they are paid at night too.
    """
    given = thresholds()
    least = given.unit_least_requests
    mean = math.fsum(meter.noisy_requests) / len(meter.noisy_requests)
    hours = 24 if not meter.noisy else _unit_hours(mean, least)
    planned = _dearest_per_1k(meter, hours)
    ratio = plan.headroom_ratio
    if meter.noisy:
        ratio = max(ratio, 1 + 3 * given.unit_cost_cv / least**0.5)
    period = hours * _HOUR
    queries = (*meter.spend(period), *meter.requests(period))
    cost = Expression(id="cost", text=f"IF(r>={least},s*1000/r,0)", label="USD per 1,000 requests")
    return AlarmSpec(
        name=f"{plan.stack_id}-{meter.prefix}unit-cost",
        description=f"1,000 requests cost more than {ratio:g} x the planned ${planned:,.4f} "
        f"over {hours} h: longer prompts, a cache that no longer hits, or another model",
        queries=(*queries, cost),
        returned="cost",
        comparison="GreaterThanThreshold",
        threshold=float(f"{max(planned * ratio, 1e-9):.6g}"),
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )


def _unit_hours(mean_requests: float, least: int) -> int:
    return next((h for h in _UNIT_HOURS if mean_requests * h >= 2 * least), _UNIT_HOURS[-1])


def _dearest_per_1k(meter: Meter, hours: int) -> float:
    """Of the planned windows that begin with an hour; the week's mean where all are too small."""
    least = thresholds().unit_least_requests
    found: list[float] = []
    count = len(meter.planned_usd)
    for start in range(count):
        window = [(start + n) % count for n in range(hours)]
        requests = math.fsum(meter.noisy_requests[n] for n in window)
        if requests >= least:
            found.append(math.fsum(meter.planned_usd[n] for n in window) / requests)
    whole = math.fsum(meter.noisy_requests)
    return 1000 * (
        max(found) if found else (math.fsum(meter.planned_usd) / whole if whole else 0.0)
    )


def anomaly_alarm(plan: GuardPlan, meter: Meter) -> AlarmSpec:
    """Daily spend above what CloudWatch has learnt, four days running."""
    metric = meter.anomaly(_DAY)
    band = Expression(id="band", text=f"ANOMALY_DETECTION_BAND({metric.id},2)", label="expected")
    return AlarmSpec(
        name=f"{plan.stack_id}-spend-anomaly",
        description="the last 24 hours are above the band that CloudWatch learnt, 4 days running",
        queries=(metric, band),
        returned=metric.id,
        comparison="GreaterThanUpperThreshold",
        threshold=None,
        band="band",
        evaluation_periods=4,
        datapoints_to_alarm=4,
    )


def cause_composites(plan: GuardPlan, meter: Meter) -> tuple[CompositeSpec, ...]:
    """What spend, its cost per request, and volume together say about the cause.

    Spend passes its threshold minutes before volume does, so without ``unit-cost`` every busy
    quarter of an hour would be called dear first.
    """
    base = f"{plan.stack_id}-{meter.prefix}"
    fast, slow, unit, requests = (
        f'ALARM("{base}{name}")'
        for name in ("spend-rate-fast", "spend-rate-slow", "unit-cost", "volume")
    )
    return (
        CompositeSpec(
            name=f"{base}dearer-traffic",
            description="spend is above plan and the number of requests is not: dearer requests, "
            "or instances without work",
            rule=f"({fast} OR {slow}) AND {unit} AND NOT {requests}",
        ),
        CompositeSpec(
            name=f"{base}busier-traffic",
            description="more requests than planned, and spend has not followed yet",
            rule=f"{requests} AND NOT {fast}",
        ),
    )

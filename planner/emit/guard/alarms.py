"""All alarms of one stack."""

from __future__ import annotations

from planner.emit.guard.inputs import GuardPlan
from planner.emit.guard.meter_alarms import bedrock_alarms, gateway_alarms, gpu_alarms
from planner.emit.guard.meters import Meter, meters_of
from planner.emit.guard.spend_alarms import (
    anomaly_alarm,
    cause_composites,
    spend_day,
    spend_rate_fast,
    spend_rate_slow,
    unit_cost,
    volume,
)
from planner.emit.guard.types import AlarmSpec, GuardSet

__all__ = ["guard_set"]


def guard_set(plan: GuardPlan) -> GuardSet:
    """The alarms of every meter; the anomaly alarm is there once."""
    meters = meters_of(plan)
    anomaly = anomaly_alarm(plan, meters[0])
    return GuardSet(
        alarms=(*(alarm for meter in meters for alarm in _alarms(plan, meter)), anomaly),
        composites=tuple(each for meter in meters for each in cause_composites(plan, meter)),
        anomaly=(anomaly.name,),
    )


def _alarms(plan: GuardPlan, meter: Meter) -> tuple[AlarmSpec, ...]:
    common = (
        spend_rate_fast(plan, meter),
        spend_rate_slow(plan, meter),
        spend_day(plan, meter),
        unit_cost(plan, meter),
        volume(plan, meter),
    )
    if meter.name == "gateway":
        return (*common, *gateway_alarms(plan))
    if meter.name == "bedrock":
        return (*common, *bedrock_alarms(plan))
    return (*common, *gpu_alarms(plan, meter))

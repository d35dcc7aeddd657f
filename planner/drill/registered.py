"""Alarms and budgets out of the resources that the program registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.drill.subject import Watch
from planner.emit.capture import CapturedGraph
from planner.emit.guard import (
    AlarmSpec,
    BudgetNotice,
    BudgetSpec,
    CompositeSpec,
    Expression,
    MetricRef,
    Query,
)

__all__ = ["watch_of"]

Json = Mapping[str, Any]

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_BUDGET = "aws:budgets/budget:Budget"
# Other alarms of a stack, which a service scales or rolls back by, are no guard of spend.
_GUARD = "llm-serving:stacks:GuardAlarms"


def watch_of(graph: CapturedGraph) -> Watch:
    """What SpendGuard registered, sorted by name."""
    alarms = [_alarm(each.inputs) for each in graph.of_type(_ALARM) if _GUARD in each.urn]
    composites = [_composite(each.inputs) for each in graph.of_type(_COMPOSITE)]
    budgets = [_budget(each.inputs) for each in graph.of_type(_BUDGET)]
    return Watch(
        alarms=tuple(sorted(alarms, key=lambda each: each.name)),
        composites=tuple(sorted(composites, key=lambda each: each.name)),
        budgets=tuple(sorted(budgets, key=lambda each: each.name)),
    )


def _alarm(inputs: Json) -> AlarmSpec:
    queries = tuple(_query(each) for each in inputs["metricQueries"])
    band = inputs.get("thresholdMetricId")
    returned = [each["id"] for each in inputs["metricQueries"] if each.get("returnData")]
    window: Json = inputs.get("evaluationWindow") or {}
    wall_clock: Json | None = window.get("wallClockWindow")
    threshold = inputs.get("threshold")
    return AlarmSpec(
        name=inputs["name"],
        description=inputs.get("alarmDescription", ""),
        queries=queries,
        returned=next(id_ for id_ in returned if id_ != band),
        comparison=inputs["comparisonOperator"],
        threshold=None if threshold is None else float(threshold),
        evaluation_periods=int(inputs["evaluationPeriods"]),
        datapoints_to_alarm=int(inputs.get("datapointsToAlarm") or inputs["evaluationPeriods"]),
        missing=inputs.get("treatMissingData") or "missing",
        band=band,
        wall_clock=None if wall_clock is None else wall_clock["timezone"],
        notifies=bool(inputs.get("alarmActions")),
    )


def _query(query: Json) -> Query:
    if query.get("expression") is not None:
        label = query.get("label", "")
        return Expression(id=query["id"], text=query["expression"], label=label)
    metric = query["metric"]
    return MetricRef(
        id=query["id"],
        namespace=metric["namespace"],
        name=metric["metricName"],
        dimensions=metric.get("dimensions") or {},
        stat=metric["stat"],
        period_s=int(metric["period"]),
    )


def _composite(inputs: Json) -> CompositeSpec:
    return CompositeSpec(
        name=inputs["alarmName"],
        description=inputs.get("alarmDescription", ""),
        rule=inputs["alarmRule"],
    )


def _budget(inputs: Json) -> BudgetSpec:
    planned: Sequence[Json] = inputs.get("plannedLimits") or ()
    filters: Sequence[Json] = inputs.get("costFilters") or ()
    return BudgetSpec(
        name=inputs["name"],
        budget_type=inputs["budgetType"],
        limit=inputs.get("limitAmount"),
        monthly_limits=tuple((each["startTime"][:7], each["amount"]) for each in planned),
        notices=tuple(_notice(each) for each in inputs.get("notifications") or ()),
        metric=inputs.get("metrics"),
        filters=tuple((each["name"], tuple(each["values"])) for each in filters),
    )


def _notice(notice: Json) -> BudgetNotice:
    return BudgetNotice(
        kind=notice["notificationType"],
        threshold_pct=float(notice["threshold"]),
        below=notice["comparisonOperator"] == "LESS_THAN",
    )

"""The page that shows plan against actual: spend, requests, instances, and the alarms' states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from config import Settings
from planner.emit.guard import Expression, GuardPlan, GuardSet, MetricRef, Panel, panels

__all__ = ["guard_dashboard"]

_HALF, _WHOLE, _HIGH = 12, 24, 6


def guard_dashboard(
    settings: Settings,
    *,
    plan: GuardPlan,
    guards: GuardSet,
    names: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> str:
    """Registers the dashboard; its name."""
    name = f"{settings.plan.stack_id}-spend"
    widgets: list[dict[str, Any]] = [
        _widget(panel, number, settings.plan.region, names)
        for number, panel in enumerate(panels(plan))
    ]
    alarms = _alarm_states(settings, [each.name for each in guards.alarms], len(widgets))
    aws.cloudwatch.Dashboard(
        settings.name("dashboard"),
        dashboard_name=name,
        dashboard_body=pulumi.Output.json_dumps(
            {"periodOverride": "inherit", "widgets": [*widgets, alarms]}, sort_keys=True
        ),
        opts=opts,
    )
    return name


def _widget(
    panel: Panel, number: int, region: str, names: Mapping[str, pulumi.Input[str]]
) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": (number % 2) * _HALF,
        "y": (number // 2) * _HIGH,
        "width": _HALF,
        "height": _HIGH,
        "properties": {
            "title": panel.title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "yAxis": {"left": {"min": 0, "label": panel.unit, "showUnits": False}},
            "metrics": [_line(query, query.id in panel.shown, names) for query in panel.queries],
        },
    }


def _line(
    query: MetricRef | Expression, shown: bool, names: Mapping[str, pulumi.Input[str]]
) -> list[Any]:
    """A row of a widget: an expression, or a metric with its dimensions in one list."""
    if isinstance(query, Expression):
        label = query.label or query.id
        return [{"expression": query.text, "id": query.id, "label": label, "visible": shown}]
    dimensions: list[pulumi.Input[str]] = []
    for key, value in query.dimensions.items():
        dimensions += [key, names.get(value, value)]
    options = {"id": query.id, "stat": query.stat, "period": query.period_s, "visible": shown}
    return [query.namespace, query.name, *dimensions, options]


def _alarm_states(settings: Settings, names: Sequence[str], widgets: int) -> dict[str, Any]:
    account = aws.get_caller_identity_output().account_id
    region = settings.plan.region
    return {
        "type": "alarm",
        "x": 0,
        "y": (widgets + 1) // 2 * _HIGH,
        "width": _WHOLE,
        "height": _HIGH,
        "properties": {
            "title": "Alarms",
            "alarms": [
                pulumi.Output.concat("arn:aws:cloudwatch:", region, ":", account, ":alarm:", name)
                for name in names
            ],
        },
    }

"""Guardrails of a plan: alarms and budgets as data, for the stack and for the drill.

Nothing here knows Pulumi: ``stacks/spend_guard.py`` registers what these functions return.
"""

from __future__ import annotations

from planner.emit.guard.alarms import guard_set
from planner.emit.guard.budgets import budget_specs, calendar_month_usd
from planner.emit.guard.data import Thresholds, thresholds
from planner.emit.guard.hours import flat_form, nested_form, nested_week, week_expressions
from planner.emit.guard.inputs import GpuFigures, GuardPlan, ModelPrice, guard_plan
from planner.emit.guard.panels import Panel, panels
from planner.emit.guard.types import (
    AlarmSpec,
    BudgetNotice,
    BudgetSpec,
    CompositeSpec,
    Expression,
    GuardSet,
    MetricRef,
    Query,
)

__all__ = [
    "AlarmSpec",
    "BudgetNotice",
    "BudgetSpec",
    "CompositeSpec",
    "Expression",
    "GpuFigures",
    "GuardPlan",
    "GuardSet",
    "MetricRef",
    "ModelPrice",
    "Panel",
    "Query",
    "Thresholds",
    "budget_specs",
    "calendar_month_usd",
    "flat_form",
    "guard_plan",
    "guard_set",
    "nested_form",
    "nested_week",
    "panels",
    "thresholds",
    "week_expressions",
]

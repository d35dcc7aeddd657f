"""Subjects and watches out of the sample plans, without running the program."""

from __future__ import annotations

from typing import Any

from planner.drill.calendar import drill_days
from planner.drill.subject import Noise, Subject, Watch
from planner.emit.guard import budget_specs, guard_plan, guard_set
from planner.emit.serving_plan import ServingPlan
from tests.stacks.sample_plans import sample_plan

__all__ = ["STILL", "USUAL", "subject", "watch"]

# No burst and hardly any difference between requests and days.
STILL = Noise(burst_shape=None, cost_cv=0.01, day_cv=0.0)
USUAL = Noise(burst_shape=60.0, cost_cv=1.0, day_cv=0.03)


def subject(kind: str, noise: Noise = STILL, **changes: Any) -> tuple[Subject, ServingPlan]:
    """A sample plan under drill; its bill on AWS is as planned in each hour."""
    plan = sample_plan(kind, **changes)
    spend = plan.spend
    on_aws = kind == "bedrock"
    aws = [
        float(usd if on_aws else usd - used)
        for usd, used in zip(spend.hourly_usd_utc, spend.api_usage_hourly_usd_utc, strict=True)
    ]
    found = Subject(guard=guard_plan(plan), noise=noise, aws_usd_utc=tuple(aws), api_on_aws=on_aws)
    return found, plan


def watch(plan: ServingPlan) -> Watch:
    """The alarms and budgets as defined."""
    figures = guard_plan(plan)
    guards = guard_set(figures)
    begins = drill_days(figures.timezone, figures.start_month).timeline.start
    return Watch(
        alarms=guards.alarms,
        composites=guards.composites,
        budgets=budget_specs(plan, f"{begins:%Y-%m}"),
    )

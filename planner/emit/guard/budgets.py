"""AWS Budgets of a stack: planned limits by calendar month, and the use of a commitment."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from planner.emit.guard.data import thresholds
from planner.emit.guard.types import BudgetNotice, BudgetSpec
from planner.emit.guard.week import months_from
from planner.emit.serving_plan import MonthSpend, ServingPlan, SpendPart
from planner.money import round_usd, usd_text
from planner.units import HOURS_PER_WEEK

__all__ = ["budget_specs", "calendar_month_usd"]

# AWS Budgets, planned limits of a monthly budget: twelve months from the current one.
_MONTHS = 12
# The hours that a month of the plan stands for lie between 30 days and 730.
_LEAST_HOURS, _MOST_HOURS = Decimal(720), Decimal(730)
# A limit of nothing cannot be passed by any percentage.
_LEAST_LIMIT = Decimal(1)
_EC2 = "Amazon Elastic Compute Cloud - Compute"


def budget_specs(plan: ServingPlan, this_month: str) -> tuple[BudgetSpec, ...]:
    """The cost budget, and for committed instances the budget of their use.

    ``this_month`` (``YYYY-MM``) is when the stack is deployed: AWS takes planned limits from the
    current month only, so months that have passed are left out.
    """
    budgets = (_cost_budget(plan, this_month),)
    if plan.spend.committed and plan.gpu is not None:
        budgets = (*budgets, _use_budget(plan))
    return budgets


def calendar_month_usd(plan: ServingPlan, month: str) -> Decimal:
    """AWS-billed projection of a real month, with its own days, in the plan's zone.

    A month before or after the plan has the plan's first or last level. The plan's months are of
    equal length; each is scaled by what the month's own hours cost in the planned week.
    """
    spend = plan.spend
    level = _level(spend.months, month)
    whole = sum(spend.hourly_usd_utc, Decimal(0))
    if not whole:
        return level.aws_billed_usd
    mean = whole / HOURS_PER_WEEK
    first = spend.months[0]
    stands_for = (first.aws_billed_usd + first.provider_billed_usd) / mean
    stands_for = min(max(stands_for, _LEAST_HOURS), _MOST_HOURS)
    hours = _planned_usd(spend, plan.timezone, month) / mean
    return level.aws_billed_usd * hours / stands_for


def _level(months: Sequence[MonthSpend], month: str) -> MonthSpend:
    before = [each for each in months if each.month <= month]
    return before[-1] if before else months[0]


def _planned_usd(spend: SpendPart, timezone: str, month: str) -> Decimal:
    """Sum of the planned week over the hours of a month."""
    zone = ZoneInfo(timezone)
    (year, number), (next_year, next_number) = months_from(month, 2)
    at = datetime.datetime(year, number, 1, tzinfo=zone).astimezone(datetime.UTC)
    end = datetime.datetime(next_year, next_number, 1, tzinfo=zone).astimezone(datetime.UTC)
    total = Decimal(0)
    while at < end:
        total += spend.hourly_usd_utc[at.weekday() * 24 + at.hour]
        at += datetime.timedelta(hours=1)
    return total


def _cost_budget(plan: ServingPlan, this_month: str) -> BudgetSpec:
    spend = plan.spend
    months = [f"{year}-{month:02d}" for year, month in months_from(this_month, _MONTHS)]
    projected = {month: calendar_month_usd(plan, month) for month in months}
    if spend.budget_monthly_usd is not None:
        limits = dict.fromkeys(months, spend.budget_monthly_usd)
    else:
        ratio = Decimal(spend.headroom_ratio)
        limits = {month: usd * ratio for month, usd in projected.items()}
    texts = {month: usd_text(round_usd(max(usd, _LEAST_LIMIT))) for month, usd in limits.items()}
    same = len(set(texts.values())) == 1
    return BudgetSpec(
        name=f"{plan.stack_id}-spend",
        budget_type="COST",
        limit=texts[months[0]] if same else None,
        monthly_limits=() if same else tuple(texts.items()),
        metric="AmortizedCost" if spend.committed else "UnblendedCost",
        notices=_notices(max(projected[m] / max(limits[m], _LEAST_LIMIT) for m in months)),
    )


def _notices(planned_share: Decimal) -> tuple[BudgetNotice, ...]:
    """The first notice comes at 80 %, or above where the plan itself ends, at most at 100 %."""
    given = thresholds()
    ends_at = float(planned_share) * 100 * given.budget_margin
    first = round(min(max(given.budget_first_pct, ends_at), 100.0), 1)
    return (
        *((BudgetNotice(kind="ACTUAL", threshold_pct=first),) if first < 100 else ()),
        BudgetNotice(kind="ACTUAL", threshold_pct=100.0),
        BudgetNotice(kind="FORECASTED", threshold_pct=100.0),
    )


def _use_budget(plan: ServingPlan) -> BudgetSpec:
    assert plan.gpu is not None  # asked by the caller
    savings_plan = plan.gpu.purchase == "savings_plan"
    kinds = (("Service", (_EC2,)), ("InstanceType", (plan.gpu.instance_type,)))
    return BudgetSpec(
        name=f"{plan.stack_id}-commitment-use",
        budget_type="SAVINGS_PLANS_UTILIZATION" if savings_plan else "RI_UTILIZATION",
        limit="100",
        monthly_limits=(),
        notices=(
            BudgetNotice(kind="ACTUAL", threshold_pct=thresholds().utilisation_pct, below=True),
        ),
        filters=() if savings_plan else kinds,
    )

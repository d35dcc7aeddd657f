"""Budgets: limits by calendar month, months that have passed, notices, commitments."""

from __future__ import annotations

from typing import Any

import pytest

from planner.emit.guard import BudgetSpec, budget_specs, calendar_month_usd
from planner.emit.serving_plan import ServingPlan
from tests.stacks.sample_plans import sample_plan

_HOURS = 168


def _month(month: int, usd: str) -> dict[str, str]:
    return {
        "month": f"2026-{month:02d}",
        "requests": "300000",
        "aws_billed_usd": usd,
        "provider_billed_usd": "0",
    }


def _flat(**changes: Any) -> ServingPlan:
    """730 USD in each month of 730 hours: one USD an hour at all hours."""
    months = [_month(month, "730") for month in range(1, 13)]
    spend = {"spend__hourly_usd_utc": ["1"] * _HOURS, "spend__months": months}
    return sample_plan("bedrock", **{**spend, **changes})


def _cost(plan: ServingPlan, this_month: str) -> BudgetSpec:
    return budget_specs(plan, this_month)[0]


@pytest.mark.parametrize(
    ("month", "usd"),
    [("2026-01", 744), ("2026-02", 672), ("2026-03", 743), ("2026-04", 720), ("2026-10", 745)],
)
def test_a_month_costs_its_own_hours(month: str, usd: int) -> None:
    # In Berlin March loses an hour and October gains one.
    assert calendar_month_usd(_flat(), month) == usd


def test_limits_are_the_projection_with_headroom_to_the_cent() -> None:
    limits = dict(_cost(_flat(), "2026-01").monthly_limits)
    assert limits["2026-01"] == "967.2"  # 744 x 1.3
    assert limits["2026-02"] == "873.6"  # 672 x 1.3


def test_there_are_twelve_limits_and_the_first_is_this_month() -> None:
    # Planned limits of months that have passed are refused by AWS.
    months = [month for month, _ in _cost(_flat(), "2026-05").monthly_limits]
    assert months == [
        *(f"2026-{m:02d}" for m in range(5, 13)),
        *(f"2027-{m:02d}" for m in range(1, 5)),
    ]


def test_after_the_plans_end_its_last_month_goes_on() -> None:
    plan = _flat(spend__months=[_month(11, "730"), _month(12, "1460")])
    assert calendar_month_usd(plan, "2028-04") == 1440


def test_before_the_plans_start_its_first_month_holds() -> None:
    assert calendar_month_usd(_flat(), "2025-04") == 720


def test_a_budget_of_ones_own_is_one_limit() -> None:
    spec = _cost(_flat(spend__budget_monthly_usd="1500"), "2026-01")
    assert (spec.limit, spec.monthly_limits) == ("1500", ())


def test_notices_come_at_80_and_100_percent_and_by_forecast() -> None:
    notices = [(each.kind, each.threshold_pct) for each in _cost(_flat(), "2026-01").notices]
    assert notices == [("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0)]


def test_with_little_headroom_the_first_notice_lies_above_the_plan() -> None:
    # 100 / 1.1 = 90.9 %, with a margin of 3 %: 93.6 %.
    first = _cost(_flat(spend__headroom_ratio="1.1"), "2026-01").notices[0]
    assert first.threshold_pct == 93.6


def test_a_plan_above_its_budget_has_no_earlier_notice() -> None:
    notices = _cost(_flat(spend__budget_monthly_usd="100"), "2026-01").notices
    assert [each.threshold_pct for each in notices] == [100.0, 100.0]


def test_nothing_on_the_bill_still_gives_a_limit_that_can_be_passed() -> None:
    plan = _flat(spend__hourly_usd_utc=["0"] * _HOURS, spend__months=[_month(1, "0")])
    assert _cost(plan, "2026-01").limit == "1"


def test_what_is_committed_is_watched_as_amortised_and_for_its_use() -> None:
    plan = sample_plan("vllm_gpu", spend__committed=True, gpu__purchase="ri_1y_no_upfront")
    cost, use = budget_specs(plan, "2026-01")
    assert cost.metric == "AmortizedCost"
    assert (use.budget_type, use.limit) == ("RI_UTILIZATION", "100")
    assert [(each.below, each.threshold_pct) for each in use.notices] == [(True, 90)]


def test_on_demand_has_one_budget_of_unblended_cost() -> None:
    (spec,) = budget_specs(sample_plan("vllm_gpu"), "2026-01")
    assert spec.metric == "UnblendedCost"

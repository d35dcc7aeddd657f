"""Budgets over a run: lag, refreshes, one notice a month, forecasts."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from planner.drill.billing import budget_told
from planner.drill.types import LagModel
from planner.drill.windows import Timeline
from planner.emit.guard import BudgetNotice, BudgetSpec

_DAY = 1_440
_LAG = LagModel(metric_s=120, evaluation_s=60, budget_s=43_200, budget_refreshes_per_day=3)
_TIMELINE = Timeline(start=datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC), minutes=61 * _DAY)


def _budget(kind: Any, pct: float, **changes: Any) -> BudgetSpec:
    fields: dict[str, Any] = {
        "name": "b",
        "budget_type": "COST",
        "limit": "100",
        "monthly_limits": (),
        "notices": (BudgetNotice(kind=kind, threshold_pct=pct),),
    }
    return BudgetSpec(**{**fields, **changes})


def _told(budget: BudgetSpec, usd_a_day: list[float]) -> list[int]:
    usd = np.repeat(np.array(usd_a_day) / _DAY, _DAY)
    padded = np.concatenate((usd, np.zeros(_TIMELINE.minutes - len(usd))))
    return [minute for minute, _ in budget_told([budget], padded, _TIMELINE, _LAG)]


def test_a_notice_comes_half_a_day_after_and_with_a_refresh() -> None:
    # 30 USD a day: 80 USD are passed on the third day at 16:00; 12 h later it is 04:00 of the
    # fourth, and the next refresh is at 08:00.
    assert _told(_budget("ACTUAL", 80), [30.0] * 4) == [3 * _DAY + 8 * 60]


def test_a_month_is_told_of_once_and_the_next_begins_at_nothing() -> None:
    # 10 USD a day pass 100 on 11 April and again on 11 May, each told of half a day later.
    told = _told(_budget("ACTUAL", 100), [10.0] * 61)
    assert [_TIMELINE.at(minute).strftime("%m-%d %H") for minute in told] == [
        "04-11 16",
        "05-11 16",
    ]


def test_a_limit_of_another_month_is_not_used() -> None:
    planned = _budget("ACTUAL", 100, limit=None, monthly_limits=(("2026-05", "100"),))
    told = _told(planned, [10.0] * 61)
    assert [_TIMELINE.at(minute).strftime("%m-%d") for minute in told] == ["05-11"]


def test_a_forecast_needs_five_weeks_of_history() -> None:
    # At 10 USD a day May comes to 310 of 100: known as soon as there is a forecast at all, on
    # 6 May (35 days), half a day late.
    told = _told(_budget("FORECASTED", 100), [10.0] * 61)
    assert [_TIMELINE.at(minute).strftime("%m-%d %H") for minute in told] == ["05-06 16"]


def test_a_forecast_within_the_limit_tells_nobody() -> None:
    assert _told(_budget("FORECASTED", 100), [3.0] * 61) == []


def test_the_use_of_a_commitment_is_no_cost() -> None:
    assert _told(_budget("ACTUAL", 80, budget_type="RI_UTILIZATION"), [99.0] * 61) == []

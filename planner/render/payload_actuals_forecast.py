"""The report of ``planner actuals forecast`` as views."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from planner.actuals.forecast import BudgetForecast, MonthForecast
from planner.actuals.month_ahead import MonthAhead
from planner.actuals.variance import decimal_of

__all__ = ["ForecastView", "forecast_view"]

SCHEMA_VERSION = 1


class RangeView(NamedTuple):
    """P10, expected value and P90, USD."""

    low: Decimal
    expected: Decimal
    high: Decimal


class DayView(NamedTuple):
    """One day: spent when complete, else expected; without and with committed cost, USD."""

    day: date
    is_complete: bool
    variable_usd: Decimal
    committed_usd: Decimal


class BudgetForecastView(NamedTuple):
    """One budget at the end of the month; days are null where a line is not passed."""

    axis: str
    key: str
    limit_usd: Decimal
    spent_usd: Decimal
    expected_usd: Decimal
    line_passed_on: date | None
    limit_passed_on: date | None


class ForecastView(NamedTuple):
    """The whole forecast; money is null, with a reason, where the days are too few."""

    schema_version: int
    store: str
    since: date
    until: date
    plan_hash: str
    scenario_id: str
    option: str
    complete_days: int
    covered_hours: int
    month_hours: int
    is_floor: bool
    reason: str | None
    month_end_usd: RangeView | None
    spent_usd: Decimal | None
    committed_usd: Decimal | None
    planned_usd: Decimal | None
    run_rate_usd: Decimal | None
    pace: float | None
    pace_days: int
    days: tuple[DayView, ...]
    budgets: tuple[BudgetForecastView, ...]


def forecast_view(found: MonthAhead, store: str) -> ForecastView:
    """The forecast in views."""
    plan, month, cover = found.plan, found.forecast, found.cover
    return ForecastView(
        schema_version=SCHEMA_VERSION,
        store=store,
        since=found.question.since,
        until=found.question.until,
        plan_hash=plan.plan_hash,
        scenario_id=plan.scenario_id,
        option=plan.name,
        complete_days=sum(each.is_complete for each in cover.days),
        covered_hours=cover.hours,
        month_hours=cover.all_hours,
        is_floor=found.spend.figures.is_floor,
        reason=found.reason,
        month_end_usd=None if month is None else _range(month),
        spent_usd=_usd(None if month is None else month.spent),
        committed_usd=_usd(None if month is None else month.committed),
        planned_usd=_usd(None if month is None else month.planned),
        run_rate_usd=_usd(None if month is None else month.run_rate),
        pace=None if month is None else float(month.pace),
        pace_days=0 if month is None else month.pace_days,
        days=() if month is None else _days(found, month),
        budgets=tuple(_budget(each) for each in found.budgets),
    )


def _range(month: MonthForecast) -> RangeView:
    return RangeView(
        low=decimal_of(month.low),
        expected=decimal_of(month.expected),
        high=decimal_of(month.high),
    )


def _usd(value: Fraction | None) -> Decimal | None:
    return None if value is None else decimal_of(value)


def _days(found: MonthAhead, month: MonthForecast) -> tuple[DayView, ...]:
    complete = {each.day for each in found.cover.days if each.is_complete}
    return tuple(
        DayView(
            day=day,
            is_complete=day in complete,
            variable_usd=decimal_of(usd),
            committed_usd=decimal_of(found.committed_by_day[day]),
        )
        for day, usd in month.by_day.items()
    )


def _budget(found: BudgetForecast) -> BudgetForecastView:
    return BudgetForecastView(
        axis=found.key[0],
        key=found.key[1],
        limit_usd=found.limit_usd,
        spent_usd=decimal_of(found.spent),
        expected_usd=decimal_of(found.expected),
        line_passed_on=found.line_passed_on,
        limit_passed_on=found.limit_passed_on,
    )

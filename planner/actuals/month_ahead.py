"""Everything `planner actuals forecast` shows: a month's end and its budgets, from a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from planner.actuals.asking import opened
from planner.actuals.budget_lines import LINE_SHARE
from planner.actuals.coverage import Coverage
from planner.actuals.forecast import (
    FEWEST_DAYS,
    BudgetForecast,
    MonthForecast,
    committed_month,
    crossing_days,
    forecast_month,
)
from planner.actuals.planned import PlannedSpend
from planner.actuals.report import Question, Read, read
from planner.actuals.spend import Cell, Spend
from planner.actuals.store import Store
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.catalog import Catalog

__all__ = ["MonthAhead", "build_forecast"]

_PACE_DAYS = 7
_HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthAhead:
    """A month's forecast; None, with ``reason``, where the days are too few.

    ``committed_by_day`` is what each day costs whatever comes.
    """

    question: Question
    plan: PlannedSpend
    spend: Spend
    cover: Coverage
    forecast: MonthForecast | None
    reason: str | None
    committed_by_day: Mapping[date, Fraction]
    budgets: tuple[BudgetForecast, ...]


def build_forecast(store: Store, question: Question, catalog: Catalog) -> MonthAhead:
    """Forecast the month of the question, which needs a plan; InputError without records.

    Only complete days count as spent: whole ones that no later export changes.
    """
    plan = question.plan
    if plan is None:
        raise InputError(
            "a forecast needs the plan's remaining days; give --plan plan.json (from `recommend "
            "--save`) or --scenario FILE"
        )
    with opened(store, question.since, question.until, spill=question.spill) as records:
        found, _ = read(store, question, catalog, records)
    days = _days(question.since, question.until)
    planned = {day: plan.requests_in(day) * plan.token_usd_per_request for day in days}
    actual = _complete(found)
    committed = _committed(plan, found.spend, days)
    fixed = sum(committed.values(), Fraction(0))
    forecast = (
        forecast_month(actual, planned, fixed)
        if plan.calls
        else committed_month(fixed, plan.fixed_usd(_HOURS_PER_DAY) * len(days), days)
    )
    return MonthAhead(
        question=question,
        plan=plan,
        spend=found.spend,
        cover=found.cover,
        forecast=forecast,
        reason=None if forecast is not None else _reason(plan, len(actual)),
        committed_by_day=committed,
        budgets=() if forecast is None else _budgets(plan, found, forecast, committed),
    )


def _reason(plan: PlannedSpend, days: int) -> str:
    if days < FEWEST_DAYS:
        return f"insufficient data: {days} complete days, {FEWEST_DAYS} are needed"
    return f"{plan.name} plans no tokens on these days, so there is no pace to take from them"


def _days(since: date, until: date) -> list[date]:
    return [since + timedelta(days=n) for n in range((until - since).days + 1)]


def _complete(found: Read) -> dict[date, Fraction]:
    """Spend on models of each complete day, with what bills add to it."""
    complete = {each.day for each in found.cover.days if each.is_complete}
    spent = {day: Fraction(usd) for day, usd in found.spend.by_day().items() if day in complete}
    for bill in found.spend.bill.providers:
        for day, (billed, usage) in bill.by_day.items():
            if day in spent:
                spent[day] += Fraction(billed) - Fraction(usage)
    return spent


def _committed(plan: PlannedSpend, spend: Spend, days: list[date]) -> dict[date, Fraction]:
    """The plan's fixed cost a day; on the days of the stack's bill what that says, evenly."""
    per_day = plan.fixed_usd(_HOURS_PER_DAY)
    billed = set(spend.bill.days_of_stack)
    share = Fraction(spend.bill.infrastructure_usd) / len(billed) if billed else per_day
    return {day: share if day in billed else per_day for day in days}


# --- Budgets -----------------------------------------------------------------------------------


def _budgets(
    plan: PlannedSpend, found: Read, forecast: MonthForecast, committed: Mapping[date, Fraction]
) -> tuple[BudgetForecast, ...]:
    budgets: list[BudgetForecast] = []
    for key, limit in plan.budgets.items():
        if key[0] == "total":
            by_day = {day: usd + committed[day] for day, usd in forecast.by_day.items()}
        else:
            by_day = _of_key(found, forecast, lambda cell, key=key: _belongs(cell, key))
        line, passed = crossing_days(by_day, (Fraction(limit * LINE_SHARE), Fraction(limit)))
        last = max([*found.spend.by_day(), *found.spend.bill.days_of_stack])
        budgets.append(
            BudgetForecast(
                key=key,
                limit_usd=limit,
                spent=sum((usd for day, usd in by_day.items() if day <= last), Fraction(0)),
                expected=sum(by_day.values(), Fraction(0)),
                line_passed_on=line,
                limit_passed_on=passed,
            )
        )
    return tuple(budgets)


def _belongs(cell: Cell, key: tuple[str, str]) -> bool:
    if key[0] == "model":
        return key[1] in (cell.model, f"{cell.provider}/{cell.model}")
    return cell.feature == key[1]


def _of_key(
    found: Read, forecast: MonthForecast, belongs: Callable[[Cell], bool]
) -> dict[date, Fraction]:
    """The key's own spend, and then its share of the last seven complete days."""
    complete = sorted(each.day for each in found.cover.days if each.is_complete)
    recent = set(complete[-_PACE_DAYS:])
    mine: dict[date, Decimal] = {}
    whole = part = Decimal(0)
    for cell in found.spend.cells:
        inside = belongs(cell)
        if inside:
            mine[cell.day] = mine.get(cell.day, Decimal(0)) + cell.usd
        if cell.day in recent:
            whole += cell.usd
            part += cell.usd if inside else 0
    share = Fraction(part) / Fraction(whole) if whole else Fraction(0)
    done = set(complete)
    return {
        day: Fraction(mine.get(day, Decimal(0))) if day in done else usd * share
        for day, usd in forecast.by_day.items()
    }

"""Budget lines: when the spend of a month passes 80 % of its budget, once a key and UTC day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from planner.actuals.asking import answer
from planner.actuals.queries import crossing, first_record, records_before
from planner.actuals.spend import Cell
from planner.money import ZERO

__all__ = ["LINE_SHARE", "BudgetAlert", "BudgetLine", "budget_lines"]

LINE_SHARE = Decimal("0.8")

# ("total", ""), ("model", id) or ("feature", name).
BudgetKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAlert:
    """One day on which a line is passed: its first record over it, or after it was passed.

    ``record`` counts the records of the month from 1, in order of time; None on later days.
    """

    day: date
    at: datetime
    record: int | None
    spent_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A budget of one month: what was spent of it, and its alerts."""

    key: BudgetKey
    month: str
    limit_usd: Decimal
    spent_usd: Decimal
    alerts: tuple[BudgetAlert, ...]

    @property
    def line_usd(self) -> Decimal:
        """Where the alert is: 80 % of the limit."""
        return self.limit_usd * LINE_SHARE

    @property
    def is_over(self) -> bool:
        """Whether the budget itself is spent."""
        return self.spent_usd > self.limit_usd


def budget_lines(
    rows: Any, cells: Sequence[Cell], budgets: Mapping[BudgetKey, Decimal]
) -> tuple[BudgetLine, ...]:
    """Each budget in each month of the cells; ``rows`` are those of the spend.

    A day is asked for its records only where its sums show that the line is passed on it.
    """
    months = sorted({f"{each.day:%Y-%m}" for each in cells})
    return tuple(
        _line(rows, [c for c in cells if f"{c.day:%Y-%m}" == month], month, key, limit)
        for month in months
        for key, limit in sorted(budgets.items(), key=lambda each: _order(each[0]))
    )


def _order(key: BudgetKey) -> tuple[int, str]:
    return ("total", "model", "feature").index(key[0]), key[1]


def _line(
    rows: Any, cells: Sequence[Cell], month: str, key: BudgetKey, limit: Decimal
) -> BudgetLine:
    mine = [each for each in cells if _belongs(each, key)]
    only = {} if key[0] == "total" else {key[0]: getattr(mine[0], key[0]) if mine else key[1]}
    by_day: dict[date, Decimal] = {}
    for each in mine:
        by_day[each.day] = by_day.get(each.day, ZERO) + each.usd
    line = limit * LINE_SHARE
    spent, over_before = ZERO, False
    alerts: list[BudgetAlert] = []
    first_seconds: dict[date, int] = {}
    for day, usd in sorted(by_day.items()):
        if over_before:
            if not first_seconds:
                first_seconds = {
                    row["dt"]: row["second"] for row in answer(first_record(rows, only))
                }
            alerts.append(_alert(day, first_seconds[day], None, spent))
        elif spent + usd > line:
            start = date.fromisoformat(f"{month}-01")
            alerts.append(_crossed(rows, day, start, only, spent, line))
            over_before = True
        spent += usd
    return BudgetLine(key=key, month=month, limit_usd=limit, spent_usd=spent, alerts=tuple(alerts))


def _belongs(cell: Cell, key: BudgetKey) -> bool:
    """A model may be named with its provider, as options are."""
    if key[0] == "model":
        return key[1] in (cell.model, f"{cell.provider}/{cell.model}")
    return key[0] == "total" or cell.feature == key[1]


def _crossed(
    rows: Any, day: date, start: date, only: Mapping[str, str], spent: Decimal, line: Decimal
) -> BudgetAlert:
    (found,) = answer(crossing(rows, day, only, spent, line))
    of_month = rows.filter(rows.dt >= start)
    (before,) = answer(records_before(of_month, day))
    record = int(before["records"]) + int(found["number"])
    return _alert(day, int(found["second"]), record, spent + found["sum_usd"])


def _alert(day: date, second: int, record: int | None, spent: Decimal) -> BudgetAlert:
    at = datetime.fromtimestamp(second, UTC)
    return BudgetAlert(day=day, at=at, record=record, spent_usd=spent)

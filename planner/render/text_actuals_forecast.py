"""The report of ``planner actuals forecast`` in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, count, money, percent
from planner.render.payload_actuals_forecast import BudgetForecastView, DayView, ForecastView
from planner.render.wording import plural

__all__ = ["forecast_blocks"]


def forecast_blocks(view: ForecastView, *, wide: bool) -> list[Block]:
    """The month end first, then the budgets, then what it is made of."""
    if view.month_end_usd is None:
        return [
            Paragraph(f"No forecast of {view.since:%Y-%m}: {view.reason}.", strong=True),
            Paragraph(_covered(view)),
        ]
    blocks: list[Block] = [Paragraph(_verdict(view), strong=True), Paragraph(_how(view))]
    if view.budgets:
        blocks += [Heading("Budgets"), _budget_grid(view.budgets)]
    blocks += [Heading("Made of"), _parts(view)]
    if wide:
        blocks += [Heading("Day by day"), _day_grid(view.days)]
    notes = [_covered(view)]
    if view.is_floor:
        notes.append("usage without a price is in it: every figure is a floor")
    return [*blocks, Bullets(tuple(notes))]


def _verdict(view: ForecastView) -> str:
    end = view.month_end_usd
    assert end is not None and view.planned_usd is not None
    floor = "≥ " if view.is_floor else ""
    return (
        f"{view.since:%Y-%m} ends at {floor}{money(end.expected)}, between {money(end.low)} and "
        f"{money(end.high)} (P10 to P90); planned were {money(view.planned_usd)}."
    )


def _how(view: ForecastView) -> str:
    if not view.pace_days:
        return (
            f"The plan ({view.plan_hash}, {view.option}) pays no tokens: its machines and other "
            "resources are known, on past days by the stack's bill where there is one."
        )
    return (
        f"Spent on {plural(view.complete_days, 'complete day')}, then the plan's other days "
        f"({view.plan_hash}, {view.option}) at {percent(view.pace)} of plan, the pace of the last "
        f"{plural(view.pace_days, 'complete day')}. A straight run-rate would say "
        f"{money(view.run_rate_usd)}."
    )


def _covered(view: ForecastView) -> str:
    return (
        f"records cover {count(view.covered_hours)} of the month's {count(view.month_hours)} hours"
    )


def _budget_grid(budgets: Sequence[BudgetForecastView]) -> Grid:
    columns = (
        Column(header="budget", is_name=True),
        Column(header="limit", align="decimal"),
        Column(header="spent", align="decimal"),
        Column(header="month end", align="decimal"),
        Column(header="80 % passed on"),
        Column(header="limit passed on"),
    )
    rows = [
        (
            f"{each.axis} {each.key}".rstrip(),
            money(each.limit_usd),
            money(each.spent_usd),
            money(each.expected_usd),
            _day(each.line_passed_on),
            _day(each.limit_passed_on),
        )
        for each in budgets
    ]
    return Grid.of(columns, rows)


def _day(day: date | None) -> str:
    return NOT_APPLICABLE if day is None else day.isoformat()


def _parts(view: ForecastView) -> Grid:
    end = view.month_end_usd
    assert end is not None and view.spent_usd is not None and view.committed_usd is not None
    ahead = end.expected - view.spent_usd - view.committed_usd
    rows: list[tuple[str, Decimal]] = [
        ("models, complete days", view.spent_usd),
        ("models, other days", ahead),
        ("resources of the stack, whole month", view.committed_usd),
        ("month end", end.expected),
    ]
    columns = (Column(header="part"), Column(header="USD", align="decimal"))
    return Grid.of(columns, [(name, money(usd)) for name, usd in rows])


def _day_grid(days: Sequence[DayView]) -> Grid:
    columns = (
        Column(header="day"),
        Column(header="models", align="decimal"),
        Column(header="resources", align="decimal"),
        Column(header="state"),
    )
    rows = [
        (
            each.day.isoformat(),
            money(each.variable_usd),
            money(each.committed_usd),
            "spent" if each.is_complete else "expected",
        )
        for each in days
    ]
    return Grid.of(columns, rows)

"""Everything `planner actuals report` shows, from a store and what it is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.actuals.asking import EngineName, answer, kept, opened
from planner.actuals.budget_lines import BudgetLine, budget_lines
from planner.actuals.chosen import Choice, choose
from planner.actuals.compare import Comparison, RateLookup, compare
from planner.actuals.coverage import Coverage, coverage, unsettled_from
from planner.actuals.detectors import Finding, eval_sprawl, prompt_regressions, retry_storms
from planner.actuals.planned import PlannedSpend
from planner.actuals.queries import (
    Labelling,
    MoneyView,
    Row,
    bill_lines,
    call_windows,
    cells,
    hourly,
    hours_of_calls,
    labelled,
    prompt_days,
    realised_savings,
    spend_of,
    suspect_hours,
    views,
)
from planner.actuals.rates import catalogue_rates
from planner.actuals.spend import Cell, Spend, bill_part, cells_of
from planner.actuals.store import Store
from planner.actuals.types import SourceName
from planner.actuals.variance import Method
from planner.errors import InputError
from planner.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from planner.catalog import Catalog

__all__ = [
    "ActualsReport",
    "Quarantine",
    "Question",
    "Read",
    "Tables",
    "build_report",
    "build_spend",
    "last_month",
    "read",
]

# Detectors look at the days before the first one shown.
_BASELINE = timedelta(days=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which spend is asked for, and what it is held against.

    UTC days, both included. ``usage`` names sources to prefer, ``only`` globs by field. ``plan``
    is None where there is nothing to compare with. ``stack`` is the tag value of the stack in
    bills; None: every tagged stack.
    """

    since: date
    until: date
    usage: tuple[str, ...] = ()
    only: Mapping[str, str]
    rules: tuple[Labelling, ...] = ()
    money: MoneyView = "source"
    plan: PlannedSpend | None = None
    method: Method = "shapley"
    engine: EngineName = "duckdb"
    spill: Path | None = None

    @property
    def stack(self) -> str | None:
        """The stack whose infrastructure counts."""
        return None if self.plan is None else self.plan.stack_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Rows that the imports of these sources did not take."""

    rows: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The spend of the days asked for, and of those before that rules look back at."""

    spend: Spend
    cover: Coverage
    earlier_cells: tuple[Cell, ...]
    rates: RateLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The rows of the spend, and their sums by hour. Any: tables of Ibis."""

    rows: Any
    hours: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualsReport:
    """What was spent, why it differs from the plan, and what stands out.

    ``savings`` are USD by (source, lever) as gateways report them. ``stale_rows`` are priced at
    prices that were old.
    """

    question: Question
    spend: Spend
    cover: Coverage
    comparison: Comparison | None
    budgets: tuple[BudgetLine, ...]
    findings: tuple[Finding, ...]
    savings: tuple[tuple[str, str, Decimal], ...]
    quarantine: Quarantine


def last_month(store: Store) -> tuple[date, date]:
    """The first and the last day of the newest month with records; InputError without any."""
    days = [part.dt for part in store.parts()]
    if not days:
        raise InputError(f"{store.path}: no records in it; import some first")
    first = date.fromisoformat(max(days)).replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def build_report(store: Store, question: Question, catalog: Catalog) -> ActualsReport:
    """Ask the store; InputError when it has nothing in these days. MissingExtra."""
    start = min(question.since.replace(day=1), question.since - _BASELINE)
    with opened(
        store, start, question.until, engine=question.engine, spill=question.spill
    ) as records:
        found, tables = read(store, question, catalog, records)
        return _reported(store, question, found, tables, records)


def build_spend(store: Store, question: Question, catalog: Catalog) -> Read:
    """The spend alone; errors as of ``build_report``."""
    with opened(store, question.since, question.until, spill=question.spill) as records:
        return read(store, question, catalog, records)[0]


def read(store: Store, question: Question, catalog: Catalog, records: Any) -> tuple[Read, Tables]:
    """The spend of the days asked for, and its tables for further questions."""
    if records is None:
        raise _nothing(store, question)
    every_row = labelled(records, rules=question.rules, only=question.only, money=question.money)
    every_hour = kept(hourly(every_row))
    choice = choose(answer(views(_of_all(question, records, every_hour))), question.usage)
    rows = spend_of(every_row, choice.usage_views)
    hours = spend_of(every_hour, choice.usage_views)
    every = cells_of(answer(cells(hours)))
    mine = tuple(each for each in every if each.day >= question.since)
    lines: Sequence[Row] = (
        () if question.only else answer(bill_lines(records.filter(records.dt >= question.since)))
    )
    spend = Spend(
        since=question.since,
        until=question.until,
        choice=choice,
        cells=mine,
        bill=bill_part(
            lines,
            choice,
            mine,
            stack=question.stack,
            unsettled_from=unsettled_from(_exported(store)),
        ),
    )
    if not mine and not spend.bill.services:
        raise _nothing(store, question)
    found = Read(
        spend=spend,
        cover=_cover(store, question, choice, mine),
        earlier_cells=tuple(each for each in every if each.day < question.since),
        rates=catalogue_rates(catalog, _providers(every, question.plan)),
    )
    return found, Tables(rows=rows, hours=hours)


def _of_all(question: Question, records: Any, hours: Any) -> Any:
    """The hours of all records in the window, as the sources tell their cost: by them the views
    are chosen, whatever part of the spend is asked for."""
    if question.only or question.money != "source":
        hours = hourly(labelled(records))
    return hours.filter(hours.dt >= question.since)


def _nothing(store: Store, question: Question) -> InputError:
    days = sorted(part.dt for part in store.parts())
    there = f"there are records from {days[0]} to {days[-1]}" if days else "it is empty"
    fields = ", ".join(f"{field}={glob}" for field, glob in sorted(question.only.items()))
    narrowed = f" that match {fields}" if fields else ""
    return InputError(
        f"{store.path}: no spend from {question.since} to {question.until}{narrowed}; {there}"
    )


def _cover(store: Store, question: Question, choice: Choice, mine: Sequence[Cell]) -> Coverage:
    used = {each.source for each in choice.usage}
    return coverage(
        mine,
        since=question.since,
        until=question.until,
        first_record=min(
            (date.fromisoformat(p.dt) for p in store.parts() if p.source in used),
            default=question.since,
        ),
        exported=_exported(store),
    )


def _exported(store: Store) -> list[tuple[SourceName, datetime]]:
    return [(each.source, each.exported_at) for each in store.files]


def _providers(every: Sequence[Cell], plan: PlannedSpend | None) -> dict[str, str]:
    found = {} if plan is None else dict(plan.providers)
    return found | {each.model: each.provider for each in every if each.provider}


def _reported(
    store: Store, question: Question, found: Read, tables: Tables, records: Any
) -> ActualsReport:
    spend, plan = found.spend, question.plan
    month_start = question.since.replace(day=1)
    of_months = [c for c in (*found.earlier_cells, *spend.cells) if c.day >= month_start]
    return ActualsReport(
        question=question,
        spend=spend,
        cover=found.cover,
        comparison=None
        if plan is None
        else compare(plan, spend, found.cover, found.rates, question.method),
        budgets=() if plan is None else budget_lines(tables.rows, of_months, plan.budgets),
        findings=_findings(question, found, tables),
        savings=_savings(answer(realised_savings(records.filter(records.dt >= question.since)))),
        quarantine=_quarantine(store, spend.choice),
    )


def _findings(question: Question, found: Read, tables: Tables) -> tuple[Finding, ...]:
    def price(provider: str, model: str, day: date) -> tuple[Decimal, Decimal] | None:
        rate = found.rates(model, day, Fraction(0))
        return None if rate is None else (_decimal(rate.input), _decimal(rate.read))

    quality = None if question.plan is None else question.plan.quality_monthly_usd
    prompts = (
        replace(each, days=tuple(day for day in each.days if day >= question.since))
        for each in prompt_regressions(answer(prompt_days(tables.hours)), price)
    )
    return (
        *(each for each in prompts if each.days),
        *_storms(question, tables),
        *eval_sprawl(found.spend.cells, quality),
    )


def _storms(question: Question, tables: Tables) -> tuple[Finding, ...]:
    """Windows are asked for where the hours leave room for a storm, most often nowhere."""
    start = int(datetime.combine(question.since, time(), UTC).timestamp()) // SECONDS_PER_HOUR
    suspect = [int(row["hour"]) for row in answer(suspect_hours(tables.hours))]
    suspect = [hour for hour in suspect if hour >= start]
    if not suspect:
        return ()
    windows = answer(call_windows(tables.rows, min(suspect), max(suspect)))
    return retry_storms(windows, answer(hours_of_calls(tables.hours)) if windows else ())


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator


def _savings(rows: Sequence[Row]) -> tuple[tuple[str, str, Decimal], ...]:
    return tuple(
        (row["source"], lever, row[lever])
        for row in rows
        for lever in ("compression", "prompt_caching", "gateway_caching", "routing")
        if row[lever] is not None
    )


def _quarantine(store: Store, choice: Choice) -> Quarantine:
    used = {each.source for each in (*choice.usage, *choice.bills)}
    mine = [each for each in store.files if each.source in used]
    return Quarantine(
        rows=sum(each.quarantined for each in mine),
        tokens=sum(each.quarantined_tokens for each in mine),
    )

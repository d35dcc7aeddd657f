"""What `actuals report`, `forecast` and `export` are asked with: a store, days, a plan, filters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from planner.cli import streams
from planner.cli.evaluation import PriceOptions, evaluate_files
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.actuals.asking import EngineName
    from planner.actuals.planned import PlannedSpend
    from planner.actuals.queries import Labelling, MoneyView
    from planner.actuals.report import Question
    from planner.actuals.store import Store
    from planner.actuals.variance import Method
    from planner.catalog import Catalog
    from planner.decision import Plan

__all__ = [
    "AllowUnpriced",
    "Asked",
    "DayOptions",
    "Engine",
    "Month",
    "PlanArm",
    "PlanFile",
    "PlanOptions",
    "PlanScenario",
    "Since",
    "StoreFolder",
    "Until",
    "UsageSources",
    "Where",
    "asked",
    "month_of",
    "rules_of",
]

_DAYS_PANEL = "Which spend"
_PLAN_PANEL = "What it is held against"

StoreFolder = Annotated[
    Path, typer.Option("--store", metavar="DIR", help="Folder of the imported records.")
]
Month = Annotated[
    str | None,
    typer.Option(
        "--month",
        metavar="YYYY-MM",
        help="A calendar month (UTC). Default: the newest with records.",
        rich_help_panel=_DAYS_PANEL,
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="First UTC day.", rich_help_panel=_DAYS_PANEL),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="DATE", help="Last UTC day, included.", rich_help_panel=_DAYS_PANEL
    ),
]
UsageSources = Annotated[
    list[str],
    typer.Option(
        "--usage",
        metavar="SOURCE",
        show_default=False,
        help="Count this source where several tell of the same provider. Repeatable.",
        rich_help_panel=_DAYS_PANEL,
    ),
]
Where = Annotated[
    list[str],
    typer.Option(
        "--where",
        metavar="FIELD=GLOB",
        show_default=False,
        help="Only usage whose field matches: `feature=search`, `model=gpt-*`. Repeatable.",
        rich_help_panel=_DAYS_PANEL,
    ),
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="Compare with this plan, saved by `recommend --save`.",
        rich_help_panel=_PLAN_PANEL,
    ),
]
PlanScenario = Annotated[
    Path | None,
    typer.Option(
        "--scenario",
        metavar="FILE",
        help="Compare with the option recommended for this scenario.",
        rich_help_panel=_PLAN_PANEL,
    ),
]
PlanArm = Annotated[
    str | None,
    typer.Option(
        "--arm",
        metavar="ARM",
        help="Compare with this arm of the scenario instead of the cheapest option.",
        rich_help_panel=_PLAN_PANEL,
    ),
]
Engine = Annotated[
    Literal["duckdb", "spark"],
    typer.Option(
        "--engine",
        help="What reads the records. spark: PySpark, with a session as its settings describe.",
        rich_help_panel=_DAYS_PANEL,
    ),
]
AllowUnpriced = Annotated[
    bool,
    typer.Option("--allow-unpriced", help="Exit with 0 although usage without a price is in it."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A store, the question put to it, and the prices for it."""

    store: Store
    question: Question
    catalog: Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options that say what spend is held against."""

    plan: Path | None
    scenario: Path | None
    sets: Sequence[str] = ()
    arm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOptions:
    """The options that say which UTC days."""

    month: str | None
    since: str | None = None
    until: str | None = None


def asked(
    store: Path,
    held: PlanOptions,
    days: DayOptions,
    prices: PriceOptions,
    *,
    usage: Sequence[str] = (),
    where: Sequence[str] = (),
    money: MoneyView = "source",
    method: Method = "shapley",
    engine: EngineName = "duckdb",
) -> Asked:
    """Everything read and checked; InputError, ScenarioError, PlanFileError."""
    from planner.actuals.planned import planned_spend
    from planner.actuals.report import Question
    from planner.actuals.store import open_store

    if held.plan is not None and held.scenario is not None:
        raise InputError("--plan and --scenario are both given; compare with one of them")
    opened = open_store(store)
    first, last = _days(opened, days)
    saved, catalog = _plan_and_prices(held, prices)
    planned: PlannedSpend | None = None if saved is None else planned_spend(saved)
    question = Question(
        since=first,
        until=last,
        usage=tuple(usage),
        only=_only(where),
        rules=() if saved is None else rules_of(saved.content["scenario"]),
        money=money,
        plan=planned,
        method=method,
        engine=engine,
    )
    return Asked(store=opened, question=question, catalog=catalog)


def _plan_and_prices(held: PlanOptions, prices: PriceOptions) -> tuple[Plan | None, Catalog]:
    from planner.catalog import load_catalog
    from planner.decision import build_plan, read_plan

    if held.scenario is None:
        if held.sets or held.arm:
            raise InputError("--set and --arm change a scenario; give one with --scenario")
        catalog = load_catalog(
            prices=None,
            base_dir=Path.cwd(),
            prices_file=prices.prices_file,
            as_of=prices.as_of,
        )
        return None if held.plan is None else read_plan(held.plan), catalog
    (found,) = evaluate_files([held.scenario], held.sets, prices)
    found = found.with_arm(held.arm)
    chosen = found.recommendation.chosen
    if chosen is None:
        raise InputError(
            f"{held.scenario}: no option is feasible, so there is no plan to compare with"
        )
    streams.current().detail(f"compared with {chosen.option.name}")
    return build_plan(found.recommendation, chosen), found.recommendation.catalog


def _days(store: Store, days: DayOptions) -> tuple[date, date]:
    from planner.actuals.report import last_month

    month, since, until = days.month, days.since, days.until
    if month is not None:
        if since is not None or until is not None:
            raise InputError("--month and --from or --to are both given; use one way")
        first = _first_of(month)
        return first, _after(first) - timedelta(days=1)
    first, last = last_month(store)
    known = sorted(part.dt for part in store.parts())
    if since is not None:
        first = _day("--from", since)
        last = date.fromisoformat(known[-1])
    if until is not None:
        last = _day("--to", until)
        first = first if since is not None else date.fromisoformat(known[0])
    if last < first:
        raise InputError(f"--to {last} is before the first day, {first}")
    return first, last


def month_of(month: str | None, today: date) -> tuple[date, date]:
    """The first day of a month, and the first after it or after ``today``; InputError."""
    first = today.replace(day=1) if month is None else _first_of(month)
    if first > today:
        raise InputError(f"--month {month} has not begun")
    return first, min(_after(first), today + timedelta(days=1))


def _first_of(month: str) -> date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month, re.ASCII):
        raise InputError(f"--month {month!r} is not a month, for example 2026-11")
    return date.fromisoformat(f"{month}-01")


def _after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _day(option: str, text: str) -> date:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InputError(f"{option} {text!r} is not a day, for example 2026-11-21")


def _only(where: Sequence[str]) -> dict[str, str]:
    from planner.actuals.queries import MATCHED_FIELDS

    found: dict[str, str] = {}
    for text in where:
        field, separator, glob = text.partition("=")
        if not (separator and glob) or field not in MATCHED_FIELDS:
            raise InputError(
                f"--where {text!r} is not FIELD=GLOB with one of the fields "
                f"{', '.join(MATCHED_FIELDS)}, for example feature=search"
            )
        found[field] = glob
    return found


def rules_of(scenario: Mapping[str, Any]) -> tuple[Labelling, ...]:
    """The rules of ``actuals.map`` of a scenario as a plan holds it."""
    from planner.actuals.queries import Labelling

    rules: Sequence[Mapping[str, Any]] = scenario.get("actuals", {}).get("map", ())
    return tuple(
        Labelling(
            match=rule["match"],
            labels={
                name: rule[name]
                for name in ("feature", "endpoint", "environment", "team")
                if rule.get(name) is not None
            },
        )
        for rule in rules
    )

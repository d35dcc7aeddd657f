"""`planner actuals export`: usage and projections as FOCUS rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.actuals_question import (
    AllowUnpriced,
    Asked,
    DayOptions,
    Month,
    PlanFile,
    PlanOptions,
    PlanScenario,
    Since,
    StoreFolder,
    Until,
    UsageSources,
    Where,
    asked,
)
from planner.cli.evaluation import PriceOptions
from planner.cli.options import FORMAT, AsOf, Out, PricesFile, Sets
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.actuals.focus_export import FocusLabels

__all__ = ["export_actuals"]

_Projections = Annotated[
    Path | None,
    typer.Option(
        "--projections",
        metavar="FILE",
        help="Also write the rest of the month as projection rows to FILE; needs a plan.",
    ),
]
_BillingAccount = Annotated[
    str | None,
    typer.Option(
        "--billing-account",
        metavar="ID",
        help="BillingAccountId of every row. Default: the provider's id.",
    ),
]


def export_actuals(
    store: StoreFolder = Path(".planner/actuals"),
    projections: _Projections = None,
    billing_account: _BillingAccount = None,
    plan: PlanFile = None,
    scenario: PlanScenario = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    month: Month = None,
    since: Since = None,
    until: Until = None,
    usage: UsageSources = [],  # noqa: B006 - typer copies it
    where: Where = [],  # noqa: B006 - typer copies it
    allow_unpriced: AllowUnpriced = False,
    format_: Annotated[Literal["csv", "json"], FORMAT] = "csv",
    out: Out = None,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Write usage as FOCUS 1.2 rows: a day, its labels and a kind of token each.

    What bills have beside the usage is an adjustment row. Resources of the stack are left to
    AWS's own FOCUS export. Usage without a price has no cost and no row; the command then exits
    with 3.

      planner actuals export --month 2026-11 --out focus.csv
      planner actuals export --scenario scenario.yaml --out focus.csv --projections ahead.csv
    """
    held = PlanOptions(plan=plan, scenario=scenario, sets=sets)
    days = DayOptions(month=month, since=since, until=until)
    _check(projections, held, days)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of)
    found = asked(store, held, days, prices, usage=usage, where=where)
    from planner.actuals.focus_export import FOCUS_COLUMNS, FocusLabels, focus_rows
    from planner.actuals.report import build_spend

    labels = FocusLabels(billing_account=billing_account)
    read = build_spend(found.store, found.question, found.catalog)
    stream = streams.current()
    rows = focus_rows(read.spend, read.rates, labels)
    stream.write_result(_text(FOCUS_COLUMNS, rows, format_), out)
    uncertain = read.spend.figures.is_floor
    if uncertain:
        stream.warn(f"{read.spend.figures.unpriced_rows} records without a price have no row")
    if projections is not None:
        _project(found, labels, projections, format_)
    return EXIT_INCOMPLETE if uncertain and not allow_unpriced else EXIT_OK


def _check(projections: Path | None, held: PlanOptions, days: DayOptions) -> None:
    if projections is None:
        return
    if held.plan is None and held.scenario is None:
        raise InputError("--projections needs a plan; give --plan plan.json or --scenario FILE")
    if days.since is not None or days.until is not None:
        raise InputError("--projections are of a month; give --month instead of --from or --to")


def _project(found: Asked, labels: FocusLabels, path: Path, format_: str) -> None:
    from planner.actuals.focus_export import PROJECTION_COLUMNS, projection_rows
    from planner.actuals.month_ahead import build_forecast

    ahead = build_forecast(found.store, found.question, found.catalog)
    stream = streams.current()
    rows = projection_rows(ahead, labels)
    stream.write_result(_text(PROJECTION_COLUMNS, rows, format_), path)
    if ahead.reason is not None:
        stream.warn(f"{path}: no projections: {ahead.reason}")


def _text(columns: Sequence[str], rows: Iterable[Mapping[str, str]], format_: str) -> str:
    """CSV with every column, or a list of objects in JSON, where null stands for no value."""
    if format_ == "csv":
        from planner.render.csv_ import csv_text

        return csv_text(columns, ([row.get(name, "") for name in columns] for row in rows))
    from planner.render.json_ import json_text

    return json_text([{name: row.get(name) or None for name in columns} for row in rows])

"""`planner actuals pull aws`: what a deployed stack used and costs, asked of AWS itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from planner.cli import streams
from planner.cli.actuals_import import import_time, list_pricer
from planner.cli.actuals_question import StoreFolder, month_of
from planner.cli.options import FORMAT, Offline, Out, PricesFile
from planner.errors import EXIT_OK, InputError

if TYPE_CHECKING:
    from planner.actuals.importing import ImportResult
    from planner.actuals.pull import BudgetNow
    from planner.render.blocks import Block

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Ask a provider for usage and spend.")


@app.callback()
def _root() -> None:  # pyright: ignore[reportUnusedFunction]
    """Ask a provider for usage and spend."""


_Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        metavar="ID",
        show_default=False,
        help="The stack's id, as in its tag llm-planner:stack: the scenario's id by default.",
    ),
]
_Month = Annotated[
    str | None,
    typer.Option("--month", metavar="YYYY-MM", help="Calendar month (UTC). Default: this one."),
]
_Region = Annotated[
    str, typer.Option("--region", help="Region of the stack: its metrics are there.")
]
_Yes = Annotated[bool, typer.Option("--yes", help="Ask, after the cost of asking is printed.")]


@app.command("aws")
def pull_aws(
    stack: _Stack,
    store: StoreFolder = Path(".planner/actuals"),
    month: _Month = None,
    region: _Region = "us-east-1",
    yes: _Yes = False,
    offline: Offline = False,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    prices_file: PricesFile = None,
) -> int:
    """Ask AWS for a stack's bill, usage and budgets of a month, and import them.

    Cost Explorer gives the bill by day, service and meter of the resources that carry the stack's
    tag; CloudWatch the calls and tokens by hour and model; Budgets what AWS forecasts. What this
    costs is told first, and nothing is asked without --yes. Needs the extras `aws` and `actuals`.

      planner actuals pull aws --stack support-chat
      planner actuals pull aws --stack support-chat --month 2026-11 --yes
    """
    if offline:
        raise InputError("`actuals pull` asks AWS; leave --offline out")
    now = import_time()
    since, after = month_of(month, now.date())
    streams.current().note(_cost_of_asking())
    if not yes:
        streams.current().note("nothing was asked; add --yes to ask")
        return EXIT_OK
    asked = _ask(stack, region, since, after)
    _refuse_other_bills(store, asked.account, f"{since:%Y-%m}")
    results = _imported(store, asked, stack, since, now, prices_file)
    _write(asked, results, format_, out)
    return EXIT_OK


def _cost_of_asking() -> str:
    from planner.actuals.pull import request_prices
    from planner.money import usd_text

    prices = request_prices()
    return (
        f"this makes one billed request to Cost Explorer (${prices.cost_explorer_usd_per_request} "
        f"for each page of up to 5,000 lines) and requests metrics of CloudWatch at "
        f"${usd_text(prices.cloudwatch_usd_per_metric * 1000)} per 1,000; asking for budgets, "
        f"names of metrics and the account is free ({prices.observed})"
    )


# --- Asking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    account: str
    bill: Sequence[Mapping[str, str]]
    usage: Sequence[Mapping[str, str]]
    metrics: int
    budgets: Sequence[BudgetNow]


def _ask(stack: str, region: str, since: date, after: date) -> _Answers:
    from planner.actuals.engines import require_engines
    from planner.actuals.pull import budgets_now, daily_bill, hourly_usage

    require_engines()
    client = _clients()
    from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
        BotoCoreError,
        ClientError,
    )

    try:
        account = str(client("sts", region).get_caller_identity()["Account"])
        # Cost Explorer and Budgets have one endpoint for all regions.
        bill = daily_bill(
            client("ce", "us-east-1"), account=account, stack=stack, since=since, after=after
        )
        usage, metrics = hourly_usage(
            client("cloudwatch", region), stack=stack, since=since, after=after
        )
        return _Answers(
            account=account,
            bill=tuple(bill),
            usage=tuple(usage),
            metrics=metrics,
            budgets=budgets_now(client("budgets", "us-east-1"), account=account, stack=stack),
        )
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"AWS does not answer: {error}") from None


def _clients() -> Any:
    from planner.cli.prices_aws import boto3_clients

    return boto3_clients("`planner actuals pull aws`")


# --- Importing ---------------------------------------------------------------------------------


def _refuse_other_bills(store: Path, account: str, month: str) -> None:
    """A bill of AWS's own exports is the better one, and both would be the same spend."""
    from planner.actuals.manifest import read_manifest

    manifest = read_manifest(store)
    for file in () if manifest is None else manifest.files:
        is_bill = file.source in ("cur", "focus") and (account, month) in file.bills
        if is_bill and f"{store.resolve()}" not in str(Path(file.name).resolve()):
            raise InputError(
                f"{store}: has the bill of {month} from {file.name}; Cost Explorer tells the same "
                "spend. Use another --store, or leave the pull out"
            )


def _imported(
    store: Path,
    asked: _Answers,
    stack: str,
    since: date,
    now: datetime,
    prices_file: Path | None,
) -> list[tuple[str, ImportResult]]:
    from planner.actuals.importing import ImportSettings, import_files
    from planner.actuals.pull import BILL_COLUMNS, USAGE_COLUMNS
    from planner.actuals.sources import source_spec
    from planner.files import write_atomic
    from planner.render.csv_ import csv_text

    settings = ImportSettings(
        now=now, exported_at=now, label_paths={}, pricer=list_pricer(prices_file)
    )
    results: list[tuple[str, ImportResult]] = []
    for source, columns, rows in (
        ("focus", BILL_COLUMNS, asked.bill),
        ("plain", USAGE_COLUMNS, asked.usage),
    ):
        if not rows:
            continue
        path = store / "pulled" / f"{stack}-{since:%Y-%m}-{source}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = ([row.get(name, "") for name in columns] for row in rows)
        write_atomic(path, csv_text(columns, table))
        results.append((source, import_files(store, source_spec(source), [path], settings)))
    return results


# --- Report ------------------------------------------------------------------------------------


def _write(
    asked: _Answers, results: Iterable[tuple[str, ImportResult]], format_: str, out: Path | None
) -> None:
    from planner.render.json_ import json_text
    from planner.render.markdown import markdown_of
    from planner.render.text import TextStyle, text_of

    counts = {source: sum(f.records for f in found.imported) for source, found in results}
    if format_ == "json":
        text = json_text(
            {
                "schema_version": 1,
                "account": asked.account,
                "bill_lines": len(asked.bill),
                "usage_rows": len(asked.usage),
                "metrics_requested": asked.metrics,
                "records_by_source": counts,
                "budgets": list(asked.budgets),
            }
        )
    elif format_ == "markdown":
        text = markdown_of(_blocks(asked, counts))
    else:
        text = text_of(_blocks(asked, counts), TextStyle(width=streams.current().width))
    streams.current().write_result(text, out)


def _blocks(asked: _Answers, counts: Mapping[str, int]) -> list[Block]:
    from planner.render.blocks import Column, Grid, Heading, Paragraph
    from planner.render.numbers import NOT_APPLICABLE, count, money

    blocks: list[Block] = [
        Paragraph(
            f"{count(counts.get('focus', 0))} lines of the bill and "
            f"{count(counts.get('plain', 0))} hours of usage of account {asked.account} came in; "
            f"{count(asked.metrics)} metrics were requested.",
            strong=True,
        )
    ]
    if not asked.budgets:
        return [*blocks, Paragraph("No budget of this stack.")]
    columns = (
        Column(header="budget", is_name=True),
        Column(header="limit", align="decimal"),
        Column(header="spent", align="decimal"),
        Column(header="AWS's forecast", align="decimal"),
    )
    rows = [
        (
            each.name,
            *(
                NOT_APPLICABLE if usd is None else money(usd)
                for usd in (each.limit_usd, each.actual_usd, each.forecast_usd)
            ),
        )
        for each in asked.budgets
    ]
    return [*blocks, Heading("Budgets"), Grid.of(columns, rows)]

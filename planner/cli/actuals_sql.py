"""`planner actuals sql`: the report's questions as statements for Athena."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli import streams
from planner.cli.actuals_question import (
    DayOptions,
    Month,
    PlanOptions,
    Since,
    StoreFolder,
    Until,
    UsageSources,
    Where,
    asked,
)
from planner.cli.evaluation import PriceOptions
from planner.cli.options import Out
from planner.errors import EXIT_OK, InputError

__all__ = ["sql_of_actuals"]


def sql_of_actuals(
    location: Annotated[
        str,
        typer.Option(
            "--location",
            metavar="S3_URI",
            help="Where the store's folder `records` is copied to: `s3://bucket/records/`.",
        ),
    ],
    store: StoreFolder = Path(".planner/actuals"),
    month: Month = None,
    since: Since = None,
    until: Until = None,
    usage: UsageSources = [],  # noqa: B006 - typer copies it
    where: Where = [],  # noqa: B006 - typer copies it
    out: Out = None,
) -> int:
    """Print the statements that make a copy of the store a table of Athena, and ask it.

    For stores too large for one machine: the same expressions that DuckDB answers here, as SQL of
    Athena, each under its name. Nothing is sent anywhere.

      aws s3 sync .planner/actuals/records s3://acme-actuals/records --delete
      planner actuals sql --location s3://acme-actuals/records --month 2026-11 --out report.sql
    """
    if not location.startswith("s3://") or "'" in location:
        raise InputError(f"--location {location}: not an S3 address; write s3://bucket/prefix/")
    found = asked(
        store,
        PlanOptions(plan=None, scenario=None),
        DayOptions(month=month, since=since, until=until),
        PriceOptions(prices_file=None, as_of=None),
        usage=usage,
        where=where,
    )
    from planner.actuals.statements import athena_statements

    statements = athena_statements(found.store, found.question, location)
    text = "\n".join(f"-- {name}\n{statement}" for name, statement in statements.items())
    streams.current().write_result(text, out)
    return EXIT_OK

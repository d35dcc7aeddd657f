"""`planner actuals`: what was really used and billed, from any source, against the plan."""

from __future__ import annotations

import typer

from planner.cli.actuals_export import export_actuals
from planner.cli.actuals_forecast import forecast_actuals
from planner.cli.actuals_import import import_actuals
from planner.cli.actuals_pull import app as pull_app
from planner.cli.actuals_report import report_actuals
from planner.cli.actuals_sql import sql_of_actuals

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Import real usage and spend, and compare with plans.")


@app.callback()
def _root() -> None:  # pyright: ignore[reportUnusedFunction]
    """Import real usage and spend, and compare with plans."""


app.command("import")(import_actuals)
app.command("report")(report_actuals)
app.command("forecast")(forecast_actuals)
app.command("export")(export_actuals)
app.command("sql")(sql_of_actuals)
app.add_typer(pull_app, name="pull")

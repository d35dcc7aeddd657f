"""`planner actuals import`: what was really used and billed, from any source into one store."""

from __future__ import annotations

import typer

from planner.cli.actuals_import import import_actuals

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Import real usage and spend, and compare with plans.")


@app.callback()
def _root() -> None:  # pyright: ignore[reportUnusedFunction]
    """Import real usage and spend, and compare with plans."""


app.command("import")(import_actuals)

"""Options that several commands share, as annotated types.

``def command(file: ScenarioFile, format_: Annotated[Literal["table", "json"], FORMAT] = "table",
out: Out = None) -> None`` declares three of them. Every option of every command can be set by an
environment variable: ``PLANNER_`` and the long name in capitals (``--as-of``: PLANNER_AS_OF); the
loader adds it. The options of ``COMMON`` are added to every command by the loader and configure
``planner.cli.streams.current()``; a command that needs the value of one names it as a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "COMMON",
    "FORMAT",
    "AsOf",
    "Color",
    "ColorMode",
    "Debug",
    "Draws",
    "Explain",
    "ExplainPath",
    "MaxPriceAge",
    "Offline",
    "Out",
    "OutputFile",
    "Outputs",
    "PricesFile",
    "Quiet",
    "ScenarioFile",
    "ScenarioFiles",
    "Seed",
    "Sets",
    "Verbose",
    "Wide",
]

_OUTPUT_PANEL = "Output options"
_PRICES_PANEL = "Price options"
_COMMON_PANEL = "Common options"

ColorMode = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One ``--output FORMAT=FILE``."""

    format: str
    path: Path


def _parse_output(text: str | OutputFile) -> OutputFile:
    if isinstance(text, OutputFile):
        return text
    name, separator, path = text.partition("=")
    if not (separator and name and path):
        raise typer.BadParameter(f"{text!r} is not FORMAT=FILE, for example json=report.json")
    return OutputFile(format=name, path=Path(path))


def _parse_date(text: str | date) -> date:
    if isinstance(text, date):
        return text
    # fromisoformat alone also takes 20261121 and 2026-W47-6, which no report prints.
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise typer.BadParameter(f"{text!r} is not a date, for example 2026-11-21")


def _parse_max_price_age(text: str) -> str:
    if text == "default" or re.fullmatch(r"[0-9]{1,5}", text):
        return text
    raise typer.BadParameter(f"{text!r} is neither `default` nor a number of days")


ScenarioFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", show_default=False, help="Scenario file (YAML)."),
]
ScenarioFiles = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", show_default=False, help="Scenario files (YAML)."),
]
Sets = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="Change one field of the scenario, checked like the file. Repeatable.",
    ),
]

Draws = Annotated[
    int,
    typer.Option(
        "--draws",
        min=0,
        max=1_000_000,
        help="Draws of the uncertain inputs: how sure the answer is. 0: expected values only.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of the draws; the same seed, the same draws.")
]

FORMAT = typer.Option("--format", help="Form of the result.", rich_help_panel=_OUTPUT_PANEL)
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the result to FILE instead of standard output.",
        rich_help_panel=_OUTPUT_PANEL,
    ),
]
Outputs = Annotated[
    list[OutputFile],
    typer.Option(
        "--output",
        metavar="FORMAT=FILE",
        parser=_parse_output,
        show_default=False,
        help="Also write the result in FORMAT to FILE. Repeatable.",
        rich_help_panel=_OUTPUT_PANEL,
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Show formulas, the same with numbers, and where each number came from.",
        rich_help_panel=_OUTPUT_PANEL,
    ),
]
ExplainPath = Annotated[
    str | None,
    typer.Option(
        "--explain-path",
        metavar="PATH",
        help="Explain only the figures whose dotted path begins with PATH.",
        rich_help_panel=_OUTPUT_PANEL,
    ),
]
Wide = Annotated[
    bool,
    typer.Option(
        "--wide",
        help="Show every column, whatever the width of the terminal.",
        rich_help_panel=_OUTPUT_PANEL,
    ),
]

AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        parser=_parse_date,
        help="Price as on this day. Default: the date of the price snapshot.",
        rich_help_panel=_PRICES_PANEL,
    ),
]
PricesFile = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        metavar="FILE",
        help="Price snapshot to use. Default: the scenario's, else planner.prices.json found "
        "upward, else the shipped one.",
        rich_help_panel=_PRICES_PANEL,
    ),
]
MaxPriceAge = Annotated[
    str | None,
    typer.Option(
        "--max-price-age",
        metavar="default|DAYS",
        parser=_parse_max_price_age,
        help="Exit with 3, after all outputs are written, when a price in use is older.",
        rich_help_panel=_PRICES_PANEL,
    ),
]

Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="No notes on standard error; errors stay.",
        rich_help_panel=_COMMON_PANEL,
    ),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        show_default=False,
        help="More notes on standard error.",
        rich_help_panel=_COMMON_PANEL,
    ),
]
Color = Annotated[
    ColorMode,
    typer.Option(
        "--color",
        help="Colour on standard output. `auto`: on a terminal without NO_COLOR.",
        rich_help_panel=_COMMON_PANEL,
    ),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="Never open a connection. Only `prices refresh` ever does.",
        rich_help_panel=_COMMON_PANEL,
    ),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show the traceback of an error.",
        rich_help_panel=_COMMON_PANEL,
    ),
]

# Parameter name -> (annotation, default).
COMMON: dict[str, tuple[object, object]] = {
    "quiet": (Quiet, False),
    "verbose": (Verbose, 0),
    "color": (Color, "auto"),
    "offline": (Offline, False),
    "debug": (Debug, False),
}

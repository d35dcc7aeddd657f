"""``planner pareto``: the frontier of cost, quality and latency."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli import streams
from planner.cli.evaluation import PriceOptions
from planner.cli.options import (
    FORMAT,
    AsOf,
    MaxPriceAge,
    Out,
    Outputs,
    PricesFile,
    Sets,
    Wide,
)
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.levers.pareto import Axis
    from planner.render.blocks import Block
    from planner.render.payload_pareto import ParetoReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")
_SCENARIO_SUFFIXES = (".yaml", ".yml")
_SHORT = {"cost": "cost_usd_per_request", "latency": "latency_ms"}

_File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="Scenario (YAML), or CSV of benchmark results with one configuration a row.",
    ),
]
_Axes = Annotated[
    list[str],
    typer.Option(
        "--axis",
        metavar="NAME[:min|max]",
        show_default=False,
        help="Compare on this: cost, quality, latency, or a column of the CSV file. Repeatable; "
        "the first two are drawn. Default: what every configuration has.",
    ),
]
_Columns = Annotated[
    list[str],
    typer.Option(
        "--column",
        metavar="FIELD=COLUMN",
        show_default=False,
        help="Column of the CSV file that holds a field: quality=accuracy. Repeatable.",
    ),
]
_Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Also draw the chart to FILE (SVG).")
]


def command(
    file: _File,
    axis: _Axes = [],  # noqa: B006 - typer copies it
    column: _Columns = [],  # noqa: B006 - typer copies it
    svg: _Svg = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Find the configurations that no other one beats on cost, quality and latency.

    Each of the others with all that beat it; mixes of two that beat one; how sure success rates
    are; cost per success. From a scenario's options, or a CSV file with the columns name,
    cost_usd_per_request, quality (0-1) or successes and trials, latency_ms; more with --axis.

      planner pareto results.csv --svg frontier.svg
      planner pareto results.csv --axis cost --axis quality --axis tokens_per_s:max
      planner pareto scenario.yaml
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    axes = _axes(axis)
    stale = False
    if file.suffix.lower() in _SCENARIO_SUFFIXES:
        if column:
            raise InputError(f"--column names columns of a CSV file; {file} is a scenario")
        from planner.cli.pareto_scenario import scenario_report

        prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
        report, stale = scenario_report(file, sets, prices, axes)
    else:
        if sets:
            raise InputError(f"--set changes a scenario; {file} is read as CSV")
        report = _csv_report(file, _columns(column), axes)
    if svg is not None:
        _write_svg(report, svg)
    write_report(_forms(report), options)
    return EXIT_INCOMPLETE if stale else EXIT_OK


# --- Options -------------------------------------------------------------------------------------


def _axes(given: Sequence[str]) -> tuple[Axis, ...]:
    from planner.levers.pareto import SENSES, Axis, Sense

    axes: list[Axis] = []
    for text in given:
        name, _, said = text.partition(":")
        name = _SHORT.get(name, name)
        if not name or said not in ("", "min", "max"):
            raise InputError(f"--axis {text}: write NAME, NAME:min or NAME:max")
        sense: Sense | None = SENSES.get(name)
        if said == "min" or said == "max":
            sense = said
        if sense is None:
            raise InputError(
                f"--axis {text}: is less of it better, or more? Write {name}:min or {name}:max"
            )
        if any(axis.name == name for axis in axes):
            raise InputError(f"--axis {name} is given twice; give each axis once")
        axes.append(Axis(name, sense))
    return tuple(axes)


def _columns(given: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for text in given:
        field, separator, title = text.partition("=")
        field = _SHORT.get(field, field)
        if not (field and separator and title):
            raise InputError(f"--column {text}: write FIELD=COLUMN, for example quality=accuracy")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", field):
            raise InputError(f"--column {text}: `{field}` is no field; letters, digits and _ only")
        columns[field] = title
    return columns


# --- CSV -----------------------------------------------------------------------------------------


def _csv_report(file: Path, columns: dict[str, str], axes: tuple[Axis, ...]) -> ParetoReport:
    from planner.files import read_text
    from planner.levers.pareto import SENSES, read_benchmark_csv
    from planner.render.payload_pareto import Candidate, FrontierInput, chosen_axes, pareto_report

    extra = tuple(axis.name for axis in axes if axis.name not in SENSES)
    rows = read_benchmark_csv(str(file), read_text(file), columns=columns, extra=extra)
    candidates = [Candidate(point=row.point, measured=row.measured, line=row.line) for row in rows]
    used, left_out = chosen_axes([each.point for each in candidates], axes)
    if not used:
        raise InputError(
            f"{file}: no value to compare on: no configuration, or not each, has a cost, a quality "
            "or a latency; fill the column in, or choose axes with --axis"
        )
    return pareto_report(
        FrontierInput(
            file=str(file), kind="csv", candidates=candidates, axes=used, left_out=left_out
        )
    )


# --- Writing -------------------------------------------------------------------------------------


def _write_svg(report: ParetoReport, path: Path) -> None:
    from planner.files import write_atomic
    from planner.render.chart import pareto_chart
    from planner.render.svg_chart import chart_svg
    from planner.render.text_pareto import pareto_headline

    chart = pareto_chart(report)
    if chart is None:
        raise InputError(
            f"--svg {path}: a chart needs two axes and a configuration with a value on both; "
            "choose them with --axis"
        )
    title = f"{chart.y.title.capitalize()} against {chart.x.title}"
    write_atomic(path, chart_svg(chart, title, pareto_headline(report)))
    streams.current().detail(f"wrote {path}")


def _forms(report: ParetoReport) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_pareto import pareto_blocks

        return pareto_blocks(report)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text

        return json_text(report)

    def csv_form(style: object) -> str:
        from planner.render.text_pareto import pareto_csv

        return pareto_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }

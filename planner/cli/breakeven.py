"""``planner breakeven``: the volumes at which one side overtakes the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.evaluation import Evaluation, PriceOptions, evaluate_files, report_price_ages
from planner.cli.options import (
    FORMAT,
    AsOf,
    Explain,
    ExplainPath,
    MaxPriceAge,
    Out,
    Outputs,
    PricesFile,
    ScenarioFile,
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
from planner.errors import EXIT_INCOMPLETE, EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.render.blocks import Block
    from planner.render.explain import Explained
    from planner.render.payload_breakeven_report import BreakevenReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")
_MOST_REQUESTS = 10**15


@dataclass(frozen=True, slots=True)
class VolumeRange:
    """One ``--range FROM:TO`` in requests a month."""

    low: int
    high: int


def _parse_range(text: str | VolumeRange) -> VolumeRange:
    if isinstance(text, VolumeRange):
        return text
    match = re.fullmatch(r"([0-9][0-9_,]*):([0-9][0-9_,]*)", text, re.ASCII)
    if match:
        low, high = (int(part.replace(",", "").replace("_", "")) for part in match.groups())
        if 1 <= low <= high <= _MOST_REQUESTS:
            return VolumeRange(low, high)
    raise typer.BadParameter(
        f"{text!r} is not FROM:TO in requests a month, for example 100000:10000000"
    )


def command(
    file: ScenarioFile,
    sets: Sets = [],  # noqa: B006 - typer copies it
    api: Annotated[
        str | None,
        typer.Option(
            "--api", metavar="NAME", help="API option to compare with. Default: the cheapest."
        ),
    ] = None,
    range_: Annotated[
        VolumeRange | None,
        typer.Option(
            "--range",
            metavar="FROM:TO",
            parser=_parse_range,
            help="Volumes of the curve in requests a month. Default: around every crossing.",
        ),
    ] = None,
    points: Annotated[
        int, typer.Option("--points", min=2, max=10_000, help="Volumes of the curve.")
    ] = 16,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    explain: Explain = False,
    explain_path: ExplainPath = None,
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
    max_price_age: MaxPriceAge = None,
) -> int:
    """Find the volumes at which self-hosting is cheaper than an API.

    All ranges, exact to the request, with hardware chosen again at each volume; each self-hosted
    option alone; both sides factor by factor; and the cost of both over volume, which `--format
    csv` writes for a chart.

      planner breakeven scenario.yaml
      planner breakeven scenario.yaml --api openai/gpt-6-luna --range 100000:1000000000
      planner breakeven scenario.yaml --points 200 --format csv --out curve.csv
    """
    from planner.render.payload_breakeven_report import CurveRequest, breakeven_report

    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    evaluation = evaluate_files([file], sets, prices)[0]
    volumes = None if range_ is None else (range_.low, range_.high)
    curve = CurveRequest(points=points, range=volumes)
    report = breakeven_report(evaluation.loaded, evaluation.recommendation, curve, api=api)
    wants_explanation = explain or explain_path is not None
    figures = _figures(evaluation, explain_path) if wants_explanation else ()
    write_report(_forms(report, figures), options)
    return EXIT_INCOMPLETE if report_price_ages([evaluation], prices) else EXIT_OK


def _figures(evaluation: Evaluation, path: str | None) -> tuple[Explained, ...]:
    from planner.render.explain import narrowed
    from planner.render.explain_figures import explained_figures

    return narrowed(explained_figures(evaluation.loaded, evaluation.recommendation), path)


def _forms(report: BreakevenReport, figures: Sequence[Explained]) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.explain import explain_blocks
        from planner.render.text_breakeven import breakeven_report_blocks

        return breakeven_report_blocks(report, explanation=explain_blocks(figures))

    def json_form(style: object) -> str:
        from planner.render.json_ import json_with

        return json_with(report, explain=figures)

    def csv_form(style: object) -> str:
        from planner.render.csv_reports import breakeven_csv

        return breakeven_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }

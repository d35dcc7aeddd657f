"""``planner tco``: total cost of ownership of every option."""

from __future__ import annotations

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
from planner.errors import EXIT_GATE_FAILED, EXIT_INCOMPLETE, EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.render.blocks import Block
    from planner.render.explain import Explained
    from planner.render.payload_tco_report import TcoReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")


def command(
    file: ScenarioFile,
    sets: Sets = [],  # noqa: B006 - typer copies it
    arm: Annotated[
        str | None, typer.Option("--arm", metavar="ARM", help="Only options of this arm.")
    ] = None,
    months: Annotated[
        int | None,
        typer.Option("--months", min=1, max=120, help="List this many months. Default: all."),
    ] = None,
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
    """Show the total cost of ownership of every option in five categories.

    API usage, infrastructure, engineering, quality and operational cost, their shares beside
    typical ones, cost per request, present value, and how the shares move with volume. A category
    the scenario does not give is shown as not given and makes the total a floor.

      planner tco scenario.yaml
      planner tco scenario.yaml --arm api_frontier --wide
      planner tco scenario.yaml --format csv --out lines.csv
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    evaluation = evaluate_files([file], sets, prices)[0]
    report = _report(evaluation, arm, months)
    wants_explanation = explain or explain_path is not None
    figures = _figures(evaluation, explain_path) if wants_explanation else ()
    write_report(_forms(report, figures, wide=wide), options)
    stale = report_price_ages([evaluation], prices)
    if evaluation.recommendation.chosen is None:
        return EXIT_GATE_FAILED
    return EXIT_INCOMPLETE if stale else EXIT_OK


def _report(evaluation: Evaluation, arm: str | None, months: int | None) -> TcoReport:
    from planner.render.payload_tco_report import tco_report

    return tco_report(evaluation.loaded, evaluation.recommendation, arm=arm, months=months)


def _figures(evaluation: Evaluation, path: str | None) -> tuple[Explained, ...]:
    from planner.render.explain import narrowed
    from planner.render.explain_figures import explained_figures

    return narrowed(explained_figures(evaluation.loaded, evaluation.recommendation), path)


def _forms(report: TcoReport, figures: Sequence[Explained], *, wide: bool) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.explain import explain_blocks
        from planner.render.text_tco import tco_blocks

        return tco_blocks(report, wide=wide, explanation=explain_blocks(figures))

    def json_form(style: object) -> str:
        from planner.render.json_ import json_with

        return json_with(report, explain=figures)

    def csv_form(style: object) -> str:
        from planner.render.csv_reports import tco_csv

        return tco_csv(report)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }

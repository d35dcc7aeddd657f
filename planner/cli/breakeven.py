"""``planner breakeven``: the volumes at which one side overtakes the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
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
from planner.errors import EXIT_INCOMPLETE, EXIT_OK, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.decision.axis import Axis
    from planner.render.blocks import Block
    from planner.render.explain import Explained
    from planner.render.payload_axis import AxisRequest
    from planner.render.payload_breakeven_report import BreakevenReport

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown", "csv")
_LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class ValueRange:
    """One ``--range FROM:TO`` in the unit of the axis; positive, not descending."""

    low: Decimal
    high: Decimal


_NUMBER = r"([0-9][0-9_,]*(?:\.[0-9]+)?)"


def _parse_range(text: str | ValueRange) -> ValueRange:
    if isinstance(text, ValueRange):
        return text
    match = re.fullmatch(f"{_NUMBER}:{_NUMBER}", text, re.ASCII)
    if match:
        low, high = (Decimal(part.replace(",", "").replace("_", "")) for part in match.groups())
        if 0 < low <= high <= _LARGEST:
            return ValueRange(low, high)
    raise typer.BadParameter(
        f"{text!r} is not FROM:TO in the unit of the axis, for example 100000:10000000"
    )


def _volumes(asked: ValueRange | None) -> tuple[int, int] | None:
    """Whole requests a month; InputError for parts of one."""
    if asked is None:
        return None
    if any(each != each.to_integral_value() for each in (asked.low, asked.high)):
        raise InputError(f"--range {asked.low}:{asked.high}: volumes are whole requests a month")
    return int(asked.low), int(asked.high)


def _axis(axis: Axis, points: int, asked: ValueRange | None) -> AxisRequest | None:
    """What to draw beside volume, which the curve has."""
    from planner.render.payload_axis import AxisRequest

    if axis == "volume":
        return None
    ends = None if asked is None else (float(asked.low), float(asked.high))
    if axis == "utilisation" and ends is not None and ends[1] > 1:
        raise InputError(f"--range up to {ends[1]:g}: utilisation is a share, at most 1")
    if ends is not None and ends[0] == ends[1]:
        raise InputError("--range of one value: give a smaller FROM than TO")
    return AxisRequest(axis, points, ends)


_Api = Annotated[
    str | None,
    typer.Option(
        "--api", metavar="NAME", help="API option to compare with. Default: the cheapest."
    ),
]
_AlongAxis = Annotated[
    Literal["volume", "output_tokens", "gpu_price", "api_price", "utilisation"],
    typer.Option("--axis", help="Input along which both sides are compared."),
]
_Range = Annotated[
    ValueRange | None,
    typer.Option(
        "--range",
        metavar="FROM:TO",
        parser=_parse_range,
        help="Values of the curve in the unit of the axis. Default: around today's and every "
        "crossing.",
    ),
]
_Points = Annotated[int, typer.Option("--points", min=2, max=10_000, help="Points of the curve.")]


def command(
    file: ScenarioFile,
    sets: Sets = [],  # noqa: B006 - typer copies it
    api: _Api = None,
    axis: _AlongAxis = "volume",
    range_: _Range = None,
    points: _Points = 16,
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
    option alone; both sides factor by factor; and the cost of both over volume, or over another
    input with `--axis`, drawn and as a table, which `--format csv` writes for a chart.

      planner breakeven scenario.yaml
      planner breakeven scenario.yaml --axis gpu_price --range 0.5:20
      planner breakeven scenario.yaml --api openai/gpt-6-luna --range 100000:1000000000
      planner breakeven scenario.yaml --points 200 --format csv --out curve.csv
    """
    from planner.render.payload_breakeven_report import CurveRequest, breakeven_report

    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of, max_price_age=max_price_age)
    evaluation = evaluate_files([file], sets, prices)[0]
    moved = _axis(axis, points, range_)
    curve = CurveRequest(points=points, range=_volumes(range_) if moved is None else None)
    report = breakeven_report(
        evaluation.loaded, evaluation.recommendation, curve, api=api, axis=moved
    )
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

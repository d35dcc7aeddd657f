"""``planner drill``: would the alarms of this plan tell in time, and are they quiet otherwise?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.evaluation import PriceOptions
from planner.cli.options import FORMAT, AsOf, Out, Outputs, PricesFile, Seed, Sets
from planner.cli.plan_input import plan_of
from planner.cli.report_output import (
    Form,
    ReportOptions,
    check_forms,
    markdown_form,
    table_form,
    write_report,
)
from planner.errors import EXIT_GATE_FAILED, EXIT_OK

if TYPE_CHECKING:
    from planner.drill import DrillReport
    from planner.render.blocks import Block

__all__ = ["command"]

_FORMATS = ("table", "json", "markdown")

_File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A scenario, or a plan saved with `recommend --save`, which is not computed again.",
        show_default=False,
    ),
]
_Arm = Annotated[
    str | None,
    typer.Option("--arm", metavar="ARM", help="Drill this arm instead of the cheapest."),
]


def command(
    file: _File,
    arm: _Arm = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    seed: Seed = 1,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Replay planned traffic and planted runaways through the alarms of a plan.

    The Pulumi program is run without a cloud to see which alarms and budgets it registers (extra
    `stacks`). Thirty planned days, with a change of the clocks among them where the zone has one,
    must raise no alarm; each fault must be told of. For each: the first alarm, how long it took,
    what was spent over plan by then, and what AWS Budgets alone would have seen.

    Exits with 1 when planned traffic alarms, a fault is missed, or one costs more than
    drill.max_overspend_usd of the scenario.

      planner drill scenario.yaml
      planner drill plan.json --format json
      planner drill scenario.yaml --arm selfhost_ondemand --seed 7
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=False)
    check_forms(options, _FORMATS)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of)
    report = _report(file, arm, sets, prices, seed)
    write_report(_forms(report), options)
    return EXIT_OK if report.passed else EXIT_GATE_FAILED


def _report(
    file: Path, arm: str | None, sets: list[str], prices: PriceOptions, seed: int
) -> DrillReport:
    from planner.drill import drill_plan

    return drill_plan(plan_of(file, arm, sets, prices), seed=seed)


def _forms(report: DrillReport) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_drill import drill_blocks

        return drill_blocks(report)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text
        from planner.render.payload_drill import drill_payload

        return json_text(drill_payload(report))

    return {"table": table_form(blocks), "markdown": markdown_form(blocks), "json": json_form}

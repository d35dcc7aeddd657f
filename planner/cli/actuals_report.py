"""`planner actuals report`: what was spent, against the plan, and what stands out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.actuals_question import (
    AllowUnpriced,
    DayOptions,
    Engine,
    Month,
    PlanArm,
    PlanFile,
    PlanOptions,
    PlanScenario,
    Since,
    StoreFolder,
    Until,
    UsageSources,
    Where,
    asked,
)
from planner.cli.evaluation import PriceOptions
from planner.cli.options import FORMAT, AsOf, Out, Outputs, PricesFile, Sets, Wide
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
    from planner.render.blocks import Block
    from planner.render.payload_actuals import ReportView

__all__ = ["report_actuals"]

_FORMATS = ("table", "json", "markdown", "csv")

_Money = Annotated[
    Literal["source", "list"],
    typer.Option(
        "--money",
        help="source: cost as the source says, the list price where it says nothing. "
        "list: the list price of the day.",
    ),
]
_Variance = Annotated[
    Literal["shapley", "sequential"],
    typer.Option("--variance", help="How the difference to the plan is split into factors."),
]


def report_actuals(
    store: StoreFolder = Path(".planner/actuals"),
    plan: PlanFile = None,
    scenario: PlanScenario = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    arm: PlanArm = None,
    month: Month = None,
    since: Since = None,
    until: Until = None,
    usage: UsageSources = [],  # noqa: B006 - typer copies it
    where: Where = [],  # noqa: B006 - typer copies it
    money: _Money = "source",
    variance: _Variance = "shapley",
    engine: Engine = "duckdb",
    fail_over_budget: Annotated[
        bool, typer.Option("--fail-over-budget", help="Exit with 1 when a budget is spent.")
    ] = False,
    allow_unpriced: AllowUnpriced = False,
    format_: Annotated[Literal["table", "json", "markdown", "csv"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Show what was spent by model, endpoint, feature and environment, and why it is not the plan.

    With a plan or a scenario: the difference split into seven factors that add up to the cent,
    and the day each budget's 80 % line was passed. Prompts that grew, retries that pile up and
    evaluation that takes over are named with what they cost a day. What a bill has beside the
    usage is one line, `unattributed`. Several sources of the same provider are never added.

    Exits with 3 when usage without a price is in it: totals are floors then.

      planner actuals report
      planner actuals report --scenario scenario.yaml --month 2026-11
      planner actuals report --plan plan.json --from 2026-11-01 --to 2026-11-14 --wide
      planner actuals report --where feature=search --format json
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    held = PlanOptions(plan=plan, scenario=scenario, sets=sets, arm=arm)
    days = DayOptions(month=month, since=since, until=until)
    prices = PriceOptions(prices_file=prices_file, as_of=as_of)
    found = asked(
        store,
        held,
        days,
        prices,
        usage=usage,
        where=where,
        money=money,
        method=variance,
        engine=engine,
    )
    from planner.actuals.report import build_report
    from planner.render.payload_actuals import actuals_view

    report = build_report(found.store, found.question, found.catalog)
    view = actuals_view(report, str(store))
    write_report(_forms(view, wide=wide), options)
    if fail_over_budget and any(each.is_over for each in view.budgets):
        return EXIT_GATE_FAILED
    return EXIT_INCOMPLETE if view.total.is_floor and not allow_unpriced else EXIT_OK


def _forms(view: ReportView, *, wide: bool) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_actuals import actuals_blocks

        return actuals_blocks(view, wide=wide)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text

        return json_text(view)

    def csv_form(style: object) -> str:
        from planner.render.csv_actuals import groups_csv

        return groups_csv(view)

    return {
        "table": table_form(blocks),
        "markdown": markdown_form(blocks),
        "json": json_form,
        "csv": csv_form,
    }

"""`planner actuals forecast`: what the month will cost, and when budgets are passed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from planner.cli.actuals_question import (
    AllowUnpriced,
    DayOptions,
    Month,
    PlanArm,
    PlanFile,
    PlanOptions,
    PlanScenario,
    StoreFolder,
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
from planner.errors import EXIT_INCOMPLETE, EXIT_OK

if TYPE_CHECKING:
    from planner.render.blocks import Block
    from planner.render.payload_actuals_forecast import ForecastView

__all__ = ["forecast_actuals"]

_FORMATS = ("table", "json", "markdown")


def forecast_actuals(
    store: StoreFolder = Path(".planner/actuals"),
    plan: PlanFile = None,
    scenario: PlanScenario = None,
    sets: Sets = [],  # noqa: B006 - typer copies it
    arm: PlanArm = None,
    month: Month = None,
    usage: UsageSources = [],  # noqa: B006 - typer copies it
    where: Where = [],  # noqa: B006 - typer copies it
    allow_unpriced: AllowUnpriced = False,
    format_: Annotated[Literal["table", "json", "markdown"], FORMAT] = "table",
    out: Out = None,
    outputs: Outputs = [],  # noqa: B006 - typer copies it
    wide: Wide = False,
    as_of: AsOf = None,
    prices_file: PricesFile = None,
) -> int:
    """Say what the month will cost, with a range, and on which day each budget is passed.

    Spend of complete days, then the plan's other days at the pace of the last seven; reserved
    hours and other fixed cost are known and not scaled. Days are complete when records cover all
    their hours and no later export changes them. --wide lists every day.

    Exits with 3 with fewer than three complete days, or when usage without a price is in it.

      planner actuals forecast --scenario scenario.yaml
      planner actuals forecast --plan plan.json --month 2026-11 --format json
    """
    options = ReportOptions(format=format_, out=out, outputs=outputs, wide=wide)
    check_forms(options, _FORMATS)
    found = asked(
        store,
        PlanOptions(plan=plan, scenario=scenario, sets=sets, arm=arm),
        DayOptions(month=month),
        PriceOptions(prices_file=prices_file, as_of=as_of),
        usage=usage,
        where=where,
    )
    from planner.actuals.month_ahead import build_forecast
    from planner.render.payload_actuals_forecast import forecast_view

    view = forecast_view(build_forecast(found.store, found.question, found.catalog), str(store))
    write_report(_forms(view, wide=wide), options)
    uncertain = view.month_end_usd is None or (view.is_floor and not allow_unpriced)
    return EXIT_INCOMPLETE if uncertain else EXIT_OK


def _forms(view: ForecastView, *, wide: bool) -> dict[str, Form]:
    def blocks() -> list[Block]:
        from planner.render.text_actuals_forecast import forecast_blocks

        return forecast_blocks(view, wide=wide)

    def json_form(style: object) -> str:
        from planner.render.json_ import json_text

        return json_text(view)

    return {"table": table_form(blocks), "markdown": markdown_form(blocks), "json": json_form}

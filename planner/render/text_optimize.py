"""The report of ``planner optimize`` in blocks: all levers together, or one in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner import __version__
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import (
    NOT_APPLICABLE,
    money,
    money_in_words,
    per_request,
    percent,
    volume,
)
from planner.render.payload_levers import (
    ChecklistView,
    LeverStepView,
    WaterfallView,
    lever_words,
)
from planner.render.text_token_prices import token_price_blocks
from planner.render.wording import and_list, plural

if TYPE_CHECKING:
    from planner.render.payload_optimize import OptimizeReport

__all__ = ["checklist_blocks", "optimize_blocks", "waterfall_blocks"]

_SHOWN_HASH = 12


def optimize_blocks(
    report: OptimizeReport, show: str | None, explanation: Sequence[Block] = ()
) -> list[Block]:
    """The waterfall and the checklist, or with ``show`` one lever in full."""
    return [
        Paragraph(_headline(report), strong=True),
        _workload(report),
        *_body(report, show),
        *token_price_blocks(report.prices.tokens),
        *explanation,
        _footer(report),
    ]


def _body(report: OptimizeReport, show: str | None) -> list[Block]:
    if show == "cache":
        from planner.render.text_lever_cache import cache_blocks

        return cache_blocks(report.cache)
    if show == "batch":
        from planner.render.text_lever_batch import batch_blocks

        return batch_blocks(report.batch)
    if show == "route":
        from planner.render.text_lever_route import route_blocks

        return route_blocks(report.route)
    found = report.waterfall
    return [
        *(waterfall_blocks(found) if found is not None and found.steps else []),
        *checklist_blocks(report.checklist),
    ]


def _headline(report: OptimizeReport) -> str:
    found, baseline = report.waterfall, report.baseline
    if found is None or baseline is None:
        return f"Nothing to optimise: {report.reason}."
    if not found.steps:
        return (
            f"No lever is declared: {baseline.option} costs "
            f"{money_in_words(found.base_usd)} a month for tokens."
        )
    applied = [step for step in found.steps if step.applied]
    if not applied:
        names = and_list([lever_words(step.lever) for step in found.steps])
        return (
            f"No lever is applied ({names}: see below): {baseline.option} costs "
            f"{money_in_words(found.base_usd)} a month for tokens."
        )
    names = and_list([lever_words(step.lever) for step in applied])
    verb = "takes" if len(applied) == 1 else "take"
    more = "more" if found.saved_usd < 0 else "less"
    said = (
        f"{names[:1].upper()}{names[1:]} {verb} {baseline.option} from "
        f"{money_in_words(found.base_usd)} to {money_in_words(found.left_usd)} a month, "
        f"{percent(abs(found.saved_share))} {more}."
    )
    assumed = [lever_words(step.lever) for step in applied if not step.counts_in_recommend]
    if assumed:
        said += (
            f" Of that, {and_list(assumed)} {'is' if len(assumed) == 1 else 'are'} assumed: "
            f"without, it is {money_in_words(found.counted_left_usd)}."
        )
    return said


def _workload(report: OptimizeReport) -> Paragraph:
    scenario, baseline = report.scenario, report.baseline
    against = ""
    if baseline is not None:
        against = (
            f" Baseline: all on {baseline.option} without any lever, "
            f"{per_request(baseline.usd_per_request)} a request; savings are against it, mean of "
            f"{plural(scenario.horizon_months, 'month')}."
        )
    return Paragraph(
        f"Scenario {scenario.id} ({scenario.file}): {volume(scenario.requests_per_month)} requests "
        f"a month of {volume(scenario.input_tokens_mean)} input and "
        f"{volume(scenario.output_tokens_mean)} output tokens.{against}"
    )


_WATERFALL_COLUMNS = (
    Column(header="lever"),
    Column(header="saves", align="decimal"),
    Column(header="left", align="decimal"),
    Column(header="rank", align="right", priority=4),
    Column(header="mark"),
    Column(header="alone", align="decimal", priority=3),
    Column(header="last in", align="decimal", priority=3),
    Column(header="in reverse", align="decimal", priority=2),
    Column(header="fair share", align="decimal", priority=1),
)


def waterfall_blocks(found: WaterfallView) -> list[Block]:
    """The levers in order with what each leaves, the checks, and how they act on each other."""
    start = Row(("without levers", "", money(found.base_usd), "", "", "", "", "", ""))
    rows = (start, *(_step_row(step) for step in found.steps), _total_row(found))
    return [
        Heading("Levers on the residual spend, USD a month"),
        Grid(columns=_WATERFALL_COLUMNS, rows=rows),
        Paragraph(
            "Each lever acts on what those above leave; its own cost is inside. Alone: if it were "
            "the only one; last in: after all others; neither column adds up. In reverse: applied "
            "from the bottom up; fair share: the mean over all orders (Shapley). Mark ?: assumed, "
            "does not count in `recommend`."
        ),
        *_settings(found),
        *([Bullets(found.interactions)] if found.interactions else []),
    ]


def _step_row(step: LeverStepView) -> Row:
    return Row(
        (
            lever_words(step.lever),
            money(step.saves_usd),
            money(step.left_usd),
            str(step.rank),
            step.mark,
            money(step.stand_alone_usd),
            money(step.last_in_usd),
            money(step.reverse_usd),
            money(step.shapley_usd),
        )
    )


def _total_row(found: WaterfallView) -> Row:
    return Row(
        (
            f"all ({percent(found.saved_share)})",
            money(found.saved_usd),
            money(found.left_usd),
            NOT_APPLICABLE,
            "",
            NOT_APPLICABLE,
            NOT_APPLICABLE,
            money(found.saved_usd),
            money(found.saved_usd),
        ),
        is_total=True,
    )


def _settings(found: WaterfallView) -> list[Block]:
    columns = (
        Column(header="lever"),
        Column(header="setting", wraps=True),
        Column(header="basis"),
        Column(header="source", wraps=True),
    )
    rows = [(lever_words(s.lever), s.setting, s.basis, s.source) for s in found.steps]
    return [Grid.of(columns, rows)]


def checklist_blocks(steps: Sequence[ChecklistView]) -> list[Block]:
    """The seven steps in order, each with this scenario's own figure."""
    columns = (
        Column(header="step", align="right"),
        Column(header="what"),
        Column(header="status"),
        Column(header="this scenario", wraps=True),
        Column(header="see", wraps=True),
    )
    rows = [(str(s.step), s.name, s.status, s.figure, s.where) for s in steps]
    return [Heading("Checklist"), Grid.of(columns, rows)]


def _footer(report: OptimizeReport) -> Paragraph:
    prices = report.prices
    return Paragraph(
        f"Prices: {prices.snapshot} as of {prices.as_of}, "
        f"sha256 {prices.snapshot_sha256[:_SHOWN_HASH]}; planner {__version__}. "
        "Projection, not a bill."
    )

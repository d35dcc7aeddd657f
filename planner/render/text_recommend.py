"""The report of ``planner recommend`` in blocks, verdict first."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    per_request,
    percent,
    unit_cost,
)
from planner.render.payload_recommend import RecommendReport
from planner.render.payload_types import ArmView, CategoryView, OptionView
from planner.render.text_arms import commitment_blocks, time_blocks
from planner.render.text_breakeven_section import breakeven_blocks
from planner.render.text_check import check_blocks
from planner.render.text_common import (
    LEGEND,
    assumption_blocks,
    category_words,
    excluded_blocks,
    floor_cell,
    footer,
    workload_line,
)
from planner.render.text_flips import flip_blocks
from planner.render.text_optimize import checklist_blocks
from planner.render.text_recommend_levers import lever_blocks
from planner.render.text_uncertainty import first_flip_blocks, uncertainty_blocks
from planner.render.wording import and_list, hardware

__all__ = ["recommend_blocks"]

# Options that a note names before it counts the rest.
_NAMED_OPTIONS = 3
_CHOICES = {"chosen": "chosen", "runner_up": "runner-up", None: ""}
_OPTION_COLUMNS = (
    Column(header="choice"),
    Column(header="option", is_name=True),
    Column(header="total a month", align="decimal"),
    Column(header="marks"),
    Column(header="hardware", priority=1),
    Column(header="bill a month", align="decimal", priority=2),
    Column(header="$/1M tokens", align="decimal", priority=3),
    Column(header="used", align="decimal", priority=4),
    Column(header="$/request", align="decimal", priority=5),
    Column(header="arm", priority=6),
    Column(header="capacity from", priority=7),
    Column(header="deployable", priority=8),
)
_CATEGORIES = ("api_usage", "infrastructure", "engineering", "quality", "operational")


def recommend_blocks(
    report: RecommendReport, *, wide: bool = False, explanation: Sequence[Block] = ()
) -> list[Block]:
    """One scenario; ``explanation`` goes before the footer."""
    verdict = report.recommendation
    return [
        Paragraph(verdict.sentence, strong=True),
        *([Bullets(verdict.why)] if verdict.why else []),
        workload_line(report.scenario, report.demand),
        *flip_blocks(report.flips),
        *first_flip_blocks(report.uncertainty),
        *_option_blocks(report.options, wide=wide),
        *check_blocks(report.options),
        *commitment_blocks(report.options),
        *_tco_blocks(report.tco),
        *breakeven_blocks(report.breakeven, report.breakevens),
        *time_blocks(report.payback, report.api_price_declines),
        *uncertainty_blocks(report.uncertainty, wide=wide),
        *lever_blocks(report.levers),
        *checklist_blocks(report.checklist),
        *excluded_blocks(report.excluded, wide=wide),
        *assumption_blocks(report.assumptions, report.scenario),
        *explanation,
        footer(report.prices, report.conventions),
    ]


# --- Options -----------------------------------------------------------------------------------


def _option_blocks(options: Sequence[OptionView], *, wide: bool) -> list[Block]:
    return [
        Heading("Options"),
        Grid.of(_OPTION_COLUMNS, [_option_row(option) for option in options]),
        Paragraph(LEGEND),
        *([Bullets(notes)] if (notes := _option_notes(options, wide=wide)) else []),
    ]


def _option_notes(options: Sequence[OptionView], *, wide: bool) -> tuple[str, ...]:
    """What must be said about options, each thing once with the options it holds for."""

    def said_of(names: list[str]) -> str:
        more = 0 if wide else len(names) - _NAMED_OPTIONS
        if more < 2:
            return and_list(names)
        return f"{', '.join(names[:_NAMED_OPTIONS])} and {count(more)} more (--wide names them)"

    notes: dict[str, list[str]] = {}
    for option in options:
        for note in _notes_of(option):
            notes.setdefault(note, []).append(option.name)
    return tuple(f"{said_of(names)}: {note}" for note, names in notes.items())


def _notes_of(option: OptionView) -> tuple[str, ...]:
    if not option.feasible:
        return (f"not feasible: {option.reason}{_would(option)}",)
    if option.deployable:
        return option.warnings
    return (*option.warnings, f"not deployable: {option.deployable_reason}")


def _would(option: OptionView) -> str:
    cost = option.would_cost_monthly_usd
    return "" if cost is None else f" (it would cost {money(cost)} a month)"


def _option_row(option: OptionView) -> tuple[str, ...]:
    if not option.feasible:
        blank = (NOT_APPLICABLE,) * 6
        return (
            "not feasible",
            option.name,
            NOT_APPLICABLE,
            "",
            *blank[:5],
            option.arm,
            option.provider_of_capacity or NOT_APPLICABLE,
            NOT_APPLICABLE,
        )
    return (
        _CHOICES[option.choice],
        option.name,
        floor_cell(money(option.monthly_cost_usd), is_floor=option.is_floor),
        option.marks,
        _runs_on(option),
        money(option.bill_monthly_usd),
        unit_cost(option.usd_per_1m_tokens),
        percent(option.utilisation),
        per_request(option.usd_per_request),
        option.arm,
        option.provider_of_capacity or NOT_APPLICABLE,
        "yes" if option.deployable else "no",
    )


def _runs_on(option: OptionView) -> str:
    """``up to 8 x g7e.2xlarge tp1, 3.3 on average``; with growth ``8 x g5.xlarge tp1, later 9``."""
    found = hardware(option.instances, option.instance_type)
    if found is None:
        return NOT_APPLICABLE
    if option.tensor_parallel_size is not None:
        found = f"{found} tp{option.tensor_parallel_size}"
    mean, most = option.mean_instances, option.peak_instances
    if mean is not None and mean != option.instances:
        found = f"up to {found}, {mean:.1f} on average"
    # What the capacity check holds is the busiest month's.
    if most is None or option.instances is None or most <= option.instances:
        return found
    return f"{found}, later {count(most)}"


# --- Total cost of ownership -------------------------------------------------------------------


def _tco_blocks(arms: Sequence[ArmView]) -> list[Block]:
    known = [arm for arm in arms if arm.feasible]
    if not known:
        return []
    labels = ("chosen", "runner-up")[: len(known)]
    columns = [Column(header="category")]
    for label in labels:
        columns.append(Column(header=f"{label}, a month", align="decimal"))
        columns.append(Column(header="share", align="decimal"))
    rows = [_category_row(name, known) for name in _CATEGORIES]
    rows.append(_total_row(known))
    names = "; ".join(f"{label}: {arm.name}" for label, arm in zip(labels, known, strict=True))
    return [
        Heading("Total cost of ownership"),
        Paragraph(f"Mean month over the horizon. {names[:1].upper()}{names[1:]}."),
        Grid(columns=tuple(columns), rows=tuple(rows)),
        Paragraph(f"Shares are of the unrounded total; parts are rounded. {_per_unit(known)}"),
    ]


def _per_unit(arms: Sequence[ArmView]) -> str:
    figures = (
        ("a request", [per_request(arm.usd_per_request) for arm in arms]),
        ("1M tokens", [unit_cost(arm.usd_per_1m_tokens) for arm in arms]),
        ("a month without requests, on the bill", [money(arm.idle_monthly_usd) for arm in arms]),
    )
    costs = "; ".join(f"{what} {' against '.join(amounts)}" for what, amounts in figures)
    return f"{costs[:1].upper()}{costs[1:]}."


def _category_row(name: str, arms: Sequence[ArmView]) -> Row:
    cells = [category_words(name)]
    for arm in arms:
        category: CategoryView = getattr(arm.categories, name)
        given = category.monthly_usd is not None
        cells.append(money(category.monthly_usd) if given else "not given")
        cells.append(percent(category.share))
    return Row(tuple(cells))


def _total_row(arms: Sequence[ArmView]) -> Row:
    cells = ["total"]
    for arm in arms:
        cells.append(floor_cell(money(arm.monthly_total_usd), is_floor=arm.is_floor))
        cells.append("100 %" if arm.monthly_total_usd else NOT_APPLICABLE)
    return Row(tuple(cells), is_total=True)

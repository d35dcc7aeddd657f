"""The report of ``planner tco`` in blocks."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    money_in_words,
    per_request,
    percent,
    unit_cost,
)
from planner.render.payload_tco_report import TcoReport
from planner.render.payload_types import ArmView, BandView, CategoryView, LineView
from planner.render.text_common import (
    assumption_blocks,
    category_words,
    floor_cell,
    footer,
    workload_line,
)
from planner.render.wording import and_list, plural

__all__ = ["tco_blocks"]

_CATEGORIES = ("api_usage", "infrastructure", "engineering", "quality", "operational")
_VERDICTS = {"low": "below", "high": "above", "within": "within", "undefined": NOT_APPLICABLE}


def tco_blocks(
    report: TcoReport, *, wide: bool = False, explanation: Sequence[Block] = ()
) -> list[Block]:
    """Totals and shares of every option; bands, volumes and lines of the first (all: --wide)."""
    feasible = [arm for arm in report.arms if arm.feasible]
    detailed = feasible if wide else feasible[:1]
    return [
        Paragraph(_headline(report, feasible), strong=True),
        workload_line(report.scenario, report.demand),
        *_amount_blocks(report.arms),
        *_share_blocks(feasible),
        *_unit_blocks(report, feasible),
        *(block for arm in detailed for block in _detail_blocks(report, arm)),
        *assumption_blocks(report.assumptions, report.scenario),
        *explanation,
        footer(report.prices, report.conventions),
    ]


def _headline(report: TcoReport, feasible: Sequence[ArmView]) -> str:
    months = plural(report.scenario.horizon_months, "month")
    if not feasible:
        return f"No option is feasible over the {months}."
    first = feasible[0]
    floor = "at least " if first.is_floor else ""
    missing = f" ({and_list(first.missing)} not given)" if first.missing else ""
    return (
        f"{first.name} costs {floor}{money_in_words(first.monthly_total_usd)} a month in all, "
        f"mean of {months}{missing}."
    )


def _categories(arm: ArmView) -> list[CategoryView]:
    return [getattr(arm.categories, name) for name in _CATEGORIES]


def _amount_blocks(arms: Sequence[ArmView]) -> list[Block]:
    columns = (
        Column(header="option", is_name=True),
        *(Column(header=category_words(name), align="decimal") for name in _CATEGORIES),
        Column(header="total a month", align="decimal"),
    )
    infeasible = tuple(f"{arm.name}: {arm.reason}" for arm in arms if not arm.feasible)
    blocks: list[Block] = [
        Heading("Total cost of ownership, mean month"),
        Grid.of(columns, [_amount_row(arm) for arm in arms if arm.feasible]),
    ]
    if infeasible:
        blocks += [Paragraph("Not feasible:"), Bullets(infeasible)]
    return blocks


def _amount_row(arm: ArmView) -> tuple[str, ...]:
    cells = [
        "not given" if each.monthly_usd is None else money(each.monthly_usd)
        for each in _categories(arm)
    ]
    return (
        arm.name,
        *cells,
        floor_cell(money(arm.monthly_total_usd), is_floor=arm.is_floor),
    )


def _share_blocks(arms: Sequence[ArmView]) -> list[Block]:
    if not arms:
        return []
    columns = (
        Column(header="share of the total", is_name=True),
        *(Column(header=category_words(name), align="decimal") for name in _CATEGORIES),
    )
    rows = [(arm.name, *(percent(each.share) for each in _categories(arm))) for arm in arms]
    return [Grid.of(columns, rows), Paragraph("Parts are rounded; the unrounded ones add up.")]


def _unit_blocks(report: TcoReport, arms: Sequence[ArmView]) -> list[Block]:
    if not arms:
        return []
    rate = report.conventions.discount_rate_per_year
    columns = (
        Column(header="option", is_name=True),
        Column(header="per request", align="decimal"),
        Column(header="per 1M tokens", align="decimal"),
        Column(header="bill a month", align="decimal"),
        Column(header="without requests", align="decimal", priority=1),
        Column(header="horizon", align="decimal", priority=2),
        Column(header=f"present value at {percent(rate)}", align="decimal", priority=3),
    )
    rows = [
        (
            arm.name,
            per_request(arm.usd_per_request),
            unit_cost(arm.usd_per_1m_tokens),
            money(arm.bill_monthly_usd),
            money(arm.idle_monthly_usd),
            money(arm.horizon_total_usd),
            money(arm.npv_usd),
        )
        for arm in arms
    ]
    return [Heading("Per unit, and over the horizon"), Grid.of(columns, rows)]


# --- One option in detail ----------------------------------------------------------------------


def _detail_blocks(report: TcoReport, arm: ArmView) -> list[Block]:
    return [
        Heading(f"{arm.name}: lines"),
        Grid.of(_LINE_COLUMNS, [_line_row(line) for line in arm.lines]),
        Heading(f"{arm.name}: shares beside typical ones"),
        Grid.of(_BAND_COLUMNS, [_band_row(band) for band in arm.bands]),
        Paragraph("Typical shares are guidance: they do not add up, and no rule depends on them."),
        *_volume_blocks(arm),
        *_month_blocks(report, arm),
    ]


_LINE_COLUMNS = (
    Column(header="line", is_name=True),
    Column(header="category", priority=2),
    Column(header="a month", align="decimal"),
    Column(header="mark"),
    Column(header="how", wraps=True),
    Column(header="source", wraps=True, priority=1),
)


def _line_row(line: LineView) -> tuple[str, ...]:
    how = line.formula if line.reason_unpriced is None else line.reason_unpriced
    seen = "" if line.observed is None else f", {line.observed}"
    return (
        line.name,
        category_words(line.category),
        money(line.monthly_usd),
        line.mark,
        how,
        f"{line.source}{seen}",
    )


_BAND_COLUMNS = (
    Column(header="category"),
    Column(header="share", align="decimal"),
    Column(header="typical", align="right"),
    Column(header="this one is"),
)


def _band_row(band: BandView) -> tuple[str, ...]:
    note = " (not given)" if band.is_missing else ""
    return (
        category_words(band.category),
        percent(band.share),
        f"{band.typical_low * 100:.0f}–{band.typical_high * 100:.0f} %",
        f"{_VERDICTS[band.verdict]}{note}",
    )


def _volume_blocks(arm: ArmView) -> list[Block]:
    columns = (
        Column(header="volume", align="right"),
        Column(header="requests/day", align="right"),
        Column(header="total a month", align="decimal"),
        Column(header="API usage", align="decimal"),
        Column(header="its share", align="decimal"),
    )
    rows = [
        (
            f"{each.factor}x",
            count(each.requests_per_day),
            money(each.total_usd) if each.reason is None else each.reason,
            money(each.api_usage_usd) if each.reason is None else NOT_APPLICABLE,
            percent(each.api_share),
        )
        for each in arm.volumes
    ]
    said = "At the first month's prices, with people and fixed items as they are."
    if arm.api_half is not None:
        half = count(arm.api_half.requests_per_day)
        said += f" API usage is half of the total from {half} requests a day on."
    return [
        Heading(f"{arm.name}: over volume"),
        Grid.of(columns, rows),
        Paragraph(said),
    ]


def _month_blocks(report: TcoReport, arm: ArmView) -> list[Block]:
    """Months are worth a table only when they differ."""
    if len({(each.requests, each.total_usd) for each in arm.months}) < 2:
        return []
    columns = (
        Column(header="month", align="right"),
        Column(header="from"),
        Column(header="requests", align="right"),
        Column(header="total", align="decimal"),
        Column(header="bill", align="decimal"),
    )
    rows = [
        (
            count(each.month),
            each.starts_on.isoformat(),
            count(each.requests),
            money(each.total_usd),
            money(each.bill_usd),
        )
        for each in arm.months
    ]
    hidden = report.scenario.horizon_months - len(arm.months)
    more: list[Block] = []
    if hidden > 0:
        more = [Paragraph(f"{plural(hidden, 'month')} more, use --months.")]
    return [Heading(f"{arm.name}: month by month"), Grid.of(columns, rows), *more]

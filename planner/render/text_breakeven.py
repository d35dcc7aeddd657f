"""The report of ``planner breakeven`` in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    money,
    per_request,
    rate,
    unit_cost,
)
from planner.render.payload_breakeven_report import BreakevenReport, CurveView
from planner.render.payload_curve import CurvePoint, FactorView
from planner.render.text_axis import axis_blocks, drawing_blocks
from planner.render.text_breakeven_section import breakeven_blocks, pair_line
from planner.render.text_common import assumption_blocks, footer, workload_line
from planner.render.wording import and_list, hardware

__all__ = ["breakeven_report_blocks"]

_CURVE_COLUMNS = (
    Column(header="requests/month", align="right"),
    Column(header="requests/s", align="decimal", priority=2),
    Column(header="API", align="decimal"),
    Column(header="self-hosted", align="decimal"),
    Column(header="cheaper"),
    Column(header="on", priority=1),
    Column(header="option", is_name=True, priority=3),
)


def breakeven_report_blocks(
    report: BreakevenReport, *, explanation: Sequence[Block] = ()
) -> list[Block]:
    """The sentence, the winning ranges, each option alone, factors, curve, assumptions."""
    return [
        Paragraph(report.sentence, strong=True),
        workload_line(report.scenario, report.demand),
        *breakeven_blocks(report.breakeven, report.breakevens),
        *_alone_blocks(report),
        *_factor_blocks(report.factors),
        *_cost_blocks(report),
        *assumption_blocks(report.assumptions, report.scenario),
        *explanation,
        footer(report.prices, report.conventions),
    ]


def _alone_blocks(report: BreakevenReport) -> list[Block]:
    """Each self-hosted option by itself; with one, that is the table above."""
    if len(report.pairs) < 2:
        return []
    lines = tuple(f"{pair.selfhost} against {pair_line(pair.breakeven)}" for pair in report.pairs)
    return [Heading("Each self-hosted option alone"), Bullets(lines)]


# --- Factors -----------------------------------------------------------------------------------


def _factor_blocks(factors: Sequence[FactorView]) -> list[Block]:
    """The API and the cheapest self-hosted option stay; dearer ones go when it gets narrow."""
    if not factors:
        return []
    columns = (
        Column(header="factor"),
        *(
            Column(header=each.option, wraps=True, priority=max(0, place - 1))
            for place, each in enumerate(factors)
        ),
    )
    rows = [(label, *(cell(each) for each in factors)) for label, cell in _FACTORS]
    return [Heading("API against self-hosting"), Grid.of(columns, rows)]


def _usage(view: FactorView) -> str:
    per_token = unit_cost(view.usage_usd_per_1m_tokens)
    return f"{per_request(view.usage_usd_per_request)} a request, {per_token} per 1M tokens"


def _step(view: FactorView) -> str:
    if view.step is None:
        return "none"
    return f"{money(view.step.usd)} for every {count(view.step.requests_per_month)} requests"


def _breakeven(view: FactorView) -> str:
    if view.is_api:
        return NOT_APPLICABLE
    volume = view.breakeven_requests_per_month
    if volume is not None:
        return f"from {count(volume)} requests a month"
    return (view.breakeven_status or NOT_APPLICABLE).replace("_", " ")


def _operations(view: FactorView) -> str:
    missing = f"{and_list(view.labour_missing)} not given" if view.labour_missing else ""
    cost = view.labour_monthly_usd
    given = "" if cost is None else f"{money(cost)} of people and quality work"
    return ", ".join(part for part in (given, missing) if part)


_FACTORS: tuple[tuple[str, Callable[[FactorView], str]], ...] = (
    ("fixed, a month", lambda view: money(view.fixed_monthly_usd)),
    ("usage", _usage),
    ("capacity step", _step),
    ("breakeven", _breakeven),
    ("latency", lambda view: view.latency_control),
    ("operations", _operations),
    ("access", lambda view: view.access),
)


# --- Curve -------------------------------------------------------------------------------------


def _cost_blocks(report: BreakevenReport) -> list[Block]:
    """Over the input asked for; over volume with requests a second beside it."""
    if report.axis is not None and report.axis.axis != "volume":
        return axis_blocks(report.axis)
    return _curve_blocks(report.curve, [] if report.axis is None else drawing_blocks(report.axis))


def _curve_blocks(curve: CurveView, drawn: Sequence[Block]) -> list[Block]:
    if not curve.points:
        return []
    return [
        Heading("Cost over volume"),
        Paragraph(
            f"A month at the first month's prices: {curve.api} against the cheapest self-hosted "
            "hardware at each volume."
        ),
        *drawn,
        Grid.of(_CURVE_COLUMNS, [_curve_row(point) for point in curve.points]),
    ]


def _curve_row(point: CurvePoint) -> tuple[str, ...]:
    none = point.selfhost_monthly_usd is None
    return (
        count(point.requests_per_month),
        rate(point.requests_per_s),
        money(point.api_monthly_usd),
        "beyond limits" if none else money(point.selfhost_monthly_usd),
        "API" if point.cheaper == "api" else "self-hosting",
        hardware(point.instances, point.instance_type) or NOT_APPLICABLE,
        point.selfhost_option or NOT_APPLICABLE,
    )

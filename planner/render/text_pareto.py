"""The report of ``planner pareto`` in blocks and as CSV."""

from __future__ import annotations

from collections.abc import Sequence

from planner import __version__
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Verbatim
from planner.render.chart import pareto_chart
from planner.render.csv_ import csv_text
from planner.render.json_ import jsonable
from planner.render.numbers import (
    NOT_APPLICABLE,
    count,
    duration_ms,
    per_request,
    percent,
    unit_cost,
)
from planner.render.payload_pareto import AxisView, MixView, ParetoReport, PointView
from planner.render.text_chart import chart_lines
from planner.render.text_common import floor_cell
from planner.render.wording import and_list, plural

__all__ = ["axis_words", "pareto_blocks", "pareto_csv", "pareto_headline"]

_SHOWN_HASH = 12
_NAMED_DOMINATORS = 6
_WORDS = {"cost_usd_per_request": "cost", "quality": "quality", "latency_ms": "latency"}


def pareto_blocks(report: ParetoReport) -> list[Block]:
    """Headline, chart, the points, mixes, what a success costs, how sure the order is."""
    chart = pareto_chart(report)
    return [
        Paragraph(pareto_headline(report), strong=True),
        *([] if chart is None else [Verbatim(tuple(chart_lines(chart)))]),
        _grid(report),
        *_mix_blocks(report),
        *_success_blocks(report),
        *_left_out_blocks(report),
        Paragraph(_footer(report)),
    ]


def pareto_headline(report: ParetoReport) -> str:
    """How many are on the frontier, and of what."""
    points = [point for point in report.points if point.standing != "not_comparable"]
    verb = "is" if len(report.frontier) == 1 else "are"
    return (
        f"{count(len(report.frontier))} of {plural(len(points), 'configuration')} {verb} on the "
        f"frontier of {axis_words(report.axes)}."
    )


def axis_words(axes: Sequence[AxisView]) -> str:
    """``cost (less is better) and quality (more is better)``."""
    senses = {"min": "less is better", "max": "more is better"}
    return and_list([f"{_WORDS.get(axis.name, axis.name)} ({senses[axis.sense]})" for axis in axes])


# --- Table ---------------------------------------------------------------------------------------


def _grid(report: ParetoReport) -> Grid:
    points = report.points
    keys = {point.name: str(key) for key, point in enumerate(points, start=1)}
    others = sorted({name for point in points for name in point.values})
    columns = [
        Column(header="#", align="right"),
        Column(header="configuration", is_name=True),
        Column(header="per request", align="decimal"),
        Column(header="quality", align="decimal"),
        Column(header="latency", align="right"),
        *(Column(header=name, align="decimal") for name in others),
        Column(header="standing", wraps=True),
    ]
    rows = [
        [
            keys[point.name],
            point.name,
            _cost(point),
            _share(point.quality),
            NOT_APPLICABLE if point.latency_ms is None else duration_ms(point.latency_ms),
            *(_plain(point.values.get(name)) for name in others),
            _standing(point, keys),
        ]
        for point in points
    ]
    return _with_values(columns, rows)


def _with_values(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Grid:
    """Without the columns in which nobody has a value."""
    kept = [i for i in range(len(columns)) if any(row[i] != NOT_APPLICABLE for row in rows)]
    return Grid.of([columns[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _cost(point: PointView) -> str:
    if point.cost_usd_per_request is None:
        return NOT_APPLICABLE
    return floor_cell(per_request(point.cost_usd_per_request), is_floor=point.cost_is_floor)


def _share(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _interval(point: PointView) -> str:
    if point.quality_low is None or point.quality_high is None:
        return NOT_APPLICABLE
    return f"{point.quality_low:.3f}–{point.quality_high:.3f}"


def _plain(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else f"{value:,.6f}".rstrip("0").rstrip(".")


def _standing(point: PointView, keys: dict[str, str]) -> str:
    if point.standing == "not_comparable":
        return "a value is missing"
    if point.standing == "dominated":
        named = [keys[name] for name in point.dominated_by]
        more = len(named) - _NAMED_DOMINATORS
        shown = ", ".join(named[:_NAMED_DOMINATORS])
        return f"beaten by {shown}" + (f" and {count(more)} more" if more > 0 else "")
    if point.beaten_by_mix is not None:
        return "frontier, a mix beats it"
    if point.equal_to:
        return f"frontier, equal to {', '.join(keys[name] for name in point.equal_to)}"
    return "frontier"


# --- Below the table -----------------------------------------------------------------------------


def _mix_blocks(report: ParetoReport) -> list[Block]:
    items = tuple(
        f"{point.name}: {_mix_line(point, point.beaten_by_mix)}"
        for point in report.points
        if point.beaten_by_mix is not None
    )
    if report.reason_no_mixes is not None:
        return [Paragraph(f"No mixes: {report.reason_no_mixes}.")]
    if not items:
        return []
    return [
        Heading("Beaten by a mix"),
        Bullets(items),
        Paragraph(
            "A mix sends a share of the requests to each of two configurations, whatever they ask. "
            "Costs, success rates and mean latencies mix in that proportion; percentiles do not."
        ),
    ]


def _mix_line(point: PointView, mix: MixView) -> str:
    gains = [
        (per_request(mix.cost_usd_per_request), per_request(point.cost_usd_per_request), "{}")
        if mix.cost_usd_per_request is not None
        else None,
        (_share(mix.quality), _share(point.quality), "quality {}")
        if mix.quality is not None
        else None,
        (duration_ms(mix.latency_ms), duration_ms(point.latency_ms), "{}")
        if mix.latency_ms is not None and point.latency_ms is not None
        else None,
        *(
            (_plain(value), _plain(point.values.get(name)), name + " {}")
            for name, value in sorted(mix.values.items())
        ),
    ]
    said = [
        text.format(new) + (" as well" if new == old else f" instead of {old}")
        for new, old, text in filter(None, gains)
    ]
    return (
        f"{percent(mix.share_a)} to {mix.a} and {percent(mix.share_b)} to {mix.b} give "
        f"{and_list(said)}"
    )


def _success_blocks(report: ParetoReport) -> list[Block]:
    """What a success costs, and how sure the rates are."""
    points = report.points
    if not any(point.quality is not None for point in points):
        return []
    keys = {point.name: str(key) for key, point in enumerate(points, start=1)}
    columns = [
        Column(header="#", align="right"),
        Column(header="configuration", is_name=True),
        Column(header="per success", align="decimal"),
        Column(header="quality", align="decimal"),
        Column(header="trials", align="right"),
        Column(header="95 % interval"),
        Column(header="low sample"),
    ]
    rows = [
        [
            keys[point.name],
            point.name,
            NOT_APPLICABLE if point.usd_per_success is None else unit_cost(point.usd_per_success),
            _share(point.quality),
            NOT_APPLICABLE if point.trials is None else count(point.trials),
            _interval(point),
            f"against {', '.join(keys[name] for name in point.overlaps)}"
            if point.low_sample
            else NOT_APPLICABLE,
        ]
        for point in points
    ]
    grid = _with_values(columns, rows)
    return [Heading("Per success"), grid, Paragraph(_success_words(report))]


def _success_words(report: ParetoReport) -> str:
    said = "Failed requests are paid too: cost per success is cost ÷ success rate."
    if all(point.trials is None for point in report.points):
        return f"{said} No number of trials is known: quality is taken as certain, which it is not."
    if any(point.low_sample for point in report.points):
        said += (
            " Low sample: the interval overlaps that of a neighbour on the frontier, or of a "
            "configuration that beats it, so more trials may change the order."
        )
    return f"{said} Intervals: {report.interval.rule}, z = {report.interval.z}."


def _left_out_blocks(report: ParetoReport) -> list[Block]:
    items = tuple(f"{each.name}: {each.reason}" for each in report.left_out)
    return [Bullets((*items, *report.notes))] if items or report.notes else []


def _footer(report: ParetoReport) -> str:
    prices = report.prices
    if prices is None:
        return f"From {report.file} as it stands; planner {__version__}."
    return (
        f"Prices: {prices.snapshot} as of {prices.as_of}, sha256 "
        f"{prices.snapshot_sha256[:_SHOWN_HASH]}; planner {__version__}. Projection, not a bill."
    )


# --- CSV -----------------------------------------------------------------------------------------

_FIELDS = (
    "name", "standing", "cost_usd_per_request", "usd_per_success", "quality", "quality_low",
    "quality_high", "successes", "trials", "low_sample", "latency_ms",
)  # fmt: skip


def pareto_csv(report: ParetoReport) -> str:
    """One row for each point; dominators are separated by semicolons."""
    others = sorted({name for point in report.points for name in point.values})
    return csv_text(
        (*_FIELDS, *others, "dominated_by"),
        (
            (
                *(jsonable(getattr(point, name)) for name in _FIELDS),
                *(point.values.get(name) for name in others),
                "; ".join(point.dominated_by),
            )
            for point in report.points
        ),
    )

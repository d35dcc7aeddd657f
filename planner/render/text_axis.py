"""The costs of both sides along one input: crossings, drawing, table."""

from __future__ import annotations

from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Drawing, Grid, Heading, Paragraph
from planner.render.numbers import (
    NOT_APPLICABLE,
    money,
    multiple,
    percent,
    unit_cost,
    volume,
)
from planner.render.payload_axis import AxisPointView, AxisView
from planner.render.text_plot import Curve, Plot, plot_lines
from planner.render.wording import hardware

__all__ = ["axis_blocks", "crossing_lines", "drawing_blocks"]

_TITLES = {
    "volume": "volume",
    "output_tokens": "output tokens",
    "gpu_price": "GPU price",
    "api_price": "API price",
    "utilisation": "utilisation",
}
_WHAT_MOVES = {
    "volume": "Hardware is chosen again at each volume.",
    "output_tokens": "Answers so long at today's volume; each replica's capacity is judged again "
    "for them, and hardware chosen again.",
    "gpu_price": "All instance prices move together, at today's volume; hardware is chosen again.",
    "api_price": "All token prices of the API move together, at today's volume.",
    "utilisation": "The machines of the plan, spare included, serve more or fewer requests, which "
    "the API is paid for too. The service level bounds how busy they can be.",
}
_SIDES = {"api": "the API", "selfhost": "self-hosting"}


def axis_blocks(view: AxisView) -> list[Block]:
    """What moves, where the answer changes, the drawing and its points."""
    of = "" if view.of == "workload" else f" ({view.of})"
    columns = (
        Column(header=view.unit, align="right"),
        Column(header="API", align="decimal"),
        Column(header="self-hosted", align="decimal"),
        Column(header="cheaper"),
        Column(header="on", priority=1),
        Column(header="option", is_name=True, priority=2),
    )
    return [
        Heading(f"Cost over {_TITLES[view.axis]}"),
        Paragraph(
            f"A month at the first month's prices, {view.api} against self-hosting, by "
            f"{view.unit}{of}; today {_value(view, view.now)}. {_WHAT_MOVES[view.axis]}"
        ),
        Bullets(crossing_lines(view)),
        *drawing_blocks(view),
        Grid.of(columns, [_row(view, point) for point in view.points]),
    ]


def crossing_lines(view: AxisView) -> tuple[str, ...]:
    """Where the answer changes, each with its distance from today's value."""
    if not view.crossings:
        cheaper = _SIDES[view.points[0].cheaper]
        first, last = (_value(view, point.value) for point in (view.points[0], view.points[-1]))
        return (f"From {first} to {last} {cheaper} is always cheaper.",)
    return tuple(
        f"From {_value(view, each.value)} up ({multiple(each.value / view.now)} today's) "
        f"{_SIDES[each.then]} is cheaper."
        for each in view.crossings
    )


def _row(view: AxisView, point: AxisPointView) -> tuple[str, ...]:
    return (
        _value(view, point.value),
        money(point.api_monthly_usd),
        "beyond limits"
        if point.selfhost_monthly_usd is None
        else money(point.selfhost_monthly_usd),
        "API" if point.cheaper == "api" else "self-hosting",
        hardware(point.instances, point.instance_type) or NOT_APPLICABLE,
        point.selfhost_option or NOT_APPLICABLE,
    )


def _value(view: AxisView, value: Decimal) -> str:
    if view.axis == "utilisation":
        return percent(value)
    if view.unit == "USD per month":
        return money(value)
    return unit_cost(value) if view.unit.startswith("USD") else volume(value)


def drawing_blocks(view: AxisView) -> list[Block]:
    """The plot; none where it has one point or a cost is not above 0."""
    remote = [(float(p.value), float(p.api_monthly_usd)) for p in view.points]
    own = [
        (float(p.value), None if p.selfhost_monthly_usd is None else float(p.selfhost_monthly_usd))
        for p in view.points
    ]
    heights = [y for _, y in (*remote, *own) if y is not None]
    if len(view.points) < 2 or not heights or min(heights) <= 0:
        return []
    plot = Plot(
        curves=(
            Curve(sign="a", name="API", points=tuple(remote)),
            Curve(sign="s", name="self-hosting", points=tuple(own)),
        ),
        marks=tuple(float(each.value) for each in view.crossings),
        x_title=f"{view.unit} (log scale)",
        y_title="USD a month (log scale)",
        x_labels=(_value(view, view.points[0].value), _value(view, view.points[-1].value)),
        y_labels=(_dollars(min(heights)), _dollars(max(heights))),
    )
    return [Drawing(lambda width: plot_lines(plot, width))]


def _dollars(usd: float) -> str:
    return f"${usd:,.0f}" if usd >= 1 else f"${usd:.3g}"

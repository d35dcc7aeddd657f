"""A scatter chart as numbers: axes with ticks, points, the line of the frontier.

The terminal and the SVG file draw the same chart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from planner.render.payload_pareto import ParetoReport, PointView

__all__ = ["Chart", "ChartAxis", "Kind", "Mark", "Tick", "pareto_chart"]

Kind = Literal["frontier", "mixed", "dominated", "not_comparable"]

# From this ratio of largest to smallest on, an axis is logarithmic.
_LOG_FROM = 50
_TICKS = 6
_TITLES = {"cost_usd_per_request": "cost per request", "latency_ms": "latency"}
_UNITS = {"cost_usd_per_request": ", USD", "latency_ms": ", ms"}
# Room between the outermost points and the frame, as a share of the axis.
_MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis, 0 to 1 along it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAxis:
    """Title, ticks, and the place of a value, 0 to 1."""

    name: str
    title: str
    is_log: bool
    ticks: tuple[Tick, ...]
    place: Callable[[float], float]

    @property
    def full_title(self) -> str:
        """The title with its unit, and whether the axis is logarithmic."""
        unit = _UNITS.get(self.name, "")
        return f"{self.title}{unit}{' (log scale)' if self.is_log else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point: its key in the table, its place, and the ends of its interval on the y axis."""

    key: str
    x: float
    y: float
    low: float | None
    high: float | None
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The first axis of a report across, the second upwards.

    ``steps`` are the corners of the frontier of these two axes alone.
    """

    x: ChartAxis
    y: ChartAxis
    marks: tuple[Mark, ...]
    steps: tuple[tuple[float, float], ...]


def pareto_chart(report: ParetoReport) -> Chart | None:
    """The chart of a report; None with one axis, or without a point that has both values."""
    if len(report.axes) < 2:
        return None
    across, upwards = report.axes[0], report.axes[1]
    shown = [
        (str(key), point, x, y)
        for key, point in enumerate(report.points, start=1)
        if (x := _value(point, across.name)) is not None
        and (y := _value(point, upwards.name)) is not None
    ]
    if not shown:
        return None
    bounds = [
        bound
        for _, point, _, _ in shown
        if upwards.name == "quality"
        for bound in (point.quality_low, point.quality_high)
        if bound is not None
    ]
    x_axis = _axis(across.name, [x for _, _, x, _ in shown])
    y_axis = _axis(upwards.name, [*(y for _, _, _, y in shown), *bounds])
    marks = tuple(_mark(key, point, (x_axis.place(x), y_axis), y) for key, point, x, y in shown)
    signs = (across.sense == "min", upwards.sense == "min")
    corners = _steps([(x, y) for _, _, x, y in shown], signs)
    return Chart(
        x=x_axis,
        y=y_axis,
        marks=marks,
        steps=tuple((x_axis.place(x), y_axis.place(y)) for x, y in corners),
    )


def _mark(key: str, point: PointView, at: tuple[float, ChartAxis], y: float) -> Mark:
    x, axis = at
    low, high = point.quality_low, point.quality_high
    has_interval = axis.name == "quality" and low is not None and high is not None
    return Mark(
        key=key,
        x=x,
        y=axis.place(y),
        low=axis.place(low) if has_interval and low is not None else None,
        high=axis.place(high) if has_interval and high is not None else None,
        kind=_kind(point),
        name=point.name,
    )


def _kind(point: PointView) -> Kind:
    if point.standing != "frontier":
        return point.standing
    return "mixed" if point.beaten_by_mix is not None else "frontier"


def _value(point: PointView, name: str) -> float | None:
    if name == "cost_usd_per_request":
        cost = point.cost_usd_per_request
        return None if cost is None else float(cost)
    if name == "quality":
        return point.quality
    if name == "latency_ms":
        return point.latency_ms
    return point.values.get(name)


def _steps(
    points: Sequence[tuple[float, float]], less_is_better: tuple[bool, bool]
) -> list[tuple[float, float]]:
    """Corners of the staircase that bounds what is reached, from the best x on."""
    x_sign, y_sign = (1 if less else -1 for less in less_is_better)
    corners: list[tuple[float, float]] = []
    best: float | None = None
    for x, y in sorted(set(points), key=lambda p: (x_sign * p[0], y_sign * p[1])):
        if best is not None and y_sign * y >= y_sign * best:
            continue
        if best is not None:
            corners.append((x, best))
        corners.append((x, y))
        best = y
    return corners


# --- Axes ----------------------------------------------------------------------------------------


def _axis(name: str, values: Sequence[float]) -> ChartAxis:
    low, high = min(values), max(values)
    is_log = low > 0 and high / low >= _LOG_FROM
    forward: Callable[[float], float] = math.log10 if is_log else float
    start, end = forward(low), forward(high)
    room = (end - start) * _MARGIN or abs(end) * _MARGIN or 1.0
    start, end = start - room, end + room

    def place(value: float) -> float:
        return round((forward(value) - start) / (end - start), 9)

    steps = _decades(start, end) if is_log else _even(start, end)
    ticks = tuple(Tick(place(value), _label(name, value)) for value in steps)
    return ChartAxis(
        name=name, title=_TITLES.get(name, name), is_log=is_log, ticks=ticks, place=place
    )


def _decades(start: float, end: float) -> list[float]:
    """Powers of ten, each between them when there are few."""
    powers = [10.0**power for power in range(math.floor(start), math.ceil(end) + 1)]
    inner = (1, 2, 5) if end - start < 2 else (1,)
    values = [float(f"{step * power:.9g}") for power in powers for step in inner]
    return [value for value in values if start <= math.log10(value) <= end]


def _even(start: float, end: float) -> list[float]:
    """About six round values: steps of 1, 2 or 5 times a power of ten."""
    rough = (end - start) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
    first, last = math.ceil(start / step), math.floor(end / step)
    return [float(f"{number * step:.9g}") for number in range(first, last + 1)]


def _label(name: str, value: float) -> str:
    text = f"{value:.9f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
    return f"${text}" if name == "cost_usd_per_request" else text

"""Two cost curves in plain characters, as wide as the terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Curve", "Plot", "plot_lines"]

_HEIGHT = 16
_NARROWEST, _WIDEST = 32, 100
_BOTH = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points of positive x and y, ascending in x; None where it has no value."""

    sign: str
    name: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves over a logarithmic x axis; ``marks`` are places on it worth a line.

    ``x_labels`` and ``y_labels`` are the texts of the ends, low and high.
    """

    curves: tuple[Curve, ...]
    marks: tuple[float, ...]
    x_title: str
    y_title: str
    x_labels: tuple[str, str]
    y_labels: tuple[str, str]


def plot_lines(plot: Plot, width: int) -> tuple[str, ...]:
    """The drawing in at most ``width`` columns, but never narrower than is readable."""
    margin = max(len(label) for label in plot.y_labels) + 1
    columns = min(max(width, _NARROWEST), _WIDEST) - margin - 1
    xs = [x for curve in plot.curves for x, _ in curve.points]
    ys = [y for curve in plot.curves for _, y in curve.points if y is not None]
    if not ys:
        return ()
    across = _Scale.of(min(xs), max(xs), columns)
    up = _Scale.of(min(ys), max(ys), _HEIGHT)
    cells = [[" "] * columns for _ in range(_HEIGHT)]
    for mark in plot.marks:
        for row in cells:
            row[across.place(mark)] = ":"
    for curve in plot.curves:
        _draw(cells, curve, across, up)
    rows = [
        f"{label:>{margin - 1}} {edge}{''.join(row)}".rstrip()
        for row, label, edge in zip(cells, *_left_edge(plot.y_labels), strict=True)
    ]
    blank = " " * margin
    return (
        plot.y_title,
        *rows,
        f"{blank}+{'-' * columns}",
        f"{blank} {_between(*plot.x_labels, columns)}",
        f"{blank} {plot.x_title}",
        *(f"{blank} {line}" for line in _legend(plot, columns)),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Positive values spread over cells by their logarithm."""

    low: float
    span: float
    cells: int

    @classmethod
    def of(cls, low: float, high: float, cells: int) -> _Scale:
        return cls(math.log(low), math.log(high) - math.log(low), cells)

    def place(self, value: float) -> int:
        """The cell of a value, 0 the lowest."""
        share = (math.log(value) - self.low) / self.span if self.span else 0.0
        return min(max(round(share * (self.cells - 1)), 0), self.cells - 1)


def _draw(cells: list[list[str]], curve: Curve, across: _Scale, up: _Scale) -> None:
    """Every column between two points gets a sign, on the straight line of the logarithms."""
    for (x1, y1), (x2, y2) in zip(curve.points, curve.points[1:], strict=False):
        if y1 is None or y2 is None:
            continue
        first, last = across.place(x1), across.place(x2)
        for column in range(first, last + 1):
            share = (column - first) / (last - first) if last > first else 0.0
            height = math.exp(math.log(y1) + share * (math.log(y2) - math.log(y1)))
            row = cells[len(cells) - 1 - up.place(height)]
            taken = row[column]
            row[column] = curve.sign if taken in (" ", ":", curve.sign) else _BOTH


def _left_edge(labels: tuple[str, str]) -> tuple[list[str], list[str]]:
    low, high = labels
    blank = [""] * (_HEIGHT - 2)
    return [high, *blank, low], ["+", *("|" for _ in blank), "+"]


def _between(low: str, high: str, columns: int) -> str:
    return f"{low}{high:>{max(columns - len(low), len(high) + 1)}}"


def _legend(plot: Plot, columns: int) -> list[str]:
    """Each sign with its meaning, as many on a line as fit."""
    crossing = [": the cheaper side changes"] if plot.marks else []
    lines: list[str] = []
    for part in (*(f"{c.sign} {c.name}" for c in plot.curves), f"{_BOTH} both", *crossing):
        longer = f"{lines[-1]}   {part}" if lines else part
        if lines and len(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines

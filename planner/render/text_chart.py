"""A chart in characters that every terminal has."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from planner.render.chart import Chart, ChartAxis, Kind, Mark

__all__ = ["chart_lines"]

_WIDTH, _HEIGHT = 66, 18
_SIGNS: dict[Kind, str] = {"frontier": "*", "mixed": "+", "dominated": "o", "not_comparable": "x"}
# Columns to the right or left that a mark may give way by when its place is taken.
_WAYS = (0, 1, -1, 2, -2, 3, -3, 4, -4)


def chart_lines(chart: Chart) -> list[str]:
    """The plot, its axes and its legend; each point is a sign and its number in the table."""
    rows = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for x, y in _line(chart.steps):
        rows[y][x] = "."
    # Points of the frontier get their place first.
    for mark in sorted(chart.marks, key=lambda mark: mark.kind in ("dominated", "not_comparable")):
        _put(rows, mark)
    labels = {_row(tick.at): tick.label for tick in chart.y.ticks}
    margin = max((len(label) for label in labels.values()), default=0)
    lines = [chart.y.full_title]
    for number, row in enumerate(rows):
        label = labels.get(number, "")
        edge = "+" if number in labels else "|"
        lines.append(f"{label:>{margin}} {edge}{''.join(row)}".rstrip())
    blank = " " * (margin + 1)
    lines += [
        f"{blank}+{_ruler(chart.x)}",
        f"{blank} {_tick_labels(chart.x)}".rstrip(),
        f"{blank} {chart.x.full_title}",
        "",
        _legend(chart.marks),
    ]
    return lines


def _column(place: float) -> int:
    return min(max(round(place * (_WIDTH - 1)), 0), _WIDTH - 1)


def _row(place: float) -> int:
    return min(max(round((1 - place) * (_HEIGHT - 1)), 0), _HEIGHT - 1)


def _line(steps: Sequence[tuple[float, float]]) -> set[tuple[int, int]]:
    """The cells of the staircase."""
    cells: set[tuple[int, int]] = set()
    corners = [(_column(x), _row(y)) for x, y in steps]
    for (x1, y1), (x2, y2) in itertools.pairwise(corners):
        cells |= {(x, y1) for x in range(min(x1, x2), max(x1, x2) + 1)}
        cells |= {(x2, y) for y in range(min(y1, y2), max(y1, y2) + 1)}
    return cells


def _put(rows: list[list[str]], mark: Mark) -> None:
    text = _SIGNS[mark.kind] + mark.key
    row, column = rows[_row(mark.y)], _column(mark.x)
    for way in _WAYS:
        start = min(max(column + way, 0), _WIDTH - len(text))
        # Its own cells and one on each side, so that two numbers never run together.
        around = row[max(start - 1, 0) : start + len(text) + 1]
        if all(cell in " ." for cell in around):
            break
    else:
        start = min(column, _WIDTH - len(text))
    row[start : start + len(text)] = list(text)


def _ruler(axis: ChartAxis) -> str:
    cells = ["-"] * _WIDTH
    for tick in axis.ticks:
        cells[_column(tick.at)] = "+"
    return "".join(cells)


def _tick_labels(axis: ChartAxis) -> str:
    line = ""
    for tick in axis.ticks:
        start = max(_column(tick.at) - len(tick.label) // 2, 0)
        if not line or start > len(line):
            line = line.ljust(start) + tick.label
    return line


def _legend(marks: Sequence[Mark]) -> str:
    meanings: dict[Kind, str] = {
        "frontier": "* on the frontier",
        "mixed": "+ on it, but a mix beats it",
        "dominated": "o not on it",
        "not_comparable": "x not comparable, another value is missing",
    }
    kinds = [text for kind, text in meanings.items() if any(mark.kind == kind for mark in marks)]
    return f"{', '.join(kinds)}; dots: frontier of these two axes"

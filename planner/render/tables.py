"""Lays a grid out in columns of text: no number is ever cut, whole columns go instead."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.render.blocks import Column, Grid, Row

__all__ = ["display_width", "shorten_names", "table_lines"]

_GAP = "  "
_SHORTEST_NAME = 32
_NARROWEST_TEXT = 24
_MIDDLE = ".."


@dataclass(frozen=True, slots=True)
class _Laid:
    """Columns with their cells as text, before widths are shared out."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def widths(self) -> list[int]:
        return [
            max(display_width(text) for text in (column.header, *(r.cells[i] for r in self.rows)))
            for i, column in enumerate(self.columns)
        ]

    def least(self, index: int) -> int:
        """What a column can be narrowed to: a name keeps some letters, text its longest part."""
        column = self.columns[index]
        if column.is_name:
            return max(_SHORTEST_NAME, display_width(column.header))
        texts = (column.header, *(row.cells[index] for row in self.rows))
        parts = (part for text in texts for word in text.split() for part in _parts(word))
        return max(_NARROWEST_TEXT, *(display_width(part) for part in parts), 0)

    def fitted(self, width: int | None) -> list[int]:
        """Widths that add up to ``width`` where names and running text can give way."""
        widths = self.widths()
        if width is None:
            return widths
        for kind in ("wraps", "is_name"):
            least = {i: self.least(i) for i, c in enumerate(self.columns) if getattr(c, kind)}
            excess = _total(widths) - width
            while excess > 0 and (wide := [i for i in least if widths[i] > least[i]]):
                widths[max(wide, key=lambda i: widths[i])] -= 1
                excess -= 1
        return widths

    def without(self, index: int) -> _Laid:
        def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
            return cells[:index] + cells[index + 1 :]

        return _Laid(
            self.columns[:index] + self.columns[index + 1 :],
            tuple(replace(row, cells=cut(row.cells)) for row in self.rows),
        )


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def table_lines(grid: Grid, width: int | None) -> list[str]:
    """The grid in at most ``width`` columns, as far as whole numbers allow; None: no limit.

    A last line says how many columns are hidden.
    """
    laid = _aligned(grid)
    hidden = 0
    if width is not None:
        laid, hidden = _without_columns(laid, width)
    widths = laid.fitted(width)
    headers = [
        _wrapped(column.header, each) if column.wraps else [column.header]
        for column, each in zip(laid.columns, widths, strict=True)
    ]
    rule = _GAP.join("-" * each for each in widths)
    lines = [*_row_lines(headers, laid.columns, widths), rule]
    cells_by_row = _narrowed(laid, widths)
    for row, cells in zip(laid.rows, cells_by_row, strict=True):
        if row.is_total:
            lines.append(rule)
        lines += _row_lines(cells, laid.columns, widths)
    if hidden:
        lines.append(f"{hidden} column{'s' if hidden > 1 else ''} hidden, use --wide")
    return lines


def display_width(text: str) -> int:
    """Terminal columns of ``text``; wide East Asian characters take two."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in ("W", "F")
        else 1
        for character in text
    )


def shorten_names(names: Sequence[str], width: int) -> list[str]:
    """Each name in at most ``width`` columns, its middle left out; different names stay different.

    Where that cannot be, the names that would collide keep their full length.
    """
    short = [_shortened(name, width) for name in names]
    originals: dict[str, set[str]] = {}
    for name, text in zip(names, short, strict=True):
        originals.setdefault(text, set()).add(name)
    return [
        text if len(originals[text]) == 1 else name for name, text in zip(names, short, strict=True)
    ]


def _shortened(name: str, width: int) -> str:
    if display_width(name) <= width:
        return name
    kept = width - len(_MIDDLE)
    head = kept // 2
    return f"{name[:head]}{_MIDDLE}{name[len(name) - (kept - head) :]}"


def _aligned(grid: Grid) -> _Laid:
    """Cells of decimal columns padded so that their points stand under each other."""
    columns = list(zip(*(row.cells for row in grid.rows), strict=True)) if grid.rows else []
    texts = [
        _on_the_point(cells) if column.align == "decimal" else list(cells)
        for column, cells in zip(grid.columns, columns, strict=False)
    ]
    rows = tuple(
        replace(row, cells=tuple(cells[i] for cells in texts)) for i, row in enumerate(grid.rows)
    )
    return _Laid(grid.columns, rows)


def _on_the_point(cells: Sequence[str]) -> list[str]:
    tails = [_tail(cell) for cell in cells]
    longest = max((tail for tail in tails if tail is not None), default=0)
    return [
        cell if tail is None else cell + " " * (longest - tail)
        for cell, tail in zip(cells, tails, strict=True)
    ]


def _tail(cell: str) -> int | None:
    """Length from the decimal point on; None for a cell that is no number."""
    number, _, unit = cell.partition(" ")
    if number in ("<", ">", "≥", ">="):
        number, _, unit = unit.partition(" ")
    if not any(character.isdigit() for character in number):
        return None
    _, point, decimals = number.partition(".")
    return len(point) + len(decimals) + (1 + len(unit) if unit else 0)


def _without_columns(laid: _Laid, width: int) -> tuple[_Laid, int]:
    hidden = 0
    while True:
        if _total(laid.fitted(width)) <= width:
            return laid, hidden
        droppable = [i for i, column in enumerate(laid.columns) if column.priority > 0]
        if not droppable:
            return laid, hidden
        last = max(droppable, key=lambda i: (laid.columns[i].priority, i))
        laid = laid.without(last)
        hidden += 1


def _narrowed(laid: _Laid, widths: Sequence[int]) -> list[list[list[str]]]:
    """For each row and column the lines of its cell."""
    by_column: list[list[list[str]]] = []
    for index, (column, width) in enumerate(zip(laid.columns, widths, strict=True)):
        cells = [row.cells[index] for row in laid.rows]
        if column.is_name:
            cells = shorten_names(cells, width)
        by_column.append([_wrapped(cell, width) if column.wraps else [cell] for cell in cells])
    return [list(cells) for cells in zip(*by_column, strict=True)]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of ``text``; a word that is longer than a line goes on after ``/``, ``-`` or ``_``."""
    words = (piece for word in text.split() for piece in _pieces(word, width))
    broken = " ".join(words)
    return textwrap.wrap(broken, width, break_long_words=False, break_on_hyphens=False) or [""]


def _pieces(word: str, width: int) -> list[str]:
    """``word`` in pieces of at most ``width``, as far as its parts allow, each as long as can be.

    Two neighbours never fit on one line, so that the blank between them is never seen.
    """
    if display_width(word) <= width:
        return [word]
    pieces = [""]
    for part in _parts(word):
        if pieces[-1] and display_width(pieces[-1] + part) > width:
            pieces.append("")
        pieces[-1] += part
    return pieces


def _parts(word: str) -> list[str]:
    """A long word's parts; figures and short words are one part."""
    if len(word) <= _NARROWEST_TEXT:
        return [word]
    return re.findall(r"[^/_-]*[/_-]|[^/_-]+", word)


def _row_lines(
    cells: Sequence[Sequence[str]], columns: Sequence[Column], widths: Sequence[int]
) -> list[str]:
    height = max(len(lines) for lines in cells)
    return [
        _line([lines[i] if i < len(lines) else "" for lines in cells], columns, widths)
        for i in range(height)
    ]


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = (
        _padded(cell, width, right=column.align != "left")
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _padded(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - display_width(text))
    return blank + text if right else text + blank

"""A report as a list of blocks, which text and markdown show each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Block",
    "Bullets",
    "Column",
    "Drawing",
    "Grid",
    "Heading",
    "Paragraph",
    "Row",
    "Verbatim",
]

Align = Literal["left", "right", "decimal"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; ``level`` 1 is the report's own, 2 a section's."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; ``strong`` for the verdict."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, one item a line or more."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that keep their spaces and are never wrapped."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines of plain characters made for a width in columns; none where nothing can be drawn."""

    lines: Callable[[int], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a grid.

    ``decimal`` aligns numbers on their point. Where a grid is too wide, ``is_name`` columns are
    shortened in the middle, ``wraps`` columns broken into lines, and then columns dropped, the
    highest ``priority`` number first; 0 is never dropped.
    """

    header: str
    align: Align = "left"
    priority: int = 0
    is_name: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row; a rule is drawn above a total."""

    cells: tuple[str, ...]
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @staticmethod
    def of(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Grid:
        """A grid without total rows."""
        return Grid(columns=tuple(columns), rows=tuple(Row(tuple(cells)) for cells in rows))


Block = Heading | Paragraph | Bullets | Verbatim | Drawing | Grid

"""Blocks as plain text for a terminal or a file."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from planner.render.blocks import Block, Bullets, Drawing, Grid, Heading, Paragraph, Row, Verbatim
from planner.render.tables import display_width, table_lines

__all__ = ["TextStyle", "text_of"]

# Of a drawing where lines may be as long as they like.
_DRAWN_WIDTH = 100
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """How text is laid out.

    ``width`` is None for lines as long as they come (``--wide``). ``characters`` maps all text to
    what the output can show, before anything is aligned.
    """

    width: int | None = 100
    color: bool = False
    characters: Callable[[str], str] = _unchanged


def text_of(blocks: Iterable[Block], style: TextStyle) -> str:
    """The report; blocks are separated by an empty line, a heading stands on its block."""
    parts: list[str] = []
    for block in blocks:
        lines = _lines(block, style)
        if parts and not isinstance(block, Heading) and parts[-1].endswith("\n"):
            parts[-1] = parts[-1] + "\n".join(lines)
        else:
            parts.append("\n".join(lines) + ("\n" if isinstance(block, Heading) else ""))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _lines(block: Block, style: TextStyle) -> list[str]:
    show = style.characters
    match block:
        case Heading(text=text, level=level):
            text = show(text)
            line = "=" if level == 1 else "-"
            return [_strong(text, style), line * display_width(text)]
        case Paragraph(text=text, strong=strong):
            lines = _wrapped(show(text), style, "")
            return [_strong(line, style) for line in lines] if strong else lines
        case Bullets(items=items):
            return [line for item in items for line in _wrapped(f"- {show(item)}", style, "  ")]
        case Verbatim(lines=lines):
            return [show(line) for line in lines]
        case Drawing(lines=draw):
            return [show(line) for line in draw(style.width or _DRAWN_WIDTH)]
        case Grid():
            return table_lines(_shown(block, show), style.width)


def _strong(text: str, style: TextStyle) -> str:
    return f"{_BOLD}{text}{_PLAIN}" if style.color else text


def _wrapped(text: str, style: TextStyle, indent: str) -> list[str]:
    if style.width is None:
        return [text]
    return textwrap.wrap(
        text,
        style.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _shown(grid: Grid, show: Callable[[str], str]) -> Grid:
    return Grid(
        columns=tuple(replace(column, header=show(column.header)) for column in grid.columns),
        rows=tuple(
            Row(tuple(show(cell) for cell in row.cells), is_total=row.is_total) for row in grid.rows
        ),
    )

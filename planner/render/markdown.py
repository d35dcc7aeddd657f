"""Blocks as GitHub markdown; every column of a table is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planner.render.blocks import Block, Bullets, Drawing, Grid, Heading, Paragraph, Verbatim

__all__ = ["escape", "markdown_of"]

# What would start emphasis, a link, HTML, a table cell or code in the middle of a line.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
# What would start a list or a heading at the beginning of one.
_AT_START = re.compile(r"^(\d*)(#|[-+](?=\s)|[.)](?=\s))")

# GitHub shows about as many columns of code without a scroll bar.
_DRAWN_WIDTH = 100


def escape(text: str) -> str:
    """``text`` so that GitHub shows it as it is, on one line."""
    one_line = " ".join(text.split())
    escaped = _SPECIAL.sub(r"\\\1", one_line)
    # A zero-width space keeps an @ from notifying the person of that name.
    escaped = escaped.replace("@", "@\u200b")
    return _AT_START.sub(r"\1\\\2", escaped)


def markdown_of(blocks: Iterable[Block]) -> str:
    """The report as markdown text, ending in one newline."""
    return "\n\n".join(_text(block) for block in blocks) + "\n"


def _text(block: Block) -> str:
    match block:
        case Heading(text=text, level=level):
            return f"{'#' * level} {escape(text)}"
        case Paragraph(text=text, strong=strong):
            return f"**{escape(text)}**" if strong else escape(text)
        case Bullets(items=items):
            return "\n".join(f"- {escape(item)}" for item in items)
        case Verbatim(lines=lines):
            fence = _fence(lines)
            return "\n".join((f"{fence}text", *lines, fence))
        case Drawing(lines=draw):
            return _text(Verbatim(draw(_DRAWN_WIDTH)))
        case Grid():
            return _table(block)


def _fence(lines: Iterable[str]) -> str:
    """A fence longer than any run of backticks inside."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    return "`" * max(3, longest + 1)


def _table(grid: Grid) -> str:
    rulers = (":---" if column.align == "left" else "---:" for column in grid.columns)
    return "\n".join(
        (
            _row(column.header for column in grid.columns),
            f"| {' | '.join(rulers)} |",
            *(_row(row.cells) for row in grid.rows),
        )
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escape(cell) for cell in cells)} |"

"""Rows of CSV, where a stray quote costs one row and not the rest of the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO

from planner.actuals.reading.lines import Line, lines
from planner.actuals.reading.rows import LONGEST_ROW_BYTES, BadRow, GoodRow

__all__ = ["csv_rows", "delimiter_of"]

_DELIMITERS = (",", "\t", ";", "|")
# A quoted cell may hold a prompt of many lines; beyond, its closing quote is missing.
_MOST_LINES = 10_000


def delimiter_of(header: str) -> str:
    """The delimiter that gives a header the most columns."""
    return max(_DELIMITERS, key=lambda mark: (header.count(mark), -_DELIMITERS.index(mark)))


def csv_rows(stream: IO[bytes]) -> Iterator[GoodRow | BadRow]:
    """One row a record, by the names in the first line; empty cells are left out."""
    csv.field_size_limit(LONGEST_ROW_BYTES)
    waiting = _Lines(lines(stream))
    header = waiting.next()
    while isinstance(header, tuple) and not header[1].strip():
        header = waiting.next()
    if not isinstance(header, tuple):
        if header is not None:
            yield header
        return
    mark = delimiter_of(header[1])
    names = [name.strip() for name in _cells(header[1], mark) or ()]
    while (line := waiting.next()) is not None:
        if isinstance(line, BadRow):
            yield line
        elif line[1].strip():
            yield _record(line, waiting, names, mark)


class _Lines:
    """Lines of which some may be put back."""

    def __init__(self, source: Iterator[Line | BadRow]) -> None:
        self._source = source
        self._back: list[Line | BadRow] = []

    def next(self) -> Line | BadRow | None:
        return self._back.pop() if self._back else next(self._source, None)

    def put_back(self, taken: Sequence[Line | BadRow]) -> None:
        self._back.extend(reversed(taken))


def _record(line: Line, waiting: _Lines, names: list[str], mark: str) -> GoodRow | BadRow:
    number, text = line
    if _is_open(text):
        whole = _closed(text, waiting, names, mark)
        if whole is not None:
            return GoodRow(line=number, data=_named(names, whole))
    cells = _cells(text, mark)
    if cells is None:
        return BadRow(line=number, reason="not CSV: a quoted cell is not closed")
    if len(cells) != len(names):
        return BadRow(
            line=number, reason=f"{len(cells)} cells, where the header names {len(names)}"
        )
    return GoodRow(line=number, data=_named(names, cells))


def _is_open(text: str) -> bool:
    """Whether a quote is not closed at the end of the line: quotes inside a cell are doubled."""
    return text.count('"') % 2 == 1


def _closed(text: str, waiting: _Lines, names: list[str], mark: str) -> list[str] | None:
    """The cells of a record over several lines; None, and the lines put back, when it is not."""
    parts, taken, length = [text], list[Line | BadRow](), len(text)
    while len(taken) < _MOST_LINES and length < LONGEST_ROW_BYTES:
        following = waiting.next()
        if following is None:
            break
        taken.append(following)
        if isinstance(following, BadRow):
            break
        parts.append(following[1])
        length += len(following[1])
        if _is_open(following[1]):
            cells = _cells("\n".join(parts), mark)
            if cells is not None and len(cells) == len(names):
                return cells
            break
    waiting.put_back(taken)
    return None


def _cells(text: str, mark: str) -> list[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _named(names: list[str], cells: list[str]) -> dict[str, str]:
    return {name: cell for name, cell in zip(names, cells, strict=True) if cell != ""}

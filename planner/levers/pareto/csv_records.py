"""Rows of a CSV file by field, and what is wrong in it, each with its line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.demand.problems import did_you_mean
from planner.errors import Problem, ScenarioError

__all__ = ["Cell", "CsvProblems", "CsvRecord", "csv_records"]

_MOST_ROWS = 5000
_LONGEST_SHOWN_LINE = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell without the blanks around it, and the column (from 1) it begins at."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The cells of one row by field; ``source`` is the line itself."""

    line: int
    source: str
    cells: Mapping[str, Cell]

    def text(self, field: str) -> str:
        """The text of a field; empty when the cell is, or the file has no such column."""
        cell = self.cells.get(field)
        return "" if cell is None else cell.text


class CsvProblems:
    """Collects what is wrong in one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Problem] = []

    def add(self, message: str) -> None:
        """A problem of the whole file."""
        self._found.append(Problem(file=self._file, message=message))

    def add_line(self, message: str, line: int, source: str | None, column: int = 1) -> None:
        """A problem at a place of a line."""
        self._append(message, line, source, column, "")

    def add_cell(self, record: CsvRecord, field: str, message: str) -> None:
        """A problem of one cell."""
        cell = record.cells.get(field)
        self._append(message, record.line, record.source, 1 if cell is None else cell.column, field)

    def _append(self, message: str, line: int, source: str | None, column: int, field: str) -> None:
        shown = source if source is not None and len(source) <= _LONGEST_SHOWN_LINE else None
        self._found.append(
            Problem(
                file=self._file,
                message=message,
                path=field,
                line=line,
                column=column,
                source_line=shown,
            )
        )

    def stop(self) -> None:
        """ScenarioError with all problems, if there are any."""
        if self._found:
            raise ScenarioError(tuple(self._found))


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    source: str
    cells: list[str]


def csv_records(
    text: str, columns: Mapping[str, str], required: Sequence[str], problems: CsvProblems
) -> list[CsvRecord]:
    """The rows of ``text``, empty ones left out.

    ``columns`` says which column holds which field; those of ``required`` must be there. Rows of
    another length than the header go to ``problems``; ScenarioError for a header that cannot be
    used, or for more rows than can be compared.
    """
    rows = _rows(text, problems)
    if not rows:
        problems.add("no row that can be read; the first line names the columns, `name` among them")
        problems.stop()
    header, body = rows[0], rows[1:]
    places = _places(header, columns, required, problems)
    if not body:
        problems.add_line("a header and no row; give one configuration a row", header.line, None)
    if len(body) > _MOST_ROWS:
        problems.add(
            f"{len(body):,} rows, and at most {_MOST_ROWS:,} can be compared: give one row for "
            "each configuration, not for each request"
        )
    problems.stop()
    return [_record(row, places) for row in body if _has_length(row, len(header.cells), problems)]


def _rows(text: str, problems: CsvProblems) -> list[_Row]:
    """Each row that is not empty, with the line it begins on."""
    lines = text.split("\n")
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[_Row] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_Row(line, lines[line - 1], cells))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add_line(f"cannot be read as CSV from here on: {error}", line, None)
    return rows


def _starts(source: str) -> list[int]:
    """Columns (from 1) where the cells of a line begin; commas in quotes do not end one."""
    starts, quoted = [1], False
    for place, character in enumerate(source, start=1):
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            starts.append(place + 1)
    return starts


def _places(
    header: _Row, columns: Mapping[str, str], required: Sequence[str], problems: CsvProblems
) -> dict[str, int]:
    """Where each field stands; problems for columns that are missing or doubled."""
    titles = [title.strip() for title in header.cells]
    starts = _starts(header.source)
    for i, title in enumerate(titles):
        if title and title in titles[:i]:
            column = starts[i] if i < len(starts) else 1
            problems.add_line(
                f"the column `{title}` is there twice", header.line, header.source, column
            )
    for field in sorted(required):
        if columns[field] not in titles:
            message = _no_column(field, columns[field], titles)
            problems.add_line(message, header.line, header.source)
    return {field: titles.index(title) for field, title in columns.items() if title in titles}


def _no_column(field: str, title: str, titles: Sequence[str]) -> str:
    if len(titles) == 1 and ";" in titles[0]:
        return f"no column `{title}`: cells are separated by `;` here; separate them by commas"
    has = ", ".join(f"`{each}`" for each in titles if each)
    how = f"; --column {field}=COLUMN names another one" if title == field else ""
    return f"no column `{title}`{did_you_mean(title, titles)}; there are {has}{how}"


def _has_length(row: _Row, length: int, problems: CsvProblems) -> bool:
    if len(row.cells) == length:
        return True
    problems.add_line(
        f"{len(row.cells)} cells, the header has {length}; quote a cell that has a comma",
        row.line,
        row.source,
    )
    return False


def _record(row: _Row, places: Mapping[str, int]) -> CsvRecord:
    starts = _starts(row.source)
    # A cell with a line break in it: the columns of the first line say nothing of what follows.
    known = starts if len(starts) == len(row.cells) else [1] * len(row.cells)
    cells = {field: Cell(row.cells[i].strip(), known[i]) for field, i in places.items()}
    return CsvRecord(row.line, row.source, cells)

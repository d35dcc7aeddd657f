"""Reads a CSV file of measured runs; every problem in it is reported at once."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from planner.errors import InputError, Problem, ScenarioError
from planner.files import read_text
from planner.serving.backtest.naming import conventions, spread_of
from planner.serving.backtest.types import Row
from planner.serving.measured.types import LoadKind

__all__ = ["COLUMNS", "OPTIONAL_COLUMNS", "parse_rows", "read_rows"]

COLUMNS = (
    "id",
    "source",
    "model",
    "precision",
    "gpu",
    "tp",
    "isl",
    "osl",
    "load_kind",
    "load_value",
    "out_tok_s",
)
OPTIONAL_COLUMNS = (
    "engine",
    "engine_version",
    "n_gpu",
    "ttft_ms",
    "ttft_stat",
    "tpot_ms",
    "tpot_stat",
    "notes",
)
_MEASURED = ("out_tok_s", "ttft_ms", "tpot_ms")
_MOST_TOKENS = 1e8


def read_rows(path: Path) -> tuple[Row, ...]:
    """The rows of a file; ScenarioError with every problem, InputError when it cannot be read."""
    return parse_rows(read_text(path), str(path))


def parse_rows(text: str, name: str) -> tuple[Row, ...]:
    """The rows of a CSV text that messages call ``name``; errors as of ``read_rows``."""
    lines = text.splitlines()
    try:
        table = list(_numbered(csv.reader(lines, strict=True)))
    except csv.Error as error:
        raise InputError(
            f"{name}: not a CSV file that can be read: {error}; quote fields that hold commas or "
            "quotation marks"
        ) from error
    if len(table) < 2:
        raise InputError(f"{name}: holds no rows; expected a header with {', '.join(COLUMNS)}")
    header = [cell.strip() for cell in table[0][1]]
    _check_header(header, name, lines[0])
    reader = _Reader(file=name, lines=lines, header=header)
    rows = [reader.row(line, cells) for line, cells in table[1:] if any(cells)]
    if reader.problems:
        raise ScenarioError(tuple(reader.problems))
    return tuple(row for row in rows if row is not None)


def _numbered(reader: Iterable[list[str]]) -> Iterable[tuple[int, list[str]]]:
    """Records with the line they begin on."""
    start = 1
    for record in reader:
        yield start, record
        start = reader.line_num + 1  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


def _check_header(header: Sequence[str], name: str, line: str) -> None:
    problems: list[Problem] = []
    for wanted in COLUMNS:
        if wanted not in header:
            near = difflib.get_close_matches(wanted, header, n=1, cutoff=0.6)
            hint = f"; is `{near[0]}` meant?" if near else ""
            problems.append(
                Problem(
                    file=name,
                    message=f"no column `{wanted}`{hint}",
                    line=1,
                    column=1,
                    source_line=line,
                )
            )
    for again in sorted({cell for cell in header if cell and header.count(cell) > 1}):
        problems.append(
            Problem(file=name, message=f"two columns `{again}`", line=1, column=1, source_line=line)
        )
    if problems:
        raise ScenarioError(tuple(problems))


@dataclass(slots=True)
class _Reader:
    """Turns records into rows and collects what is wrong with them."""

    file: str
    lines: Sequence[str]
    header: Sequence[str]
    problems: list[Problem] = field(default_factory=list[Problem])
    ids: dict[str, int] = field(default_factory=dict[str, int])

    def row(self, line: int, cells: list[str]) -> Row | None:
        """The row of a record; None when something in it is wrong."""
        before = len(self.problems)
        if len(cells) != len(self.header):
            self._say(
                line,
                "",
                f"{len(cells)} fields, the header has {len(self.header)}",
            )
            return None
        raw = dict(zip(self.header, (cell.strip() for cell in cells), strict=True))
        row = self._row(line, raw)
        return row if len(self.problems) == before else None

    def _row(self, line: int, raw: Mapping[str, str]) -> Row:
        self._check_id(line, raw)
        if not any(raw.get(name) for name in _MEASURED):
            self._say(line, "out_tok_s", f"no measured figure: {', '.join(_MEASURED)} are empty")
        spread = spread_of(raw["source"])
        scale = sum(spread) / 2.0 if spread else 1.0
        degree = self._count(line, raw, "tp")
        return Row(
            line=line,
            id=raw["id"],
            source=self._text(line, raw, "source"),
            model=self._text(line, raw, "model"),
            precision=self._text(line, raw, "precision"),
            engine=raw.get("engine") or "vllm",
            engine_version=raw.get("engine_version", ""),
            gpu=self._text(line, raw, "gpu"),
            gpu_count=self._count(line, raw, "n_gpu") if raw.get("n_gpu") else degree,
            tensor_parallel_size=degree,
            input_tokens=self._number(line, raw, "isl", most=_MOST_TOKENS) * scale,
            output_tokens=self._number(line, raw, "osl", most=_MOST_TOKENS) * scale,
            spread=None if spread is None else (spread[0] / scale, spread[1] / scale),
            load_kind=self._load_kind(line, raw),
            load=self._load(line, raw),
            output_tokens_per_s=self._maybe(line, raw, "out_tok_s"),
            ttft_ms=self._maybe(line, raw, "ttft_ms"),
            ttft_percentile=_percentile(raw.get("ttft_stat", "")),
            tpot_ms=self._maybe(line, raw, "tpot_ms"),
            tpot_percentile=_percentile(raw.get("tpot_stat", "")),
            notes=raw.get("notes", ""),
        )

    def _check_id(self, line: int, raw: Mapping[str, str]) -> None:
        name = self._text(line, raw, "id")
        if name and name in self.ids:
            self._say(line, "id", f"`{name}` is also the id on line {self.ids[name]}")
        self.ids.setdefault(name, line)

    def _load_kind(self, line: int, raw: Mapping[str, str]) -> LoadKind:
        known = conventions().load_kinds
        given = raw["load_kind"]
        kind = known.get(given.casefold())
        if kind is None:
            near = difflib.get_close_matches(given.casefold(), known, n=1, cutoff=0.6)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            self._say(line, "load_kind", f"`{given}` is none of {', '.join(known)}{hint}")
            return "closed"
        return cast(LoadKind, kind)

    def _load(self, line: int, raw: Mapping[str, str]) -> float:
        kind = conventions().load_kinds.get(raw["load_kind"].casefold())
        if kind == "open":
            return self._number(line, raw, "load_value")
        return float(self._count(line, raw, "load_value"))

    def _text(self, line: int, raw: Mapping[str, str], name: str) -> str:
        if not raw[name]:
            self._say(line, name, "is empty")
        return raw[name]

    def _maybe(self, line: int, raw: Mapping[str, str], name: str) -> float | None:
        return self._number(line, raw, name) if raw.get(name) else None

    def _count(self, line: int, raw: Mapping[str, str], name: str) -> int:
        found = self._number(line, raw, name)
        if found != int(found):
            self._say(line, name, f"`{raw[name]}` is not a whole number")
        return max(int(found), 1)

    def _number(
        self, line: int, raw: Mapping[str, str], name: str, *, most: float = math.inf
    ) -> float:
        """A number above 0; 1 in its place when it is none."""
        given = raw[name]
        try:
            found = float(given) if given and "_" not in given else math.nan
        except ValueError:
            found = math.nan
        if not 0.0 < found < math.inf or found > most:
            shown = f"`{given}` is" if given else "is empty,"
            self._say(line, name, f"{shown} not a number above 0" + _limit(found, most))
            return 1.0
        return found

    def _say(self, line: int, name: str, message: str) -> None:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        place = self.header.index(name) if name in self.header else 0
        self.problems.append(
            Problem(
                file=self.file,
                message=message,
                path=name,
                line=line,
                column=_column_of(text, place),
                source_line=text,
            )
        )


def _limit(found: float, most: float) -> str:
    return f" and at most {most:,.0f}" if found > most else ""


def _column_of(line: str, place: int) -> int:
    """Where the field with this number begins in a line of CSV, from 1."""
    quoted, seen = False, 0
    for number, character in enumerate(line, start=1):
        if seen == place:
            return number
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            seen += 1
    return len(line) + 1 if seen == place else 1


def _percentile(stat: str) -> float | None:
    """``p50 ITL`` is 50; a mean, and whatever is not known to be a percentile, None."""
    if "mean/median" in stat:
        return None
    if "median" in stat:
        return 50.0
    found = re.search(r"\bp(\d{1,2}(?:\.\d+)?)\b", stat.casefold())
    return float(found[1]) if found else None

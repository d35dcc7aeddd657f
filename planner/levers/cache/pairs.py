"""Labelled pairs: two requests, how similar they are, and whether one answer serves both."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

from planner.errors import InputError
from planner.files import read_text

__all__ = ["Pair", "parse_pairs", "read_pairs"]

_YES = {"1", "true", "yes", "same", "duplicate"}
_NO = {"0", "false", "no", "different"}
_SHOWN_PROBLEMS = 5
_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """``similarity`` is the cosine, -1 to 1; ``texts`` the two requests, where the file has any."""

    similarity: Decimal
    same: bool
    texts: tuple[str, str] | None = None


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """The pairs of a CSV or JSONL file; see ``parse_pairs``."""
    return parse_pairs(read_text(path), str(path))


def parse_pairs(text: str, name: str) -> tuple[Pair, ...]:
    """Pairs with the fields ``similarity`` and ``same`` (or ``label``), and ``a`` and ``b``.

    ``same`` is true or false, 1 or 0, yes or no, same or different. InputError with the first
    problems, each with its line, and when there is no pair of each kind.
    """
    rows = _json_rows(text, name) if name.endswith(_JSON_LINES) else _csv_rows(text, name)
    pairs: list[Pair] = []
    problems: list[str] = []
    for number, row in rows:
        try:
            pairs.append(_pair(row))
        except ValueError as error:
            problems.append(f"{name}:{number}: {error}")
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        rest = f"\n… and {more} more" if more > 0 else ""
        raise InputError("\n".join(problems[:_SHOWN_PROBLEMS]) + rest)
    kinds = {pair.same for pair in pairs}
    if kinds != {True, False}:
        missing = "same and different" if not kinds else "different" if True in kinds else "same"
        raise InputError(
            f"{name}: of {len(pairs)} labelled, there are no {missing} ones; both are needed, "
            "since a threshold is judged by what it serves rightly and wrongly"
        )
    return tuple(pairs)


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if header is None:
                header = cells
            elif len(cells) == len(header):
                yield reader.line_num, dict(zip(header, cells, strict=True))
            elif cells:
                # The texts, or the label, would move into another column.
                raise InputError(
                    f"{name}:{reader.line_num}: {len(cells)} cells, the header has {len(header)}; "
                    "quote a cell that has a comma"
                )
    except csv.Error as error:
        raise InputError(f"{name}:{reader.line_num}: not CSV: {error}") from error


def _json_rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            # The values are the user's own and are checked where they are read.
            row: Any = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise InputError(f"{name}:{number}: not a JSON object; one object a line is needed")
        yield number, cast("Mapping[str, object]", row)


def _pair(row: Mapping[str, object]) -> Pair:
    label = row["same"] if "same" in row else row.get("label")
    texts = (row.get("a"), row.get("b"))
    given = isinstance(texts[0], str) and isinstance(texts[1], str)
    return Pair(
        similarity=_similarity(_needed(row, "similarity")),
        same=_same(label, row),
        texts=cast("tuple[str, str]", texts) if given else None,
    )


def _needed(row: Mapping[str, object], key: str) -> object:
    if row.get(key) is None:
        raise ValueError(f"no `{key}`; it has {_names(row)}")
    return row[key]


def _names(row: Iterable[object]) -> str:
    return ", ".join(f"`{key}`" for key in row) or "nothing"


def _similarity(value: object) -> Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and -1 <= number <= 1:
            return number
    raise ValueError(f"`similarity` is {value!r}, not a number from -1 to 1")


def _same(value: object, row: Mapping[str, object]) -> bool:
    if value is None:
        raise ValueError(f"no `same`; it has {_names(row)}")
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"`same` is {value!r}; write true or false")

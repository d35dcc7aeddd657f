"""Pages of the providers' usage and cost reports: buckets of time, each with results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planner.actuals.sources.spec import FileFacts, Parsed
from planner.actuals.types import RowError
from planner.actuals.values import Row, as_list, as_row, first, instant, shown, text

__all__ = [
    "Bucket",
    "first_bucket",
    "group_values",
    "parse_pages",
    "results_in",
    "width_name",
]

_WIDTHS = {60: "1m", 3600: "1h", 86_400: "1d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A span of time of a report."""

    started_at: datetime
    width_s: int

    def key(self, report: str, values: str) -> str:
        """What a result is known by: a later page with the same key replaces it."""
        return "\x1f".join((report, self.started_at.isoformat(), str(self.width_s), values))


def parse_pages(
    row: Row,
    facts: FileFacts,
    start_name: tuple[str, str],
    parse: Callable[[Bucket, Row, FileFacts], Parsed],
) -> Iterable[Parsed]:
    """Every result of a page, a bucket, or a flat row with the bucket's times in it.

    RowError for a document without the envelope: that is not zero spend.
    """
    for holder in _buckets_of(row):
        try:
            found = _object("data", holder)
            bucket = _bucket(found, start_name)
            results = _listed(found, "results") if "results" in found else [found]
        except RowError as error:
            yield error
            continue
        for item in results:
            try:
                result = _object("results", item)
                if "results" in result and result is not found:
                    # A lost bracket puts the next bucket among the results of this one.
                    yield from parse_pages(result, facts, start_name, parse)
                else:
                    yield parse(bucket, result, facts)
            except RowError as error:
                yield error


def _buckets_of(row: Row) -> list[Any]:
    """Buckets of a page; a bucket by itself, or a flat row with its times, stands for one."""
    if "data" in row:
        return _listed(row, "data")
    if {"error", "has_more"} & set(row):
        raise RowError("data", "is missing: this is not a page of the report, and not zero spend")
    return [row]


def _listed(row: Row, name: str) -> list[Any]:
    if not isinstance(row.get(name), list):
        raise RowError(name, "is not a list: this is not a page of the report")
    return as_list(row[name])


def _object(name: str, value: Any) -> Row:
    found = as_row(value)
    if found is None:
        raise RowError(name, f"holds {shown(value)}, not an object")
    return found


def _bucket(holder: Row, names: tuple[str, str]) -> Bucket:
    start_name, end_name = names
    started_at, ended_at = instant(holder, start_name), instant(holder, end_name)
    width_s = round((ended_at - started_at).total_seconds())
    if width_s <= 0:
        raise RowError(end_name, "is not after the start of the bucket")
    return Bucket(started_at=started_at, width_s=width_s)


def results_in(row: Row) -> Iterator[Row]:
    """The results of a page, a bucket or a flat row, as far as they can be read."""
    for bucket in as_list(row.get("data")) or [row]:
        found = as_row(bucket) or {}
        for result in as_list(found.get("results")) or [found]:
            yield as_row(result) or {}


def first_bucket(row: Row) -> Row:
    """The first bucket of a page, or the row itself."""
    buckets = as_list(row.get("data"))
    return (as_row(buckets[0]) if buckets else row) or {}


def width_name(width_s: int) -> str:
    """`1m`, `1h`, `1d`, else seconds."""
    return _WIDTHS.get(width_s, f"{width_s}s")


def group_values(row: Row, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Groupings that were asked for, and the values of all of them as one text.

    A grouping that was not asked for is null, which means "not told", never "all".
    """
    wanted = tuple(names)
    given = tuple(name for name in wanted if first(row, name)[1] is not None)
    return given, "\x1f".join(text(row, name) for name in wanted)

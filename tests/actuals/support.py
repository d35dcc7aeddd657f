"""Reads exports without a store, and stores without a price catalogue."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from planner.actuals import (
    ImportResult,
    ImportSettings,
    ListPrice,
    Usage,
    import_files,
    source_spec,
)
from planner.actuals.reading import BadRow, open_rows
from planner.actuals.sources import FileFacts, Parsed
from planner.actuals.store import open_store
from planner.actuals.types import RowError

EXPORTS = Path(__file__).parent / "exports"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXPORTED = datetime(2026, 11, 21, 6, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment of UTC from its text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Read:
    """What a parser makes of a file: records, and refused rows as (line, field)."""

    usages: list[Usage]
    refused: list[tuple[int, str]]


def read(source: str, path: Path, labels: Mapping[str, str] | None = None) -> Read:
    """Parse a file as a source, without a store."""
    spec = source_spec(source)
    parser = spec.parser(FileFacts(exported_at=EXPORTED, label_paths=labels or {}))
    usages: list[Usage] = []
    refused: list[tuple[int, str]] = []

    def take(line: int, records: Callable[[], Iterable[Parsed]]) -> None:
        try:
            for record in records():
                if isinstance(record, RowError):
                    refused.append((line, record.field))
                else:
                    usages.append(record)
        except RowError as error:
            refused.append((line, error.field))

    line = 0
    with open_rows(path) as reader:
        for row in reader.rows:
            line = row.line
            if isinstance(row, BadRow):
                refused.append((line, ""))
            else:
                take(line, partial(parser.records, row.data))
    take(line, parser.finish)
    return Read(usages, refused)


class NoPrices:
    """A pricer that knows nothing."""

    def price(self, usage: Usage) -> ListPrice:
        """No price."""
        return ListPrice(model=usage.model_raw, usd=None, status="unpriced", reference="")

    def rates(self, usage: Usage) -> None:
        """No rates."""


def settings(exported_at: datetime | None = EXPORTED, **labels: str) -> ImportSettings:
    """Import at a fixed time, without prices."""
    return ImportSettings(now=NOW, exported_at=exported_at, label_paths=labels, pricer=NoPrices())


def imported(
    store: Path, source: str, paths: Sequence[Path], exported_at: datetime | None = EXPORTED
) -> ImportResult:
    """Import files into a store."""
    return import_files(store, source_spec(source), list(paths), settings(exported_at))


def state(store: Path) -> list[str]:
    """The records of a store, sorted: what must not hang on the order of imports."""
    return sorted(repr(record) for record in open_store(store).records())


def totals(store: Path) -> tuple[int, int, int, int, Decimal]:
    """Records, calls, input tokens, output tokens and spend of a store."""
    records = list(open_store(store).records())
    return (
        len(records),
        sum(record.calls for record in records),
        sum(record.logical_input_tokens for record in records),
        sum(record.output_tokens for record in records),
        sum((record.cost_source_usd or Decimal(0) for record in records), Decimal(0)),
    )


def plain_store(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """A store of calls of one's own log; every row has the same fields."""
    path = folder / "calls.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    imported(folder / "store", "plain", [path])
    return folder / "store"

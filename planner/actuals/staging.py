"""Reads one file into staged Parquet chunks, and goes on where an earlier try was stopped.

After every chunk a journal of what is done replaces the one before; chunks the journal does not
name are written over. Prompts and responses are never staged, good row or bad.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from planner.actuals.bulk import BulkBatch, BulkReader, open_bulk
from planner.actuals.columns import FileOrigin, StagedRow, staged_table
from planner.actuals.engines import pyarrow_parquet
from planner.actuals.pricing import Pricer
from planner.actuals.reading import BadRow, GoodRow, RowReader, open_rows
from planner.actuals.sources import FileFacts, Parsed, RowParser, SourceSpec
from planner.actuals.types import QuarantinedRow, RowError, Usage
from planner.files import write_atomic

__all__ = ["Chunk", "Progress", "StagedFile", "stage_file"]

_CHUNK_ROWS = 20_000
_ROW_GROUP = 1 << 17
_WRITERS = 2
_JOURNAL = "journal.json"
_QUARANTINE = "quarantine.jsonl"

# Called now and then with the bytes read of a file.
Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class _Journal:
    """What is staged of a file; ``fingerprint`` is that of the options it was read with."""

    fingerprint: str
    rows: int = 0
    records: int = 0
    # The day of every chunk; empty where it has rows of several.
    chunk_days: list[str] = field(default_factory=list[str])
    skipped: int = 0
    quarantined: int = 0
    quarantined_tokens: int = 0
    quarantine_bytes: int = 0
    is_cut_off: bool = False
    is_done: bool = False
    first_at: str = ""
    last_at: str = ""
    group_keys: list[str] = field(default_factory=list[str])
    view_days: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    bills: list[list[str]] = field(default_factory=list[list[str]])
    unpriced: dict[str, int] = field(default_factory=dict[str, int])
    noted: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A file of staged rows. One of a single ``day`` is as the store has it; else day is empty."""

    path: Path
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A file that is fully read: its chunks, its bad rows, and what they cover."""

    origin: FileOrigin
    chunks: tuple[Chunk, ...]
    quarantine: Path | None
    records: int
    skipped: int
    quarantined: int
    quarantined_tokens: int
    is_cut_off: bool
    unpriced: dict[str, int]
    noted: dict[str, int]
    first_at: datetime | None
    last_at: datetime | None
    views: dict[str, tuple[str, ...]]
    bills: tuple[tuple[str, str], ...]


def stage_file(
    path: Path,
    spec: SourceSpec,
    origin: FileOrigin,
    facts: FileFacts,
    pricer: Pricer,
    folder: Path,
    progress: Progress,
) -> StagedFile:
    """Stage a file into ``folder``, going on with what an earlier try left there."""
    folder.mkdir(parents=True, exist_ok=True)
    fingerprint = json.dumps([spec.name, sorted(facts.label_paths.items()), origin.file])
    journal = _resumed(folder, fingerprint, spec)
    stager = _Stager(spec, origin, pricer, folder, journal)
    if not journal.is_done and spec.by_columns is not None and not facts.label_paths:
        with open_bulk(path, spec.by_columns, origin, pricer) as bulk:
            stager.take_bulk(bulk, spec.parser(facts), progress)
    if not journal.is_done:
        with open_rows(path) as reader:
            reader.skip(journal.rows)
            stager.take(reader, spec.parser(facts), progress)
    return stager.staged()


def _resumed(folder: Path, fingerprint: str, spec: SourceSpec) -> _Journal:
    path = folder / _JOURNAL
    try:
        journal = _Journal(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return _Journal(fingerprint=fingerprint)
    if journal.fingerprint != fingerprint or not (spec.resumable or journal.is_done):
        return _Journal(fingerprint=fingerprint)
    return journal


class _Stager:
    """Writes chunks of good rows and a list of bad ones, and keeps the journal."""

    def __init__(
        self,
        spec: SourceSpec,
        origin: FileOrigin,
        pricer: Pricer,
        folder: Path,
        journal: _Journal,
    ) -> None:
        self._spec = spec
        self._origin = origin
        self._pricer = pricer
        self._folder = folder
        self._journal = journal
        self._waiting: list[StagedRow] = []
        self._bad: list[QuarantinedRow] = []
        self._view_days = {view: set(days) for view, days in journal.view_days.items()}
        self._bills = {(account, month) for account, month in journal.bills}
        self._groups = set(journal.group_keys)

    def take(self, reader: RowReader, parser: RowParser, progress: Progress) -> None:
        """Read to the end of the file."""
        journal = self._journal
        line = 0
        for row in reader.rows:
            journal.rows += 1
            line = row.line
            if isinstance(row, BadRow):
                self._refuse(line, RowError("", row.reason))
                journal.is_cut_off |= row.is_end
            else:
                taken = self._take_all(line, _parsed(parser, row))
                journal.skipped += int(self._spec.resumable and not taken)
            if len(self._waiting) >= _CHUNK_ROWS and self._spec.resumable:
                self._flush()
                progress(reader.bytes_read())
        self._take_all(line, parser.finish())
        journal.is_done = True
        self._flush()
        progress(reader.bytes_read())

    def take_bulk(self, bulk: BulkReader, parser: RowParser, progress: Progress) -> None:
        """Read by columns, as far as the file can be read so."""
        journal = self._journal
        for batch in bulk.batches(journal.rows, lambda: journal.records):
            journal.rows += batch.rows
            self._count(batch)
            for line, row in batch.lines:
                taken = self._take_all(line, _parsed(parser, GoodRow(line=line, data=row)))
                journal.skipped += int(not taken)
            self._flush(batch.tables)
            progress(bulk.bytes_read())
        journal.is_done = bulk.is_at_end
        self._flush()

    def _count(self, batch: BulkBatch) -> None:
        journal = self._journal
        journal.records += batch.records
        for counts, found in ((journal.unpriced, batch.unpriced), (journal.noted, batch.noted)):
            for name, count in found.items():
                if count:
                    counts[name] = counts.get(name, 0) + count
        if batch.started is not None:
            first, last = (moment.isoformat() for moment in batch.started)
            journal.first_at = min(journal.first_at or first, first)
            journal.last_at = max(journal.last_at, last)

    def _take_all(self, line: int, records: Iterable[Parsed]) -> int:
        taken = 0
        for record in records:
            taken += 1
            if isinstance(record, RowError):
                self._refuse(line, record)
            else:
                self._accept(line, record)
        return taken

    def _accept(self, line: int, usage: Usage) -> None:
        journal = self._journal
        price = self._pricer.price(usage)
        self._waiting.append(StagedRow(usage=usage, line=line, item=journal.records, price=price))
        journal.records += 1
        if price.status == "unpriced":
            model = f"{usage.provider or '?'}/{price.model or '?'}"
            journal.unpriced[model] = journal.unpriced.get(model, 0) + 1
        for note in (*usage.notes, *price.notes):
            journal.noted[note] = journal.noted.get(note, 0) + 1
        moment = usage.started_at.isoformat()
        journal.first_at = min(journal.first_at or moment, moment)
        journal.last_at = max(journal.last_at, moment)
        if usage.kind != "request" and not self._spec.replaces_period:
            self._groups.update(usage.group_keys)
            if usage.kind != "share":
                self._view_days.setdefault(usage.view, set()).add(moment[:10])
        if self._spec.replaces_period:
            self._bills.add((usage.billing_account, usage.billing_period))

    def _refuse(self, line: int, error: RowError) -> None:
        journal = self._journal
        journal.quarantined += 1
        journal.quarantined_tokens += error.tokens or 0
        self._bad.append(
            QuarantinedRow(
                source=self._origin.source,
                file=self._origin.file,
                line=line,
                field=error.field,
                reason=error.reason,
                tokens=error.tokens,
            )
        )
        if len(self._bad) >= _CHUNK_ROWS and self._spec.resumable:
            self._flush()

    def _flush(self, tables: Mapping[str, Any] | None = None) -> None:
        """Write what waits, and these tables by day, as chunks."""
        journal = self._journal
        chunks = list((tables or {}).items())
        if self._waiting:
            by_place = self._spec.replaces_period
            chunks.append(("", staged_table(self._waiting, self._origin, keyed_by_place=by_place)))
            self._waiting = []
        first = len(journal.chunk_days)
        # Packing a chunk leaves the interpreter free for the next one.
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(self._write, range(first, first + len(chunks)), chunks))
        journal.chunk_days += [day for day, _ in chunks]
        self._write_bad_rows()
        journal.view_days = {view: sorted(days) for view, days in self._view_days.items()}
        journal.bills = sorted([account, month] for account, month in self._bills)
        journal.group_keys = sorted(self._groups)
        write_atomic(self._folder / _JOURNAL, json.dumps(asdict(journal)))

    def _write(self, number: int, chunk: tuple[str, Any]) -> None:
        day, table = chunk
        pyarrow_parquet().write_table(
            table,
            self._chunk(number),
            # Light where the file lives for one import only.
            compression="zstd" if day else "lz4",
            row_group_size=_ROW_GROUP,
        )

    def _write_bad_rows(self) -> None:
        """Append after what the journal knows of; a stopped try may have written more."""
        if not self._bad:
            return
        text = "".join(json.dumps(asdict(bad), sort_keys=True) + "\n" for bad in self._bad)
        path = self._folder / _QUARANTINE
        path.touch()
        with path.open("r+b") as handle:
            handle.truncate(self._journal.quarantine_bytes)
            handle.seek(self._journal.quarantine_bytes)
            handle.write(text.encode("utf-8"))
            self._journal.quarantine_bytes = handle.tell()
        self._bad = []

    def _chunk(self, number: int) -> Path:
        return self._folder / f"chunk-{number:06d}.parquet"

    def staged(self) -> StagedFile:
        """The finished file."""
        journal = self._journal
        groups = ",".join(journal.group_keys)
        return StagedFile(
            origin=self._origin,
            chunks=tuple(
                Chunk(path=self._chunk(number), day=day)
                for number, day in enumerate(journal.chunk_days)
            ),
            quarantine=self._folder / _QUARANTINE if journal.quarantined else None,
            records=journal.records,
            skipped=journal.skipped,
            quarantined=journal.quarantined,
            quarantined_tokens=journal.quarantined_tokens,
            is_cut_off=journal.is_cut_off,
            unpriced=journal.unpriced,
            noted=journal.noted,
            first_at=_moment(journal.first_at),
            last_at=_moment(journal.last_at),
            views={f"{view}:{groups}": tuple(days) for view, days in journal.view_days.items()},
            bills=tuple((account, month) for account, month in journal.bills),
        )


def _parsed(parser: RowParser, row: GoodRow) -> Iterator[Parsed]:
    try:
        yield from parser.records(row.data)
    except RowError as error:
        yield error


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

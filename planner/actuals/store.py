"""Reads a store of actuals: its live Parquet parts, its files, and what was refused."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from planner.actuals.columns import STORED_COLUMNS, record_of
from planner.actuals.commit import QUARANTINE, RECORDS
from planner.actuals.engines import pyarrow_parquet
from planner.actuals.manifest import ImportedFile, Manifest, Part, read_manifest
from planner.actuals.types import QuarantinedRow, SourceName, UsageRecord
from planner.errors import InputError

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One state of a store. An import may take parts away that it replaces: open it again then."""

    path: Path
    manifest: Manifest

    def parts(
        self,
        sources: Collection[SourceName] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> tuple[Part, ...]:
        """Live parts of these sources and UTC days, both days included."""
        first = "" if since is None else since.isoformat()
        last = "9999" if until is None else until.isoformat()
        return tuple(
            part
            for part in self.manifest.parts
            if (sources is None or part.source in sources) and first <= part.dt <= last
        )

    def part_files(
        self,
        sources: Collection[SourceName] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> tuple[Path, ...]:
        """The files of ``parts``: rows in them are unique, other files in the folder do not count.

        `source` and `dt` are in their paths (hive partitions) and not among their columns.
        """
        return tuple(self.path / RECORDS / part.path for part in self.parts(sources, since, until))

    def records(
        self,
        sources: Collection[SourceName] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[UsageRecord]:
        """Records by source, day, file and place in it; for tests and small reads. MissingExtra."""
        parquet = pyarrow_parquet()
        by_day: dict[tuple[SourceName, str], list[Part]] = {}
        for part in self.parts(sources, since, until):
            by_day.setdefault((part.source, part.dt), []).append(part)
        for (source, dt), parts in sorted(by_day.items()):
            rows: list[dict[str, Any]] = []
            for part in parts:
                # ParquetFile, as read_table would take `dt=…` of the path for a column.
                file = parquet.ParquetFile(self.path / RECORDS / part.path)
                rows += file.read(columns=list(STORED_COLUMNS)).to_pylist()
            rows.sort(key=lambda row: (row["source_file"], row["file_sha256"], row["source_item"]))
            yield from (record_of(source, date.fromisoformat(dt), row) for row in rows)

    @property
    def files(self) -> tuple[ImportedFile, ...]:
        """What was imported, by source and content."""
        return self.manifest.files

    def quarantined(self) -> Iterator[QuarantinedRow]:
        """Rows that were not taken, with the place and the reason; never their content."""
        for file in self.manifest.files:
            path = self.path / QUARANTINE / f"source={file.source}" / f"{file.sha256[:32]}.jsonl"
            if not path.exists():
                continue
            with path.open(encoding="utf-8") as handle:
                for line in handle:
                    yield QuarantinedRow(**cast("dict[str, Any]", json.loads(line)))


def open_store(path: Path) -> Store:
    """The store in a folder; InputError when nothing was imported there."""
    manifest = read_manifest(path)
    if manifest is None:
        raise InputError(
            f"{path}: no actuals here; run `planner actuals import SOURCE FILES... --store {path}` "
            "first"
        )
    return Store(path=path, manifest=manifest)

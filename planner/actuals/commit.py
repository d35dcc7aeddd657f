"""Puts staged files into the store in one step: every key once, the newest row of it.

DuckDB sorts and joins with bounded memory. New parts are written beside the live ones, then the
manifest names them; a stop at any moment leaves the old state or the new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.actuals.columns import CONTENT_COLUMNS, STORED_COLUMNS
from planner.actuals.deliveries import delivery_of, replaced_bills
from planner.actuals.engines import duckdb_module, pyarrow_parquet
from planner.actuals.manifest import ImportedFile, Manifest, Part, write_manifest
from planner.actuals.staging import Chunk, StagedFile
from planner.actuals.types import SourceName

__all__ = ["commit_files", "imported_file", "remove_leftovers"]

RECORDS = "records"
QUARANTINE = "quarantine"
_MEMORY = "512MB"
# Of two rows with one key: the later revision, then the later export; then any fixed order, so
# that the answer never hangs on the order of imports.
_NEWEST_FIRST = (
    "revised_at DESC NULLS LAST, exported_at DESC, digest DESC, file_sha256 DESC, source_item DESC"
)
_NARROW = (
    "record_key, parent_key, kind, revised_at, exported_at, file_sha256, source_item, "
    "billing_account, billing_period"
)
_RANKED = "record_key, revised_at, exported_at, file_sha256, source_item"


def imported_file(staged: StagedFile, path: Path, *, is_bill: bool) -> ImportedFile:
    """A staged file as the manifest names it."""
    origin = staged.origin
    return ImportedFile(
        name=origin.file,
        sha256=origin.sha256,
        source=origin.source,
        exported_at=origin.exported_at,
        ingested_at=origin.ingested_at,
        records=staged.records,
        skipped=staged.skipped,
        quarantined=staged.quarantined,
        quarantined_tokens=staged.quarantined_tokens,
        is_cut_off=staged.is_cut_off,
        unpriced=staged.unpriced,
        noted=staged.noted,
        first_at=staged.first_at,
        last_at=staged.last_at,
        views=staged.views,
        bills=staged.bills,
        delivery=delivery_of(path) if is_bill else None,
    )


def commit_files(
    store: Path,
    manifest: Manifest,
    source: SourceName,
    staged: Sequence[StagedFile],
    entries: Sequence[ImportedFile],
) -> Manifest:
    """Add files of one source and make the result the state of the store."""
    number = manifest.commits + 1
    files = (*manifest.files, *entries)
    live = [part for part in manifest.parts if part.source == source]
    work = store / "staging" / f"commit-{number:06d}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    chunks = [chunk for each in staged for chunk in each.chunks]
    added, gone = list[Part](), set[str]()
    if chunks:
        added, gone = _Merge(store, work, source, number, live).run(chunks, files)
    for each in staged:
        if each.quarantine is not None:
            _place(each.quarantine, _quarantine_file(store, source, each.origin.sha256))
    kept = [part for part in manifest.parts if part.path not in gone]
    changed = replace(manifest, commits=number, files=files, parts=(*kept, *added))
    write_manifest(store, changed)
    for path in gone:
        (store / RECORDS / path).unlink(missing_ok=True)
    shutil.rmtree(work, ignore_errors=True)
    return changed


def _quarantine_file(store: Path, source: SourceName, sha256: str) -> Path:
    return store / QUARANTINE / f"source={source}" / f"{sha256[:32]}.jsonl"


def _place(made: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    # Copied, not moved: a stop before the manifest is written must not lose it.
    shutil.copyfile(made, final)


def remove_leftovers(store: Path, manifest: Manifest) -> None:
    """Delete what a stopped commit left: parts and quarantines the manifest does not name."""
    named = {part.path for part in manifest.parts}
    records = store / RECORDS
    for path in sorted(records.rglob("*.parquet")) if records.exists() else []:
        if path.relative_to(records).as_posix() not in named:
            path.unlink(missing_ok=True)
    kept = {_quarantine_file(store, file.source, file.sha256) for file in manifest.files}
    quarantine = store / QUARANTINE
    for path in sorted(quarantine.rglob("*.jsonl")) if quarantine.exists() else []:
        if path not in kept:
            path.unlink(missing_ok=True)


class _Merge:
    """One commit's work in DuckDB."""

    def __init__(
        self, store: Path, work: Path, source: SourceName, number: int, live: Sequence[Part]
    ) -> None:
        self._records = store / RECORDS
        self._work = work
        self._source: SourceName = source
        self._number = number
        self._live = {_text_path(self._records / part.path): part for part in live}
        # Any: duckdb is an extra.
        self._con: Any = duckdb_module().connect(
            config={"memory_limit": _MEMORY, "temp_directory": _text_path(work / "spill")}
        )

    def run(
        self, chunks: Sequence[Chunk], files: Sequence[ImportedFile]
    ) -> tuple[list[Part], set[str]]:
        """Parts that are new and paths of those that are gone."""
        try:
            self._name_inputs([chunk.path for chunk in chunks])
            self._find_losers(files)
            self._find_outer_spans()
            rewritten = self._rewrite()
            ready = self._ready(chunks)
            rest = [chunk.path for chunk in chunks if chunk not in ready]
            new = [*self._place_ready(ready), *(self._write_new(rest) if rest else [])]
            return [*new, *rewritten], self._gone
        finally:
            self._con.close()

    def _name_inputs(self, chunks: Sequence[Path]) -> None:
        self._con.execute(
            "CREATE VIEW staged AS SELECT *, record_key = '' AS is_keyless "
            f"FROM {_parquet(chunks, 'filename = true')}"
        )
        keyless = self._scalar("SELECT count(*) FROM staged WHERE is_keyless")
        # A row without an id is known by its content and how often that came before in its file.
        key = (
            "CASE WHEN is_keyless THEN md5(content || ':' || row_number() OVER (PARTITION BY "
            "is_keyless, file_sha256, content ORDER BY source_item)) ELSE record_key END"
        )
        if keyless:
            content = f"CASE WHEN is_keyless THEN {_digest()} ELSE '' END AS content"
            rows = f"(SELECT *, {content} FROM staged)"
            columns = _NARROW.replace("record_key", f"{key} AS record_key")
        else:
            rows, columns = "staged", _NARROW
        self._con.execute(f"CREATE TEMP TABLE fresh AS SELECT {columns} FROM {rows}")
        live = _parquet(self._live, "filename = true") if self._live else None
        self._con.execute(
            "CREATE VIEW live_rows AS SELECT *"
            + (f" FROM {live}" if live else " FROM staged WHERE false")
        )
        self._con.execute(f"CREATE VIEW live AS SELECT {_NARROW}, filename FROM live_rows")
        self._has_keyless = bool(keyless)

    def _find_losers(self, files: Sequence[ImportedFile]) -> None:
        self._con.execute(
            "CREATE TEMP TABLE clashes AS SELECT record_key FROM ("
            "SELECT record_key FROM fresh UNION ALL "
            "SELECT record_key FROM live SEMI JOIN fresh USING (record_key)) "
            "GROUP BY record_key HAVING count(*) > 1"
        )
        clashes = self._scalar("SELECT count(*) FROM clashes")
        ranked = f"{_RANKED}, {_digest()} AS digest"
        both = (
            f"SELECT {ranked} FROM (SELECT * REPLACE (final_key AS record_key) FROM staged JOIN "
            "(SELECT record_key AS final_key, file_sha256, source_item FROM fresh SEMI JOIN "
            "clashes USING (record_key)) USING (file_sha256, source_item)) UNION ALL "
            f"SELECT {ranked} FROM live_rows SEMI JOIN clashes USING (record_key)"
        )
        self._con.execute(
            f"CREATE TEMP TABLE losers AS SELECT file_sha256, source_item FROM ({both}) "
            f"QUALIFY row_number() OVER (PARTITION BY record_key ORDER BY {_NEWEST_FIRST}) > 1"
            if clashes
            else "CREATE TEMP TABLE losers (file_sha256 VARCHAR, source_item BIGINT)"
        )
        replaced = replaced_bills(file for file in files if file.source == self._source)
        if replaced:
            self._con.execute(
                "CREATE TEMP TABLE replaced "
                "(file_sha256 VARCHAR, billing_account VARCHAR, billing_period VARCHAR)"
            )
            self._con.executemany("INSERT INTO replaced VALUES (?, ?, ?)", sorted(replaced))
            both = f"(SELECT {_NARROW} FROM fresh UNION ALL SELECT {_NARROW} FROM live)"
            self._con.execute(
                f"INSERT INTO losers SELECT file_sha256, source_item FROM {both} "
                "SEMI JOIN replaced USING (file_sha256, billing_account, billing_period)"
            )

    def _find_outer_spans(self) -> None:
        """Calls that contain another model call: their usage is in the inner one."""
        self._con.execute(
            "CREATE TEMP TABLE outer_spans AS SELECT DISTINCT parent_key AS record_key FROM ("
            "SELECT parent_key FROM fresh WHERE parent_key <> '' UNION ALL "
            "SELECT parent_key FROM live WHERE parent_key <> '')"
        )

    def _rewrite(self) -> list[Part]:
        """Live parts that lose rows, or hold spans that turned out to be outer ones, anew."""
        touched = self._con.execute(
            "SELECT DISTINCT filename FROM ("
            "SELECT filename FROM live SEMI JOIN losers USING (file_sha256, source_item) UNION ALL "
            "SELECT filename FROM live SEMI JOIN outer_spans USING (record_key) "
            "WHERE kind = 'request') ORDER BY filename"
        ).fetchall()
        self._gone = {self._live[name].path for (name,) in touched}
        parts: list[Part] = []
        for index, (name,) in enumerate(touched):
            part = self._live[name]
            out = self._work / f"rewritten-{index}.parquet"
            self._con.execute(
                f"COPY (SELECT {_columns()} FROM {_parquet([Path(name)])} AS rows "
                "LEFT JOIN outer_spans USING (record_key) "
                "ANTI JOIN losers USING (file_sha256, source_item) "
                f"ORDER BY file_sha256, source_item) TO {_quoted(out)} {_FORMAT}"
            )
            parts += self._placed(out, part.dt, f"{self._number:06d}-r{index}.parquet")
        return parts

    def _ready(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Chunks that are parts as they are: of one day, and no row changes or goes."""
        changed = self._con.execute(
            "SELECT DISTINCT filename FROM staged WHERE is_keyless UNION "
            "SELECT filename FROM staged SEMI JOIN losers USING (file_sha256, source_item) UNION "
            "SELECT filename FROM staged SEMI JOIN outer_spans USING (record_key)"
        ).fetchall()
        names = {name for (name,) in changed}
        return [chunk for chunk in chunks if chunk.day and _text_path(chunk.path) not in names]

    def _place_ready(self, chunks: Sequence[Chunk]) -> list[Part]:
        parts: list[Part] = []
        for index, chunk in enumerate(chunks):
            made = self._work / f"ready-{index}.parquet"
            try:
                made.hardlink_to(chunk.path)
            except OSError:
                # The staged file has to stay until the manifest is written.
                shutil.copyfile(chunk.path, made)
            parts += self._placed(made, chunk.day, f"{self._number:06d}-d{index}.parquet")
        return parts

    def _write_new(self, chunks: Sequence[Path]) -> list[Part]:
        out = self._work / "new"
        rows = _parquet(chunks)
        if self._has_keyless:
            rows = (
                f"(SELECT * REPLACE (final_key AS record_key) FROM {rows} "
                "JOIN (SELECT file_sha256, source_item, record_key AS final_key FROM fresh) "
                "USING (file_sha256, source_item))"
            )
        day = "strftime(make_timestamp(epoch_us(rows.started_at)), '%Y-%m-%d') AS dt"
        self._con.execute(
            f"COPY (SELECT {_columns()}, {day} FROM {rows} AS rows "
            "LEFT JOIN outer_spans USING (record_key) "
            "ANTI JOIN losers USING (file_sha256, source_item)) "
            f"TO {_quoted(out)} {_PARTITIONED}"
        )
        parts: list[Part] = []
        for folder in sorted(out.glob("dt=*")):
            dt = folder.name.removeprefix("dt=")
            for index, made in enumerate(sorted(folder.glob("*.parquet"))):
                parts += self._placed(made, dt, f"{self._number:06d}-{index}.parquet")
        return parts

    def _placed(self, made: Path, dt: str, name: str) -> list[Part]:
        """A part in its final place; none when it has no rows."""
        rows = int(pyarrow_parquet().read_metadata(made).num_rows)
        if not rows:
            return []
        relative = f"source={self._source}/dt={dt}/{name}"
        final = self._records / relative
        final.parent.mkdir(parents=True, exist_ok=True)
        made.replace(final)
        return [Part(path=relative, source=self._source, dt=dt, rows=rows)]

    def _scalar(self, query: str) -> int:
        return int(self._con.execute(query).fetchone()[0])


_FORMAT = "(FORMAT parquet, COMPRESSION zstd)"
_PARTITIONED = "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (dt), OVERWRITE_OR_IGNORE)"


def _columns() -> str:
    """All stored columns; a call that contains another one is turned into a share."""
    kind = (
        "CASE WHEN outer_spans.record_key IS NOT NULL AND rows.kind = 'request' "
        "THEN 'share' ELSE rows.kind END AS kind"
    )
    return ", ".join(kind if name == "kind" else f"rows.{name}" for name in STORED_COLUMNS)


def _digest() -> str:
    """A hash of everything a row says, wherever it stands. Only rows that clash need theirs."""
    return f"md5(concat_ws(chr(31), {', '.join(_said(name) for name in CONTENT_COLUMNS)}))"


def _said(name: str) -> str:
    # A moment as text would hang on the time zone of the session.
    value = f"epoch_us({name})" if name in ("started_at", "revised_at") else name
    return f"coalesce(CAST({value} AS VARCHAR), chr(30))"


def _parquet(paths: Iterable[Path | str], options: str = "") -> str:
    listed = ", ".join(_quoted(path) for path in paths)
    extra = f", {options}" if options else ""
    return f"read_parquet([{listed}], hive_partitioning = false{extra})"


def _quoted(path: Path | str) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"


def _text_path(path: Path) -> str:
    return str(path)

"""Imports files of one source into a store, in the order given.

What is done survives a stop at any moment, and the next import goes on from there.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from planner.actuals.columns import FileOrigin
from planner.actuals.commit import commit_files, imported_file, remove_leftovers
from planner.actuals.deliveries import mixed_views
from planner.actuals.engines import require_engines
from planner.actuals.lock import locked
from planner.actuals.manifest import ImportedFile, Manifest, read_manifest
from planner.actuals.pricing import Pricer
from planner.actuals.recognition import check_source
from planner.actuals.sources import FileFacts, SourceSpec
from planner.actuals.staging import StagedFile, stage_file
from planner.errors import InputError

__all__ = ["ImportResult", "ImportSettings", "import_files"]

# A commit joins its keys with those of the store once: not too small, and lost work not too large.
_COMMIT_RECORDS = 1_000_000
_COMMIT_FILES = 200
_HASH_BLOCK = 1 << 20

# Called with a file's place among the files, its name, bytes read and its size.
FileProgress = Callable[[int, Path, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """How to import. ``now`` is written to every row; ``exported_at`` replaces the files' times.

    ``label_paths`` maps labels to places in a row, see ``FileFacts``.
    """

    now: datetime
    exported_at: datetime | None
    label_paths: Mapping[str, str]
    pricer: Pricer


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did: files taken, and files that were in the store already."""

    imported: tuple[ImportedFile, ...]
    known: tuple[Path, ...]
    manifest: Manifest


def import_files(
    store: Path,
    spec: SourceSpec,
    paths: Sequence[Path],
    settings: ImportSettings,
    progress: FileProgress = lambda index, path, read, size: None,
) -> ImportResult:
    """Import files into the folder ``store``; MissingExtra, InputError naming what is wrong.

    A file whose content is in the store is left out. InputError when a file is not of this
    source, shows spend in the store by another grouping, or a bill's file breaks off.
    """
    require_engines()
    _check_store(store)
    with locked(store):
        manifest = read_manifest(store) or Manifest()
        remove_leftovers(store, manifest)
        work = _Import(store, spec, settings, manifest, progress)
        return work.run(paths)


def _check_store(store: Path) -> None:
    if any(mark in str(store) for mark in "*?["):
        raise InputError(f"--store {store}: `*`, `?` and `[` in a path are patterns to its readers")
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--store {store}: cannot write: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewFile:
    path: Path
    sha256: str
    size: int
    exported_at: datetime


class _Import:
    def __init__(
        self,
        store: Path,
        spec: SourceSpec,
        settings: ImportSettings,
        manifest: Manifest,
        progress: FileProgress,
    ) -> None:
        self._store = store
        self._spec = spec
        self._settings = settings
        self._manifest = manifest
        self._progress = progress
        self._staged: list[StagedFile] = []
        self._entries: list[ImportedFile] = []
        self._imported: list[ImportedFile] = []

    def run(self, paths: Sequence[Path]) -> ImportResult:
        new, known = self._new_files(paths)
        check_source(self._spec, [file.path for file in new])
        for index, file in enumerate(new):
            self._stage(index, file)
            if (
                sum(each.records for each in self._staged) >= _COMMIT_RECORDS
                or len(self._staged) >= _COMMIT_FILES
            ):
                self._commit()
        self._commit()
        return ImportResult(
            imported=tuple(self._imported), known=tuple(known), manifest=self._manifest
        )

    def _new_files(self, paths: Sequence[Path]) -> tuple[list[_NewFile], list[Path]]:
        """Files not in the store yet, each content once; the others."""
        new: dict[str, _NewFile] = {}
        known: list[Path] = []
        for path in paths:
            file = _new_file(path, self._settings.exported_at)
            if file.sha256 in new:
                known.append(path)
            elif self._manifest.file(self._spec.name, file.sha256):
                # A stop right after its commit leaves what was staged of it.
                shutil.rmtree(self._folder(file.sha256), ignore_errors=True)
                known.append(path)
            else:
                new[file.sha256] = file
        return list(new.values()), known

    def _stage(self, index: int, file: _NewFile) -> None:
        spec, settings = self._spec, self._settings
        origin = FileOrigin(
            source=spec.name,
            file=str(file.path),
            sha256=file.sha256,
            exported_at=file.exported_at,
            ingested_at=settings.now,
        )
        staged = stage_file(
            file.path,
            spec,
            origin,
            FileFacts(exported_at=file.exported_at, label_paths=settings.label_paths),
            settings.pricer,
            self._folder(file.sha256),
            lambda read: self._progress(index, file.path, read, file.size),
        )
        entry = imported_file(staged, file.path, is_bill=spec.replaces_period)
        self._check(entry)
        self._staged.append(staged)
        self._entries.append(entry)

    def _folder(self, sha256: str) -> Path:
        """Where a file is staged; it lasts until the file is committed."""
        return self._store / "staging" / f"{self._spec.name}-{sha256[:32]}"

    def _check(self, entry: ImportedFile) -> None:
        if entry.is_cut_off and self._spec.replaces_period:
            raise InputError(
                f"{entry.name}: the file breaks off, and half a bill would replace the whole one; "
                "fetch it again"
            )
        met = mixed_views(entry, (*self._manifest.files, *self._entries))
        if met is not None:
            view, known, day = met
            raise InputError(
                f"{entry.name}: shows {self._spec.name} of {day} as {view}, and the store has that "
                f"day as {known}: both are the same spend, so they cannot be added. Import one "
                "grouping, or give each its own --store"
            )

    def _commit(self) -> None:
        if not self._entries:
            return
        self._manifest = commit_files(
            self._store, self._manifest, self._spec.name, self._staged, self._entries
        )
        self._imported += self._entries
        for each in self._staged:
            shutil.rmtree(self._folder(each.origin.sha256), ignore_errors=True)
        self._staged, self._entries = [], []


def _new_file(path: Path, exported_at: datetime | None) -> _NewFile:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            while block := handle.read(_HASH_BLOCK):
                digest.update(block)
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error
    return _NewFile(
        path=path,
        sha256=digest.hexdigest(),
        size=stat.st_size,
        # Seconds suffice, and whole ones survive every way of copying that keeps times.
        exported_at=exported_at or datetime.fromtimestamp(int(stat.st_mtime), UTC),
    )

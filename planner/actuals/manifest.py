"""What a store holds: the files that were imported and the Parquet parts that are live.

One JSON file, replaced in one step with every commit: what it does not name does not count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from planner.actuals.types import SCHEMA_VERSION, SourceName
from planner.errors import InputError
from planner.files import write_atomic

__all__ = ["Delivery", "ImportedFile", "Manifest", "Part", "read_manifest", "write_manifest"]

MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Which delivery of a bill a file belongs to, and which part of it the file is.

    ``delivered_at`` is the time its folder names, None when there is none. ``name`` is shared by
    the numbered files of one delivery; ``chunk`` is empty where a file is the whole of it.
    """

    delivered_at: datetime | None
    name: str
    chunk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """One file that was imported: what came of its rows, and the days and bills it covers.

    ``records`` were read; those that a newer file replaces are no longer in the store.
    ``skipped`` rows hold no usage (spans of tools). ``unpriced`` counts records by the model that
    has no price, ``noted`` by their notes. ``views`` maps a view of a bucket source to its days;
    ``bills`` are (account, month).
    """

    name: str
    sha256: str
    source: SourceName
    exported_at: datetime
    ingested_at: datetime
    records: int
    skipped: int
    quarantined: int
    quarantined_tokens: int
    is_cut_off: bool
    unpriced: Mapping[str, int]
    noted: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    views: Mapping[str, tuple[str, ...]]
    bills: tuple[tuple[str, str], ...]
    delivery: Delivery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One live Parquet file, by its path below ``records``."""

    path: str
    source: SourceName
    dt: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The state of a store."""

    commits: int = 0
    files: tuple[ImportedFile, ...] = ()
    parts: tuple[Part, ...] = ()
    schema_version: int = field(default=SCHEMA_VERSION)

    def file(self, source: SourceName, sha256: str) -> ImportedFile | None:
        """The file of this content, if it was imported as this source."""
        found = (each for each in self.files if (each.source, each.sha256) == (source, sha256))
        return next(found, None)


def write_manifest(store: Path, manifest: Manifest) -> None:
    """Make ``manifest`` the state of the store, in one step."""
    ordered = replace(
        manifest,
        files=tuple(sorted(manifest.files, key=lambda each: (each.source, each.sha256))),
        parts=tuple(sorted(manifest.parts, key=lambda each: each.path)),
    )
    text = json.dumps(asdict(ordered), default=_json, indent=1, sort_keys=True)
    write_atomic(store / MANIFEST_NAME, text + "\n")


def _json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def read_manifest(store: Path) -> Manifest | None:
    """The state of the store; None when nothing was ever imported.

    InputError when it cannot be read, or a newer version of planner wrote it.
    """
    path = store / MANIFEST_NAME
    if not path.exists():
        return None
    try:
        # Not read_text: the state of a large store may pass its limit.
        raw = cast("dict[str, Any]", json.loads(path.read_bytes()))
        version = int(raw["schema_version"])
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{path}: written by a newer planner (schema {version}, this one knows "
                f"{SCHEMA_VERSION}): update planner, or import into another --store"
            )
        return Manifest(
            commits=raw["commits"],
            files=tuple(_file(each) for each in raw["files"]),
            parts=tuple(Part(**each) for each in raw["parts"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not the state of a store that planner wrote ({error}): import into another "
            "--store, or delete this one and import again"
        ) from error


def _file(raw: dict[str, Any]) -> ImportedFile:
    delivery = raw["delivery"]
    changed: dict[str, Any] = {
        "exported_at": _moment(raw["exported_at"]),
        "ingested_at": _moment(raw["ingested_at"]),
        "first_at": _moment(raw["first_at"]),
        "last_at": _moment(raw["last_at"]),
        "views": {view: tuple(days) for view, days in raw["views"].items()},
        "bills": tuple((account, month) for account, month in raw["bills"]),
        "delivery": None
        if delivery is None
        else Delivery(**delivery | {"delivered_at": _moment(delivery["delivered_at"])}),
    }
    return ImportedFile(**raw | changed)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

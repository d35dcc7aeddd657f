"""Columns of the store's Parquet files, and of the files that are made on the way to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from planner.actuals.engines import pyarrow_module
from planner.actuals.pricing import ListPrice
from planner.actuals.types import SCHEMA_VERSION, SourceName, Usage, UsageRecord

__all__ = [
    "CONTENT_COLUMNS",
    "STORED_COLUMNS",
    "FileOrigin",
    "StagedRow",
    "constant_columns",
    "key_of",
    "record_of",
    "staged_schema",
    "staged_table",
]

# Told by sources with names of users and keys in them: only their hash is kept.
_NOT_STORED = frozenset({"native_id", "parent_id", "group_keys"})
_USAGE = tuple(field.name for field in fields(Usage) if field.name not in _NOT_STORED)
_USAGE_VALUES = attrgetter(*_USAGE)
_PRICED = ("model", "cost_list_usd", "price_status", "price_ref")
_PLACE = ("record_key", "parent_key", "source_line", "source_item")
_ORIGIN = ("source_file", "file_sha256", "exported_at", "ingested_at", "schema_version")

# `source` and `dt` are in the path of a part, as engines expect of a partitioned table.
STORED_COLUMNS: tuple[str, ...] = (*_PLACE, *_USAGE, *_PRICED, *_ORIGIN)
# What a row says, wherever it stands.
CONTENT_COLUMNS: tuple[str, ...] = ("parent_key", *_USAGE)

_MOMENTS = frozenset({"started_at", "revised_at", "exported_at", "ingested_at"})
_MONEY = frozenset(
    {
        "cost_source_usd",
        "cost_effective_usd",
        "cost_list_usd",
        "quantity",
        "saved_compression_usd",
        "saved_prompt_caching_usd",
        "saved_gateway_caching_usd",
        "saved_routing_usd",
    }
)
_FLAGS = frozenset({"is_batch", "is_evaluation"})
_FLOATS = frozenset({"latency_ms", "ttft_ms"})
_COUNTS = frozenset(
    {
        *(name for name in _USAGE if name.endswith("_tokens")),
        "bucket_s",
        "calls",
        "attempts",
        "failed_calls",
        "tool_calls",
        "source_line",
        "source_item",
        "schema_version",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrigin:
    """The file that rows come from, and when it was made and imported."""

    source: SourceName
    file: str
    sha256: str
    exported_at: datetime
    ingested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRow:
    """One record with its place in its file and its list price."""

    usage: Usage
    line: int
    item: int
    price: ListPrice


def key_of(source: str, *parts: str) -> str:
    """A stable id, 32 hexadecimal digits."""
    return _md5("\x1f".join((source, *parts)))


def _md5(text: str) -> str:
    # surrogatepass: any text that Python can hold has a key.
    content = text.encode("utf-8", "surrogatepass")
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def staged_schema() -> Any:
    """The schema of the store's files; MissingExtra."""
    pa = pyarrow_module()

    def kind(name: str) -> Any:
        if name in _MOMENTS:
            return pa.timestamp("us", tz="UTC")
        if name in _MONEY:
            return pa.decimal128(24, 12)
        if name in _FLAGS:
            return pa.bool_()
        if name in _FLOATS:
            return pa.float64()
        return pa.int64() if name in _COUNTS else pa.string()

    return pa.schema([(name, kind(name)) for name in STORED_COLUMNS])


def staged_table(rows: Sequence[StagedRow], origin: FileOrigin, *, keyed_by_place: bool) -> Any:
    """Rows as an Arrow table. ``keyed_by_place``: a line of a bill is known by where it stands.

    The key of a row that its source gives none is empty: that takes the whole file.
    """
    pa = pyarrow_module()
    schema = staged_schema()
    columns: dict[str, Sequence[Any]] = dict(
        zip(_USAGE, zip(*(_USAGE_VALUES(row.usage) for row in rows), strict=True), strict=True)
    )
    columns["notes"] = [_joined(row) for row in rows]
    columns |= _price_columns(rows)
    columns |= _place_columns(rows, origin, keyed_by_place=keyed_by_place)
    columns |= {name: [value] * len(rows) for name, value in _of_file(origin).items()}
    return pa.table(
        [pa.array(columns[field.name], type=field.type) for field in schema], schema=schema
    )


def constant_columns(origin: FileOrigin) -> dict[str, Any]:
    """The value of every staged column where neither a source nor a price gives another."""
    defaults = {
        field.name: field.default for field in fields(Usage) if field.default is not MISSING
    }
    return {**defaults, "notes": "", "parent_key": "", **_of_file(origin)}


def _of_file(origin: FileOrigin) -> dict[str, Any]:
    values = (
        origin.file,
        origin.sha256,
        origin.exported_at,
        origin.ingested_at,
        SCHEMA_VERSION,
    )
    return dict(zip(_ORIGIN, values, strict=True))


def _joined(row: StagedRow) -> str:
    return ",".join(sorted({*row.usage.notes, *row.price.notes}))


def _price_columns(rows: Sequence[StagedRow]) -> dict[str, list[Any]]:
    return {
        "model": [row.price.model for row in rows],
        "cost_list_usd": [row.price.usd for row in rows],
        "price_status": [row.price.status for row in rows],
        "price_ref": [row.price.reference for row in rows],
    }


def _place_columns(
    rows: Sequence[StagedRow], origin: FileOrigin, *, keyed_by_place: bool
) -> dict[str, list[Any]]:
    keys: list[str] = []
    for row in rows:
        if keyed_by_place:
            keys.append(key_of(origin.source, origin.sha256, str(row.item)))
        else:
            native_id = row.usage.native_id
            keys.append(key_of(origin.source, native_id) if native_id else "")
    return {
        "record_key": keys,
        "parent_key": [
            key_of(origin.source, row.usage.parent_id) if row.usage.parent_id else ""
            for row in rows
        ],
        "source_line": [row.line for row in rows],
        "source_item": [row.item for row in rows],
    }


def record_of(source: SourceName, dt: Any, row: dict[str, Any]) -> UsageRecord:
    """A row of the store as a record."""
    values = {name: row[name] for name in STORED_COLUMNS if name != "parent_key"}
    values["notes"] = tuple(row["notes"].split(",")) if row["notes"] else ()
    return UsageRecord(source=source, dt=dt, **values)

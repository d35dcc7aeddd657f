"""A price snapshot: AWS rows, and LLM rows when it is pinned, under one content hash.

File (JSON)::

    format     1
    meta       as_of, counts, oldest and newest observed, sha256, tool versions; not hashed
    rows       AWS price facts, see ``rows.py``
    llm        resolved LLM price rows; absent: the LLM price data of this installation
    instances  instance types, see ``hardware.py``; absent: those of this installation
    quotas     vCPU quotas of the account that refreshed the file

The shipped snapshot is ``data/prices.json`` with the ``data/llm*`` files beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast

from planner.catalog.rows import RawRow, RowKey, checked_row, iso_date, price_row, row_key
from planner.catalog.types import PriceRow
from planner.errors import PriceFileError
from planner.files import read_text

__all__ = [
    "DATA_DIR",
    "SHIPPED",
    "SNAPSHOT_FILE",
    "Snapshot",
    "find_snapshot",
    "load_snapshot",
    "snapshot_from_text",
    "snapshot_text",
]

DATA_DIR = Path(__file__).parent / "data"
SHIPPED = "shipped"
SNAPSHOT_FILE = "planner.prices.json"

_FORMAT = 1
_SECTIONS = ("llm", "instances", "quotas")
_KEYS = frozenset({"format", "meta", "rows", *_SECTIONS})

Section = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Prices of one file.

    ``name`` is ``shipped`` or the path of the file. ``file_sha256`` is the hash of the file's
    content, equal for files that differ in layout, order of rows or form of numbers only;
    ``sha256`` adds the LLM price data of this installation when the file has none of its own, so
    that it covers every price. ``as_of`` is the day the file was put together; without one, the
    newest row's. ``oldest_observed`` and ``newest_observed`` are over priced AWS rows with a
    date. ``llm_rows`` and ``instances`` are None when the file has no such section.
    """

    name: str
    sha256: str
    file_sha256: str
    as_of: date
    oldest_observed: date
    newest_observed: date
    raw: Mapping[RowKey, RawRow]
    llm_rows: Section | None
    instances: Section | None
    quotas: Section
    meta: Mapping[str, object] = field(default_factory=lambda: dict[str, object]())

    def row(self, kind: str, region: str, item: str, purchase: str) -> PriceRow | None:
        """One price fact; None when the snapshot says nothing about it."""
        found = self.raw.get((kind, region, item, purchase))
        return None if found is None else price_row(found)

    def rows(self) -> Iterator[PriceRow]:
        """All AWS facts, sorted by kind, region, item and purchase."""
        return (price_row(self.raw[key]) for key in sorted(self.raw))

    def items(self, kind: str) -> tuple[str, ...]:
        """Names of all priced things of a kind, sorted."""
        return tuple(sorted({key[2] for key in self.raw if key[0] == kind}))


def load_snapshot(path: Path | None, name: str | None = None) -> Snapshot:
    """The snapshot of a file; None for the shipped one; PriceFileError when it is not sound.

    ``name`` is what reports call the file, by default its path.
    """
    if path is None:
        return _shipped()
    return snapshot_from_text(read_text(path), name or str(path))


@cache
def _shipped() -> Snapshot:
    """The shipped file, whose rows and hash a test has checked: checking them takes 20 ms."""
    document = cast(dict[str, object], json.loads(read_text(DATA_DIR / "prices.json")))
    meta = cast(dict[str, str], document["meta"])
    return Snapshot(
        name=SHIPPED,
        sha256=_with_shipped_llm(meta["sha256"]),
        file_sha256=meta["sha256"],
        as_of=date.fromisoformat(meta["as_of"]),
        oldest_observed=date.fromisoformat(meta["oldest_observed"]),
        newest_observed=date.fromisoformat(meta["newest_observed"]),
        raw={row_key(row): row for row in cast(list[RawRow], document["rows"])},
        llm_rows=None,
        instances=None,
        quotas=(),
        meta=meta,
    )


def find_snapshot(
    prices_file: Path | None, from_scenario: str | None, base_dir: Path
) -> tuple[Path | None, str | None]:
    """The file that holds the prices, and what to call it; no file for the shipped prices.

    ``prices_file`` (the option) wins over ``from_scenario`` (the scenario's ``prices.snapshot``,
    relative to ``base_dir``, its folder), over ``planner.prices.json`` found from ``base_dir``
    upward. Names of found files are relative to ``base_dir``, the same wherever it lies.
    """
    if prices_file is not None:
        return prices_file, str(prices_file)
    if from_scenario is not None:
        return base_dir / from_scenario, from_scenario
    start = base_dir.resolve()
    for height, folder in enumerate((start, *start.parents)):
        if (folder / SNAPSHOT_FILE).is_file():
            return folder / SNAPSHOT_FILE, "../" * height + SNAPSHOT_FILE
    return None, None


def snapshot_from_text(text: str, name: str) -> Snapshot:
    """Read the text of a snapshot file; PriceFileError naming ``name`` and the row."""
    document = _document(text, name)
    rows = _checked_rows(document["rows"], name)
    sections = {key: _section(document, key, name) for key in _SECTIONS}
    days = sorted({row["observed"] for row in rows.values() if row["usd"] and row["observed"]})
    if not days:
        raise PriceFileError(
            f"{name}: no price in it has a date; make it with `planner prices refresh` or `pin`"
        )
    meta = cast(Mapping[str, object], document.get("meta") or {})
    own = _file_sha256(rows, sections)
    return Snapshot(
        name=name,
        sha256=own if sections["llm"] is not None else _with_shipped_llm(own),
        file_sha256=own,
        as_of=_as_of(meta, name) or date.fromisoformat(days[-1]),
        oldest_observed=date.fromisoformat(days[0]),
        newest_observed=date.fromisoformat(days[-1]),
        raw=rows,
        llm_rows=sections["llm"],
        instances=sections["instances"],
        quotas=sections["quotas"] or (),
        meta=meta,
    )


def _document(text: str, name: str) -> dict[str, object]:
    try:
        document = cast(object, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise PriceFileError(
            f"{name}: not JSON ({error}); a price snapshot is a JSON file"
        ) from None
    if not isinstance(document, dict):
        raise PriceFileError(f"{name}: a price snapshot is a JSON object with `rows`")
    fields = cast(dict[str, object], document)
    if fields.get("format") != _FORMAT:
        raise PriceFileError(
            f"{name}: format is {fields.get('format')!r}, this version reads {_FORMAT}; "
            "make the file again with `planner prices refresh` or `pin`"
        )
    unknown = sorted(fields.keys() - _KEYS)
    if unknown:
        raise PriceFileError(
            f"{name}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}"
        )
    if not isinstance(fields.get("rows"), list):
        raise PriceFileError(f"{name}: `rows` must be a list of price rows")
    if not isinstance(fields.get("meta", {}), dict):
        raise PriceFileError(f"{name}: `meta` must be an object")
    return fields


def _checked_rows(raw: object, name: str) -> dict[RowKey, RawRow]:
    rows: dict[RowKey, RawRow] = {}
    for number, item in enumerate(cast(list[object], raw), start=1):
        try:
            row = checked_row(item)
        except ValueError as error:
            raise PriceFileError(f"{name}: row {number}{_named(item)}: {error}") from None
        key = row_key(row)
        if key in rows:
            first = list(rows).index(key) + 1
            raise PriceFileError(
                f"{name}: row {number} ({' '.join(key)}) repeats row {first}; keep one of them"
            )
        rows[key] = row
    return rows


def _named(item: object) -> str:
    """The key of a bad row, as far as it has one."""
    if not isinstance(item, dict):
        return ""
    fields = cast(dict[str, object], item)
    words = [fields.get(name) for name in ("kind", "region", "item", "purchase")]
    text = " ".join(word for word in words if isinstance(word, str))
    return f" ({text})" if text else ""


def _section(document: Mapping[str, object], key: str, name: str) -> Section | None:
    raw = document.get(key)
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise PriceFileError(f"{name}: `{key}` must be a list of objects")
    items = cast(list[object], raw)
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise PriceFileError(f"{name}: {key} {number}: not an object")
    return tuple(cast(list[Mapping[str, object]], items))


def _as_of(meta: Mapping[str, object], name: str) -> date | None:
    value = meta.get("as_of")
    try:
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{value!r}, not text")
        return iso_date(value)
    except ValueError as error:
        raise PriceFileError(f"{name}: meta: as_of is {error}") from None


def _file_sha256(rows: Mapping[RowKey, RawRow], sections: Mapping[str, Section | None]) -> str:
    content: dict[str, object] = {"rows": [rows[key] for key in sorted(rows)]}
    for name, section in sections.items():
        if section is not None:
            content[name] = sorted(section, key=_canonical)
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _with_shipped_llm(own: str) -> str:
    """``own`` and the LLM price data of this installation, which a file without `llm` relies on."""
    from planner.catalog.llm import shipped_digest

    return hashlib.sha256(f"{own} {shipped_digest()}".encode()).hexdigest()


def snapshot_text(
    rows: Iterable[RawRow],
    *,
    meta: Mapping[str, object],
    llm: Sequence[Mapping[str, object]] | None = None,
    instances: Sequence[Mapping[str, object]] | None = None,
    quotas: Sequence[Mapping[str, object]] = (),
) -> str:
    """The file for these contents, one fact a line; reading it back checks every row.

    ``meta`` gets row counts, dates and the hash added. PriceFileError when a row is not sound.
    """
    sections: dict[str, Sequence[Mapping[str, object]]] = {
        "rows": cast(list[Mapping[str, object]], sorted(rows, key=row_key))
    }
    for name, items in (("llm", llm), ("instances", instances), ("quotas", quotas or None)):
        if items is not None:
            sections[name] = sorted(items, key=_canonical)
    body = ",\n".join(f'"{name}": [\n{_lines(items)}\n]' for name, items in sections.items())
    draft = snapshot_from_text(f'{{"format": {_FORMAT},\n{body}}}', "new snapshot")
    full_meta = {
        **meta,
        "rows": len(draft.raw),
        "oldest_observed": draft.oldest_observed.isoformat(),
        "newest_observed": draft.newest_observed.isoformat(),
        "sha256": draft.file_sha256,
    }
    head = json.dumps(full_meta, sort_keys=True, indent=1, ensure_ascii=False)
    return f'{{"format": {_FORMAT},\n"meta": {head},\n{body}}}\n'


def _lines(items: Sequence[Mapping[str, object]]) -> str:
    return ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)

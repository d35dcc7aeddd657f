"""The snapshot a refresh is putting together, and how it differs from the one it began with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from planner.catalog.hardware import instance_to_json, instances_of
from planner.catalog.quotas import Quota, parse_quotas, quota_to_json
from planner.catalog.rows import RawRow, RowKey, raw_row, row_key
from planner.catalog.snapshot import Snapshot, snapshot_text
from planner.catalog.types import InstanceType, PriceRow

__all__ = ["Change", "Draft", "draft_of", "row_changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact that is new, gone or priced otherwise; prices as text, None for no price."""

    key: RowKey
    what: Literal["added", "removed", "changed"]
    before: str | None
    after: str | None


@dataclass(slots=True)
class Draft:
    """Rows and hardware being put together.

    ``failures`` name what kept its old rows, and why; ``succeeded`` counts what was read.
    """

    rows: dict[RowKey, RawRow]
    instances: dict[str, InstanceType]
    instances_changed: bool
    quotas: dict[tuple[str, str], Quota]
    succeeded: int = 0
    failures: list[str] = field(default_factory=lambda: list[str]())

    def replace_rows(
        self, rows: Iterable[PriceRow], names: Iterable[str], region: str, prefixes: tuple[str, ...]
    ) -> None:
        """Put ``rows`` in the place of all rows of these types, region and purchases."""
        wanted = frozenset(names)
        for key in [key for key in self.rows if key[0] == "instance" and key[1] == region]:
            if key[2] in wanted and key[3].startswith(prefixes):
                del self.rows[key]
        for row in rows:
            if row.purchase.startswith(prefixes):
                raw = raw_row(row)
                self.rows[row_key(raw)] = raw

    def text(self, base: Snapshot, as_of: date) -> str:
        """The file; ``base`` gives what a refresh does not read."""
        instances = [instance_to_json(known) for _, known in sorted(self.instances.items())]
        return snapshot_text(
            self.rows.values(),
            meta={"as_of": as_of.isoformat(), "refreshed_from": Path(base.name).name},
            llm=base.llm_rows,
            instances=instances if self.instances_changed else None,
            quotas=[quota_to_json(quota) for _, quota in sorted(self.quotas.items())],
        )


def draft_of(base: Snapshot) -> Draft:
    """A draft that holds what ``base`` holds."""
    return Draft(
        rows=dict(base.raw),
        instances=dict(instances_of(base)),
        instances_changed=base.instances is not None,
        quotas=dict(parse_quotas(base.quotas, base.name)),
    )


def row_changes(
    before: Mapping[RowKey, RawRow], after: Mapping[RowKey, RawRow]
) -> tuple[tuple[Change, ...], int]:
    """What differs in price, sorted, and how many prices were read again and did not change."""
    changes: list[Change] = []
    confirmed = 0
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        old_usd = None if old is None else old["usd"]
        new_usd = None if new is None else new["usd"]
        if old is None:
            changes.append(Change(key=key, what="added", before=None, after=new_usd))
        elif new is None:
            changes.append(Change(key=key, what="removed", before=old_usd, after=None))
        elif old_usd != new_usd:
            changes.append(Change(key=key, what="changed", before=old_usd, after=new_usd))
        elif new is not old and new_usd is not None:
            confirmed += 1
    return tuple(changes), confirmed

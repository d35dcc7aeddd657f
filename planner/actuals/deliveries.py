"""Bills come again and again: which delivery of a month counts, and which views may meet.

A bill is never added to an older delivery of itself; lines have no id that lasts from one to the
next (AWS: `identity_line_item_id` changes), so that whole deliveries are replaced.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from planner.actuals.manifest import Delivery, ImportedFile

__all__ = ["Replaced", "delivery_of", "mixed_views", "replaced_bills"]

# A file's lines of one account's month: (SHA-256 of the file, account, month).
Replaced = tuple[str, str, str]

# `2026-11-03T04:05:06.789Z-<execution id>`, the folder of a delivery that overwrites nothing, and
# the older `20261103T040506Z`.
_STAMP = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?Z")
# `<export>-00001.snappy.parquet`: the files of one delivery are numbered with five digits.
_NUMBERED = re.compile(r"(.+)-(\d{5})((?:\.\w+)+)")


def delivery_of(path: Path) -> Delivery:
    """What the path of a bill's file says about its delivery."""
    stamps = [found for part in path.parts[:-1] if (found := _STAMP.match(part))]
    numbered = _NUMBERED.fullmatch(path.name)
    return Delivery(
        delivered_at=_moment(stamps[-1]) if stamps else None,
        name=numbered[1] + numbered[3] if numbered else path.name,
        chunk=numbered[2] if numbered else "",
    )


def _moment(found: re.Match[str]) -> datetime | None:
    try:
        return datetime(*(int(group) for group in found.groups()), tzinfo=UTC)
    except ValueError:
        return None


def replaced_bills(files: Iterable[ImportedFile]) -> frozenset[Replaced]:
    """Lines that do not count, because a newer delivery of the same account and month is there.

    The answer hangs on the files alone, not on the order of their import. Of one delivery, a
    numbered file that came again replaces its namesake.
    """
    by_bill: dict[tuple[str, str, str], list[ImportedFile]] = defaultdict(list)
    for file in files:
        for account, month in file.bills:
            by_bill[file.source, account, month].append(file)
    return frozenset(
        (file.sha256, account, month)
        for (_, account, month), group in by_bill.items()
        for file in _losers(group)
    )


def _losers(group: Sequence[ImportedFile]) -> list[ImportedFile]:
    deliveries: dict[tuple[datetime | None, str], list[ImportedFile]] = defaultdict(list)
    for file in group:
        assert file.delivery is not None
        deliveries[file.delivery.delivered_at, file.delivery.name].append(file)
    newest = max(deliveries, key=lambda key: (_delivered(key, deliveries[key]), key[1]))
    kept: dict[str, ImportedFile] = {}
    for file in deliveries[newest]:
        assert file.delivery is not None
        chunk = file.delivery.chunk
        kept[chunk] = max(kept.get(chunk, file), file, key=lambda f: (f.exported_at, f.sha256))
    stays = {file.sha256 for file in kept.values()}
    return [file for file in group if file.sha256 not in stays]


def _delivered(key: tuple[datetime | None, str], files: Sequence[ImportedFile]) -> datetime:
    return key[0] or max(file.exported_at for file in files)


def mixed_views(file: ImportedFile, others: Iterable[ImportedFile]) -> tuple[str, str, str] | None:
    """The view of a file, another's view and a day on which they meet; None when they do not.

    Two groupings or widths of the same spend cannot be told apart once they are in one store.
    Views of different reports of a source (before the first colon) are different spend.
    """
    for other in others:
        if (other.source, other.sha256) == (file.source, file.sha256):
            continue
        if other.source != file.source:
            continue
        for view, days in file.views.items():
            for known, known_days in other.views.items():
                meet = sorted(set(days) & set(known_days))
                if meet and known != view and _report(known) == _report(view):
                    return view, known, meet[0]
    return None


def _report(view: str) -> str:
    return view.partition(":")[0] if ":" in view else ""

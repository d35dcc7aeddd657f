"""What `planner keys` shows: keys as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from planner.emit.keys import KeyRecord
from planner.money import usd_text
from planner.render.blocks import Block, Column, Grid, Paragraph
from planner.render.numbers import NOT_APPLICABLE

__all__ = ["as_json", "key_json", "keys_grid", "made_blocks"]

_SCHEMA_VERSION = 1


def as_json(payload: dict[str, object]) -> str:
    """JSON text with sorted keys."""
    return json.dumps({"schema_version": _SCHEMA_VERSION, **payload}, indent=2, sort_keys=True)


def key_json(record: KeyRecord, now_s: float) -> dict[str, object]:
    """A key without its secret or hash."""
    day = record.cap_day_usd
    return {
        "key_id": record.key_id,
        "tenant": record.tenant,
        "state": record.state_at(now_s),
        "cap_month_usd": usd_text(record.cap_month_usd),
        "cap_day_usd": None if day is None else usd_text(day),
        "created_on": record.created_on,
        "expires_at": _moment(record.expires_at_s),
        "own_metrics": record.own_metrics,
    }


def keys_grid(records: Sequence[KeyRecord], now_s: float) -> Grid:
    """Keys as a table."""
    return Grid.of(
        (
            Column(header="key"),
            Column(header="tenant", is_name=True),
            Column(header="state"),
            Column(header="cap a month", align="decimal"),
            Column(header="cap a day", align="decimal", priority=1),
            Column(header="created", priority=3),
            Column(header="expires", priority=2),
            Column(header="own metrics", priority=4),
        ),
        [
            (
                record.key_id,
                record.tenant,
                record.state_at(now_s),
                f"${usd_text(record.cap_month_usd)}",
                NOT_APPLICABLE
                if record.cap_day_usd is None
                else f"${usd_text(record.cap_day_usd)}",
                record.created_on,
                _moment(record.expires_at_s) or NOT_APPLICABLE,
                "yes" if record.own_metrics else "no",
            )
            for record in records
        ],
    )


def made_blocks(key: str, record: KeyRecord, now_s: float) -> list[Block]:
    """A new key, in full this once."""
    return [
        Paragraph(f"{key}", strong=True),
        Paragraph("Shown this once: store it now, it is kept as a hash only."),
        keys_grid([record], now_s),
    ]


def _moment(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")

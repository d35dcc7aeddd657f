"""Facts about API models that the price data does not hold.

The source of truth is ``data/llm_overlay.yaml``; ``data/llm_overlay.json`` is the same list,
checked and written by ``scripts/build_llm_prices.py``, since reading YAML takes longer than
everything else here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "WARN_AFTER_DAYS",
    "Overlay",
    "OverlayRow",
    "overlay_from_json",
    "overlay_warnings",
    "shipped_overlay",
]

# Vendors change batch terms and retirement dates more often than list prices.
WARN_AFTER_DAYS = 180

_SHIPPED = Path(__file__).parent / "data" / "llm_overlay.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayRow:
    """One fact about some models of a provider.

    ``value`` is a factor on the standard price (``batch_multiplier``, in ``region`` or
    everywhere; ``endpoint_multiplier``, at each of ``endpoint``), the first day on which the
    model is not served (``retires_on``), or ``unconfirmed`` (``status``). ``models`` are ids as
    sent to the provider and may end in ``*``.
    """

    kind: Literal["batch_multiplier", "endpoint_multiplier", "retires_on", "status"]
    provider: str
    models: tuple[str, ...]
    value: str
    source: str
    observed: date
    region: str | None = None
    endpoint: tuple[str, ...] = ()

    def names(self, *ids: str) -> bool:
        """Whether one of ``ids`` is listed, in any case of letters."""
        return any(
            fnmatchcase(one.lower(), listed.lower()) for one in ids for listed in self.models
        )

    @property
    def origin(self) -> str:
        """Source and date, for notes."""
        return f"{self.source}, seen {self.observed.isoformat()}"


Overlay = tuple[OverlayRow, ...]


@cache
def shipped_overlay() -> Overlay:
    """The overlay of this version."""
    return overlay_from_json(json.loads(_SHIPPED.read_bytes()))


def overlay_from_json(raw: Sequence[Mapping[str, Any]]) -> Overlay:
    """Rows of a list that the schema has checked, hence ``Any``."""
    return tuple(
        OverlayRow(
            kind=item["kind"],
            provider=item["provider"],
            models=tuple(item["models"]),
            value=item["value"],
            source=item["source"],
            observed=date.fromisoformat(item["observed"]),
            region=item.get("region"),
            endpoint=tuple(item.get("endpoint", ())),
        )
        for item in raw
    )


def overlay_warnings(
    as_of: date, overlay: Overlay | None = None, *, warn_after_days: int = WARN_AFTER_DAYS
) -> tuple[str, ...]:
    """One line for each row seen more than ``warn_after_days`` before ``as_of``."""
    rows = shipped_overlay() if overlay is None else overlay
    return tuple(
        f"overlay {row.kind} of {row.provider} {', '.join(row.models)} was seen "
        f"{(as_of - row.observed).days} days ago ({row.source}): check it"
        for row in rows
        if (as_of - row.observed).days > warn_after_days
    )

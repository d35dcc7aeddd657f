"""How much a prompt shrinks when nobody has measured it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

__all__ = ["AssumedCompression", "assumed_compression"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedCompression:
    """Shares (0-1) of the tokens that a rewrite takes away, low to high, and who says so."""

    low_share: Decimal
    expected_share: Decimal
    high_share: Decimal
    source: str
    observed: date


@cache
def assumed_compression() -> AssumedCompression:
    """The range used until a rewrite has been counted (data/compression.json)."""
    text = files("planner.levers.tokens").joinpath("data/compression.json").read_text("utf-8")
    row = json.loads(text)
    return AssumedCompression(
        low_share=Decimal(row["low_share"]),
        expected_share=Decimal(row["expected_share"]),
        high_share=Decimal(row["high_share"]),
        source=row["source"],
        observed=date.fromisoformat(row["observed"]),
    )

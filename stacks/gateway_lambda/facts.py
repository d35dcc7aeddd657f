"""Figures and provider differences of ``facts.json``, which names their sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Dialect", "dialect_of", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a provider's OpenAI-shaped API differs from the others."""

    max_tokens_field: str
    asks_for_stream_usage: bool


@cache
def _facts() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))


def estimate(name: str) -> int:
    """One of the figures that token counts are estimated with."""
    return int(_facts()["estimates"][name]["value"])


@cache
def dialect_of(provider: str) -> Dialect:
    """The dialect of a provider; of one without its own, the default."""
    found = _facts()["dialects"].get(provider, _facts()["default_dialect"])
    return Dialect(
        max_tokens_field=found["max_tokens_field"],
        asks_for_stream_usage=found["asks_for_stream_usage"],
    )

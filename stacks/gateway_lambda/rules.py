"""Routing rules, prices and caps: what the stack writes into one SSM parameter, and its reader.

Prices are dollars per 1M tokens, which is the same number as micro-dollars per token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["SELFHOST", "Caps", "Route", "Rules", "parse_rules"]

# The provider id of the stack's own GPUs.
SELFHOST = "selfhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One model of one provider, at the prices its use is metered with."""

    name: str
    provider: str
    model: str
    usd_per_1m_input_tokens: Decimal
    usd_per_1m_cached_tokens: Decimal
    usd_per_1m_output_tokens: Decimal
    # `auto` sends requests of at most so many estimated input tokens, without tools, here.
    most_input_tokens: int | None = None

    @property
    def metered_model(self) -> str | None:
        """The value of the metrics' dimension ``Model``; own GPUs have the engine's metrics."""
        return None if self.provider == SELFHOST else self.model


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Hard limits in micro-dollars per calendar month and day, in UTC; None: no limit."""

    month_microusd: int
    day_microusd: int | None = None
    # Counter items the caps are divided over; more than one only for high request rates.
    shards: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that the gateway decides by."""

    stack: str
    provider_urls: Mapping[str, str]
    routes: tuple[Route, ...]
    caps: Caps
    max_output_tokens: int
    exact_cache_ttl_s: int | None = None
    # Requests the own GPUs hold at once: one figure, or 168 by hour of the week from Monday, UTC.
    selfhost_in_flight: int | tuple[int, ...] | None = None


def parse_rules(text: str) -> Rules:
    """The rules in ``text``; ValueError or KeyError where it is not what the stack writes."""
    found: dict[str, Any] = json.loads(text)
    caps = found["caps"]
    bound = found.get("selfhost_in_flight")
    return Rules(
        stack=found["stack"],
        provider_urls=found["providers"],
        routes=tuple(_route(row) for row in found["routes"]),
        caps=Caps(
            month_microusd=caps["month_microusd"],
            day_microusd=caps.get("day_microusd"),
            shards=caps.get("shards", 1),
        ),
        max_output_tokens=found["max_output_tokens"],
        exact_cache_ttl_s=found.get("exact_cache_ttl_s"),
        selfhost_in_flight=tuple(bound) if isinstance(bound, list) else bound,
    )


def _route(row: Mapping[str, Any]) -> Route:
    price_in = Decimal(row["in"])
    return Route(
        name=row["name"],
        provider=row["provider"],
        model=row["model"],
        usd_per_1m_input_tokens=price_in,
        usd_per_1m_cached_tokens=Decimal(row["cached"]) if "cached" in row else price_in,
        usd_per_1m_output_tokens=Decimal(row["out"]),
        most_input_tokens=row.get("most_input_tokens"),
    )

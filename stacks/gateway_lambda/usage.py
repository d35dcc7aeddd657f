"""Tokens of a request: as the provider counted them, or estimated; and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from .facts import estimate
from .rules import Route

__all__ = ["Usage", "cost_usd", "estimated_tokens", "microusd", "most_cost_microusd", "usage_of"]

_MICRO = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one request; ``input_tokens`` holds ``cached_tokens`` too."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False


def usage_of(found: Mapping[str, Any]) -> Usage:
    """A provider's ``usage`` object. Output is at least total minus input.

    xAI and Google count reasoning tokens, which they bill as output, in the total only.
    """
    prompt = _count(found.get("prompt_tokens"))
    completion = _count(found.get("completion_tokens"))
    details = found.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    # DeepSeek's own name for it.
    cached = cached or _count(found.get("prompt_cache_hit_tokens"))
    return Usage(
        input_tokens=prompt,
        cached_tokens=min(cached, prompt),
        output_tokens=max(completion, _count(found.get("total_tokens")) - prompt),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def estimated_tokens(text_bytes: int) -> int:
    """Tokens of so many bytes of text, rounded up."""
    return math.ceil(text_bytes / estimate("bytes_per_token"))


def cost_usd(route: Route, usage: Usage) -> Decimal:
    """What the provider charges for it, exactly."""
    fresh = usage.input_tokens - usage.cached_tokens
    microusd_exact = (
        fresh * route.usd_per_1m_input_tokens
        + usage.cached_tokens * route.usd_per_1m_cached_tokens
        + usage.output_tokens * route.usd_per_1m_output_tokens
    )
    return microusd_exact / _MICRO


def microusd(usd: Decimal) -> int:
    """Whole micro-dollars, rounded up: a counter must not fall behind the bill."""
    return int((usd * _MICRO).to_integral_value(ROUND_CEILING))


def most_cost_microusd(routes: tuple[Route, ...], input_bound: int, output_bound: int) -> int:
    """The most that a request can cost on the dearest of these routes."""
    return max(
        microusd(
            (
                input_bound * max(route.usd_per_1m_input_tokens, route.usd_per_1m_cached_tokens)
                + output_bound * route.usd_per_1m_output_tokens
            )
            / _MICRO
        )
        for route in routes
    )

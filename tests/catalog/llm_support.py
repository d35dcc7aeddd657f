"""Short ways to name models, moments and rates in the LLM price tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from planner.catalog.llm import quote
from planner.catalog.types import LlmQuote, LlmRate, LlmRef, Processing

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ref(provider_model: str, *, region: str | None = None, endpoint: str | None = None) -> LlmRef:
    """``openai/gpt-4o`` as a reference; the provider ends at the first slash."""
    provider, _, model = provider_model.partition("/")
    return LlmRef(provider=provider, model=model, region=region, endpoint=endpoint)


def at(text: str) -> datetime:
    """A moment in UTC: ``2026-11-21 03:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def price(
    wanted: LlmRef | str, moment: datetime = NOON, processing: Processing = "standard"
) -> LlmQuote:
    """The quote, which must exist."""
    found = quote(ref(wanted) if isinstance(wanted, str) else wanted, moment, processing)
    assert found is not None
    return found


def base(rate: LlmRate | None) -> Decimal | None:
    """The rate of a small request."""
    return None if rate is None else rate[0].usd_per_1m_tokens

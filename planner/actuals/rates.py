"""List prices of models, as a comparison of spend asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from planner.actuals.compare import RateLookup, TokenRates
from planner.actuals.providers import catalogue_model
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.catalog import Catalog, LlmRate

__all__ = ["catalogue_rates"]


def catalogue_rates(catalog: Catalog, providers: Mapping[str, str]) -> RateLookup:
    """A look-up by model; ``providers`` says who serves each. None without a price."""
    known: dict[tuple[str, date, Decimal], TokenRates | None] = {}

    def rates(model: str, day: date, mean_input: Fraction) -> TokenRates | None:
        length = Decimal(round(mean_input))
        key = (model, day, length)
        if key not in known:
            provider = providers.get(model)
            known[key] = None if not provider else _found(catalog, provider, model, day, length)
        return known[key]

    return rates


def _found(
    catalog: Catalog, provider: str, model: str, day: date, mean_input: Decimal
) -> TokenRates | None:
    from planner.catalog.llm_request import rate_at
    from planner.catalog.types import LlmRef

    ref = LlmRef(provider=provider, model=catalogue_model(model))
    noon = datetime.combine(day, time(12), UTC)
    try:
        quote = catalog.llm_quote(ref, noon, "standard")
    except InputError:
        return None
    if quote is None:
        return None
    plain = Fraction(rate_at(quote.input, mean_input))

    def of(rate: LlmRate | None) -> Fraction:
        return plain if rate is None else Fraction(rate_at(rate, mean_input))

    return TokenRates(
        input=plain,
        read=of(quote.cache_read),
        write=of(quote.cache_write),
        output=Fraction(rate_at(quote.output, mean_input)),
    )

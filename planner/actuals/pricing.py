"""List price of a record, at its own time, from the price catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from planner.actuals.providers import catalogue_model
from planner.actuals.types import PriceStatus, Usage
from planner.actuals.values import MONEY_STEP
from planner.errors import InputError
from planner.units import TOKENS_PER_MTOK

if TYPE_CHECKING:
    from planner.catalog import Catalog, LlmQuote
    from planner.catalog.types import LlmRate, Processing

__all__ = ["CataloguePricer", "ListPrice", "Pricer", "TokenRates"]

_UNITS_PER_USD = 10**12
# As the providers call the tier that the list price is for.
_STANDARD_TIERS = frozenset({"", "auto", "batch", "default", "standard", "standard_only"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """What a record costs at list price, and where the price is from; None is not known.

    ``model`` is the catalogue's id. ``notes`` are added to those of the record.
    """

    model: str
    usd: Decimal | None
    status: PriceStatus
    reference: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """What a token of each kind costs in requests of one size, in 1E-12 USD, exactly.

    The size is the logical input: more than ``above_input_tokens``, up to those of the next tier.
    """

    above_input_tokens: int
    uncached_input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int


class Pricer(Protocol):
    """Gives records their list price."""

    def price(self, usage: Usage) -> ListPrice:
        """The list price of one record."""
        ...

    def rates(self, usage: Usage) -> tuple[TokenRates, ...] | None:
        """What ``price`` charges for a request like this one by its tokens, smallest size first.

        None where that cannot be said before the request is known.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Key:
    provider: str
    model: str
    region: str | None
    is_batch: bool
    day: date
    hour: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A quote with its age, or why there is none."""

    quote: LlmQuote | None
    status: PriceStatus = "unpriced"
    reason: str = ""


class CataloguePricer:
    """Prices by one catalogue; quotes are looked up once a model and day."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._quotes: dict[_Key, _Found] = {}
        self._unknown: set[tuple[str, str]] = set()

    def price(self, usage: Usage) -> ListPrice:
        """The list price of one record; bills, cache hits and own servers have none."""
        if usage.kind == "bill" or usage.status == "cache_hit" or usage.provider == "vllm":
            return _without(usage, "not_applicable", "")
        if not usage.model_raw or not usage.provider:
            return _without(usage, "unpriced", "no model or provider named")
        if (usage.service_tier or "").lower() not in _STANDARD_TIERS:
            return _without(usage, "unpriced", f"no price for service tier {usage.service_tier}")
        found = self._found(usage)
        if found.quote is None:
            return _without(usage, "unpriced", found.reason)
        if "usage_missing" in usage.notes:
            return _without(usage, "unpriced", "no usage given", model=found.quote.resolved_id)
        return _priced(usage, found.quote, found.status)

    def rates(self, usage: Usage) -> tuple[TokenRates, ...] | None:
        """What ``price`` charges by tokens; None for prices by the hour, and finer than 1E-12."""
        quote = self._found(usage).quote
        if quote is None or quote.time_of_day:
            return None
        starts = {tier.above_input_tokens for rate in _rates(quote) for tier in rate or ()}
        tiers = [_token_rates(quote, start) for start in sorted(starts)]
        return None if None in tiers else tuple(tier for tier in tiers if tier is not None)

    def _found(self, usage: Usage) -> _Found:
        noon = _Key(
            provider=usage.provider,
            model=catalogue_model(usage.model_raw),
            region=usage.region if usage.provider == "aws" else None,
            is_batch=usage.is_batch,
            day=usage.started_at.date(),
            hour=12,
        )
        found = self._remembered(noon)
        if found.quote is not None and found.quote.time_of_day:
            return self._remembered(replace(noon, hour=usage.started_at.hour))
        return found

    def _remembered(self, key: _Key) -> _Found:
        found = self._quotes.get(key)
        if found is None:
            found = self._quotes[key] = self._looked_up(key)
        return found

    def _looked_up(self, key: _Key) -> _Found:
        from datetime import UTC, datetime, time

        from planner.catalog.types import LlmRef

        ref = LlmRef(provider=key.provider, model=key.model, region=key.region)
        processing: Processing = "batch" if key.is_batch else "standard"
        at = datetime.combine(key.day, time(key.hour), UTC)
        reason = f"no price for {key.provider}/{key.model}"
        # Looking for a name that is not there takes as long as reading a thousand rows.
        if (key.provider, key.model) in self._unknown:
            return _Found(None, reason=reason)
        try:
            quote = self._catalog.llm_quote(ref, at, processing)
        except InputError:
            self._unknown.add((key.provider, key.model))
            return _Found(None, reason=reason)
        if quote is None:
            reason = f"no {processing} price for {key.provider}/{key.model} on {key.day}"
            return _Found(None, reason=reason)
        return _Found(quote, status=_status(quote, key.day))


def _priced(usage: Usage, quote: LlmQuote, status: PriceStatus) -> ListPrice:
    from planner.catalog.llm_request import request_cost_usd

    model = quote.resolved_id
    if usage.cache_write_12h_tokens and quote.cache_write is not None:
        return _without(usage, "unpriced", "no price for 12 h cache writes", model=model)
    notes: tuple[str, ...] = ()
    if usage.kind != "request" and _has_tiers(quote):
        if not usage.calls:
            return _without(usage, "unpriced", "price depends on request size", model=model)
        mean = Decimal(usage.logical_input_tokens) / usage.calls
        quote, notes = _flat(quote, mean), ("tier_by_mean",)
    cost = request_cost_usd(
        quote,
        Decimal(usage.logical_input_tokens),
        Decimal(usage.output_tokens),
        cache_read_tokens=Decimal(usage.cache_read_tokens),
        cache_write_tokens=Decimal(
            usage.cache_write_5m_tokens
            + usage.cache_write_30m_tokens
            + usage.cache_write_unknown_tokens
        ),
        cache_write_1h_tokens=Decimal(usage.cache_write_1h_tokens),
    )
    return ListPrice(
        model=model,
        usd=cost.total.quantize(MONEY_STEP),
        status=status,
        reference=f"{model} {quote.source}",
        notes=notes,
    )


def _status(quote: LlmQuote, day: date) -> PriceStatus:
    from planner.catalog.age import age_of_class, age_policy

    age = age_of_class("llm", (quote.observed,), day, age_policy(None))
    return "priced" if age is None or age.level == "ok" else "stale"


def _without(
    usage: Usage, status: PriceStatus, reason: str, *, model: str | None = None
) -> ListPrice:
    return ListPrice(
        model=model or catalogue_model(usage.model_raw), usd=None, status=status, reference=reason
    )


def _rates(quote: LlmQuote) -> tuple[LlmRate | None, ...]:
    return (
        quote.input,
        quote.output,
        quote.cache_read,
        quote.cache_write,
        quote.cache_write_1h,
    )


def _token_rates(quote: LlmQuote, above: int) -> TokenRates | None:
    """As ``request_cost_usd``: a kind without a rate is charged as the next plainer one."""
    from planner.catalog.llm_request import rate_at

    def exact(*plainer: LlmRate | None) -> int | None:
        rate = next(rate for rate in plainer if rate is not None)
        units = rate_at(rate, Decimal(above + 1)) * _UNITS_PER_USD / TOKENS_PER_MTOK
        return int(units) if units == units.to_integral_value() else None

    write = (quote.cache_write, quote.input)
    found = {
        "uncached_input": exact(quote.input),
        "cache_read": exact(quote.cache_read, quote.input),
        "cache_write": exact(*write),
        "cache_write_1h": exact(quote.cache_write_1h, *write),
        "output": exact(quote.output),
    }
    whole = {name: units for name, units in found.items() if units is not None}
    return TokenRates(above_input_tokens=above, **whole) if len(whole) == len(found) else None


def _has_tiers(quote: LlmQuote) -> bool:
    return any(rate is not None and len(rate) > 1 for rate in _rates(quote))


def _flat(quote: LlmQuote, mean_input_tokens: Decimal) -> LlmQuote:
    """The quote with one rate each: that of a request of the mean length of a bucket."""
    from planner.catalog.llm_request import rate_at
    from planner.catalog.types import RateTier

    def flat(rate: LlmRate | None) -> LlmRate | None:
        if rate is None:
            return None
        usd = rate_at(rate, mean_input_tokens)
        return (RateTier(above_input_tokens=-1, usd_per_1m_tokens=usd),)

    plain, output, read, write, write_1h = (flat(rate) for rate in _rates(quote))
    assert plain is not None
    assert output is not None
    return replace(
        quote,
        input=plain,
        output=output,
        cache_read=read,
        cache_write=write,
        cache_write_1h=write_1h,
    )

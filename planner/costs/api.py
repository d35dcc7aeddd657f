"""API arms: tokens at the provider's price, and the stack in front of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Protocol

from planner.catalog.types import LlmQuote, LlmRate, LlmRef, Processing
from planner.costs.months import Months
from planner.costs.terms import CachedTokens, PerRequest, Term
from planner.costs.tokens import TokenCost, min_cacheable_prefix_tokens, token_cost
from planner.costs.types import CostLine
from planner.demand.types import Demand
from planner.units import SECONDS_PER_DAY

__all__ = ["TokenPrices", "api_usage_lines", "is_batch", "quotes_note", "uses_batch"]

# Begins the names of the lines of batch processing.
_BATCH = "batch "


class TokenPrices(Protocol):
    """Where token prices come from."""

    def llm_hourly_quotes(
        self, ref: LlmRef, day: date, processing: Processing
    ) -> tuple[LlmQuote, ...] | None:
        """One quote, or 24 by UTC hour; None when the processing is not sold."""
        ...


def api_usage_lines(
    prices: TokenPrices,
    ref: LlmRef,
    demand: Demand,
    months: Months,
    hour_weights_utc: Sequence[float],
) -> Callable[[int], tuple[CostLine, ...]]:
    """Token lines of each month of the horizon.

    Deferrable requests go to batch in the months where that is cheaper than the standard price
    with its caching, at the month's volume. Months with the same rates share their lines.
    """
    known: dict[object, tuple[CostLine, ...]] = {}

    def priced(
        standard: Sequence[LlmQuote], batch: Sequence[LlmQuote] | None
    ) -> tuple[CostLine, ...]:
        rates = tuple(_rates(quote) for quote in (*standard, *(batch or ())))
        if rates not in known:
            known[rates] = _lines(standard, batch, demand, hour_weights_utc)
        return known[rates]

    @cache
    def lines(month: int) -> tuple[CostLine, ...]:
        standard = prices.llm_hourly_quotes(ref, months.priced_on[month], "standard")
        if standard is None:
            return known.setdefault(None, (_unpriced(ref),))
        plain = priced(standard, None)
        if not demand.deferrable_share:
            return plain
        batch = prices.llm_hourly_quotes(ref, months.priced_on[month], "batch")
        if batch is None:
            return plain
        requests = months.requests[month]
        return min(priced(standard, batch), plain, key=lambda found: _total(found, requests))

    return lines


def uses_batch(lines: Sequence[CostLine]) -> bool:
    """Whether the deferrable requests go to batch processing in these token lines."""
    return any(is_batch(line) for line in lines)


def is_batch(line: CostLine) -> bool:
    """Whether a token line is one of batch processing."""
    return line.category == "api_usage" and line.name.startswith(_BATCH)


def _total(lines: Sequence[CostLine], requests: Decimal) -> Decimal:
    return sum((line.term.at(requests) for line in lines if line.term is not None), Decimal(0))


def _rates(quote: LlmQuote) -> object:
    return (
        quote.processing,
        quote.input,
        quote.output,
        quote.cache_read,
        quote.cache_write,
        quote.cache_write_1h,
    )


def quotes_note(quotes: Sequence[LlmQuote], demand: Demand) -> tuple[str, ...]:
    """What a reader must know of these prices: no cache discount, no batch price, time of day."""
    quote = quotes[0]
    prefix = demand.shared_prefix
    # What a cache would cost matters only to requests that share something.
    notes = [
        note
        for note in quote.notes
        if not note.startswith("retires on") and (prefix is not None or "cache" not in note)
    ]
    if (
        prefix is not None
        and quote.cache_read is not None
        and prefix.tokens < min_cacheable_prefix_tokens()
    ):
        notes.append(
            f"shared prefix of {prefix.tokens} tokens is below the "
            f"{min_cacheable_prefix_tokens()} that providers cache"
        )
    if len(quotes) > 1:
        notes.append("price depends on the hour: averaged over the traffic of the week")
    return tuple(notes)


def _lines(
    standard: Sequence[LlmQuote],
    batch: Sequence[LlmQuote] | None,
    demand: Demand,
    weights: Sequence[float],
) -> tuple[CostLine, ...]:
    """The deferrable share goes to batch where it is sold, without prompt caching."""
    deferred = demand.deferrable_share if batch is not None else Decimal(0)
    lines: list[CostLine] = []
    if deferred < 1:
        cost = token_cost(standard, demand, weights)
        lines += _pair(standard[0], cost, demand, 1 - deferred, label="")
    if batch is not None and deferred:
        batch_cost = token_cost(batch, demand, weights, cache=False)
        lines += _pair(batch[0], batch_cost, demand, deferred, label=_BATCH)
    return tuple(lines)


def _pair(
    quote: LlmQuote, cost: TokenCost, demand: Demand, share: Decimal, *, label: str
) -> tuple[CostLine, CostLine]:
    """Input and output tokens of a share of the requests."""
    part = "" if share == 1 else f" x {share.normalize():f} of requests"
    term: Term = PerRequest(cost.input_plain_usd * share)
    cached = ""
    if cost.caches and demand.shared_prefix is not None:
        seconds = demand.days_per_month * SECONDS_PER_DAY
        prefix = demand.shared_prefix
        term = CachedTokens(
            cost.input_plain_usd * share,
            cost.input_hit_usd * share,
            cost.input_miss_usd * share,
            float(share) * prefix.ttl_s / (float(seconds) * prefix.distinct_prefixes),
        )
        tokens = f"{prefix.tokens.normalize():f}"
        cached = f", prefix of {tokens} cached for {prefix.ttl_s} s when that is cheaper"
    tiers = ", by input length" if len(quote.input) > 1 else ""
    return (
        _usage_line(
            quote,
            f"{label}input tokens",
            term,
            f"{_plain(demand.input_tokens.mean)} tokens x ${_base(quote.input):f}"
            f" per 1M{tiers}{part}{cached}",
            (1.0, 0.0),
        ),
        _usage_line(
            quote,
            f"{label}output tokens",
            PerRequest(cost.output_usd * share),
            f"{_plain(demand.output_tokens.mean)} tokens x ${_base(quote.output):f}"
            f" per 1M{tiers}{part}",
            (0.0, 1.0),
        ),
    )


def _usage_line(
    quote: LlmQuote, name: str, term: Term, formula: str, length_shares: tuple[float, float]
) -> CostLine:
    return CostLine(
        name=name,
        category="api_usage",
        billed_by="aws" if quote.ref.provider == "aws" else "provider",
        driver="api_price",
        term=term,
        formula=formula,
        source=f"{quote.resolved_id}: {quote.source}",
        observed=quote.observed,
        provider=quote.ref.provider,
        length_shares=length_shares,
    )


def _base(rate: LlmRate) -> Decimal:
    return next(tier.usd_per_1m_tokens for tier in rate)


def _plain(value: Decimal) -> str:
    whole = value == value.to_integral_value()
    return f"{value.quantize(Decimal(1)) if whole else round(value, 1):,}"


def _unpriced(ref: LlmRef) -> CostLine:
    return CostLine(
        name="tokens",
        category="api_usage",
        billed_by="provider",
        driver="api_price",
        term=None,
        formula="no price",
        source="catalog",
        provider=ref.provider,
        reason_unpriced=f"no price for {ref.provider}/{ref.model}",
    )

"""What one request costs at a quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from planner.catalog.types import LlmQuote, LlmRate
from planner.money import ZERO
from planner.units import TOKENS_PER_MTOK

__all__ = ["RequestCost", "rate_at", "request_cost_usd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """USD of one request by kind of token; the parts add up to ``total`` exactly."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal

    @property
    def total(self) -> Decimal:
        """Everything the request costs, USD."""
        return self.input + self.cache_read + self.cache_write + self.output


def rate_at(rate: LlmRate, input_tokens: Decimal) -> Decimal:
    """USD per 1M tokens: the last tier that starts strictly below the request's input.

    The tier re-prices the whole request: 100,001 tokens are dearer than 100,000 by far more than
    one token (genai-prices 0.2.3, ``calc_unit_price``).
    """
    found = rate[0].usd_per_1m_tokens
    for tier in rate[1:]:
        if input_tokens <= tier.above_input_tokens:
            break
        found = tier.usd_per_1m_tokens
    return found


def request_cost_usd(
    quote: LlmQuote,
    input_tokens: Decimal,
    output_tokens: Decimal,
    *,
    cache_read_tokens: Decimal = ZERO,
    cache_write_tokens: Decimal = ZERO,
    cache_write_1h_tokens: Decimal = ZERO,
) -> RequestCost:
    """Price one request; ``input_tokens`` is the total, cached and written tokens included.

    Tokens of a kind the quote has no rate for are charged as the next plainer kind: a one-hour
    write as a write, a read or a write as plain input. Price one request and multiply; a month's
    sum would fall into the wrong tier. TypeError for anything but Decimal and int, ValueError
    for negative or non-finite counts and when cached tokens exceed the input.
    """
    total, output = _tokens(input_tokens), _tokens(output_tokens)
    read, write = _tokens(cache_read_tokens), _tokens(cache_write_tokens)
    write_1h = _tokens(cache_write_1h_tokens)
    if read + write + write_1h > total:
        raise ValueError(
            f"{read + write + write_1h} cached tokens in a request of {total} input tokens"
        )
    if quote.cache_write_1h is None:
        write, write_1h = write + write_1h, ZERO
    write_usd = _usd(quote.cache_write, write, total) + _usd(quote.cache_write_1h, write_1h, total)
    plain = total - write_1h
    plain -= ZERO if quote.cache_read is None else read
    plain -= ZERO if quote.cache_write is None else write
    return RequestCost(
        input=_usd(quote.input, plain, total),
        cache_read=_usd(quote.cache_read, read, total),
        cache_write=write_usd,
        output=_usd(quote.output, output, total),
    )


def _usd(rate: LlmRate | None, tokens: Decimal, request_input_tokens: Decimal) -> Decimal:
    if rate is None:
        return ZERO
    return rate_at(rate, request_input_tokens) * tokens / TOKENS_PER_MTOK


def _tokens(count: object) -> Decimal:
    """The count as Decimal; a float would carry binary noise into money."""
    if isinstance(count, bool) or not isinstance(count, (Decimal, int)):
        raise TypeError(f"tokens are {count!r}, not Decimal")
    value = Decimal(count)
    if not value.is_finite() or value < 0:
        raise ValueError(f"tokens are {count!r}, not a count of zero or more")
    return value

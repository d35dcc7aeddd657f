"""Token cost of one mean request of a workload at one API model's prices.

One representative request per length bucket is priced and weighted: price tiers are cliffs on a
single request's input, so a month's tokens are never priced as a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.catalog.llm_request import request_cost_usd
from planner.catalog.types import LlmQuote
from planner.costs.quantities import number, quantities
from planner.demand.types import Demand

__all__ = ["TokenCost", "min_cacheable_prefix_tokens", "token_cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCost:
    """USD per mean request; the input part three ways: no caching, prefix warm, prefix cold.

    ``input_hit_usd`` and ``input_miss_usd`` equal ``input_plain_usd`` when nothing is cacheable.
    """

    input_plain_usd: Decimal
    input_hit_usd: Decimal
    input_miss_usd: Decimal
    output_usd: Decimal

    @property
    def caches(self) -> bool:
        """Whether a warm prefix is cheaper than none."""
        return self.input_hit_usd < self.input_plain_usd

    @property
    def plain_usd(self) -> Decimal:
        """Input and output without caching."""
        return self.input_plain_usd + self.output_usd


def min_cacheable_prefix_tokens() -> Decimal:
    """Shortest prefix that providers cache, in tokens (costs/data/quantities.yaml)."""
    return number(quantities()["shared"]["min_cacheable_prefix_tokens"]["value"])


def token_cost(
    quotes_by_hour: Sequence[LlmQuote],
    demand: Demand,
    hour_weights_utc: Sequence[float],
    *,
    cache: bool = True,
) -> TokenCost:
    """Cost of a mean request, averaged over the hours of the week by their traffic.

    ``quotes_by_hour`` holds one quote, or 24 for a model whose price depends on the UTC hour.
    """
    costs = [_at_quote(quote, demand, cache=cache) for quote in quotes_by_hour]
    if len(costs) == 1:
        return costs[0]
    shares = _hour_shares(hour_weights_utc, len(costs))
    return TokenCost(
        input_plain_usd=_mix(shares, [c.input_plain_usd for c in costs]),
        input_hit_usd=_mix(shares, [c.input_hit_usd for c in costs]),
        input_miss_usd=_mix(shares, [c.input_miss_usd for c in costs]),
        output_usd=_mix(shares, [c.output_usd for c in costs]),
    )


def _hour_shares(weights: Sequence[float], hours: int) -> list[Decimal]:
    """Share of the week's traffic in each hour of the day; the last takes the rounding."""
    total = sum(weights)
    shares = [Decimal(f"{sum(weights[hour::hours]) / total:.12f}") for hour in range(hours)]
    shares[-1] += 1 - sum(shares)
    return shares


def _mix(shares: Sequence[Decimal], values: Sequence[Decimal]) -> Decimal:
    return sum((s * v for s, v in zip(shares, values, strict=True)), Decimal(0))


def _at_quote(quote: LlmQuote, demand: Demand, *, cache: bool) -> TokenCost:
    prefix = _cacheable_prefix(quote, demand) if cache else Decimal(0)
    long_lived = demand.shared_prefix is not None and demand.shared_prefix.ttl_s == 3600
    plain = hit = miss = output = Decimal(0)
    for bucket in demand.buckets:
        sent, received = bucket.input_tokens, bucket.output_tokens
        shared = min(prefix, sent)
        written, written_1h = (Decimal(0), shared) if long_lived else (shared, Decimal(0))
        base = request_cost_usd(quote, sent, received)
        warm = request_cost_usd(quote, sent, received, cache_read_tokens=shared)
        cold = request_cost_usd(
            quote, sent, received, cache_write_tokens=written, cache_write_1h_tokens=written_1h
        )
        plain += bucket.share * base.input
        hit += bucket.share * (warm.total - warm.output)
        miss += bucket.share * (cold.total - cold.output)
        output += bucket.share * base.output
    return TokenCost(
        input_plain_usd=plain, input_hit_usd=hit, input_miss_usd=miss, output_usd=output
    )


def _cacheable_prefix(quote: LlmQuote, demand: Demand) -> Decimal:
    """Tokens a provider's cache can act on: none below its minimum or without a cache price."""
    prefix = demand.shared_prefix
    if prefix is None or quote.cache_read is None:
        return Decimal(0)
    return prefix.tokens if prefix.tokens >= min_cacheable_prefix_tokens() else Decimal(0)

"""What a prompt costs in a scenario, and what a shorter one saves, at one API model's prices.

The scenario's requests are those with prompt a. They are priced again without it and with b in its
place, so that price tiers, prompt caching, the batch share and prices by the hour are as in every
other report; with one flat input price it is tokens x requests x price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.types import LlmRef
from planner.costs.api import TokenPrices, api_usage_lines
from planner.costs.months import Months
from planner.demand.types import Demand, LengthStats
from planner.errors import InputError

__all__ = ["PromptCost", "Saving", "UsagePricing", "monthly_usage_usd", "prompt_saving"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePricing:
    """One API model for one scenario; ``hour_weights_utc`` are the week's 168 weights in UTC."""

    prices: TokenPrices
    ref: LlmRef
    months: Months
    hour_weights_utc: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCost:
    """USD in the mean month of the horizon: the tokens of all requests, and the prompt's part."""

    tokens: Decimal
    usage_monthly_usd: Decimal
    prompt_monthly_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Prompt a as it is and, where there is one, b in its place.

    ``short_share`` (0-1) of the requests have fewer input tokens than prompt a: they cannot
    contain it, and at most what they have is taken off.
    """

    a: PromptCost
    b: PromptCost | None
    short_share: Decimal

    @property
    def saved_monthly_usd(self) -> Decimal | None:
        """What b saves; negative when it costs more, None without b."""
        if self.b is None:
            return None
        return self.a.usage_monthly_usd - self.b.usage_monthly_usd


def monthly_usage_usd(pricing: UsagePricing, demand: Demand) -> Decimal | None:
    """Mean monthly cost of the tokens over the horizon, credits left out; None without a price."""
    lines = api_usage_lines(
        pricing.prices, pricing.ref, demand, pricing.months, pricing.hour_weights_utc
    )
    total = Decimal(0)
    for month, requests in enumerate(pricing.months.requests):
        for line in lines(month):
            if line.term is None:
                return None
            total += line.term.at(requests)
    return total / len(pricing.months)


def prompt_saving(
    pricing: UsagePricing, demand: Demand, a_tokens: Decimal, b_tokens: Decimal | None
) -> Saving | None:
    """Price prompts of ``a_tokens`` and ``b_tokens`` in each request; None without a price.

    InputError when no request of the scenario is as long as prompt a.
    """
    short = sum((x.share for x in demand.buckets if x.input_tokens < a_tokens), Decimal(0))
    if short == 1:
        raise InputError(
            f"the scenario's requests have {demand.input_tokens.mean:.0f} input tokens on average, "
            f"fewer than prompt a ({a_tokens:.0f}), so they cannot contain it; give the lengths of "
            "whole requests in workload.input_tokens (`planner tokens --from` counts them)"
        )
    without = _with_input_changed(demand, -a_tokens)
    bare = monthly_usage_usd(pricing, without)
    as_is = monthly_usage_usd(pricing, demand)
    if bare is None or as_is is None:
        return None
    cost_a = PromptCost(tokens=a_tokens, usage_monthly_usd=as_is, prompt_monthly_usd=as_is - bare)
    cost_b = None
    if b_tokens is not None:
        changed = monthly_usage_usd(pricing, _with_input_changed(demand, b_tokens - a_tokens))
        if changed is None:
            return None
        cost_b = PromptCost(
            tokens=b_tokens, usage_monthly_usd=changed, prompt_monthly_usd=changed - bare
        )
    return Saving(a=cost_a, b=cost_b, short_share=short)


def _with_input_changed(demand: Demand, tokens: Decimal) -> Demand:
    """Every request longer by ``tokens``; a shared prefix holds the prompt and changes with it."""

    def moved(length: Decimal) -> Decimal:
        return max(length + tokens, Decimal(0))

    buckets = tuple(replace(x, input_tokens=moved(x.input_tokens)) for x in demand.buckets)
    mean = sum((x.share * x.input_tokens for x in buckets), Decimal(0))
    prefix = demand.shared_prefix
    return replace(
        demand,
        buckets=buckets,
        input_tokens=_shifted(demand.input_tokens, mean, float(tokens)),
        shared_prefix=None if prefix is None else replace(prefix, tokens=moved(prefix.tokens)),
    )


def _shifted(stats: LengthStats, mean: Decimal, tokens: float) -> LengthStats:
    def moved(value: float) -> float:
        return max(value + tokens, 0.0)

    return LengthStats(
        mean=mean,
        p50=moved(stats.p50),
        p95=moved(stats.p95),
        p99=moved(stats.p99),
        maximum=moved(stats.maximum),
    )

"""What a prompt costs, by hand: flat prices, tiers, caching, growth."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from planner.catalog import LlmQuote, LlmRate, LlmRef, Processing, RateTier
from planner.costs import plan_months
from planner.demand import Demand, LengthBucket, LengthStats, SharedPrefixDemand
from planner.errors import InputError
from planner.levers.tokens import UsagePricing, prompt_saving

REF = LlmRef(provider="openai", model="m")
FLAT_WEEK = (1.0,) * 168


def rate(base: str, *tiers: tuple[int, str]) -> LlmRate:
    return (
        RateTier(above_input_tokens=-1, usd_per_1m_tokens=Decimal(base)),
        *(RateTier(above_input_tokens=at, usd_per_1m_tokens=Decimal(usd)) for at, usd in tiers),
    )


class Prices:
    """One price for every day; no batch."""

    def __init__(self, inputs: LlmRate | None, read: str | None = None) -> None:
        self.inputs, self.read = inputs, read

    def llm_hourly_quotes(
        self, ref: LlmRef, day: date, processing: Processing
    ) -> tuple[LlmQuote, ...] | None:
        if self.inputs is None or processing == "batch":
            return None
        return (
            LlmQuote(
                ref=ref,
                resolved_id="m",
                processing=processing,
                at=datetime(2026, 11, 21, 12, tzinfo=UTC),
                input=self.inputs,
                output=rate("10"),
                cache_read=None if self.read is None else rate(self.read),
                cache_write=None,
                cache_write_1h=None,
                time_of_day=False,
                retires_on=None,
                source="test",
                observed=date(2026, 11, 21),
            ),
        )


def demand(*buckets: tuple[str, int], prefix: int | None = None, requests: int = 300_000) -> Demand:
    found = tuple(
        LengthBucket(share=Decimal(share), input_tokens=Decimal(tokens), output_tokens=Decimal(200))
        for share, tokens in buckets
    )
    mean = sum((x.share * x.input_tokens for x in found), Decimal(0))
    longest = float(max(x.input_tokens for x in found))
    shared = None
    if prefix is not None:
        shared = SharedPrefixDemand(tokens=Decimal(prefix), distinct_prefixes=1, ttl_s=300)
    return Demand(
        requests_per_month=Decimal(requests),
        days_per_month=Decimal(30),
        mean_rps=1.0,
        timezone="UTC",
        hour_weights=FLAT_WEEK,
        burst_within_hour=1.0,
        interarrival_cv=1.0,
        buckets=found,
        input_tokens=LengthStats(mean=mean, p50=longest, p95=longest, p99=longest, maximum=longest),
        output_tokens=LengthStats(mean=Decimal(200), p50=200, p95=200, p99=200, maximum=200),
        growth_per_month=Decimal(0),
        deferrable_share=Decimal(0),
        shared_prefix=shared,
        assumptions=(),
    )


def pricing(prices: Prices, *, months: int = 1, growth: str = "0") -> UsagePricing:
    return UsagePricing(
        prices=prices,
        ref=REF,
        months=plan_months(
            first_day=date(2026, 11, 21),
            months=months,
            requests=Decimal(300_000),
            growth_per_month=Decimal(growth),
        ),
        hour_weights_utc=FLAT_WEEK,
    )


def test_a_flat_price_is_tokens_times_requests_times_price() -> None:
    found = prompt_saving(
        pricing(Prices(rate("2.50"))), demand(("1", 500)), Decimal(193), Decimal(32)
    )
    assert found is not None and found.b is not None
    # 193 and 32 x 300,000 x 2.50 / 1e6; all tokens 300,000 x (500 x 2.50 + 200 x 10) / 1e6
    assert found.a.prompt_monthly_usd == Decimal("144.75")
    assert found.b.prompt_monthly_usd == Decimal("24.00")
    assert found.saved_monthly_usd == Decimal("120.75")
    assert found.a.usage_monthly_usd == 975
    assert found.short_share == 0


def test_growth_is_in_the_mean_month() -> None:
    # 300,000 and 450,000 requests: 1.25 times as much.
    found = prompt_saving(
        pricing(Prices(rate("2.50")), months=2, growth="0.5"),
        demand(("1", 500)),
        Decimal(193),
        Decimal(32),
    )
    assert found is not None
    assert found.saved_monthly_usd == Decimal("120.75") * Decimal("1.25")


def test_a_request_that_falls_below_a_tier_saves_on_all_its_tokens() -> None:
    # Above 1,000 input tokens $5 a million on the whole request, else $1.
    prices = Prices(rate("1", (1000, "5")))
    found = prompt_saving(pricing(prices), demand(("1", 1050)), Decimal(200), Decimal(100))
    assert found is not None
    # 300,000 x (1,050 x 5 - 950 x 1) / 1e6
    assert found.saved_monthly_usd == Decimal("1290")


def test_a_longer_prompt_costs_more() -> None:
    found = prompt_saving(
        pricing(Prices(rate("2.50"))), demand(("1", 500)), Decimal(32), Decimal(193)
    )
    assert found is not None
    assert found.saved_monthly_usd == Decimal("-120.75")


def test_requests_shorter_than_the_prompt_save_what_they_have() -> None:
    found = prompt_saving(
        pricing(Prices(rate("2.50"))),
        demand(("0.5", 100), ("0.5", 500)),
        Decimal(200),
        Decimal(0),
    )
    assert found is not None
    assert found.short_share == Decimal("0.5")
    # 150,000 x (100 + 200) x 2.50 / 1e6
    assert found.saved_monthly_usd == Decimal("112.5")


def test_a_request_that_is_the_prompt_alone_contains_it() -> None:
    found = prompt_saving(pricing(Prices(rate("2.50"))), demand(("1", 200)), Decimal(200), None)
    assert found is not None
    assert found.short_share == 0
    # 300,000 x 200 x 2.50 / 1e6
    assert found.a.prompt_monthly_usd == 150


def test_requests_that_are_all_shorter_are_refused() -> None:
    with pytest.raises(InputError, match="have 100 input tokens on average, fewer than prompt a"):
        prompt_saving(pricing(Prices(rate("1"))), demand(("1", 100)), Decimal(101), None)


def test_tokens_of_a_cached_prefix_save_little() -> None:
    # Without a price for writing, a cold prefix costs the plain price; warm nearly always here.
    prices = Prices(rate("10"), read="1")
    found = prompt_saving(
        pricing(prices), demand(("1", 4000), prefix=3000), Decimal(1000), Decimal(500)
    )
    assert found is not None and found.saved_monthly_usd is not None
    # 300,000 x 500 at $1 is $150, at $10 it would be $1,500.
    assert Decimal(150) <= found.saved_monthly_usd < Decimal(151)


def test_a_prefix_too_short_to_be_cached_may_cost_more_than_a_long_one() -> None:
    # 1,024 tokens is the least that is cached: 1,100 are, 900 are not.
    prices = Prices(rate("10"), read="1")
    found = prompt_saving(
        pricing(prices), demand(("1", 1100), prefix=1100), Decimal(300), Decimal(100)
    )
    assert found is not None and found.saved_monthly_usd is not None
    assert found.saved_monthly_usd < 0


def test_no_price_is_no_figure() -> None:
    assert prompt_saving(pricing(Prices(None)), demand(("1", 500)), Decimal(1), None) is None


def test_without_a_second_prompt_there_is_no_saving() -> None:
    found = prompt_saving(pricing(Prices(rate("2.50"))), demand(("1", 500)), Decimal(193), None)
    assert found is not None
    assert found.b is None and found.saved_monthly_usd is None

"""Token cost of a request: buckets, tiers, caching, hours; figures by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from planner.catalog import LlmQuote, LlmRate, LlmRef, Processing, RateTier
from planner.costs import CachedTokens, Months
from planner.costs.api import api_usage_lines, quotes_note
from planner.costs.tokens import token_cost
from planner.demand import Demand, LengthBucket, LengthStats, SharedPrefixDemand

FLAT = (1.0,) * 168
REF = LlmRef(provider="openai", model="m")


def rate(base: str, *tiers: tuple[int, str]) -> LlmRate:
    return (
        RateTier(above_input_tokens=-1, usd_per_1m_tokens=Decimal(base)),
        *(RateTier(above_input_tokens=at, usd_per_1m_tokens=Decimal(usd)) for at, usd in tiers),
    )


def quote(
    input_rate: LlmRate,
    output_rate: LlmRate,
    *,
    read: str | None = None,
    write: str | None = None,
    processing: Processing = "standard",
    notes: tuple[str, ...] = (),
) -> LlmQuote:
    return LlmQuote(
        ref=REF,
        resolved_id="m",
        processing=processing,
        at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        input=input_rate,
        output=output_rate,
        cache_read=None if read is None else rate(read),
        cache_write=None if write is None else rate(write),
        cache_write_1h=None,
        time_of_day=False,
        retires_on=None,
        source="test",
        observed=date(2026, 11, 21),
        notes=notes,
    )


def stats(mean: Decimal) -> LengthStats:
    value = float(mean)
    return LengthStats(mean=mean, p50=value, p95=value, p99=value, maximum=value)


def demand(
    *buckets: tuple[str, str, str],
    prefix: tuple[str, int] | None = None,
    deferrable: str = "0",
) -> Demand:
    rows = tuple(
        LengthBucket(share=Decimal(s), input_tokens=Decimal(i), output_tokens=Decimal(o))
        for s, i, o in buckets
    )
    return Demand(
        requests_per_month=Decimal(300_000),
        days_per_month=Decimal(30),
        mean_rps=300_000 / 2_592_000,
        timezone="UTC",
        hour_weights=FLAT,
        burst_within_hour=1.0,
        interarrival_cv=1.0,
        buckets=rows,
        input_tokens=stats(sum((b.share * b.input_tokens for b in rows), Decimal(0))),
        output_tokens=stats(sum((b.share * b.output_tokens for b in rows), Decimal(0))),
        growth_per_month=Decimal(0),
        deferrable_share=Decimal(deferrable),
        shared_prefix=None
        if prefix is None
        else SharedPrefixDemand(tokens=Decimal(prefix[0]), distinct_prefixes=prefix[1], ttl_s=300),
        assumptions=(),
    )


class Prices:
    """Prices that sell ``standard``, and ``batch`` when given."""

    def __init__(self, standard: LlmQuote, batch: LlmQuote | None = None) -> None:
        self.sold = {"standard": standard, "batch": batch}

    def llm_hourly_quotes(
        self, ref: LlmRef, day: date, processing: Processing
    ) -> tuple[LlmQuote, ...] | None:
        found = self.sold[processing]
        return None if found is None else (found,)


GPT_4O = quote(rate("2.50"), rate("10"))
TEXTBOOK = demand(("1", "500", "200"))


def month_of(load: Demand) -> Months:
    return Months(priced_on=(date(2026, 11, 21),), requests=(load.requests_per_month,))


def monthly(prices: Prices, load: Demand) -> Decimal:
    lines = api_usage_lines(prices, REF, load, month_of(load), FLAT)(0)
    volume = load.requests_per_month
    return sum((line.term.at(volume) for line in lines if line.term is not None), Decimal(0))


def test_ten_thousand_requests_a_day_cost_975_dollars() -> None:
    # 300,000 x (500 x 2.50 + 200 x 10) / 1e6.
    assert monthly(Prices(GPT_4O), TEXTBOOK) == 975


def test_a_month_is_n_times_one_request() -> None:
    one = token_cost([GPT_4O], TEXTBOOK, FLAT).plain_usd
    assert monthly(Prices(GPT_4O), TEXTBOOK) == 300_000 * one


def test_a_tier_reprices_only_the_requests_past_it() -> None:
    # Half at 50,000 (0.10 per 1M), half at 150,000 (0.50): 0.0025 + 0.0375. The mean, 100,000,
    # would cost 0.0100.
    tiered = quote(rate("0.10", (100_000, "0.50")), rate("0"))
    load = demand(("0.5", "50000", "0"), ("0.5", "150000", "0"))
    assert token_cost([tiered], load, FLAT).plain_usd == Decimal("0.0400")


@pytest.mark.parametrize(("tokens", "usd"), [("100000", "0.010"), ("100001", "0.0500005")])
def test_the_tier_starts_past_its_edge(tokens: str, usd: str) -> None:
    tiered = quote(rate("0.10", (100_000, "0.50")), rate("0"))
    assert token_cost([tiered], demand(("1", tokens, "0")), FLAT).plain_usd == Decimal(usd)


class TestSharedPrefix:
    # 2,000 of 4,000 input tokens shared; read 0.1, write 1.25 of an input price of 1 per 1M.
    QUOTE = quote(rate("1"), rate("0"), read="0.1", write="1.25")
    LOAD = demand(("1", "4000", "0"), prefix=("2000", 1))

    def test_a_warm_prefix_is_read_and_a_cold_one_written(self) -> None:
        cost = token_cost([self.QUOTE], self.LOAD, FLAT)
        assert cost.input_plain_usd == Decimal("0.004")
        assert cost.input_hit_usd == Decimal("0.0022")
        assert cost.input_miss_usd == Decimal("0.0045")

    def test_below_the_providers_minimum_nothing_is_cached(self) -> None:
        short = demand(("1", "4000", "0"), prefix=("1000", 1))
        cost = token_cost([self.QUOTE], short, FLAT)
        assert not cost.caches
        assert "below the 1024" in quotes_note([self.QUOTE], short)[0]

    def test_without_a_cache_price_nothing_is_cached(self) -> None:
        bare = quote(rate("1"), rate("0"))
        assert not token_cost([bare], self.LOAD, FLAT).caches

    def test_the_decay_follows_rate_and_lifetime(self) -> None:
        lines = api_usage_lines(Prices(self.QUOTE), REF, self.LOAD, month_of(self.LOAD), FLAT)(0)
        term = lines[0].term
        assert isinstance(term, CachedTokens)
        # One prefix, 300 s, a month of 2,592,000 s.
        assert term.decay_per_request == pytest.approx(300 / 2_592_000)
        # 25,920 requests a month are 0.01 a second: q = 1 - e^-3.
        assert term.hit_probability(25_920) == pytest.approx(0.950213, abs=1e-6)

    def test_more_prefixes_are_colder(self) -> None:
        one = monthly(Prices(self.QUOTE), self.LOAD)
        many = monthly(Prices(self.QUOTE), demand(("1", "4000", "0"), prefix=("2000", 500)))
        assert one < many <= 300_000 * Decimal("0.004")


class TestDeferrable:
    BATCH = quote(rate("1.25"), rate("5"), processing="batch")

    def test_its_share_goes_at_the_batch_price(self) -> None:
        # 20 % at half price: 975 x 0.9.
        load = demand(("1", "500", "200"), deferrable="0.2")
        assert monthly(Prices(GPT_4O, self.BATCH), load) == Decimal("877.5")

    def test_all_of_it_halves_the_cost(self) -> None:
        load = demand(("1", "500", "200"), deferrable="1")
        assert monthly(Prices(GPT_4O, self.BATCH), load) == Decimal("487.5")

    def test_batch_is_not_used_where_caching_is_cheaper(self) -> None:
        # 3,800 of 4,000 tokens shared and warm: 0.00058 a request against 0.002 in batch.
        cached = quote(rate("1"), rate("0"), read="0.1")
        batch = quote(rate("0.5"), rate("0"), processing="batch")
        load = demand(("1", "4000", "0"), prefix=("3800", 1), deferrable="0.5")
        interactive = demand(("1", "4000", "0"), prefix=("3800", 1))
        both = monthly(Prices(cached, batch), load)
        assert both == monthly(Prices(cached, batch), interactive)
        assert both < 300_000 * Decimal("0.001")

    def test_without_a_batch_price_it_costs_the_standard_one(self) -> None:
        load = demand(("1", "500", "200"), deferrable="0.2")
        assert monthly(Prices(GPT_4O), load) == 975


def test_a_fully_deferrable_shared_prefix_has_nothing_to_cache() -> None:
    load = demand(("1", "4000", "0"), prefix=("2000", 1), deferrable="1")
    prices = Prices(TestSharedPrefix.QUOTE, quote(rate("0.5"), rate("0"), processing="batch"))
    lines = api_usage_lines(prices, REF, load, month_of(load), FLAT)(0)
    assert [line.name for line in lines] == ["batch input tokens", "batch output tokens"]
    assert monthly(prices, load) == 300_000 * Decimal("0.002")


def test_a_price_by_the_hour_is_averaged_over_the_traffic() -> None:
    # All traffic between 00:00 and 01:00 UTC, where the price is double.
    hours = [quote(rate("2" if hour == 0 else "1"), rate("0")) for hour in range(24)]
    weights = tuple(24.0 if hour % 24 == 0 else 0.0 for hour in range(168))
    load = demand(("1", "1000000", "0"))
    assert token_cost(hours, load, weights).plain_usd == 2
    # Flat traffic: (2 + 23 x 1) / 24.
    even = token_cost(hours, load, FLAT).plain_usd
    assert float(even) == pytest.approx(25 / 24, rel=1e-9)


def test_dearer_tokens_never_cost_less() -> None:
    cheap = monthly(Prices(quote(rate("1"), rate("2"))), TEXTBOOK)
    dear = monthly(Prices(quote(rate("1.1"), rate("2"))), TEXTBOOK)
    assert cheap < dear


def test_the_note_on_caching_needs_something_to_cache() -> None:
    noted = quote(rate("1"), rate("1"), notes=("no cache discount: full input price",))
    assert quotes_note([noted], TEXTBOOK) == ()
    assert quotes_note([noted], TestSharedPrefix.LOAD) != ()

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalog.llm_request import rate_at, request_cost_usd
from planner.catalog.llm_rows import flat_rate
from planner.catalog.types import RateTier
from tests.catalog.llm_support import NOON, price

D = Decimal
HAIKU = price("anthropic/claude-haiku-5-5")
# in 2, out 10, read 1, write 3, one-hour write 4 USD per 1M tokens
PLAIN = replace(
    HAIKU,
    input=flat_rate(D(2)),
    output=flat_rate(D(10)),
    cache_read=flat_rate(D(1)),
    cache_write=flat_rate(D(3)),
    cache_write_1h=flat_rate(D(4)),
)


def test_each_kind_of_token_is_charged_at_its_own_rate():
    cost = request_cost_usd(
        PLAIN,
        D(1000),
        D(100),
        cache_read_tokens=D(400),
        cache_write_tokens=D(200),
        cache_write_1h_tokens=D(100),
    )
    # 300 plain x 2, 400 read x 1, 200 x 3 + 100 x 4, 100 x 10, all per million
    assert cost.input == D("0.0006")
    assert cost.cache_read == D("0.0004")
    assert cost.cache_write == D("0.001")
    assert cost.output == D("0.001")
    assert cost.total == D("0.003")


def test_cached_tokens_without_a_cache_price_cost_the_full_input_price():
    uncached = replace(PLAIN, cache_read=None, cache_write=None, cache_write_1h=None)
    cost = request_cost_usd(
        uncached,
        D(1000),
        D(0),
        cache_read_tokens=D(400),
        cache_write_tokens=D(200),
        cache_write_1h_tokens=D(100),
    )
    assert (cost.input, cost.cache_read, cost.cache_write) == (D("0.002"), D(0), D(0))


def test_a_one_hour_write_without_its_own_price_costs_a_plain_write():
    cost = request_cost_usd(
        replace(PLAIN, cache_write_1h=None), D(100), D(0), cache_write_1h_tokens=D(100)
    )
    assert cost.cache_write == D("0.0003")


def test_a_tier_starts_strictly_above_its_size():
    tiers = (
        RateTier(above_input_tokens=-1, usd_per_1m_tokens=D(1)),
        RateTier(above_input_tokens=10, usd_per_1m_tokens=D(2)),
        RateTier(above_input_tokens=20, usd_per_1m_tokens=D(3)),
    )
    assert [rate_at(tiers, D(n)) for n in ("0", "10", "10.5", "20", "21")] == [1, 1, 2, 2, 3]


def test_the_tier_of_the_whole_input_holds_for_output_and_cache():
    small = request_cost_usd(HAIKU, D(100_000), D(1000), cache_read_tokens=D(90_000))
    large = request_cost_usd(HAIKU, D(100_001), D(1000), cache_read_tokens=D(90_000))
    assert large.output == 5 * small.output
    assert large.cache_read == 5 * small.cache_read


@pytest.mark.parametrize("count", [1.5, True, "7", None])
def test_a_count_that_is_not_decimal_is_refused(count):
    with pytest.raises(TypeError, match="not Decimal"):
        request_cost_usd(PLAIN, count, D(0))


@pytest.mark.parametrize("count", [D(-1), D("NaN"), D("Infinity")])
def test_an_impossible_count_is_refused(count):
    with pytest.raises(ValueError, match="zero or more"):
        request_cost_usd(PLAIN, D(10), count)


def test_more_cached_tokens_than_input_are_refused():
    with pytest.raises(ValueError, match="11 cached tokens in a request of 10"):
        request_cost_usd(PLAIN, D(10), D(0), cache_read_tokens=D(6), cache_write_tokens=D(5))


def test_a_misspelt_kind_of_token_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword"):
        request_cost_usd(PLAIN, D(10), D(0), cache_reed_tokens=D(5))  # pyright: ignore[reportCallIssue]


@given(st.integers(0, 400_000), st.integers(0, 10_000), st.integers(0, 1_000_000))
def test_a_longer_request_never_costs_less(tokens, more, output):
    quoted = price("openai/gpt-6-luna", NOON)
    shorter = request_cost_usd(quoted, D(tokens), D(output)).total
    assert request_cost_usd(quoted, D(tokens + more), D(output)).total >= shorter

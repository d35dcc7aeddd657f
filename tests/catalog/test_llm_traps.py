"""Ways in which LLM price data mislead, each seen in genai-prices 0.2.3, through our functions."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
from pydantic import ValidationError

from planner.catalog import genai
from planner.catalog.llm import (
    hourly_quotes,
    is_retired,
    no_price_reason,
    quote,
    resolve_rows,
    shipped_source,
)
from planner.catalog.llm_request import request_cost_usd
from planner.catalog.llm_rows import NO_CACHE_DISCOUNT
from planner.catalog.types import LlmRef
from planner.errors import InputError
from planner.scenario.options import ApiOption
from tests.catalog.llm_support import NOON, at, base, price, ref

D = Decimal
MILLION = D(1_000_000)


def _usd(model: str, tokens_in: Decimal, tokens_out: Decimal, moment: datetime = NOON) -> Decimal:
    return request_cost_usd(price(model, moment), tokens_in, tokens_out).total


# 1: the tier is a cliff on the size of one request.
def test_a_months_requests_are_not_one_big_request():
    haiku = "anthropic/claude-haiku-5-5"
    assert 1000 * _usd(haiku, D(1200), D(200)) == D("0.22")
    assert _usd(haiku, D(1_200_000), D(200_000)) == D("1.10")


# 2: a tier starts above its size, and prices the whole request anew.
def test_the_token_above_a_tier_prices_the_whole_request_anew():
    haiku = "anthropic/claude-haiku-5-5"
    assert _usd(haiku, D(100_000), D(0)) == D("0.010")
    assert _usd(haiku, D(100_001), D(0)) == D("0.0500005")


def test_input_doubles_and_output_grows_by_half_above_272000_tokens():
    luna = "openai/gpt-6-luna"
    # 0.10 and 0.20 in, 0.50 and 0.75 out per million
    assert _usd(luna, D(272_000), D(1000)) == D("0.0272") + D("0.0005")
    assert _usd(luna, D(272_001), D(1000)) == D("0.0544002") + D("0.00075")


# 3: the time of day decides, and the default would be now.
def test_a_time_of_day_price_follows_the_utc_hour():
    assert _usd("deepseek/deepseek-v4-pro", MILLION, MILLION, at("2026-11-21 03:00")) == D("5.28")
    assert _usd("deepseek/deepseek-v4-pro", MILLION, MILLION, at("2026-11-21 12:00")) == D("2.64")


def test_the_mean_over_a_day_counts_seven_peak_hours():
    hours = hourly_quotes(ref("deepseek/deepseek-v4-pro"), date(2026, 11, 21), "standard")
    assert hours is not None
    assert len(hours) == 24
    assert all(hour.time_of_day for hour in hours)
    rates = [hour.input[0].usd_per_1m_tokens for hour in hours]
    assert [h for h, rate in enumerate(rates) if rate == D("1.32")] == [1, 2, 3, 6, 7, 8, 9]
    assert sum(rates) / 24 == D("0.8525")


def test_a_price_without_hours_is_one_quote():
    day = date(2026, 11, 21)
    quotes = hourly_quotes(ref("openai/gpt-4o"), day, "standard")
    assert quotes == (price("openai/gpt-4o"),)
    assert not price("openai/gpt-4o").time_of_day


def test_a_moment_without_a_time_zone_is_refused():
    naive = datetime(2026, 11, 21, 12)
    for call in (quote, no_price_reason):
        with pytest.raises(ValueError, match="no time zone"):
            call(ref("openai/gpt-4o"), naive, "standard")
    with pytest.raises(ValueError, match="no time zone"):
        resolve_rows([ref("openai/gpt-4o")], at=naive)


# 4: a misspelt context would give the standard price without a word.
@pytest.mark.parametrize("processing", ["Batch", "procesing", "flex", ""])
def test_an_unknown_processing_is_refused(processing: Any):
    with pytest.raises(ValueError, match="not standard or batch"):
        quote(ref("openai/gpt-4o"), NOON, processing)


def test_batch_is_not_the_standard_price():
    batch = request_cost_usd(price("openai/gpt-4o", processing="batch"), MILLION, MILLION).total
    assert batch == D("6.25")
    assert _usd("openai/gpt-4o", MILLION, MILLION) == D("12.50")


# 5: batch is for sale only where a batch price is in force.
def test_batch_is_sold_from_the_day_its_price_starts():
    assert quote(ref("openai/gpt-4o"), at("2026-10-13 23:59"), "batch") is None
    assert base(price("openai/gpt-4o", at("2026-10-14 00:00"), "batch").input) == D("1.25")


@pytest.mark.parametrize(
    ("model", "sold"),
    [
        ("openai/gpt-6-luna", True),
        ("google/gemini-2.5-flash", True),
        ("mistral/mistral-small-latest", True),
        ("anthropic/claude-haiku-5-5", True),
        ("groq/openai/gpt-oss-120b", True),
        ("groq/llama-3.3-70b-versatile", False),
        ("deepseek/deepseek-v4-flash", False),
        ("together/openai/gpt-oss-120b", False),
        ("fireworks/accounts/fireworks/models/gpt-oss-120b", False),
    ],
)
def test_batch_is_known_for_some_providers_only(model, sold):
    assert (quote(ref(model), NOON, "batch") is not None) is sold
    reason = no_price_reason(ref(model), NOON, "batch")
    assert (reason is None) is sold
    if reason is not None:
        assert reason == f"no batch price known for {model} on 2026-11-21"


# 6: a borrowed model brings its owner's batch price, which the borrower does not sell.
def test_a_borrowed_batch_price_is_not_taken():
    # OpenAI sells gpt-6-luna in batches; of Azure's the overlay knows three models, not this one.
    azure = ref("azure/gpt-6-luna")
    assert quote(azure, NOON, "standard") is not None
    assert quote(azure, NOON, "batch") is None
    # Vertex borrows Anthropic's list for models it does not list itself.
    rows = genai.build_rows(
        "google", "claude-opus-4-20250514", since=date(2026, 11, 1), observed=date(2026, 11, 9)
    )
    assert {row.processing for row in rows} == {"standard"}


def test_bedrock_and_azure_batch_come_from_the_overlay_or_not_at_all():
    nova = price("aws/amazon.nova-micro-v1:0", processing="batch")
    assert base(nova.input) == D("0.0175")
    assert base(price("azure/gpt-4o", processing="batch").output) == D(5)
    assert quote(ref("aws/mistral.mistral-large-2402-v1:0"), NOON, "batch") is None


def test_a_borrowed_price_says_whose_it_is():
    assert (
        "azure has no price of its own in the data: openai's list price"
        in price("azure/gpt-4o").notes
    )


# 7: a model without a cache price charges cached tokens in full, without a word.
def test_a_missing_cache_price_is_noted_and_charged_in_full():
    llama = price("aws/meta.llama3-3-70b-instruct-v1:0")
    assert NO_CACHE_DISCOUNT in llama.notes
    assert request_cost_usd(llama, MILLION, D(0), cache_read_tokens=MILLION).total == D("0.72")
    assert NO_CACHE_DISCOUNT not in price("openai/gpt-4o").notes


# 8: retired models stay in the price data.
def test_a_retired_model_is_known_as_such():
    chat = price("deepseek/deepseek-chat")
    assert chat.retires_on == date(2026, 7, 24)
    assert is_retired(chat)
    turbo = price("together/meta-llama/Llama-3.3-70B-Instruct-Turbo")
    assert is_retired(turbo)


def test_a_retirement_inside_the_horizon_shows_beforehand():
    gpt5 = price("openai/gpt-5")
    assert not is_retired(gpt5)
    assert gpt5.retires_on == date(2026, 12, 11)


def test_a_deprecated_model_says_so():
    assert "marked deprecated in the price data" in price("google/gemini-2.0-flash").notes


# 9: a misspelt count would price nothing; see also test_llm_request.py.
def test_genai_prices_warns_of_a_misspelt_count_and_warnings_are_errors():
    from genai_prices import Usage

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="input_token"):
            Usage(input_token=5)


# 10: without a provider, another company's price would be picked.
def test_a_model_without_a_provider_is_refused():
    with pytest.raises(ValidationError, match="provider"):
        ApiOption.model_validate({"model": "llama-3.3-70b-versatile"})


def test_a_provider_is_never_guessed_from_a_part_of_its_name():
    # genai-prices itself prices azure-openai by OpenAI's list.
    with pytest.raises(InputError, match="did you mean openai or azure"):
        quote(ref("azure-openai/gpt-4o"), NOON, "standard")
    with pytest.raises(LookupError):
        genai.find_model("azure-openai", "gpt-4o")


# 11: Bedrock ids carry their own surcharge.
@pytest.mark.parametrize(
    ("model", "input_usd"),
    [
        ("global.anthropic.claude-haiku-5-5", "0.10"),
        ("anthropic.claude-haiku-5-5", "0.11"),
        ("us.anthropic.claude-haiku-5-5", "0.11"),
        ("eu.anthropic.claude-haiku-5-5", "0.11"),
        ("meta.llama3-3-70b-instruct-v1:0", "0.72"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "0.72"),
    ],
)
def test_a_regional_bedrock_id_costs_a_tenth_more_once(model, input_usd):
    assert base(price(f"aws/{model}").input) == D(input_usd)


# 12: dated ids resolve, unknown generations do not, and nothing is put in their place.
def test_a_dated_id_shows_what_it_is_priced_as():
    dated = price("anthropic/claude-sonnet-5-5-20261111")
    assert dated.resolved_id == "claude-sonnet-5-5"
    assert "claude-sonnet-5-5-20261111 is priced as claude-sonnet-5-5" in dated.notes


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("anthropic/claude-opus-9", "claude-opus-5"),
        ("openai/gpt-5.9-foo", "gpt-5.6-sol"),
        ("fireworks/gpt-oss-120b", "accounts/fireworks/models/gpt-oss-120b"),
        ("together/llama-3.3-70b-instruct-turbo", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ],
)
def test_an_unknown_model_names_near_ones_and_prices_none(model, near):
    provider, _, name = model.partition("/")
    with pytest.raises(InputError) as error:
        quote(ref(model), NOON, "standard")
    assert f"no model `{name}` of {provider}" in error.value.message
    assert f"did you mean {near}" in error.value.message


# 13: the load time of the data is not their age.
def test_the_stamp_is_the_version_and_the_newest_change():
    assert shipped_source() == (f"genai-prices {version('genai-prices')}", date(2026, 11, 9))
    quoted = price("openai/gpt-4o")
    assert (quoted.source, quoted.observed) == shipped_source()
    assert genai.newest_change(date(2026, 11, 21)) == date(2026, 11, 9)


# 14: prices that will change are in the data already.
def test_each_month_has_the_price_of_its_own_day():
    flash = "google/gemini-3.6-flash"
    assert base(price(flash, at("2026-12-31 23:59")).input) == D("0.75")
    assert base(price(flash, at("2027-01-01 00:00")).input) == D("1.5")


def test_a_reference_is_compared_with_its_provider():
    assert price("groq/openai/gpt-oss-120b").ref == LlmRef(
        provider="groq", model="openai/gpt-oss-120b"
    )

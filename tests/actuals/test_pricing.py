"""List prices of records, by a catalogue made for the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from planner.actuals import CataloguePricer
from planner.actuals.providers import catalogue_model, provider_id
from planner.actuals.types import Usage
from planner.catalog import Catalog
from planner.catalog.types import LlmQuote, LlmRate, LlmRef, Processing, RateTier
from planner.errors import InputError
from tests.actuals.support import at


def _flat(usd: str) -> LlmRate:
    return (RateTier(above_input_tokens=-1, usd_per_1m_tokens=Decimal(usd)),)


_QUOTE = LlmQuote(
    ref=LlmRef(provider="openai", model="gpt"),
    resolved_id="gpt-resolved",
    processing="standard",
    at=at("2026-11-20T12:00:00"),
    input=_flat("2"),
    output=_flat("10"),
    cache_read=_flat("0.2"),
    cache_write=_flat("2.5"),
    cache_write_1h=_flat("4"),
    time_of_day=False,
    retires_on=None,
    source="a list",
    observed=date(2026, 11, 1),
)


class _Catalogue:
    """Quotes by model; counts how often it is asked."""

    def __init__(self, quotes: Mapping[str, LlmQuote]) -> None:
        self.quotes = quotes
        self.asked: list[tuple[str, datetime, Processing]] = []

    def llm_quote(self, ref: LlmRef, at: datetime, processing: Processing) -> LlmQuote | None:
        self.asked.append((ref.model, at, processing))
        if ref.model not in self.quotes:
            raise InputError("no such model")
        quote = self.quotes[ref.model]
        return quote if processing == "standard" else None


def _pricer(**quotes: LlmQuote) -> tuple[CataloguePricer, _Catalogue]:
    catalogue = _Catalogue(quotes or {"gpt": _QUOTE})
    return CataloguePricer(cast(Catalog, catalogue)), catalogue


def _usage(**changes: Any) -> Usage:
    """1,000 uncached, 500 read, 100 + 200 written, 300 output tokens."""
    shape: dict[str, Any] = {
        "started_at": at("2026-11-20T15:30:00"),
        "provider": "openai",
        "model_raw": "gpt",
        "uncached_input_tokens": 1000,
        "cache_read_tokens": 500,
        "cache_write_5m_tokens": 100,
        "cache_write_1h_tokens": 200,
        "output_tokens": 300,
    }
    return Usage(**shape | changes)


def test_every_bucket_has_its_own_rate() -> None:
    price = _pricer()[0].price(_usage())
    # (1000 * 2 + 500 * 0.2 + 100 * 2.5 + 200 * 4 + 300 * 10) / 1e6 = 6150 / 1e6
    assert price.usd == Decimal("0.00615")
    assert (price.status, price.model, price.reference) == (
        "priced",
        "gpt-resolved",
        "gpt-resolved a list",
    )


def test_a_write_of_unknown_lifetime_costs_as_the_shortest() -> None:
    pricer = _pricer()[0]
    unknown = _usage(cache_write_5m_tokens=0, cache_write_unknown_tokens=100)
    assert pricer.price(unknown).usd == pricer.price(_usage()).usd


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_raw": "unheard"}, "no price for openai/unheard"),
        ({"is_batch": True}, "no batch price for openai/gpt on 2026-11-20"),
        ({"service_tier": "flex"}, "no price for service tier flex"),
        ({"provider": ""}, "no model or provider named"),
        ({"notes": ("usage_missing",)}, "no usage given"),
        ({"cache_write_12h_tokens": 1}, "no price for 12 h cache writes"),
    ],
)
def test_what_has_no_price_is_unpriced_and_not_free(changes: dict[str, Any], reason: str) -> None:
    price = _pricer()[0].price(_usage(**changes))
    assert (price.usd, price.status, price.reference) == (None, "unpriced", reason)


@pytest.mark.parametrize(
    "changes", [{"kind": "bill"}, {"status": "cache_hit"}, {"provider": "vllm"}]
)
def test_bills_own_servers_and_cache_hits_need_no_list_price(changes: dict[str, Any]) -> None:
    price = _pricer()[0].price(_usage(**changes))
    assert (price.usd, price.status) == (None, "not_applicable")


def test_an_old_price_is_stale() -> None:
    pricer = _pricer(gpt=replace(_QUOTE, observed=date(2026, 1, 1)))[0]
    price = pricer.price(_usage())
    assert (price.usd, price.status) == (Decimal("0.00615"), "stale")


def test_a_price_by_the_hour_is_that_of_the_call_s_hour() -> None:
    pricer, catalogue = _pricer(gpt=replace(_QUOTE, time_of_day=True))
    pricer.price(_usage())
    assert [moment.hour for _, moment, _ in catalogue.asked] == [12, 15]


def _tiered() -> LlmQuote:
    """Input costs 2 up to 1,000 tokens a request and 6 beyond; nothing else."""
    tiers = (*_flat("2"), RateTier(above_input_tokens=1000, usd_per_1m_tokens=Decimal(6)))
    return replace(_QUOTE, input=tiers, output=_flat("0"))


def _bucket(**changes: Any) -> Usage:
    shape: dict[str, Any] = {
        "kind": "bucket",
        "bucket_s": 86_400,
        "calls": 10,
        "uncached_input_tokens": 5000,
        "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
    }
    return _usage(**shape | changes)


def test_a_bucket_is_priced_by_its_mean_request_where_size_matters() -> None:
    price = _pricer(gpt=_tiered())[0].price(_bucket())
    # 500 tokens a request: the lower tier, 5,000 * 2 / 1e6. As one request it would be 0.03.
    assert (price.usd, price.notes) == (Decimal("0.01"), ("tier_by_mean",))
    large = _pricer(gpt=_tiered())[0].price(_bucket(calls=2))
    assert large.usd == Decimal("0.03")


def test_a_bucket_without_a_count_of_calls_has_no_price_where_size_matters() -> None:
    price = _pricer(gpt=_tiered())[0].price(_bucket(calls=0))
    assert (price.status, price.reference) == ("unpriced", "price depends on request size")
    assert _pricer()[0].price(_bucket(calls=0)).status == "priced"


def test_a_catalogue_is_asked_once_for_a_model_and_day_and_once_for_a_model_it_lacks() -> None:
    pricer, catalogue = _pricer()
    for hour in range(3):
        for day in (20, 21):
            moment = at(f"2026-11-{day}T0{hour}:00:00")
            pricer.price(_usage(started_at=moment))
            pricer.price(_usage(started_at=moment, model_raw="unheard"))
    assert [model for model, _, _ in catalogue.asked].count("gpt") == 2
    assert [model for model, _, _ in catalogue.asked].count("unheard") == 1


@pytest.mark.parametrize(
    ("named", "model", "expected"),
    [
        ("aws.bedrock", "m", "aws"),
        ("gcp.vertex_ai", "m", "google"),
        ("Azure_OpenAI", "m", "azure"),
        ("acme", "m", "acme"),
        ("", "gpt-4o", "openai"),
        ("", "claude-haiku-4-5", "anthropic"),
        ("", "bedrock/anthropic.claude", "aws"),
        ("", "mystery", ""),
    ],
)
def test_providers_are_known_by_their_words_in_every_source(
    named: str, model: str, expected: str
) -> None:
    assert provider_id(named, model) == expected


def test_every_provider_of_the_table_of_names_is_one_of_the_catalogue() -> None:
    from planner.actuals import providers
    from planner.catalog.llm import known_providers

    aliases, by_prefix = providers._data()  # pyright: ignore[reportPrivateUsage]
    assert {*aliases.values(), *by_prefix.values()} <= set(known_providers())
    assert list(aliases) == sorted(aliases)


def test_a_gateway_s_prefix_is_not_part_of_a_model() -> None:
    assert catalogue_model("azure/gpt-4o") == "gpt-4o"
    assert catalogue_model("Qwen/Qwen3-32B") == "Qwen/Qwen3-32B"


def test_the_shipped_catalogue_prices_a_call(tmp_path: Any) -> None:
    from planner.catalog import load_catalog

    pricer = CataloguePricer(load_catalog(prices=None, base_dir=tmp_path))
    price = pricer.price(_usage(model_raw="gpt-4o-2024-08-06"))
    assert (price.model, price.status) == ("gpt-4o", "priced")
    assert price.usd is not None


def test_a_list_price_has_the_decimals_of_the_store() -> None:
    quote = replace(_QUOTE, output=_flat("0.0000333"))
    price = _pricer(gpt=quote)[0].price(_usage(**dict.fromkeys(_INPUTS, 0), output_tokens=1))
    # 3.33e-11 of a dollar.
    assert price.usd == Decimal("0.000000000033")


_INPUTS = (
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)

"""A scenario's own prices and its percentages off list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from planner.catalog.overrides import NO_CHANGES, PriceChanges, price_changes
from planner.catalog.types import LlmQuote, LlmRef, PriceRow, RateTier
from planner.errors import InputError
from planner.scenario.economics import Prices
from tests.catalog.price_support import usd

_TYPES = ("g5.xlarge", "g6e.xlarge", "p5.48xlarge")
_ITEMS = ("alb_hour", "nat_gateway_hour")
_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _prices(**block: Any) -> Prices:
    return Prices.model_validate(block)


def _changes(**block: Any) -> PriceChanges:
    return price_changes(_prices(**block), instance_types=_TYPES, service_items=_ITEMS)


def _instance(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "instance",
        "instance_type": "g6e.xlarge",
        "region": "us-east-1",
        "usd_per_hour": Decimal("1.2"),
        "source": "quote 4711 of our reseller",
        "observed": "2026-10-01",
    } | fields


def _row(**fields: Any) -> PriceRow:
    values: dict[str, Any] = {
        "kind": "instance",
        "region": "us-east-1",
        "item": "g6e.xlarge",
        "purchase": "on_demand",
        "unit": "hour",
        "usd": Decimal("1.861"),
        "source": "AWS list",
        "observed": date(2026, 7, 20),
    }
    return PriceRow(**(values | fields))


def _rate(base: str, above: str | None = None) -> tuple[RateTier, ...]:
    tiers = [RateTier(above_input_tokens=-1, usd_per_1m_tokens=usd(base))]
    if above is not None:
        tiers.append(RateTier(above_input_tokens=100_000, usd_per_1m_tokens=usd(above)))
    return tuple(tiers)


def _quote(provider: str = "openai", model: str = "gpt-6-luna") -> LlmQuote:
    return LlmQuote(
        ref=LlmRef(provider=provider, model=model),
        resolved_id=model,
        processing="standard",
        at=_AT,
        input=_rate("0.1", "0.5"),
        output=_rate("0.5"),
        cache_read=_rate("0.01"),
        cache_write=None,
        cache_write_1h=None,
        time_of_day=False,
        retires_on=date(2027, 4, 1),
        source="genai-prices",
        observed=date(2026, 11, 9),
    )


def test_an_instance_override_comes_out_with_its_source_and_day() -> None:
    row = _changes(overrides=[_instance()]).instance_row("g6e.xlarge", "us-east-1", "on_demand")
    assert row is not None
    assert (row.usd, row.source, row.observed) == (
        usd("1.2"),
        "quote 4711 of our reseller",
        date(2026, 10, 1),
    )


@pytest.mark.parametrize(
    ("name", "region", "purchase"),
    [
        ("g5.xlarge", "us-east-1", "on_demand"),
        ("g6e.xlarge", "us-west-2", "on_demand"),
        ("g6e.xlarge", "us-east-1", "ri_1y_no_upfront"),
    ],
)
def test_an_override_is_for_its_type_region_and_purchase_only(
    name: str, region: str, purchase: str
) -> None:
    assert _changes(overrides=[_instance()]).instance_row(name, region, purchase) is None


def test_a_service_override_keeps_the_catalogs_unit() -> None:
    given = {
        "kind": "service",
        "item": "alb_hour",
        "region": "eu-west-1",
        "usd": Decimal("0.0252"),
        "source": "AWS page",
        "observed": "2026-11-01",
    }
    row = _changes(overrides=[given]).service_row("alb_hour", "eu-west-1", "hour")
    assert row is not None
    assert (row.usd, row.unit, row.purchase) == (usd("0.0252"), "hour", "on_demand")


def _llm(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "llm",
        "provider": "openai",
        "model": "gpt-6-luna",
        "input_usd_per_1m_tokens": Decimal("0.08"),
        "output_usd_per_1m_tokens": Decimal("0.4"),
        "source": "enterprise agreement",
        "observed": "2026-11-01",
    } | fields


def test_a_token_override_is_a_quote_without_cache_unless_it_gives_one() -> None:
    changes = _changes(overrides=[_llm()])
    quote = changes.llm_quote(_quote().ref, _AT, "standard", None)
    assert quote is not None
    assert quote.input == _rate("0.08")
    assert quote.output == _rate("0.4")
    assert (quote.cache_read, quote.cache_write) == (None, None)
    assert (quote.source, quote.observed) == ("enterprise agreement", date(2026, 11, 1))


def test_a_token_override_keeps_the_retirement_of_the_listed_model() -> None:
    changes = _changes(overrides=[_llm(cache_read_usd_per_1m_tokens=Decimal("0.008"))])
    quote = changes.llm_quote(_quote().ref, _AT, "standard", _quote())
    assert quote is not None
    assert quote.retires_on == date(2027, 4, 1)
    assert quote.cache_read == _rate("0.008")


def test_a_token_override_is_for_its_processing_only() -> None:
    changes = _changes(overrides=[_llm(processing="batch")])
    assert not changes.has_llm_override(_quote().ref, "standard")
    assert changes.has_llm_override(_quote().ref, "batch")
    assert changes.llm_quote(_quote().ref, _AT, "standard", _quote()) is None


def test_a_discount_comes_off_the_list_price_and_says_so() -> None:
    changes = _changes(discounts=[{"provider": "aws", "percent": 10, "source": "EDP 2026"}])
    row = changes.discounted_row(_row())
    assert row.usd == usd("1.6749")  # 1.861 x 0.9
    assert row.source == "list less 10 % (EDP 2026); list: AWS list"
    assert row.observed == date(2026, 7, 20)


def test_the_most_specific_discount_wins_and_they_do_not_add_up() -> None:
    changes = _changes(
        discounts=[
            {"provider": "aws", "percent": 10, "source": "EDP"},
            {"provider": "aws", "instance_type": "g6e.xlarge", "percent": 50, "source": "PPA"},
        ]
    )
    assert changes.discounted_row(_row()).usd == usd("0.9305")  # 1.861 x 0.5
    assert changes.discounted_row(_row(item="g5.xlarge")).usd == usd("1.6749")
    assert changes.discounted_row(_row(kind="service", item="alb_hour")).usd == usd("1.6749")


def test_a_discount_does_not_make_a_price_out_of_none() -> None:
    changes = _changes(discounts=[{"provider": "aws", "percent": 10, "source": "EDP"}])
    unknown = _row(usd=None, reason_null="not sold")
    assert changes.discounted_row(unknown) == unknown


def test_a_token_discount_takes_every_rate_and_every_tier() -> None:
    changes = _changes(discounts=[{"provider": "openai", "percent": 20, "source": "agreement"}])
    quote = changes.discounted_quote(_quote())
    assert quote.input == _rate("0.08", "0.4")
    assert quote.output == _rate("0.4")
    assert quote.cache_read == _rate("0.008")
    assert quote.cache_write is None
    assert quote.source == "list less 20 % (agreement); list: genai-prices"


def test_a_models_own_discount_wins_over_its_providers() -> None:
    changes = _changes(
        discounts=[
            {"provider": "openai", "percent": 20, "source": "all"},
            {"provider": "openai", "model": "gpt-6-luna", "percent": 40, "source": "this one"},
        ]
    )
    assert changes.discounted_quote(_quote()).output == _rate("0.3")
    assert changes.discounted_quote(_quote(model="gpt-5")).output == _rate("0.4")


@pytest.mark.parametrize("provider", ["anthropic", "aws"])
def test_a_discount_of_another_provider_changes_nothing(provider: str) -> None:
    changes = _changes(discounts=[{"provider": "openai", "percent": 20, "source": "agreement"}])
    other = _quote(provider=provider)
    assert changes.discounted_quote(other) == other


def test_an_aws_discount_covers_bedrock_tokens() -> None:
    changes = _changes(discounts=[{"provider": "aws", "percent": 10, "source": "EDP"}])
    assert changes.discounted_quote(_quote(provider="aws")).output == _rate("0.45")


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (
            {"overrides": [_instance(instance_type="g6e.xlrge")]},
            r"prices.overrides.0.instance_type: no instance type `g6e.xlrge` in the catalog "
            r"\(did you mean `g6e.xlarge`\?\)",
        ),
        (
            {
                "overrides": [
                    _instance(),
                    {
                        "kind": "service",
                        "item": "alb_hours",
                        "region": "us-east-1",
                        "usd": 1,
                        "source": "s",
                        "observed": "2026-01-01",
                    },
                ]
            },
            r"prices.overrides.1.item: no service item `alb_hours` .*did you mean `alb_hour`",
        ),
        (
            {"overrides": [_instance(), _instance(usd_per_hour=2)]},
            "prices.overrides.1: the same thing is priced twice",
        ),
        (
            {
                "discounts": [
                    {"provider": "aws", "percent": 10, "source": "a"},
                    {"provider": "aws", "percent": 20, "source": "b"},
                ]
            },
            "prices.discounts.1: the same thing is priced twice",
        ),
        (
            {
                "discounts": [
                    {"provider": "aws", "instance_type": "p5", "percent": 1, "source": "a"}
                ]
            },
            "prices.discounts.0.instance_type: no instance type `p5`",
        ),
        (
            {
                "discounts": [
                    {
                        "provider": "openai",
                        "instance_type": "g5.xlarge",
                        "percent": 1,
                        "source": "a",
                    }
                ]
            },
            "prices.discounts.0: instance types are sold by `aws`",
        ),
    ],
)
def test_what_cannot_be_applied_is_refused(block: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        _changes(**block)


def test_an_override_may_price_a_model_nobody_lists() -> None:
    changes = _changes(overrides=[_llm(provider="our-gateway", model="house-13b")])
    ref = LlmRef(provider="our-gateway", model="house-13b")
    quote = changes.llm_quote(ref, _AT, "standard", None)
    assert quote is not None
    assert (quote.resolved_id, quote.retires_on) == ("house-13b", None)


def test_without_a_prices_block_nothing_changes() -> None:
    assert price_changes(None, instance_types=_TYPES, service_items=_ITEMS) is NO_CHANGES
    assert NO_CHANGES.discounted_row(_row()) == _row()
    assert NO_CHANGES.discounted_quote(_quote()) == _quote()

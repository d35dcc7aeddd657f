"""The catalog costs read: exact look-ups, borrowed prices marked, nothing guessed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import Catalog, LlmRef, load_catalog, load_snapshot
from planner.catalog.hardware import instance_to_json, shipped_instances
from planner.errors import InputError, PriceFileError
from planner.scenario.economics import Prices
from tests.catalog.price_support import file_text, raw, usd

_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
_GPT = LlmRef(provider="openai", model="gpt-4o")


def _catalog(folder: Path, as_of: date | None = None, **block: Any) -> Catalog:
    prices = Prices.model_validate(block) if block else None
    return load_catalog(prices=prices, base_dir=folder, as_of=as_of)


def _with_file(folder: Path, text: str) -> Catalog:
    (folder / "planner.prices.json").write_text(text, encoding="utf-8")
    return _catalog(folder)


def test_the_shipped_prices_are_named_hashed_and_dated(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    assert catalog.snapshot_name == "shipped"
    assert catalog.snapshot_sha256 == load_snapshot(None).sha256
    assert catalog.as_of == date(2026, 11, 21)
    assert (catalog.oldest_observed, catalog.newest_observed) == (
        date(2025, 4, 24),
        date(2026, 8, 21),
    )


def test_as_of_can_be_given(tmp_path: Path) -> None:
    assert _catalog(tmp_path, as_of=date(2026, 12, 24)).as_of == date(2026, 12, 24)


def test_the_scenarios_own_snapshot_is_used(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(file_text(raw(usd="9")), encoding="utf-8")
    catalog = _catalog(tmp_path, snapshot="own.json")
    assert catalog.snapshot_name == "own.json"
    assert catalog.instance_price("g6e.xlarge", "us-east-1", "on_demand").usd == usd("9")


def test_types_of_a_region_are_those_offered_there(tmp_path: Path) -> None:
    names = [known.name for known in _catalog(tmp_path).instance_types("eu-west-1")]
    assert names == sorted(names)
    # EC2 offers g4dn, g5, inf2 and p4d in Ireland, and no g6, g6e, g7 or p5.
    assert {name.split(".")[0] for name in names} == {"g4dn", "g5", "inf2", "p4d"}
    assert _catalog(tmp_path).instance_types("xx-nowhere-1") == ()


def test_a_priced_type_counts_as_offered_in_its_region(tmp_path: Path) -> None:
    catalog = _catalog(
        tmp_path,
        overrides=[
            {
                "kind": "instance",
                "instance_type": "p5.48xlarge",
                "region": "eu-west-1",
                "usd_per_hour": Decimal("60"),
                "source": "capacity we were promised",
                "observed": "2026-11-01",
            }
        ],
    )
    assert "p5.48xlarge" in [known.name for known in catalog.instance_types("eu-west-1")]
    assert catalog.instance_price("p5.48xlarge", "eu-west-1", "on_demand").usd == usd("60")


def test_unknown_names_come_with_a_near_one(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    with pytest.raises(InputError, match=r"`g6e.xlrge` .*did you mean `g6e.xlarge`"):
        catalog.instance_type("g6e.xlrge")
    with pytest.raises(InputError, match=r"`g6e.xlrge`"):
        catalog.instance_price("g6e.xlrge", "us-east-1", "on_demand")
    with pytest.raises(InputError, match=r"`L40` .*did you mean `L40S`"):
        catalog.accelerator("L40")
    with pytest.raises(InputError, match=r"`alb_hours` .*did you mean `alb_hour`"):
        catalog.service_price("alb_hours", "us-east-1")


def test_accelerators_are_found_by_name(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    assert catalog.accelerator("L40S") is catalog.accelerators["L40S"]


@pytest.mark.parametrize(
    ("name", "region", "purchase", "says"),
    [
        ("g6.xlarge", "eu-west-1", "on_demand", "g6.xlarge is not offered in eu-west-1"),
        ("g6.xlarge", "us-east-1", "spot_az_median", "run `planner prices refresh`, or give spot"),
        ("g6.xlarge", "us-east-1", "sp_compute_1y", "run `planner prices refresh`"),
        ("g7.2xlarge", "us-west-2", "on_demand", "offered in us-west-2 without a known"),
        ("p5.48xlarge", "us-east-1", "ri_1y_no_upfront", "no 1-year no-upfront Reserved price"),
    ],
)
def test_a_price_that_is_not_known_comes_with_the_reason(
    tmp_path: Path, name: str, region: str, purchase: str, says: str
) -> None:
    row = _catalog(tmp_path).instance_price(name, region, purchase)
    assert row.usd is None
    assert row.reason_null is not None
    assert says in row.reason_null


def test_another_regions_service_price_is_borrowed_and_marked(tmp_path: Path) -> None:
    row = _catalog(tmp_path).service_price("alb_hour", "eu-central-1")
    assert (row.usd, row.region, row.extrapolated_from) == (
        usd("0.0225"),
        "eu-central-1",
        "us-east-1",
    )


def test_a_regions_own_service_price_is_not_borrowed(tmp_path: Path) -> None:
    row = _catalog(tmp_path).service_price("egress_internet_gb_first_10tb", "ap-northeast-1")
    assert (row.usd, row.extrapolated_from) == (usd("0.114"), None)
    home = _catalog(tmp_path).service_price("alb_hour", "us-east-1")
    assert home.extrapolated_from is None


def test_a_service_override_stops_the_borrowing(tmp_path: Path) -> None:
    given = {
        "kind": "service",
        "item": "alb_hour",
        "region": "eu-central-1",
        "usd": Decimal("0.027"),
        "source": "AWS page",
        "observed": "2026-11-01",
    }
    catalog = _catalog(tmp_path, overrides=[given])
    row = catalog.service_price("alb_hour", "eu-central-1")
    assert (row.usd, row.extrapolated_from) == (usd("0.027"), None)
    assert catalog.service_price("alb_hour", "eu-west-1").usd == usd("0.0225")


def test_discounts_reach_borrowed_service_prices(tmp_path: Path) -> None:
    discount = {"provider": "aws", "percent": 10, "source": "EDP"}
    row = _catalog(tmp_path, discounts=[discount]).service_price("alb_hour", "eu-central-1")
    assert (row.usd, row.extrapolated_from) == (usd("0.02025"), "us-east-1")


def test_an_item_missing_from_a_pinned_file_is_no_price_and_not_the_shipped_one(
    tmp_path: Path,
) -> None:
    catalog = _with_file(tmp_path, file_text(raw()))
    row = catalog.service_price("alb_hour", "us-east-1")
    assert row.usd is None
    assert "not in planner.prices.json" in str(row.reason_null)
    other = catalog.instance_price("g5.xlarge", "us-east-1", "on_demand")
    assert other.usd is None
    assert "planner.prices.json" in str(other.reason_null)


def test_token_prices_are_quoted(tmp_path: Path) -> None:
    quote = _catalog(tmp_path).llm_quote(_GPT, _AT, "standard")
    assert quote is not None
    assert quote.input[0].usd_per_1m_tokens == usd("2.5")


def test_token_prices_of_a_pinned_file_win(tmp_path: Path) -> None:
    row = {
        "provider": "openai",
        "model": "gpt-4o",
        "region": None,
        "endpoint": None,
        "resolved_id": "gpt-4o",
        "processing": "standard",
        "valid_from": "2026-01-01",
        "input": "2.4",
        "output": "9",
        "source": "pinned",
        "observed": "2026-11-01",
    }
    catalog = _with_file(tmp_path, file_text(raw(), llm=[row]))
    quote = catalog.llm_quote(_GPT, _AT, "standard")
    assert quote is not None
    assert (quote.input[0].usd_per_1m_tokens, quote.source) == (usd("2.4"), "pinned")


def test_a_token_override_is_quoted_for_each_hour_as_one(tmp_path: Path) -> None:
    given = {
        "kind": "llm",
        "provider": "deepseek",
        "model": "deepseek-v4-flash",
        "input_usd_per_1m_tokens": Decimal("0.1"),
        "output_usd_per_1m_tokens": Decimal("0.4"),
        "source": "agreement",
        "observed": "2026-11-01",
    }
    ref = LlmRef(provider="deepseek", model="deepseek-v4-flash")
    day = date(2026, 11, 21)
    listed = _catalog(tmp_path).llm_hourly_quotes(ref, day, "standard")
    assert listed is not None
    assert len(listed) == 24
    given_quotes = _catalog(tmp_path, overrides=[given]).llm_hourly_quotes(ref, day, "standard")
    assert given_quotes is not None
    (quote,) = given_quotes
    assert quote.output[0].usd_per_1m_tokens == usd("0.4")


def test_an_override_for_an_unlisted_model_is_quoted(tmp_path: Path) -> None:
    given = {
        "kind": "llm",
        "provider": "our-gateway",
        "model": "house-13b",
        "input_usd_per_1m_tokens": Decimal("0.1"),
        "output_usd_per_1m_tokens": Decimal("0.4"),
        "source": "internal rate card",
        "observed": "2026-11-01",
    }
    ref = LlmRef(provider="our-gateway", model="house-13b")
    quote = _catalog(tmp_path, overrides=[given]).llm_quote(ref, _AT, "standard")
    assert quote is not None
    assert quote.source == "internal rate card"
    with pytest.raises(InputError, match="our-gateway"):
        _catalog(tmp_path).llm_quote(ref, _AT, "standard")


def test_token_discounts_apply_to_every_hour(tmp_path: Path) -> None:
    discount = {"provider": "openai", "percent": 50, "source": "agreement"}
    quotes = _catalog(tmp_path, discounts=[discount]).llm_hourly_quotes(
        _GPT, date(2026, 11, 21), "standard"
    )
    assert quotes is not None
    assert [quote.input[0].usd_per_1m_tokens for quote in quotes] == [usd("1.25")]


def test_what_is_not_sold_in_batch_stays_unsold(tmp_path: Path) -> None:
    ref = LlmRef(provider="deepseek", model="deepseek-v4-flash")
    assert _catalog(tmp_path).llm_quote(ref, _AT, "batch") is None
    assert _catalog(tmp_path).llm_hourly_quotes(ref, _AT.date(), "batch") is None


def test_models_are_found_by_id(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    card = catalog.model_card("meta-llama/Llama-3.1-8B-Instruct")
    assert card is not None
    assert card.layers == 32
    assert catalog.model_card("nobody/nothing") is None


def test_ages_are_given_by_class(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    ages = {age.price_class: age for age in catalog.ages(catalog.as_of, None)}
    assert set(ages) == {"instances", "services", "llm"}
    # 2026-01-21 to 2026-11-21 is 304 days: past 180, not past 365.
    assert (ages["instances"].age_days, ages["instances"].level) == (304, "warn")
    assert ages["llm"].level == "ok"
    assert [age.price_class for age in catalog.stale(catalog.as_of, None)] == [
        "instances",
        "services",
    ]


def test_ages_can_be_narrowed_to_the_prices_of_an_answer(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    used = [catalog.instance_price("g6e.xlarge", "us-east-1", "on_demand")]  # seen 2026-07-20
    assert catalog.stale(catalog.as_of, None, used) == ()
    assert catalog.stale(catalog.as_of, 123, used)[0].price_class == "instances"
    assert catalog.stale(catalog.as_of, 124, used) == ()


def test_pinned_token_prices_have_ages_of_their_own(tmp_path: Path) -> None:
    text = file_text(raw(), llm=[{"provider": "openai", "observed": "2025-01-01"}])
    catalog = _with_file(tmp_path, text)
    ages = {age.price_class: age for age in catalog.ages(date(2026, 11, 21), None)}
    assert ages["llm"].oldest_observed == date(2025, 1, 1)


def test_a_bad_day_in_a_pinned_token_price_is_an_error(tmp_path: Path) -> None:
    catalog = _with_file(tmp_path, file_text(raw(), llm=[{"observed": "soon"}]))
    with pytest.raises(PriceFileError, match=r"planner.prices.json: llm: observed is 'soon'"):
        catalog.ages(date(2026, 11, 21), None)


def test_instances_and_quotas_of_a_refreshed_file_are_used(tmp_path: Path) -> None:
    entry = instance_to_json(shipped_instances()["g6e.xlarge"]) | {"regions": ["eu-west-1"]}
    quota = {
        "region": "eu-west-1",
        "code": "L-DB2E81BA",
        "name": "Running On-Demand G and VT instances",
        "vcpu": 192,
        "basis": "applied",
        "observed": "2026-11-22",
    }
    catalog = _with_file(tmp_path, file_text(raw(), instances=[entry], quotas=[quota]))
    assert [known.name for known in catalog.instance_types("eu-west-1")] == ["g6e.xlarge"]
    found = catalog.vcpu_quota("eu-west-1", "L-DB2E81BA")
    assert found is not None
    assert (found.vcpu, found.observed) == (192, date(2026, 11, 22))
    assert catalog.vcpu_quota("us-east-1", "L-DB2E81BA") is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"vcpu": "192"}, "vcpu is '192', not a whole number"),
        ({"vcpu": -1}, "vcpu is -1"),
        ({"name": None}, "name is None, not text"),
        ({"limit": 1}, "missing or unknown: limit"),
        ({"observed": "soon"}, "'soon', not a day"),
    ],
)
def test_a_bad_quota_is_named(tmp_path: Path, change: dict[str, object], says: str) -> None:
    quota = {
        "region": "eu-west-1",
        "code": "L-1",
        "name": "n",
        "vcpu": 1,
        "basis": "applied",
        "observed": "2026-11-22",
    }
    with pytest.raises(PriceFileError, match=f"quota 1: .*{says}"):
        _with_file(tmp_path, file_text(raw(), quotas=[quota | change]))


def test_two_quotas_of_one_code_are_refused(tmp_path: Path) -> None:
    quota = {
        "region": "eu-west-1",
        "code": "L-1",
        "name": "n",
        "vcpu": 1,
        "basis": "applied",
        "observed": "2026-11-22",
    }
    document = json.loads(file_text(raw(), quotas=[quota]))
    document["quotas"].append(quota)
    with pytest.raises(PriceFileError, match=r"quota 2: eu-west-1 L-1 is there twice"):
        _with_file(tmp_path, json.dumps(document))

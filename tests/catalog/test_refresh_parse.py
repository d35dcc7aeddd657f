"""What AWS's answers mean, on recorded shapes."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from planner.catalog.hardware import shipped_instances
from planner.catalog.refresh_parse import (
    AmbiguousPrice,
    list_price_rows,
    quota_from_answer,
    savings_plan_rows,
    spot_rows,
    updated_instance,
)
from planner.catalog.types import PriceRow
from tests.catalog.price_support import fixture, usd

_SEEN = date(2026, 11, 22)
_NAME, _REGION = "g6e.xlarge", "us-east-1"


def _products() -> list[Any]:
    return fixture("get_products_g6e_xlarge")


def _list_prices(products: list[Any]) -> dict[str, PriceRow]:
    """Elements of PriceList are JSON text, not objects."""
    rows = list_price_rows([json.dumps(p) for p in products], _NAME, _REGION, _SEEN)
    return {row.purchase: row for row in rows}


def test_on_demand_and_reserved_come_from_one_sku() -> None:
    rows = _list_prices(_products())
    assert {purchase: row.usd for purchase, row in rows.items()} == {
        "on_demand": usd("1.9"),
        "ri_1y_no_upfront": usd("1.197"),
        # 0.5583 + 4,891 / 8,760 h
        "ri_1y_partial_upfront": usd("1.1166333333"),
        # 24,000 / 26,280 h
        "ri_3y_all_upfront": usd("0.9132420091"),
    }
    row = rows["on_demand"]
    assert (row.observed, row.unit, row.region) == (_SEEN, "hour", _REGION)
    assert "EXAMPLESKU00001A" in row.source


def test_convertible_terms_are_left_out() -> None:
    products = _products()
    terms = products[0]["terms"]["Reserved"]
    del terms["EXAMPLESKU00001A.4NA7Y494T4"]  # the standard one
    row = _list_prices(products)["ri_1y_no_upfront"]
    assert row.usd is None
    assert "no 1-year no-upfront term" in str(row.reason_null)


def test_no_sku_is_no_price() -> None:
    rows = _list_prices([])
    assert set(rows) == {"on_demand", "ri_1y_no_upfront"}
    assert all(row.usd is None for row in rows.values())
    assert rows["on_demand"].reason_null == (
        "no SKU of g6e.xlarge in us-east-1 in the AWS Price List on 2026-11-22"
    )


def test_two_skus_are_an_error_that_names_them() -> None:
    other = copy.deepcopy(_products()[0])
    other["product"]["sku"] = "EXAMPLESKU00002B"
    message = "2 SKUs of g6e.xlarge in us-east-1: EXAMPLESKU00001A, EXAMPLESKU00002B"
    with pytest.raises(AmbiguousPrice, match=message):
        _list_prices([*_products(), other])


def test_a_sku_without_on_demand_terms_is_no_price() -> None:
    products = _products()
    products[0]["terms"] = {}
    rows = _list_prices(products)
    assert rows["on_demand"].usd is None
    assert rows["on_demand"].reason_null == (
        "the SKU of g6e.xlarge in us-east-1 has no on-demand term"
    )


def test_a_price_of_zero_is_no_price() -> None:
    products = _products()
    (offer,) = products[0]["terms"]["OnDemand"].values()
    (dimension,) = offer["priceDimensions"].values()
    dimension["pricePerUnit"]["USD"] = "0.0000000000"
    row = _list_prices(products)["on_demand"]
    assert row.usd is None
    assert "listed as 0" in str(row.reason_null)


def test_two_on_demand_prices_are_ambiguous() -> None:
    products = _products()
    offers = products[0]["terms"]["OnDemand"]
    (offer,) = offers.values()
    second = copy.deepcopy(offer)
    (dimension,) = second["priceDimensions"].values()
    dimension["pricePerUnit"]["USD"] = "2.0"
    offers["EXAMPLESKU00001A.OTHER"] = second
    with pytest.raises(AmbiguousPrice, match="several on-demand prices"):
        _list_prices(products)


# --- Savings Plans -------------------------------------------------------------------------------


def test_savings_plan_rates_are_those_of_shared_running_instances() -> None:
    rows = savings_plan_rows(fixture("savings_plan_rates"), [_NAME], _REGION, _SEEN)
    assert [(row.purchase, row.usd) for row in rows] == [
        ("sp_compute_1y", usd("1.34")),
        ("sp_ec2_3y", usd("0.837")),
    ]


def test_rates_of_types_that_were_not_asked_for_are_left_out() -> None:
    assert savings_plan_rows(fixture("savings_plan_rates"), ["g5.xlarge"], _REGION, _SEEN) == ()


@pytest.mark.parametrize("usage", ["USE2-BoxUsage:g6e.xlarge", "BoxUsage:g6e.xlarge"])
def test_usage_types_of_other_regions_have_a_prefix(usage: str) -> None:
    results = fixture("savings_plan_rates")[:1]
    results[0]["usageType"] = usage
    assert len(savings_plan_rows(results, [_NAME], _REGION, _SEEN)) == 1


@pytest.mark.parametrize("usage", ["HostBoxUsage:g6e.xlarge", "UnusedBox:g6e.xlarge"])
def test_other_usage_is_left_out(usage: str) -> None:
    results = fixture("savings_plan_rates")[:1]
    results[0]["usageType"] = usage
    assert savings_plan_rows(results, [_NAME], _REGION, _SEEN) == ()


def test_two_rates_of_one_plan_are_ambiguous() -> None:
    results = fixture("savings_plan_rates")[:1] * 2
    second = copy.deepcopy(results[0])
    second["rate"] = "1.5"
    with pytest.raises(AmbiguousPrice, match=r"two sp_compute_1y rates of g6e.xlarge"):
        savings_plan_rows([*results, second], [_NAME], _REGION, _SEEN)


# --- spot ----------------------------------------------------------------------------------------


def test_spot_is_the_median_of_the_latest_price_of_each_zone() -> None:
    # Latest: a 0.80, b 1.861, d 0.90. Bedford's Local Zone at 0.01 is another place.
    (row,) = spot_rows(fixture("spot_price_history"), [_NAME], _REGION, _SEEN)
    assert row.usd == usd("0.9")
    assert row.source == "EC2 spot price history, median of us-east-1a, us-east-1b, us-east-1d"


def test_the_median_of_two_zones_is_between_them() -> None:
    records = [r for r in fixture("spot_price_history") if r["AvailabilityZone"][-1] != "d"]
    (row,) = spot_rows(records, [_NAME], _REGION, _SEEN)
    assert row.usd == usd("1.3305")  # (0.800 + 1.861) / 2


def test_a_type_without_history_has_no_spot_price() -> None:
    rows = spot_rows(fixture("spot_price_history"), ["p5.48xlarge"], _REGION, _SEEN)
    assert [(row.item, row.usd) for row in rows] == [("p5.48xlarge", None)]
    assert rows[0].reason_null == "no spot price of p5.48xlarge in us-east-1 on 2026-11-22"


# --- instance types and quotas -------------------------------------------------------------------


def _described() -> dict[str, Any]:
    return {entry["InstanceType"]: entry for entry in fixture("describe_instance_types")}


def test_what_ec2_says_of_a_type_replaces_what_was_known() -> None:
    known = replace(shipped_instances()[_NAME], vcpu=1, mem_mib=1, accelerator_mem_mib=1)
    updated = updated_instance(known, _described()[_NAME], {_REGION: True}, _SEEN)
    assert (updated.vcpu, updated.mem_mib, updated.accelerator_mem_mib) == (4, 32_768, 45_776)
    assert (updated.local_nvme_gb, updated.observed) == (250, _SEEN)
    assert updated.accelerator == "L40S"


def test_the_memory_of_trainium2_is_not_taken_from_ec2() -> None:
    known = shipped_instances()["trn2.3xlarge"]
    described = _described()["trn2.3xlarge"]
    updated = updated_instance(known, described, {"sa-east-1": True}, _SEEN)
    assert updated.accelerator_mem_mib == 98_304


def test_offerings_change_only_in_regions_that_were_asked() -> None:
    known = shipped_instances()[_NAME]
    assert "us-east-1" in known.regions
    assert "eu-west-1" not in known.regions
    offered = {"us-east-1": False, "eu-west-1": True}
    updated = updated_instance(known, None, offered, _SEEN)
    assert set(updated.regions) == set(known.regions) - {"us-east-1"} | {"eu-west-1"}
    assert updated.observed == known.observed


def test_a_quota_is_read_in_vcpus() -> None:
    answer = {"Quota": {"QuotaCode": "L-1", "QuotaName": "Running G", "Value": 192.0}}
    quota = quota_from_answer(answer, _REGION, basis="applied", seen=_SEEN)
    assert (quota.code, quota.vcpu, quota.basis) == ("L-1", 192, "applied")


def test_prices_are_exact() -> None:
    assert isinstance(_list_prices(_products())["on_demand"].usd, Decimal)

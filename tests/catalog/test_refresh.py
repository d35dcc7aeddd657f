"""Refreshing through boto3, with clients that give prepared answers in botocore's own shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from planner.catalog.refresh_aws import (
    Refresh,
    RefreshKind,
    RefreshRequest,
    planned_calls,
    refresh,
)
from planner.catalog.snapshot import Snapshot, load_snapshot, snapshot_from_text
from planner.errors import InputError
from tests.catalog.price_support import NOW, FakeAws, fixture, raw, snapshot, usd

_NAME, _REGION = "g6e.xlarge", "us-east-1"


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    fake = FakeAws()
    yield fake
    fake.close()


def _request(*kinds: RefreshKind, **fields: Any) -> RefreshRequest:
    values: dict[str, Any] = {
        "instance_types": (_NAME,),
        "regions": (_REGION,),
        "quotas": False,
        "now": NOW,
    }
    return RefreshRequest(kinds=kinds, **(values | fields))


def _refreshed(result: Refresh) -> Snapshot:
    return snapshot_from_text(result.text, "new.json")


def _products_query(name: str = _NAME, region: str = _REGION) -> dict[str, Any]:
    fields = {
        "instanceType": name,
        "regionCode": region,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "preInstalledSw": "NA",
        "marketoption": "OnDemand",
    }
    return {
        "ServiceCode": "AmazonEC2",
        "FormatVersion": "aws_v1",
        "MaxResults": 100,
        "Filters": [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in fields.items()],
    }


def _products_answer(*products: Any, token: str | None = None) -> dict[str, Any]:
    more = {} if token is None else {"NextToken": token}
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(p) for p in products], **more}


def test_list_prices_replace_the_old_ones(aws: FakeAws) -> None:
    products = fixture("get_products_g6e_xlarge")
    aws.stub("pricing").add_response("get_products", _products_answer(*products), _products_query())
    base = snapshot(
        raw(),
        raw(purchase="ri_3y_no_upfront", usd="0.9"),
        raw(item="g5.xlarge", usd="1.006"),
        raw(region="us-west-2"),
    )
    result = refresh(base, _request("on_demand", "reserved"), aws)
    found = _refreshed(result)
    row = found.row("instance", _REGION, _NAME, "on_demand")
    assert row is not None
    assert (row.usd, str(row.observed)) == (usd("1.9"), "2026-11-22")
    assert [
        (change.what, change.key[3], change.before, change.after) for change in result.changes
    ] == [
        ("changed", "on_demand", "1.861", "1.9"),
        ("added", "ri_1y_no_upfront", None, "1.197"),
        ("added", "ri_1y_partial_upfront", None, "1.1166333333"),
        ("added", "ri_3y_all_upfront", None, "0.9132420091"),
        ("removed", "ri_3y_no_upfront", "0.9", None),
    ]
    assert (result.succeeded, result.failures) == (1, ())
    # Other types and regions stay as they were.
    for key in (("instance", _REGION, "g5.xlarge"), ("instance", "us-west-2", _NAME)):
        assert found.row(*key, "on_demand") == base.row(*key, "on_demand")


def test_only_what_is_asked_for_is_replaced(aws: FakeAws) -> None:
    products = fixture("get_products_g6e_xlarge")
    aws.stub("pricing").add_response("get_products", _products_answer(*products), _products_query())
    base = snapshot(raw(), raw(purchase="ri_1y_no_upfront", usd="1.17"))
    found = _refreshed(refresh(base, _request("on_demand"), aws))
    reserved = found.row("instance", _REGION, _NAME, "ri_1y_no_upfront")
    assert reserved is not None
    assert reserved.usd == usd("1.17")


def test_all_pages_are_read(aws: FakeAws) -> None:
    stub = aws.stub("pricing")
    stub.add_response("get_products", _products_answer(token="next"), _products_query())
    products = fixture("get_products_g6e_xlarge")
    query = _products_query() | {"NextToken": "next"}
    stub.add_response("get_products", _products_answer(*products), query)
    found = _refreshed(refresh(snapshot(), _request("on_demand"), aws))
    row = found.row("instance", _REGION, _NAME, "on_demand")
    assert row is not None
    assert row.usd == usd("1.9")


def test_no_sku_makes_the_price_unknown(aws: FakeAws) -> None:
    aws.stub("pricing").add_response("get_products", _products_answer(), _products_query())
    result = refresh(snapshot(raw(), raw(item="g5.xlarge")), _request("on_demand"), aws)
    row = _refreshed(result).row("instance", _REGION, _NAME, "on_demand")
    assert row is not None
    assert row.usd is None
    assert [(c.what, c.before, c.after) for c in result.changes] == [("changed", "1.861", None)]


def test_a_price_read_again_and_the_same_is_confirmed(aws: FakeAws) -> None:
    products = fixture("get_products_g6e_xlarge")
    aws.stub("pricing").add_response("get_products", _products_answer(*products), _products_query())
    result = refresh(snapshot(raw(usd="1.9")), _request("on_demand"), aws)
    assert (result.changes, result.confirmed) == ((), 1)
    row = _refreshed(result).row("instance", _REGION, _NAME, "on_demand")
    assert row is not None
    assert str(row.observed) == "2026-11-22"


def test_two_skus_keep_the_old_price_and_are_named(aws: FakeAws) -> None:
    products = fixture("get_products_g6e_xlarge") * 2
    aws.stub("pricing").add_response("get_products", _products_answer(*products), _products_query())
    base = snapshot()
    result = refresh(base, _request("on_demand"), aws)
    assert _refreshed(result).raw == base.raw
    assert result.failures == (
        "list prices: 2 SKUs of g6e.xlarge in us-east-1: EXAMPLESKU00001A, EXAMPLESKU00001A; "
        "the old ones are kept",
    )


def test_a_denied_api_keeps_the_rows_of_its_class_and_the_rest_goes_on(aws: FakeAws) -> None:
    aws.stub("pricing").add_client_error("get_products", "AccessDeniedException", "no")
    aws.stub("ec2").add_response(
        "describe_spot_price_history", {"SpotPriceHistory": fixture("spot_price_history")}
    )
    base = snapshot()
    result = refresh(base, _request("on_demand", "spot"), aws)
    found = _refreshed(result)
    assert found.row("instance", _REGION, _NAME, "on_demand") == base.row(
        "instance", _REGION, _NAME, "on_demand"
    )
    spot = found.row("instance", _REGION, _NAME, "spot_az_median")
    assert spot is not None
    assert spot.usd == usd("0.9")
    (failure,) = result.failures
    assert failure.startswith("list prices in us-east-1: ")
    assert "AccessDeniedException" in failure
    assert failure.endswith("the old ones are kept")
    assert result.succeeded == 1


def test_one_region_may_fail_while_another_answers(aws: FakeAws) -> None:
    aws.stub("ec2", "us-east-1").add_client_error("describe_spot_price_history", "AuthFailure")
    aws.stub("ec2", "us-west-2").add_response(
        "describe_spot_price_history", {"SpotPriceHistory": []}
    )
    base = snapshot(raw(), raw(purchase="spot_az_median", usd="0.7"))
    request = _request("spot", regions=("us-east-1", "us-west-2"))
    result = refresh(base, request, aws)
    kept = _refreshed(result).row("instance", "us-east-1", _NAME, "spot_az_median")
    assert kept is not None
    assert kept.usd == usd("0.7")
    assert len(result.failures) == 1


def test_spot_prices_are_asked_for_now(aws: FakeAws) -> None:
    query = {
        "InstanceTypes": [_NAME],
        "ProductDescriptions": ["Linux/UNIX"],
        "StartTime": NOW,
    }
    answer = {"SpotPriceHistory": fixture("spot_price_history")}
    aws.stub("ec2").add_response("describe_spot_price_history", answer, query)
    result = refresh(snapshot(), _request("spot"), aws)
    assert [change.after for change in result.changes] == ["0.9"]


def test_savings_plan_rates_are_read_page_by_page(aws: FakeAws) -> None:
    query = {
        "savingsPlanTypes": ["Compute", "EC2Instance"],
        "savingsPlanPaymentOptions": ["No Upfront"],
        "products": ["EC2"],
        "serviceCodes": ["AmazonEC2"],
        "filters": [
            {"name": "region", "values": [_REGION]},
            {"name": "instanceType", "values": [_NAME]},
            {"name": "productDescription", "values": ["Linux/UNIX"]},
            {"name": "tenancy", "values": ["shared"]},
        ],
    }
    rates = fixture("savings_plan_rates")
    stub = aws.stub("savingsplans")
    operation = "describe_savings_plans_offering_rates"
    stub.add_response(operation, {"searchResults": rates[:1], "nextToken": "more"}, query)
    last = {"searchResults": rates[1:], "nextToken": ""}
    stub.add_response(operation, last, query | {"nextToken": "more"})
    base = snapshot(raw(), raw(purchase="sp_ec2_1y", usd="1"))
    result = refresh(base, _request("savings_plans"), aws)
    assert [(c.what, c.key[3], c.after) for c in result.changes] == [
        ("added", "sp_compute_1y", "1.34"),
        ("removed", "sp_ec2_1y", None),
        ("added", "sp_ec2_3y", "0.837"),
    ]


def _types_answers(aws: FakeAws, offered: list[str]) -> None:
    by_name = [{"Name": "instance-type", "Values": [_NAME]}]
    aws.stub("ec2").add_response(
        "describe_instance_type_offerings",
        {"InstanceTypeOfferings": [{"InstanceType": name} for name in offered]},
        {"LocationType": "region", "Filters": by_name},
    )
    described = [e for e in fixture("describe_instance_types") if e["InstanceType"] in offered]
    aws.stub("ec2").add_response(
        "describe_instance_types", {"InstanceTypes": described}, {"Filters": by_name}
    )


def test_offerings_are_read_and_kept_in_the_file(aws: FakeAws) -> None:
    _types_answers(aws, [])
    found = _refreshed(refresh(snapshot(), _request("types"), aws))
    assert found.instances is not None
    entries = {str(entry["name"]): entry for entry in found.instances}
    assert len(entries) == 62
    assert _REGION not in entries[_NAME]["regions"]  # type: ignore[operator]


def test_a_refresh_without_types_leaves_the_shipped_hardware(aws: FakeAws) -> None:
    answer = {"SpotPriceHistory": []}
    aws.stub("ec2").add_response("describe_spot_price_history", answer)
    assert _refreshed(refresh(snapshot(), _request("spot"), aws)).instances is None


def test_types_found_now_are_priced_in_the_same_run(aws: FakeAws) -> None:
    _types_answers(aws, [_NAME])
    aws.stub("ec2").add_response(
        "describe_spot_price_history", {"SpotPriceHistory": fixture("spot_price_history")}
    )
    result = refresh(snapshot(), _request("types", "spot"), aws)
    assert (result.succeeded, result.failures) == (2, ())


def test_quotas_fall_back_to_the_default_of_aws(aws: FakeAws) -> None:
    stub = aws.stub("service-quotas")
    # The on-demand code of G comes after its spot code.
    spot = {"QuotaCode": "L-3819A6DF", "QuotaName": "All G and VT Spot", "Value": 64.0}
    stub.add_response(
        "get_service_quota", {"Quota": spot}, {"ServiceCode": "ec2", "QuotaCode": "L-3819A6DF"}
    )
    stub.add_client_error("get_service_quota", "NoSuchResourceException")
    default = {"QuotaCode": "L-DB2E81BA", "QuotaName": "Running On-Demand G and VT", "Value": 0.0}
    stub.add_response(
        "get_aws_default_service_quota",
        {"Quota": default},
        {"ServiceCode": "ec2", "QuotaCode": "L-DB2E81BA"},
    )
    found = _refreshed(refresh(snapshot(), _request(quotas=True), aws))
    assert {(q["code"], q["vcpu"], q["basis"]) for q in found.quotas} == {
        ("L-3819A6DF", 64, "applied"),
        ("L-DB2E81BA", 0, "default"),
    }


def test_a_denied_quota_is_a_failure(aws: FakeAws) -> None:
    aws.stub("service-quotas").add_client_error("get_service_quota", "AccessDeniedException")
    result = refresh(snapshot(), _request(quotas=True), aws)
    assert result.succeeded == 0
    assert result.failures[0].startswith("quotas in us-east-1: ")


def test_an_answer_in_another_shape_changes_nothing(aws: FakeAws) -> None:
    answer = _products_answer({"product": {}})
    aws.stub("pricing").add_response("get_products", answer, _products_query())
    base = snapshot()
    result = refresh(base, _request("on_demand"), aws)
    assert _refreshed(result).raw == base.raw
    assert "unexpected answer (KeyError: 'sku')" in result.failures[0]


def test_token_prices_and_quotas_of_the_file_are_kept(aws: FakeAws) -> None:
    aws.stub("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
    llm = {"provider": "openai", "model": "gpt-4o", "observed": "2026-11-01"}
    quota = {
        "region": "eu-west-1",
        "code": "L-1",
        "name": "n",
        "vcpu": 1,
        "basis": "applied",
        "observed": "2026-11-01",
    }
    base = snapshot(raw(), llm=[llm], quotas=[quota])
    found = _refreshed(refresh(base, _request("spot"), aws))
    assert found.llm_rows == (llm,)
    assert found.quotas == (quota,)


def test_the_new_file_is_dated_with_the_day_of_the_refresh(aws: FakeAws) -> None:
    aws.stub("ec2").add_response("describe_spot_price_history", {"SpotPriceHistory": []})
    found = _refreshed(refresh(snapshot(), _request("spot"), aws))
    assert str(found.as_of) == "2026-11-22"
    assert found.meta["refreshed_from"] == "test.json"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"instance_types": ("g6e.xlrge",)}, r"--instance-types: `g6e.xlrge` .*`g6e.xlarge`"),
        ({"regions": ("us-east-9",)}, r"--region: `us-east-9` .*did you mean `us-east-"),
    ],
)
def test_unknown_names_are_refused_before_any_call(fields: dict[str, Any], says: str) -> None:
    request = _request("on_demand", **fields)
    with pytest.raises(InputError, match=says):
        refresh(snapshot(), request, FakeAws())
    with pytest.raises(InputError, match=says):
        planned_calls(snapshot(), request)


@pytest.mark.parametrize(
    ("request_", "calls"),
    [
        (_request("on_demand", "reserved"), 1),
        (_request("on_demand", "savings_plans", "spot", "types"), 5),
        (_request("spot", regions=("us-east-1", "us-west-2")), 2),
        (_request(quotas=True), 2),
        # One call per type that is offered in Ireland: g4dn 7, g5 8, inf2 4, p4d 1.
        (_request("on_demand", instance_types=(), regions=("eu-west-1",)), 20),
    ],
)
def test_the_number_of_calls_is_known_before(request_: RefreshRequest, calls: int) -> None:
    assert planned_calls(load_snapshot(None), request_) == calls

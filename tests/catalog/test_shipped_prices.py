"""The shipped price file against what is known of AWS prices from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from planner.catalog.free import free_units_per_month
from planner.catalog.hardware import shipped_instances
from planner.catalog.snapshot import load_snapshot
from planner.catalog.types import PriceRow
from tests.catalog.price_support import usd

_ROWS = list(load_snapshot(None).rows())
_INSTANCE_ROWS = [row for row in _ROWS if row.kind == "instance"]
_SERVICE_ROWS = [row for row in _ROWS if row.kind == "service"]


def _price(item: str, region: str, purchase: str = "on_demand", kind: str = "instance") -> PriceRow:
    row = load_snapshot(None).row(kind, region, item, purchase)
    assert row is not None, f"no row for {item} in {region}"
    return row


# USD per hour, on demand, read off the AWS price pages by hand; None: offered, price not known.
_REFERENCE = [
    ("g4dn.xlarge", {"us-east-1": "0.526", "us-west-2": "0.526", "eu-west-1": "0.587"}),
    ("g4dn.xlarge", {"eu-central-1": "0.658", "ap-northeast-1": "0.71"}),
    ("g5.xlarge", {"us-east-1": "1.006", "us-west-2": "1.006", "eu-west-1": "1.123"}),
    ("g5.xlarge", {"eu-central-1": "1.258", "ap-northeast-1": "1.459"}),
    ("g6.xlarge", {"us-east-1": "0.8048", "eu-central-1": "1.0064", "ap-northeast-1": "1.1672"}),
    ("g6e.xlarge", {"us-east-1": "1.861", "eu-central-1": "2.327", "ap-northeast-1": "2.699"}),
    ("g7.2xlarge", {"us-east-1": "2.52", "us-west-2": None, "eu-central-1": None}),
    ("g7e.2xlarge", {"us-east-1": "3.36312", "us-west-2": None, "ap-northeast-1": None}),
    ("p4d.24xlarge", {"us-east-1": "21.957642", "us-west-2": "21.95764", "eu-west-1": "23.71569"}),
    ("p4de.24xlarge", {"us-east-1": "27.44705", "ap-northeast-1": "37.6223"}),
    ("p5.4xlarge", {"us-east-1": "6.88", "us-west-2": "6.88", "ap-northeast-1": "8.6"}),
    ("p5.48xlarge", {"us-east-1": "55.04", "us-west-2": "55.04", "ap-northeast-1": "68.8"}),
    ("p5en.48xlarge", {"us-east-1": "63.296", "ap-northeast-1": "79.12"}),
    ("p6-b200.48xlarge", {"us-east-1": "113.9328"}),
    ("p6-b300.48xlarge", {"us-west-2": "142.416"}),
    ("inf2.xlarge", {"us-east-1": "0.7582", "eu-west-1": "0.94775", "eu-central-1": "1.1373"}),
    ("trn1.32xlarge", {"us-east-1": "21.5"}),
]


@pytest.mark.parametrize(("item", "by_region"), _REFERENCE)
def test_on_demand_prices_are_those_of_the_price_pages(
    item: str, by_region: dict[str, str | None]
) -> None:
    for region, expected in by_region.items():
        found = _price(item, region).usd
        assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("item", ["g6.xlarge", "g6e.xlarge", "p5.48xlarge"])
def test_a_type_without_an_offering_has_no_row(item: str) -> None:
    assert load_snapshot(None).row("instance", "eu-west-1", item, "on_demand") is None


# USD in us-east-1, from the AWS price pages and the arithmetic beside each.
_SERVICES = {
    "alb_hour": "0.0225",  # 730 h = 16.43 a month
    "alb_lcu_hour": "0.008",
    "nlb_lcu_hour": "0.006",
    "nat_gateway_hour": "0.045",
    "nat_gateway_gb": "0.045",
    "public_ipv4_hour": "0.005",
    "interface_endpoint_hour": "0.01",
    "interface_endpoint_gb": "0.01",
    "ebs_gp3_gb_month": "0.08",
    "ebs_gp3_iops_month": "0.005",
    "ebs_gp3_mibps_month": "0.04",
    "egress_internet_gb_first_10tb": "0.09",
    "egress_internet_gb_next_40tb": "0.085",
    "egress_internet_gb_next_100tb": "0.07",
    "egress_internet_gb_over_150tb": "0.05",
    "cross_az_gb": "0.01",
    "cross_region_gb": "0.02",
    "cw_alarm_metric_month": "0.1",
    "cw_alarm_high_resolution_metric_month": "0.3",
    "cw_anomaly_alarm_month": "0.3",  # 3 metrics x 0.10
    "cw_anomaly_alarm_high_resolution_month": "0.9",  # 3 metrics x 0.30
    "cw_dashboard_month": "3",
    "cw_custom_metric_month": "0.3",
    "cw_api_1k_requests": "0.01",
    "logs_ingest_gb": "0.5",
    "logs_storage_gb_month": "0.03",
    "logs_insights_gb": "0.005",
    "apigw_http_1m_requests": "1",
    "apigw_rest_1m_requests": "3.5",
    "lambda_1m_requests": "0.2",
    "lambda_x86_gb_second": "0.0000166667",
    "lambda_arm64_gb_second": "0.0000133334",
    "fargate_vcpu_hour": "0.04048",
    "fargate_gb_hour": "0.004445",
    "eks_cluster_hour": "0.1",  # 730 h = 73 a month
    "ecr_gb_month": "0.1",
    "dynamodb_1m_wru": "0.625",
    "dynamodb_1m_rru": "0.125",
    "dynamodb_gb_month": "0.25",
    "elasticache_t4g_micro_hour": "0.016",
    "elasticache_t4g_small_hour": "0.032",
    "elasticache_r7g_large_hour": "0.219",
    "elasticache_valkey_t4g_micro_hour": "0.0128",
    "elasticache_valkey_t4g_small_hour": "0.0256",
    "elasticache_valkey_r7g_large_hour": "0.1752",
    "secret_month": "0.4",
    "secrets_10k_calls": "0.05",
    "ssm_standard_parameter_month": "0",
    "sns_1m_publishes": "0.5",
    "waf_acl_month": "5",
    "waf_rule_month": "1",
    "waf_1m_requests": "0.6",
    "kms_key_month": "1",
    "kms_10k_requests": "0.03",
    "budget_day": "0",
    "budget_action_day": "0.1",
    "budget_report": "0.01",
    "s3_standard_gb_month": "0.023",
    "s3_1k_put_requests": "0.005",
    "s3_1k_get_requests": "0.0004",
}


@pytest.mark.parametrize(("item", "expected"), _SERVICES.items())
def test_service_prices_are_those_of_the_price_pages(item: str, expected: str) -> None:
    assert _price(item, "us-east-1", kind="service").usd == Decimal(expected)


@pytest.mark.parametrize(
    ("item", "region", "expected"),
    [
        ("egress_internet_gb_first_10tb", "ap-northeast-1", "0.114"),
        ("egress_internet_gb_over_150tb", "ap-northeast-1", "0.084"),
        ("egress_internet_gb_first_10tb", "eu-central-1", "0.09"),
        ("cross_region_gb", "ap-northeast-1", "0.09"),
        ("cross_region_us_east_gb", "us-east-2", "0.01"),
    ],
)
def test_transfer_prices_known_elsewhere_are_rows_of_their_own(
    item: str, region: str, expected: str
) -> None:
    assert _price(item, region, kind="service").usd == Decimal(expected)


def test_no_spot_prices_are_shipped() -> None:
    assert {row.purchase for row in _INSTANCE_ROWS} == {"on_demand", "ri_1y_no_upfront"}


def test_every_offered_type_and_region_has_a_row() -> None:
    have = {(row.item, row.region) for row in _INSTANCE_ROWS if row.purchase == "on_demand"}
    offered = {(i.name, region) for i in shipped_instances().values() for region in i.regions}
    assert len(offered) == 816  # counted in EC2's own list
    assert have - offered == {("p4d.24xlarge", "ap-southeast-1")}
    assert offered <= have


def _unpriced(rows: Iterable[PriceRow]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.usd is None:
            counts[row.item.split(".")[0]] += 1
    return dict(counts)


def test_what_has_no_on_demand_price_is_what_the_sources_lack() -> None:
    regions = {row.region for row in _INSTANCE_ROWS if row.usd is not None} | {"eu-south-2"}
    assert len(regions) == 17
    # Offered pairs in the 17 regions of the sources, by family.
    assert _unpriced(
        row for row in _INSTANCE_ROWS if row.purchase == "on_demand" and row.region in regions
    ) == {
        "g5": 16,
        "g6e": 8,
        "g7": 30,
        "g7e": 48,
        "p5": 1,
        "p5e": 6,
        "p6-b200": 3,
        "p6-b300": 2,
        "trn1": 2,
        "trn2": 2,
    }


@pytest.mark.parametrize("family", ["p5", "p5e", "p5en", "p6-b200", "p6-b300", "g7", "g7e"])
def test_families_without_reserved_instances_have_none(family: str) -> None:
    rows = [
        row
        for row in _INSTANCE_ROWS
        if row.item.startswith(f"{family}.") and row.purchase == "ri_1y_no_upfront"
    ]
    assert rows
    assert all(row.usd is None and row.reason_null for row in rows)


# Reserved (1 year, nothing upfront) over on-demand.
_RESERVED_RATIO = {
    "g4dn": ("0.628", "0.705"),
    "g5": ("0.629", "0.631"),
    "g6": ("0.65", "0.652"),
    "gr6": ("0.65", "0.652"),
    "g6e": ("0.629", "0.631"),
    "inf2": ("0.629", "0.631"),
    "p4d": ("0.633", "0.652"),
    "p4de": ("0.633", "0.652"),
    "trn1": ("0.614", "0.616"),
    "trn1n": ("0.614", "0.616"),
}


def test_reserved_prices_are_a_known_share_of_on_demand() -> None:
    families: set[str] = set()
    for row in _INSTANCE_ROWS:
        on_demand = load_snapshot(None).row("instance", row.region, row.item, "on_demand")
        if row.purchase != "ri_1y_no_upfront" or row.usd is None:
            continue
        assert on_demand is not None
        assert on_demand.usd is not None, f"Reserved without on-demand: {row.item} {row.region}"
        family = row.item.split(".")[0]
        low, high = _RESERVED_RATIO[family]
        assert usd(low) <= row.usd / on_demand.usd <= usd(high), f"{row.item} {row.region}"
        families.add(family)
    assert families == set(_RESERVED_RATIO)


def test_one_factor_per_family_and_region_holds_for_all_sizes() -> None:
    factors: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in _INSTANCE_ROWS:
        home = load_snapshot(None).row("instance", "us-east-1", row.item, "on_demand")
        if row.purchase == "on_demand" and row.usd is not None and home is not None and home.usd:
            factors[row.item.split(".")[0], row.region].append(row.usd / home.usd)
    assert len(factors) > 100
    for place, found in factors.items():
        assert max(found) - min(found) < usd("0.002"), place


def test_more_accelerators_or_vcpus_of_a_family_never_cost_less() -> None:
    by_place: dict[tuple[str, str], list[tuple[int, int, Decimal]]] = defaultdict(list)
    for row in _INSTANCE_ROWS:
        if row.purchase == "on_demand" and row.usd is not None:
            known = shipped_instances()[row.item]
            key = (row.item.split(".")[0], row.region)
            by_place[key].append((known.accelerator_count, known.vcpu, row.usd))
    for place, sizes in by_place.items():
        for one in sizes:
            for other in sizes:
                if one[0] <= other[0] and one[1] <= other[1]:
                    assert one[2] <= other[2], place


def test_no_price_is_newer_than_the_snapshot_or_older_than_five_years() -> None:
    as_of = load_snapshot(None).as_of
    assert as_of == date(2026, 11, 21)
    days = {row.observed for row in _ROWS if row.observed is not None}
    assert days == {date(2025, 4, 24), date(2026, 1, 21), date(2026, 7, 20), date(2026, 8, 21)}
    assert max(days) <= as_of


def test_undated_service_prices_are_those_whose_source_names_no_day() -> None:
    undated = {row.item for row in _SERVICE_ROWS if row.observed is None and row.usd is not None}
    assert undated == {
        "budget_action_day",
        "budget_day",
        "budget_report",
        "cw_composite_alarm_month",
        "cw_api_1k_requests",
        "cw_custom_metric_month",
        "cw_custom_metric_month_next_240k",
        "cw_custom_metric_month_next_750k",
        "cw_custom_metric_month_over_1m",
        "s3_1k_get_requests",
        "s3_1k_put_requests",
        "s3_standard_gb_month",
    }


def test_every_price_has_a_source_and_a_licence_note() -> None:
    assert all(row.source and row.source != "same" for row in _ROWS)
    assert all(row.licence_note for row in _INSTANCE_ROWS if row.usd is not None)


def test_prices_lie_in_plausible_ranges() -> None:
    for row in _ROWS:
        if row.usd is not None and row.kind == "instance":
            assert row.unit == "hour"
            assert usd("0.3") < row.usd < usd("250"), f"{row.item} {row.region}"
        elif row.usd is not None:
            assert usd("0") <= row.usd <= usd("5"), row.item
    zero = {row.item for row in _ROWS if row.usd == 0}
    assert zero == {"budget_day", "ssm_standard_parameter_month"}


@pytest.mark.parametrize(
    ("item", "units"),
    [
        ("cw_alarm_metric_month", "10"),
        ("cw_dashboard_month", "3"),
        ("cw_custom_metric_month", "10"),
        ("cw_api_1k_requests", "1000"),  # one million requests
        ("logs_ingest_gb", "5"),
        ("sns_1m_publishes", "1"),
        ("budget_action_day", "62"),  # two budgets
    ],
)
def test_free_allowances_are_in_the_items_own_unit(item: str, units: str) -> None:
    assert free_units_per_month()[item] == Decimal(units)


def test_free_allowances_belong_to_priced_items() -> None:
    items = {row.item for row in _SERVICE_ROWS}
    assert set(free_units_per_month()) <= items

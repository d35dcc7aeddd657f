"""AWS's report, FOCUS data, and vLLM's counters."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.types import Usage
from tests.actuals.support import EXPORTS, at, read

_BILL: dict[str, Any] = {
    "kind": "bill",
    "calls": 0,
    "attempts": 0,
    "provider": "aws",
    "cost_basis": "billed",
    "billing_account": "111122223333",
    "billing_period": "2026-11",
}


def test_the_golden_cost_and_usage_report_gives_these_records() -> None:
    found = read("cur", EXPORTS / "cur.csv")
    shared: dict[str, Any] = _BILL | {"view": "cur", "region": "us-east-1"}
    day: dict[str, Any] = {"started_at": at("2026-11-20T00:00:00"), "bucket_s": 86_400}
    hour: dict[str, Any] = {"started_at": at("2026-11-20T10:00:00"), "bucket_s": 3600}
    assert found.usages == [
        # 2.5 units of 1K tokens are 2,500 input tokens; tags by any of their spellings.
        Usage(
            **shared,
            **day,
            feature="search",
            uncached_input_tokens=2500,
            cost_source_usd=Decimal("0.0025"),
            cost_effective_usd=Decimal("0.0025"),
            line_item="USE1-Claude4.5Haiku-input-tokens",
            service="AmazonBedrock",
            quantity=Decimal("2.5"),
            quantity_unit="1K tokens",
            stack="shop",
            plan_hash="abc123",
        ),
        # Marketplace meters count millions: 0.01 are 10,000 tokens.
        Usage(
            **shared,
            **day,
            cache_read_tokens=10_000,
            cost_source_usd=Decimal("0.001"),
            cost_effective_usd=Decimal("0.001"),
            line_item="USE1-MP:USE1_CacheReadInputTokenCount-Units",
            service="4x9marketplaceproduct",
            quantity=Decimal("0.01"),
            quantity_unit="Units",
        ),
        Usage(
            **shared,
            **day,
            cache_write_unknown_tokens=500,
            cost_source_usd=Decimal("0.000625"),
            cost_effective_usd=Decimal("0.000625"),
            line_item="USE1-MP:USE1_CacheWriteInputTokenCount-Units",
            service="4x9marketplaceproduct",
            quantity=Decimal("0.0005"),
            quantity_unit="Units",
        ),
        # A covered hour: list price billed, its share of the commitment effective; the negation
        # takes the list price back, and of the fee 0.70 the unused 0.07 is left.
        Usage(
            **shared,
            **hour,
            cost_source_usd=Decimal("1.006"),
            cost_effective_usd=Decimal("0.63"),
            line_item="BoxUsage:g5.xlarge",
            service="AmazonEC2",
            resource_id="i-1",
            quantity=Decimal(1),
            quantity_unit="Hrs",
            stack="shop",
        ),
        Usage(
            **shared,
            **hour,
            cost_source_usd=Decimal("-1.006"),
            cost_effective_usd=Decimal(0),
            charge_kind="discount",
            line_item="BoxUsage:g5.xlarge",
            service="AmazonEC2",
            resource_id="i-1",
            quantity=Decimal(1),
            quantity_unit="Hrs",
        ),
        Usage(
            **shared,
            **hour,
            cost_source_usd=Decimal("0.7"),
            cost_effective_usd=Decimal("0.07"),
            charge_kind="fee",
            line_item="ComputeSP:1yrNoUpfront",
            service="ComputeSavingsPlans",
            resource_id="sp-1",
            quantity=Decimal(1),
            quantity_unit="Hrs",
        ),
        Usage(
            **shared,
            started_at=at("2026-11-01T00:00:00"),
            bucket_s=30 * 86_400,
            cost_source_usd=Decimal("0.19"),
            cost_effective_usd=Decimal("0.19"),
            charge_kind="tax",
            service="AmazonEC2",
            quantity=Decimal(1),
        ),
    ]
    # The bill and its amortised view are the same money: 0.7 + 0.19 + 0.004125.
    assert sum(usage.cost_source_usd or 0 for usage in found.usages) == Decimal("0.894125")
    assert sum(usage.cost_effective_usd or 0 for usage in found.usages) == Decimal("0.894125")
    assert found.refused == [(9, "reservation_effective_cost")]


def test_a_legacy_report_is_read_by_its_own_names(tmp_path: Path) -> None:
    path = tmp_path / "legacy.csv"
    path.write_text(
        "bill/BillingPeriodStartDate,bill/PayerAccountId,lineItem/UsageStartDate,"
        "lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,lineItem/UnblendedCost,"
        "resourceTags/user:llm-planner:stack\n"
        "2026-11-01T00:00:00Z,1,2026-11-20T10:00:00Z,Usage,AmazonEC2,BoxUsage,1.5,shop\n",
        encoding="utf-8",
    )
    (usage,) = read("cur", path).usages
    assert (usage.cost_source_usd, usage.service, usage.stack) == (
        Decimal("1.5"),
        "AmazonEC2",
        "shop",
    )


def test_the_golden_focus_data_give_these_records() -> None:
    found = read("focus", EXPORTS / "focus.csv")
    shared: dict[str, Any] = _BILL | {"view": "focus", "region": "us-east-1"}
    day: dict[str, Any] = {"started_at": at("2026-11-20T00:00:00"), "bucket_s": 86_400}
    assert found.usages == [
        # A double that was meant as 0.0025 is 0.0025 at 12 decimals.
        Usage(
            **shared,
            **day,
            feature="search",
            uncached_input_tokens=2500,
            cost_source_usd=Decimal("0.0025"),
            cost_effective_usd=Decimal("0.0025"),
            line_item="Input tokens",
            service="Amazon Bedrock",
            quantity=Decimal(2500),
            quantity_unit="Tokens",
            stack="shop",
        ),
        Usage(
            **shared,
            **day,
            cache_read_tokens=10_000,
            cost_source_usd=Decimal("0.001"),
            cost_effective_usd=Decimal("0.001"),
            line_item="Cached input tokens",
            service="Amazon Bedrock",
            quantity=Decimal(10_000),
            quantity_unit="Tokens",
        ),
        Usage(
            **shared,
            started_at=at("2026-11-20T10:00:00"),
            bucket_s=3600,
            cost_source_usd=Decimal(0),
            cost_effective_usd=Decimal("0.63"),
            line_item="BoxUsage",
            service="Amazon Elastic Compute Cloud",
            resource_id="i-1",
            quantity=Decimal(1),
            quantity_unit="Hours",
        ),
        Usage(
            **shared,
            started_at=at("2026-11-01T00:00:00"),
            bucket_s=30 * 86_400,
            cost_source_usd=Decimal(-2),
            cost_effective_usd=Decimal(-2),
            charge_kind="credit",
            service="Amazon Bedrock",
        ),
        # A correction of October, billed in November.
        Usage(
            **shared,
            started_at=at("2026-10-20T00:00:00"),
            bucket_s=86_400,
            cost_source_usd=Decimal("-0.5"),
            cost_effective_usd=Decimal("-0.5"),
            charge_kind="correction",
            line_item="Input tokens",
            service="Amazon Bedrock",
        ),
    ]
    assert found.refused == [(7, "BillingCurrency")]


def test_the_focus_log_of_litellm_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    path.write_text(
        "BilledCost,EffectiveCost,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,PricingUnit\n"
        "1,1,2026-11-20T00:00:00Z,2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Requests\n",
        encoding="utf-8",
    )
    found = read("focus", path)
    assert (found.usages, found.refused) == ([], [(2, "PricingUnit")])


def test_the_golden_scrape_of_vllm_gives_these_records() -> None:
    found = read("vllm", EXPORTS / "vllm.prom")
    hour: dict[str, Any] = {
        "kind": "bucket",
        "view": "metrics:scrape",
        "started_at": at("2026-11-20T10:00:00"),
        "revised_at": at("2026-11-20T11:00:00"),
        "bucket_s": 3600,
        "provider": "vllm",
    }
    assert [usage.native_id for usage in found.usages] == [
        "metrics:scrape\x1fengine=0\x1fmodel_name=Qwen/Qwen3-32B\x1f2026-11-20T10:00:00+00:00",
        "metrics:scrape\x1fengine=1\x1fmodel_name=acme/unheard\x1f2026-11-20T10:00:00+00:00",
    ]
    # Of 12,000 prompt tokens 2,000 were computed here; 10 requests, one of them aborted.
    assert found.usages == [
        Usage(
            native_id=found.usages[0].native_id,
            **hour,
            calls=10,
            attempts=10,
            failed_calls=1,
            status="mixed",
            model_raw="Qwen/Qwen3-32B",
            uncached_input_tokens=2000,
            cache_read_tokens=10_000,
            output_tokens=3000,
        ),
        Usage(
            native_id=found.usages[1].native_id,
            **hour,
            calls=0,
            attempts=0,
            model_raw="acme/unheard",
            uncached_input_tokens=400,
            cache_read_tokens=100,
            output_tokens=50,
        ),
    ]
    # 900 cached tokens of 500.
    assert found.refused == [(18, "input_tokens")]


def test_a_range_gives_increases_and_takes_a_fall_for_a_restart(tmp_path: Path) -> None:
    start = 1795168800

    def series(name: str, *values: int) -> dict[str, object]:
        return {
            "metric": {"__name__": name, "model_name": "m", "instance": "a:8000"},
            "values": [[start + 60 * step, str(value)] for step, value in enumerate(values)],
        }

    answer = {
        "status": "success",
        "data": {
            "resultType": "matrix",
            "result": [
                series("vllm:prompt_tokens_total", 100, 150, 150, 30),
                series("vllm:generation_tokens_total", 10, 15, 15, 3),
                series("vllm:request_success_total", 1, 2, 2, 1),
            ],
        },
    }
    path = tmp_path / "range.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    found = read("vllm", path)
    # 50 in the first minute, none in the second; then the process restarted and holds 30.
    assert [
        (usage.started_at, usage.calls, usage.uncached_input_tokens, usage.output_tokens)
        for usage in found.usages
    ] == [
        (at("2026-11-20T10:00:00"), 1, 50, 5),
        (at("2026-11-20T10:02:00"), 1, 30, 3),
    ]


@pytest.mark.parametrize("keep", ["vllm:prompt_tokens_total"])
def test_a_scrape_without_the_start_of_its_process_has_no_time_span(
    tmp_path: Path, keep: str
) -> None:
    lines = (EXPORTS / "vllm.prom").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "scrape.prom"
    path.write_text("\n".join(line for line in lines if line.startswith(keep)), encoding="utf-8")
    found = read("vllm", path)
    assert found.usages == []
    assert {field for _, field in found.refused} == {"process_start_time_seconds"}

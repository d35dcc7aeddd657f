"""LiteLLM's spend logs and daily tables."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.types import Usage
from tests.actuals.support import EXPORTS, at, read


def test_the_golden_spend_log_gives_these_records() -> None:
    found = read("litellm", EXPORTS / "litellm.jsonl")
    assert found.usages == [
        # 1,200 prompt tokens contain 1,000 cached ones: 200 are left.
        Usage(
            native_id="chatcmpl-1",
            revised_at=at("2026-11-20T10:00:01.250"),
            started_at=at("2026-11-20T10:00:00"),
            provider="openai",
            model_raw="openai/gpt-4o",
            feature="search",
            team="web",
            uncached_input_tokens=200,
            cache_read_tokens=1000,
            output_tokens=300,
            reasoning_tokens=120,
            latency_ms=1250.0,
            ttft_ms=250.0,
            cost_source_usd=Decimal("0.00475"),
            cost_basis="gateway",
        ),
        # 540 contain 500 written ones, 400 for five minutes and 100 for an hour.
        Usage(
            native_id="msg_2",
            revised_at=at("2026-11-20T10:01:02"),
            started_at=at("2026-11-20T10:01:00"),
            provider="anthropic",
            model_raw="claude-haiku-4-5",
            uncached_input_tokens=40,
            cache_write_5m_tokens=400,
            cache_write_1h_tokens=100,
            output_tokens=10,
            latency_ms=2000.0,
            cost_source_usd=Decimal("0.0008"),
            cost_basis="gateway",
        ),
        Usage(
            native_id="err-3",
            revised_at=at("2026-11-20T10:02:00.5"),
            started_at=at("2026-11-20T10:02:00"),
            failed_calls=1,
            status="error",
            provider="openai",
            model_raw="gpt-4o",
            latency_ms=500.0,
            cost_source_usd=Decimal(0),
            cost_basis="gateway",
        ),
        # A billed try that was not the last: no call of its own, and its request counts the try.
        Usage(
            native_id="chatcmpl-4-attempt-1",
            revised_at=at("2026-11-20T10:03:01"),
            started_at=at("2026-11-20T10:03:00"),
            calls=0,
            attempts=0,
            status="error",
            provider="openai",
            model_raw="gpt-4o",
            uncached_input_tokens=60,
            latency_ms=1000.0,
            cost_source_usd=Decimal("0.0001"),
            cost_basis="gateway",
        ),
        Usage(
            native_id="chatcmpl-4",
            revised_at=at("2026-11-20T10:03:03"),
            started_at=at("2026-11-20T10:03:00"),
            attempts=2,
            provider="openai",
            model_raw="gpt-4o",
            uncached_input_tokens=60,
            output_tokens=7,
            latency_ms=3000.0,
            cost_source_usd=Decimal("0.0002"),
            cost_basis="gateway",
        ),
        # A model without a price gives a spend of 0, which is not a free call.
        Usage(
            native_id="chatcmpl-5",
            revised_at=at("2026-11-20T10:04:01"),
            started_at=at("2026-11-20T10:04:00"),
            provider="openai",
            model_raw="gpt-9-unheard",
            is_evaluation=True,
            uncached_input_tokens=90,
            output_tokens=9,
            latency_ms=1000.0,
            notes=("cost_zero_suspect",),
        ),
        # The gateway's own memory answered: nobody billed these tokens.
        Usage(
            native_id="chatcmpl-1_cache_hit1795168900",
            revised_at=at("2026-11-20T10:05:00.010"),
            started_at=at("2026-11-20T10:05:00"),
            status="cache_hit",
            provider="openai",
            model_raw="gpt-4o",
            latency_ms=10.0,
            cost_source_usd=Decimal(0),
            cost_basis="gateway",
        ),
    ]
    # 60 + 7 tokens are not the 900 of the total.
    assert found.refused == [(8, "total_tokens")]


def test_a_billed_retry_counts_its_own_try_where_its_request_does_not(tmp_path: Path) -> None:
    line = (EXPORTS / "litellm.jsonl").read_text(encoding="utf-8").splitlines()[3]
    path = tmp_path / "retry.jsonl"
    path.write_text(line.replace(',"attempted_retries":1', "") + "\n", encoding="utf-8")
    (usage,) = read("litellm", path).usages
    assert (usage.calls, usage.attempts) == (0, 1)


def test_the_golden_daily_table_gives_these_records() -> None:
    found = read("litellm-daily", EXPORTS / "litellm-daily.csv")
    shared: dict[str, Any] = {
        "revised_at": at("2026-11-21T00:10:00"),
        "kind": "bucket",
        "view": "daily:user",
        "started_at": at("2026-11-20T00:00:00"),
        "bucket_s": 86_400,
        "provider": "openai",
    }
    anthropic: dict[str, Any] = {**shared, "provider": "anthropic"}
    zero = Decimal(0)
    assert [replace_id(usage) for usage in found.usages] == [
        Usage(
            **shared,
            calls=10,
            attempts=10,
            model_raw="gpt-4o",
            uncached_input_tokens=2000,
            cache_read_tokens=10_000,
            output_tokens=3000,
            latency_ms=1250.0,
            cost_source_usd=Decimal("0.0475"),
            cost_basis="gateway",
            saved_compression_usd=zero,
            saved_prompt_caching_usd=Decimal("0.0125"),
            saved_gateway_caching_usd=zero,
            saved_routing_usd=zero,
        ),
        Usage(
            **anthropic,
            calls=10,
            attempts=10,
            failed_calls=1,
            status="mixed",
            model_raw="claude-haiku-4-5",
            uncached_input_tokens=400,
            cache_write_unknown_tokens=5000,
            output_tokens=100,
            latency_ms=2000.0,
            cost_source_usd=Decimal("0.00795"),
            cost_basis="gateway",
            saved_compression_usd=Decimal("0.001"),
            saved_prompt_caching_usd=zero,
            saved_gateway_caching_usd=Decimal("0.002"),
            saved_routing_usd=Decimal("0.003"),
            notes=("cache_ttl_unknown",),
        ),
        Usage(
            **shared,
            calls=2,
            attempts=2,
            failed_calls=2,
            status="error",
            model_raw="gpt-4o",
            cost_source_usd=zero,
            cost_basis="gateway",
        ),
        Usage(
            **shared,
            calls=1,
            attempts=1,
            model_raw="gpt-9-unheard",
            uncached_input_tokens=90,
            output_tokens=9,
            latency_ms=1000.0,
            saved_compression_usd=zero,
            saved_prompt_caching_usd=zero,
            saved_gateway_caching_usd=zero,
            saved_routing_usd=zero,
            notes=("cost_zero_suspect",),
        ),
    ]
    assert len({usage.native_id for usage in found.usages}) == 4
    assert found.refused == [(6, "input_tokens")]


def replace_id(usage: Usage) -> Usage:
    """Without the key, which is a join of the columns that make a row of the table."""
    from dataclasses import replace

    return replace(usage, native_id="")


def test_rows_of_the_tag_table_are_shares_and_never_totals(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text(
        "tag,date,api_key,model,prompt_tokens,completion_tokens,spend,api_requests\n"
        "feature:search,2026-11-20,k,gpt-4o,10,1,0.1,1\n"
        "User-Agent: curl,2026-11-20,k,gpt-4o,10,1,0.1,1\n",
        encoding="utf-8",
    )
    usages = read("litellm-daily", path).usages
    assert [usage.kind for usage in usages] == ["share", "share"]
    assert [usage.feature for usage in usages] == ["search", "unassigned"]


@pytest.mark.parametrize("day", ["2026-11-20T10:00:00", "20", "yesterday"])
def test_a_daily_row_needs_a_day(tmp_path: Path, day: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(
        "user_id,date,model,prompt_tokens,completion_tokens,spend,api_requests\n"
        f"u,{day},gpt-4o,10,1,0.1,1\n",
        encoding="utf-8",
    )
    assert read("litellm-daily", path).refused == [(2, "date")]

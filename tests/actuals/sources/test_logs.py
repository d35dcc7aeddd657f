"""Bedrock's invocation log, Langfuse's observations, a log of one's own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.types import Usage
from tests.actuals.support import EXPORTS, at, read

_HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def test_the_golden_bedrock_log_gives_these_records() -> None:
    found = read("bedrock", EXPORTS / "bedrock.jsonl")
    assert found.usages == [
        # Bedrock counts the cache beside the input.
        Usage(
            native_id="req-1",
            started_at=at("2026-11-20T10:00:00"),
            provider="aws",
            model_raw=_HAIKU,
            region="us-west-2",
            feature="search",
            environment="prod",
            uncached_input_tokens=200,
            cache_read_tokens=1000,
            output_tokens=300,
        ),
        # The lifetime of written tokens stands in the body of the response alone.
        Usage(
            native_id="req-2",
            started_at=at("2026-11-20T10:01:00"),
            provider="aws",
            model_raw=_HAIKU,
            region="us-east-1",
            uncached_input_tokens=40,
            cache_write_5m_tokens=400,
            cache_write_1h_tokens=100,
            output_tokens=10,
        ),
        Usage(
            native_id="req-3",
            started_at=at("2026-11-20T10:02:00"),
            failed_calls=1,
            status="error",
            provider="aws",
            model_raw=_HAIKU,
            region="us-east-1",
        ),
        Usage(
            native_id="req-4",
            started_at=at("2026-11-20T10:02:01"),
            provider="aws",
            model_raw=_HAIKU,
            region="us-east-1",
            uncached_input_tokens=70,
            output_tokens=7,
        ),
        # A large body is elsewhere: the lifetime is not known.
        Usage(
            native_id="req-5",
            started_at=at("2026-11-20T10:03:00"),
            provider="aws",
            model_raw="acme.unheard-v1:0",
            region="us-east-1",
            uncached_input_tokens=90,
            cache_write_unknown_tokens=30,
            output_tokens=9,
            notes=("cache_ttl_unknown",),
        ),
    ]
    assert found.refused == [(6, "inputTokenCount")]


def test_a_record_in_the_text_of_a_cloudwatch_event_is_found(tmp_path: Path) -> None:
    record = (EXPORTS / "bedrock.jsonl").read_text(encoding="utf-8").splitlines()[0]
    path = tmp_path / "events.jsonl"
    event = {"@timestamp": "2026-11-20 10:00:00.000", "@message": record}
    path.write_text(json.dumps(event) + "\n", encoding="utf-8")
    (usage,) = read("bedrock", path).usages
    assert (usage.native_id, usage.cache_read_tokens) == ("req-1", 1000)


def test_the_golden_langfuse_export_gives_these_records() -> None:
    found = read("langfuse", EXPORTS / "langfuse.jsonl")
    assert found.usages == [
        # By contract no count contains another: 200 + 1,000 + 180 + 120 = 1,500, so that the
        # output is 180 + 120 reasoning tokens.
        Usage(
            native_id="obs-1",
            started_at=at("2026-11-20T10:00:00"),
            provider="openai",
            model_raw="gpt-4o-2024-08-06",
            feature="search",
            environment="prod",
            prompt_version="7",
            uncached_input_tokens=200,
            cache_read_tokens=1000,
            output_tokens=300,
            reasoning_tokens=120,
            latency_ms=1250.0,
            ttft_ms=250.0,
            cost_source_usd=Decimal("0.00475"),
            cost_basis="computed",
        ),
        # In fact often not: the total 550 = 540 + 10 says that 540 contain the 500 written.
        Usage(
            native_id="obs-2",
            started_at=at("2026-11-20T10:01:00"),
            provider="anthropic",
            model_raw="claude-haiku-4-5",
            environment="langfuse-llm-as-a-judge",
            is_evaluation=True,
            uncached_input_tokens=40,
            cache_write_unknown_tokens=500,
            output_tokens=10,
            latency_ms=2000.0,
            cost_source_usd=Decimal("0.0008"),
            cost_basis="computed",
            notes=("cache_ttl_unknown",),
        ),
        Usage(
            native_id="obs-3",
            started_at=at("2026-11-20T10:02:00"),
            failed_calls=1,
            status="error",
            provider="openai",
            model_raw="gpt-4o",
            latency_ms=500.0,
        ),
        Usage(
            native_id="obs-4",
            started_at=at("2026-11-20T10:02:01"),
            provider="openai",
            model_raw="gpt-4o",
            uncached_input_tokens=70,
            output_tokens=7,
            latency_ms=1000.0,
            cost_source_usd=Decimal("0.000245"),
            cost_basis="computed",
        ),
        Usage(
            native_id="obs-5",
            started_at=at("2026-11-20T10:03:00"),
            provider="openai",
            model_raw="gpt-9-unheard",
            uncached_input_tokens=90,
            output_tokens=9,
            latency_ms=1000.0,
            notes=("cost_zero_suspect",),
        ),
    ]
    # 50 + 80 + 5 is not 55, and 80 cached tokens are not in 50.
    assert found.refused == [(7, "usage_details.total")]


def test_langfuse_counts_without_a_total_follow_the_contract_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    row = {
        "id": "o",
        "trace_id": "t",
        "start_time": "2026-11-20 10:00:00",
        "provided_model_name": "gpt-4o",
        "usage_details": {"input": 100, "input_cached_tokens": 40, "output": 5},
    }
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (usage,) = read("langfuse", path).usages
    assert (usage.uncached_input_tokens, usage.cache_read_tokens) == (100, 40)
    assert usage.notes == ("split_assumed",)


def test_the_golden_log_of_ones_own_gives_these_records() -> None:
    found = read("plain", EXPORTS / "plain.csv")
    chat: dict[str, Any] = {
        "provider": "openai",
        "model_raw": "gpt-4o",
        "feature": "chat",
        "endpoint": "/chat",
        "environment": "prod",
    }
    twin = Usage(
        started_at=at("2026-11-20T10:04:00"),
        **chat,
        uncached_input_tokens=10,
        output_tokens=1,
        latency_ms=100.0,
        cost_source_usd=Decimal("0.000035"),
        cost_basis="computed",
    )
    assert found.usages == [
        Usage(
            native_id="a-1",
            started_at=at("2026-11-20T10:00:00"),
            provider="openai",
            model_raw="gpt-4o-2024-08-06",
            feature="search",
            endpoint="/ask",
            environment="prod",
            uncached_input_tokens=200,
            cache_read_tokens=1000,
            output_tokens=300,
            reasoning_tokens=120,
            latency_ms=1250.0,
            cost_source_usd=Decimal("0.00475"),
            cost_basis="computed",
        ),
        Usage(
            native_id="a-2",
            started_at=at("2026-11-20T10:01:00"),
            provider="anthropic",
            model_raw="claude-haiku-4-5",
            feature="search",
            endpoint="/ask",
            environment="prod",
            uncached_input_tokens=40,
            cache_write_unknown_tokens=500,
            output_tokens=10,
            latency_ms=2000.0,
            cost_source_usd=Decimal("0.0008"),
            cost_basis="computed",
            notes=("cache_ttl_unknown",),
        ),
        Usage(
            native_id="a-3",
            started_at=at("2026-11-20T10:02:00"),
            failed_calls=1,
            status="error",
            **chat,
            latency_ms=500.0,
        ),
        Usage(
            native_id="a-4",
            started_at=at("2026-11-20T10:02:01"),
            attempts=2,
            **chat,
            uncached_input_tokens=70,
            output_tokens=7,
            latency_ms=1000.0,
            cost_source_usd=Decimal("0.000245"),
            cost_basis="computed",
        ),
        Usage(
            native_id="a-5",
            started_at=at("2026-11-20T10:03:00"),
            provider="openai",
            model_raw="gpt-9-unheard",
            feature="eval-nightly",
            environment="ci",
            is_evaluation=True,
            uncached_input_tokens=90,
            output_tokens=9,
            latency_ms=1000.0,
            notes=("cost_zero_suspect",),
        ),
        twin,
        twin,
    ]
    assert found.refused == [(9, "input_tokens")]


@pytest.mark.parametrize(
    ("path", "feature"), [("app.name", "search"), ("tags.app", "chat"), ("absent.x", "unassigned")]
)
def test_a_label_is_taken_from_where_the_user_says(tmp_path: Path, path: str, feature: str) -> None:
    file = tmp_path / "log.jsonl"
    row = {
        "ts": 1795168800,
        "model": "m",
        "input_tokens": 1,
        "output_tokens": 1,
        "app": {"name": "search"},
        "tags": '{"app": "chat"}',
    }
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (usage,) = read("plain", file, {"feature": path}).usages
    assert usage.feature == feature

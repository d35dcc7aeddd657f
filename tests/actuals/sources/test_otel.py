"""OpenTelemetry and OpenInference spans, old and new names."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.types import Usage
from tests.actuals.support import EXPORTS, at, read


def test_the_golden_file_gives_these_records() -> None:
    found = read("otel", EXPORTS / "otel.jsonl")
    # Line 1: 1,200 input tokens contain 1,000 cached ones (current names: the input is logical),
    # and the agent span around it is left out. The ids are the span's own.
    assert found.usages == [
        Usage(
            native_id="5b8efff798038103d269b633813fc60c:eee19b7ec3c1b174",
            parent_id="5b8efff798038103d269b633813fc60c:aaa19b7ec3c1b173",
            started_at=at("2026-11-20T10:00:00"),
            provider="openai",
            model_raw="gpt-4o-2024-08-06",
            region="eu-west-1",
            feature="search",
            endpoint="/ask",
            environment="prod",
            uncached_input_tokens=200,
            cache_read_tokens=1000,
            output_tokens=300,
            reasoning_tokens=120,
            latency_ms=1250.0,
            ttft_ms=250.0,
        ),
        # Line 2, older names: the total 550 = 40 + 500 + 10 says that the cache is on top.
        Usage(
            native_id="01:02",
            started_at=at("2026-11-20T10:01:00"),
            provider="anthropic",
            model_raw="claude-haiku-4-5",
            feature="shop",
            uncached_input_tokens=40,
            cache_write_unknown_tokens=500,
            output_tokens=10,
            latency_ms=2000.0,
            notes=("cache_ttl_unknown",),
        ),
        # Line 3, an error, and line 4, the retry of the caller: calls of their own.
        Usage(
            native_id="01:03",
            started_at=at("2026-11-20T10:02:00"),
            failed_calls=1,
            status="error",
            provider="openai",
            model_raw="gpt-4o",
            latency_ms=500.0,
        ),
        Usage(
            native_id="01:04",
            started_at=at("2026-11-20T10:02:01"),
            provider="openai",
            model_raw="gpt-4o",
            uncached_input_tokens=70,
            output_tokens=7,
            latency_ms=1000.0,
        ),
        # Line 5, OpenInference: 90 prompt tokens contain 30 cached ones.
        Usage(
            native_id="07:08",
            started_at=at("2026-11-20T10:03:00"),
            provider="openai",
            model_raw="gpt-9-unheard",
            uncached_input_tokens=60,
            cache_read_tokens=30,
            output_tokens=9,
            reasoning_tokens=4,
            latency_ms=1000.0,
            cost_source_usd=Decimal("0.000321"),
            cost_basis="computed",
        ),
        # Line 6: a stream closed before its usage: billed, and not told.
        Usage(
            native_id="01:09",
            started_at=at("2026-11-20T10:04:00"),
            provider="openai",
            model_raw="gpt-4o",
            latency_ms=1000.0,
            notes=("usage_missing",),
        ),
    ]
    # Line 7: 80 cached tokens in an input of 50.
    assert found.refused == [(7, "input_tokens")]


def _span(**attributes: object) -> dict[str, object]:
    return {
        "name": "chat",
        "context": {"trace_id": "a", "span_id": "b"},
        "start_time": "2026-11-20T10:00:00Z",
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"} | attributes,
    }


def _one(tmp_path: Path, row: dict[str, object]) -> Usage:
    path = tmp_path / "span.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    found = read("otel", path)
    assert found.refused == []
    assert len(found.usages) == 1
    return found.usages[0]


@pytest.mark.parametrize(
    ("provider", "uncached"),
    [("openai", 60), ("anthropic", 100), ("aws.bedrock", 100)],
)
def test_older_cache_names_without_a_total_follow_the_provider_and_say_so(
    tmp_path: Path, provider: str, uncached: int
) -> None:
    row = _span(
        **{
            "gen_ai.system": provider,
            "gen_ai.usage.prompt_tokens": 100,
            "gen_ai.usage.cache_read_input_tokens": 40,
            "gen_ai.usage.completion_tokens": 5,
        }
    )
    usage = _one(tmp_path, row)
    assert (usage.uncached_input_tokens, usage.cache_read_tokens) == (uncached, 40)
    assert usage.notes == ("split_assumed",)


def test_older_cache_names_follow_the_total_where_there_is_one(tmp_path: Path) -> None:
    names: dict[str, Any] = {
        "gen_ai.system": "anthropic",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.input_tokens.cached": 40,
        "gen_ai.usage.output_tokens": 5,
    }
    inside = _one(tmp_path, _span(**names, **{"gen_ai.usage.total_tokens": 105}))
    outside = _one(tmp_path, _span(**names, **{"gen_ai.usage.total_tokens": 145}))
    assert (inside.uncached_input_tokens, inside.notes) == (60, ())
    assert (outside.uncached_input_tokens, outside.notes) == (100, ())


def test_a_sampled_span_is_marked(tmp_path: Path) -> None:
    row = _span(**{"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 1})
    assert _one(tmp_path, row | {"trace_state": "ot=th:c"}).notes == ("sampled",)
    assert _one(tmp_path, row | {"trace_state": "ot=th:0;x"}).notes == ()


def test_a_table_of_spans_is_read_like_the_spans(tmp_path: Path) -> None:
    row = {
        "Timestamp": "2026-11-20 10:00:00.000000000",
        "TraceId": "A",
        "SpanId": "B",
        "ParentSpanId": "",
        "Duration": 1_250_000_000,
        "StatusCode": "Ok",
        "ResourceAttributes": {"service.name": "shop"},
        "SpanAttributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.response.model": "gpt-4o",
            "gen_ai.usage.input_tokens": "12",
            "gen_ai.usage.output_tokens": "3",
        },
    }
    usage = _one(tmp_path, row)
    assert (usage.native_id, usage.latency_ms, usage.feature) == ("a:b", 1250.0, "shop")
    assert (usage.uncached_input_tokens, usage.output_tokens) == (12, 3)


def test_spans_of_agents_tools_and_chains_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    tokens: dict[str, Any] = {"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 1}
    rows = [
        _span(**tokens, **{"gen_ai.operation.name": "execute_tool"}),
        _span(**tokens, **{"gen_ai.operation.name": "invoke_agent"}),
        _span(**tokens, **{"openinference.span.kind": "CHAIN"}),
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = read("otel", path)
    assert (found.usages, found.refused) == ([], [])

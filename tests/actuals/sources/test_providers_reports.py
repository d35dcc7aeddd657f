"""Usage and cost reports of OpenAI and Anthropic."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.actuals.types import Usage
from tests.actuals.support import EXPORTS, at, read

_DAY: dict[str, Any] = {"started_at": at("2026-11-20T00:00:00"), "bucket_s": 86_400}


def _without_ids(usages: list[Usage]) -> list[Usage]:
    return [replace(usage, native_id="") for usage in usages]


def test_the_golden_openai_usage_gives_these_records() -> None:
    found = read("openai-usage", EXPORTS / "openai-usage.json")
    shared: dict[str, Any] = _DAY | {
        "kind": "bucket",
        "view": "completions:1d",
        "provider": "openai",
    }
    groups = ("project_id", "model", "batch", "service_tier")
    assert _without_ids(found.usages) == [
        Usage(
            **shared,
            group_keys=groups,
            calls=10,
            attempts=10,
            model_raw="gpt-4o-2024-08-06",
            service_tier="default",
            team="proj_1",
            uncached_input_tokens=2000,
            cache_read_tokens=10_000,
            output_tokens=3000,
        ),
        # 5,000 written tokens: 3,000 for 30 minutes, 500 for 12 hours, 1,500 not told.
        Usage(
            **shared,
            group_keys=groups,
            calls=10,
            attempts=10,
            model_raw="gpt-6-luna",
            service_tier="default",
            is_batch=True,
            team="proj_1",
            uncached_input_tokens=400,
            cache_write_30m_tokens=3000,
            cache_write_12h_tokens=500,
            cache_write_unknown_tokens=1500,
            output_tokens=100,
            notes=("cache_ttl_unknown",),
        ),
        Usage(
            **shared,
            group_keys=groups,
            calls=1,
            attempts=1,
            model_raw="gpt-9-unheard",
            service_tier="default",
            team="proj_2",
            uncached_input_tokens=90,
            output_tokens=9,
        ),
    ]
    # 80 cached tokens in an input of 50. The object of the document starts in line 1.
    assert found.refused == [(1, "input_tokens")]


def test_the_uncached_count_of_openai_must_agree_with_the_others(tmp_path: Path) -> None:
    text = (EXPORTS / "openai-usage.json").read_text(encoding="utf-8")
    path = tmp_path / "usage.json"
    path.write_text(text.replace('"input_uncached_tokens": 2000', '"input_uncached_tokens": 1999'))
    assert (1, "input_uncached_tokens") in read("openai-usage", path).refused


def test_the_golden_openai_costs_give_these_records() -> None:
    found = read("openai-costs", EXPORTS / "openai-costs.json")
    shared: dict[str, Any] = _DAY | {
        "kind": "bill",
        "view": "costs:1d",
        "calls": 0,
        "attempts": 0,
        "provider": "openai",
        "cost_basis": "billed",
        "billing_period": "2026-11",
        "service": "OpenAI",
    }
    assert _without_ids(found.usages) == [
        Usage(
            **shared,
            group_keys=("project_id", "line_item"),
            model_raw="gpt-4o-2024-08-06",
            team="proj_1",
            cost_source_usd=Decimal("0.0475"),
            line_item="gpt-4o-2024-08-06, input",
            quantity=Decimal(12000),
            quantity_unit="tokens",
        ),
        # A model's name may hold a comma: only the last one splits. The float's noise is beyond
        # the 12 decimals that are kept.
        Usage(
            **shared,
            group_keys=("project_id", "line_item"),
            model_raw="ft:gpt-4o, acme",
            team="proj_1",
            cost_source_usd=Decimal("0.06"),
            line_item="ft:gpt-4o, acme, output",
        ),
        Usage(
            **shared,
            group_keys=("line_item",),
            cost_source_usd=Decimal(-5),
            charge_kind="credit",
            line_item="credit grant",
        ),
    ]
    assert found.refused == [(1, "amount.currency")]


def test_the_golden_anthropic_usage_gives_these_records() -> None:
    found = read("anthropic-usage", EXPORTS / "anthropic-usage.json")
    shared: dict[str, Any] = _DAY | {
        "kind": "bucket",
        "view": "messages:1d",
        "calls": 0,
        "attempts": 0,
        "provider": "anthropic",
    }
    groups = ("context_window", "model", "service_tier", "workspace_id")
    assert _without_ids(found.usages) == [
        # The report leaves the cache out of the input.
        Usage(
            **shared,
            group_keys=groups,
            model_raw="claude-haiku-4-5",
            service_tier="standard",
            team="wrkspc_1",
            uncached_input_tokens=2000,
            cache_read_tokens=10_000,
            cache_write_5m_tokens=400,
            cache_write_1h_tokens=100,
            output_tokens=3000,
            tool_calls=3,
            notes=("calls_unknown",),
        ),
        Usage(
            **shared,
            group_keys=groups,
            model_raw="claude-haiku-4-5",
            service_tier="batch",
            is_batch=True,
            team="wrkspc_1",
            uncached_input_tokens=70,
            output_tokens=7,
            notes=("calls_unknown",),
        ),
        # Priority tier: its cost is in no report.
        Usage(
            **shared,
            group_keys=("context_window", "model", "service_tier"),
            model_raw="claude-opus-99",
            service_tier="priority",
            uncached_input_tokens=90,
            output_tokens=9,
            notes=("calls_unknown", "floor"),
        ),
    ]
    assert found.refused == [(1, "uncached_input_tokens")]


def test_the_golden_anthropic_costs_are_cents() -> None:
    found = read("anthropic-cost", EXPORTS / "anthropic-cost.json")
    # "123.45" cents are $1.2345; "0.5" cents half a cent.
    assert [(usage.cost_source_usd, usage.line_item) for usage in found.usages] == [
        (Decimal("1.2345"), "Claude Haiku 4.5 Usage - Input Tokens"),
        (Decimal("0.005"), "Claude Haiku 4.5 Usage - Cache Read"),
        (Decimal("0.3"), "Web Search Usage"),
    ]
    assert found.usages[0] == Usage(
        native_id=found.usages[0].native_id,
        group_keys=(
            "description",
            "cost_type",
            "token_type",
            "model",
            "service_tier",
            "context_window",
        ),
        kind="bill",
        view="cost:1d",
        **_DAY,
        calls=0,
        attempts=0,
        provider="anthropic",
        model_raw="claude-haiku-4-5",
        service_tier="standard",
        cost_source_usd=Decimal("1.2345"),
        cost_basis="billed",
        billing_period="2026-11",
        line_item="Claude Haiku 4.5 Usage - Input Tokens",
        service="Anthropic",
        quantity_unit="uncached_input_tokens",
    )
    assert found.refused == [(1, "amount")]


@pytest.mark.parametrize("source", ["openai-usage", "openai-costs"])
def test_a_page_without_its_envelope_is_an_error_and_not_zero_spend(
    tmp_path: Path, source: str
) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"error": {"message": "no access"}}), encoding="utf-8")
    assert read(source, path).refused == [(1, "data")]


def test_a_bucket_has_one_key_whatever_page_it_comes_on() -> None:
    first = read("openai-usage", EXPORTS / "openai-usage.json").usages
    assert len({usage.native_id for usage in first}) == len(first)
    assert first == read("openai-usage", EXPORTS / "openai-usage.json").usages

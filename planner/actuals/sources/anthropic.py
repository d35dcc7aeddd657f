"""Anthropic's usage and cost reports of an organization, as the Admin API pages them.

`GET /v1/organizations/usage_report/messages` and `GET /v1/organizations/cost_report` (API
reference, read 2026-11-21). Input leaves the cache out; amounts are decimal text in cents.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.actuals.sources.pages import (
    Bucket,
    first_bucket,
    group_values,
    parse_pages,
    results_in,
    width_name,
)
from planner.actuals.sources.spec import FileFacts, Parsed, SourceSpec, Stateless, labels_of
from planner.actuals.tokens import CacheWrites, split_exclusive
from planner.actuals.types import RowError, Usage
from planner.actuals.values import Row, count, mapping, money, text

__all__ = ["ANTHROPIC_COST", "ANTHROPIC_USAGE"]

_TIMES = ("starting_at", "ending_at")
_USAGE_GROUPS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
_COST_GROUPS = (
    "workspace_id",
    "description",
    "cost_type",
    "token_type",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
)
_CENTS_PER_USD = 100


def _usage_fits(row: Row) -> bool:
    return _fits(row, "uncached_input_tokens")


def _cost_fits(row: Row) -> bool:
    return _fits(row, "amount")


def _fits(row: Row, field: str) -> bool:
    return "starting_at" in first_bucket(row) and any(field in each for each in results_in(row))


def _parse_usage(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    return parse_pages(row, facts, _TIMES, _usage)


def _usage(bucket: Bucket, row: Row, facts: FileFacts) -> Usage:
    groups, values = group_values(row, _USAGE_GROUPS)
    written = mapping(row, "cache_creation")
    if "uncached_input_tokens" not in row:
        raise RowError("uncached_input_tokens", "is missing")
    tokens = split_exclusive(
        uncached_input=count(row, "uncached_input_tokens"),
        output=count(row, "output_tokens"),
        read=count(row, "cache_read_input_tokens"),
        writes=CacheWrites(
            m5=count(written, "ephemeral_5m_input_tokens"),
            h1=count(written, "ephemeral_1h_input_tokens"),
        ),
    )
    tier = text(row, "service_tier")
    return Usage(
        native_id=bucket.key("messages", values),
        group_keys=groups,
        kind="bucket",
        view=f"messages:{width_name(bucket.width_s)}",
        started_at=bucket.started_at,
        bucket_s=bucket.width_s,
        # The report does not count requests.
        calls=0,
        attempts=0,
        provider="anthropic",
        model_raw=text(row, "model"),
        region=text(row, "inference_geo") or None,
        service_tier=tier or None,
        is_batch=tier == "batch",
        **labels_of(row, facts, team=text(row, "workspace_id")),
        **tokens,
        tool_calls=count(mapping(row, "server_tool_use"), "web_search_requests"),
        notes=("calls_unknown", "floor") if tier == "priority" else ("calls_unknown",),
    )


def _parse_cost(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    return parse_pages(row, facts, _TIMES, _cost)


def _cost(bucket: Bucket, row: Row, facts: FileFacts) -> Usage:
    if text(row, "currency", default="USD").upper() != "USD":
        raise RowError("currency", "is not USD: amounts of two currencies are never added")
    value = money(row, "amount", divisor=_CENTS_PER_USD)
    if value is None:
        raise RowError("amount", "is missing: a cost needs its amount")
    groups, values = group_values(row, _COST_GROUPS)
    return Usage(
        native_id=bucket.key("cost", values),
        group_keys=groups,
        kind="bill",
        view=f"cost:{width_name(bucket.width_s)}",
        started_at=bucket.started_at,
        bucket_s=bucket.width_s,
        calls=0,
        attempts=0,
        provider="anthropic",
        model_raw=text(row, "model"),
        region=text(row, "inference_geo") or None,
        service_tier=text(row, "service_tier") or None,
        is_batch=text(row, "service_tier") == "batch",
        **labels_of(row, facts, team=text(row, "workspace_id")),
        cost_source_usd=value,
        cost_basis="billed",
        charge_kind="credit" if value < 0 else "usage",
        billing_period=f"{bucket.started_at:%Y-%m}",
        line_item=text(row, "description") or text(row, "cost_type"),
        service="Anthropic",
        quantity_unit=text(row, "token_type"),
    )


ANTHROPIC_USAGE = SourceSpec(
    name="anthropic-usage",
    title="Anthropic usage report (GET /v1/organizations/usage_report/messages)",
    example="planner actuals import anthropic-usage usage_report_*.json",
    fields="data[].starting_at, ending_at, results[].uncached_input_tokens, output_tokens",
    fits=_usage_fits,
    parser=lambda facts: Stateless(_parse_usage, facts),
)
ANTHROPIC_COST = SourceSpec(
    name="anthropic-cost",
    title="Anthropic cost report (GET /v1/organizations/cost_report)",
    example="planner actuals import anthropic-cost cost_report_*.json",
    fields="data[].starting_at, ending_at, results[].amount (cents)",
    fits=_cost_fits,
    parser=lambda facts: Stateless(_parse_cost, facts),
)

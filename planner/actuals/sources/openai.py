"""OpenAI's usage and costs of an organization, as the API pages them.

`GET /v1/organization/usage/completions` and `GET /v1/organization/costs` (API reference, read
2026-11-21). Input contains cached and written tokens; `input_uncached_tokens` is what is left.
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
from planner.actuals.tokens import CacheWrites, split
from planner.actuals.types import RowError, Usage
from planner.actuals.values import Row, count, first, flag, mapping, money, optional_count, text

__all__ = ["OPENAI_COSTS", "OPENAI_USAGE"]

_TIMES = ("start_time", "end_time")
_USAGE_GROUPS = (
    "project_id",
    "user_id",
    "api_key_id",
    "model",
    "batch",
    "service_tier",
    "api_source",
)
_COST_GROUPS = ("project_id", "user_id", "line_item", "api_key_id", "api_source")
# Endings of a line item that say what was counted; "gpt-4o-2024-08-06, input".
_PER_TOKEN = ("input", "output", "cached input", "input_tokens", "output_tokens")


def _usage_fits(row: Row) -> bool:
    return _fits(row, "organization.usage.", "num_model_requests")


def _costs_fits(row: Row) -> bool:
    return _fits(row, "organization.costs.", "amount")


def _fits(row: Row, kind: str, field: str) -> bool:
    return "start_time" in first_bucket(row) and any(
        str(each.get("object", "")).startswith(kind) or field in each for each in results_in(row)
    )


def _parse_usage(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    return parse_pages(row, facts, _TIMES, _usage)


def _usage(bucket: Bucket, row: Row, facts: FileFacts) -> Usage:
    kind = text(row, "object", default="organization.usage.completions.result")
    endpoint = kind.removeprefix("organization.usage.").removesuffix(".result")
    groups, values = group_values(row, _USAGE_GROUPS)
    m30 = count(row, "input_cache_write_30m_tokens")
    h12 = count(row, "input_cache_write_12h_tokens")
    writes = CacheWrites(
        m30=m30, h12=h12, total=count(row, "input_cache_write_tokens") or m30 + h12
    )
    given = count(row, "input_tokens")
    read = count(row, "input_cached_tokens")
    tokens = split(
        logical_input=given, output=count(row, "output_tokens"), read=read, writes=writes
    )
    uncached = optional_count(row, "input_uncached_tokens")
    if uncached is not None and uncached != tokens["uncached_input_tokens"]:
        raise RowError(
            "input_uncached_tokens",
            f"{uncached} are not the {given} input tokens less {read} cached and {writes.all} "
            "written ones",
            tokens=given + tokens["output_tokens"],
        )
    calls = count(row, "num_model_requests")
    return Usage(
        native_id="\x1f".join(
            (endpoint, bucket.started_at.isoformat(), str(bucket.width_s), values)
        ),
        group_keys=groups,
        kind="bucket",
        view=f"{endpoint}:{width_name(bucket.width_s)}",
        started_at=bucket.started_at,
        bucket_s=bucket.width_s,
        calls=calls,
        attempts=calls,
        provider="openai",
        model_raw=text(row, "model"),
        service_tier=text(row, "service_tier") or None,
        is_batch=first(row, "batch")[1] is not None and flag(row, "batch"),
        **labels_of(row, facts, team=text(row, "project_id")),
        **tokens,
        audio_input_tokens=count(row, "input_audio_tokens"),
        audio_output_tokens=count(row, "output_audio_tokens"),
        image_input_tokens=count(row, "input_image_tokens"),
        image_output_tokens=count(row, "output_image_tokens"),
        notes=("cache_ttl_unknown",) if writes.unknown else (),
    )


def _parse_costs(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    return parse_pages(row, facts, _TIMES, _cost)


def _cost(bucket: Bucket, row: Row, facts: FileFacts) -> Usage:
    amount = mapping(row, "amount")
    if text(amount, "currency", default="usd").lower() != "usd":
        raise RowError("amount.currency", "is not usd: amounts of two currencies are never added")
    value = money(amount, "value")
    if value is None:
        raise RowError("amount.value", "is missing: a cost needs its amount")
    groups, values = group_values(row, _COST_GROUPS)
    line_item = text(row, "line_item")
    return Usage(
        native_id=bucket.key("costs", values),
        group_keys=groups,
        kind="bill",
        view=f"costs:{width_name(bucket.width_s)}",
        started_at=bucket.started_at,
        bucket_s=bucket.width_s,
        calls=0,
        attempts=0,
        provider="openai",
        model_raw=_model_of(line_item),
        **labels_of(row, facts, team=text(row, "project_id")),
        cost_source_usd=value,
        cost_basis="billed",
        charge_kind="credit" if value < 0 else "usage",
        billing_period=f"{bucket.started_at:%Y-%m}",
        line_item=line_item,
        service="OpenAI",
        quantity=money(row, "quantity"),
        quantity_unit=text(row, "quantity_unit"),
    )


def _model_of(line_item: str) -> str:
    """The model of `model, what was counted`: split at the last comma, as a model may hold one."""
    model, comma, what = line_item.rpartition(",")
    return model.strip() if comma and what.strip().lower() in _PER_TOKEN else ""


OPENAI_USAGE = SourceSpec(
    name="openai-usage",
    title="OpenAI usage API (GET /v1/organization/usage/completions)",
    example="planner actuals import openai-usage usage_page_*.json",
    fields="data[].start_time, end_time, results[].input_tokens, output_tokens, num_model_requests",
    fits=_usage_fits,
    parser=lambda facts: Stateless(_parse_usage, facts),
)
OPENAI_COSTS = SourceSpec(
    name="openai-costs",
    title="OpenAI costs API (GET /v1/organization/costs)",
    example="planner actuals import openai-costs costs_page_*.json",
    fields="data[].start_time, end_time, results[].amount.value, line_item",
    fits=_costs_fits,
    parser=lambda facts: Stateless(_parse_costs, facts),
)

"""LiteLLM's spend logs (`LiteLLM_SpendLogs`): one row a request.

Columns as in LiteLLM 1.109 (its database schema, read 2026-11-21). `prompt_tokens` contain cached
and written tokens. `spend` is the gateway's estimate, with the operator's margin in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from planner.actuals.providers import provider_id
from planner.actuals.sources.spec import (
    FileFacts,
    Parsed,
    SourceSpec,
    Stateless,
    is_evaluation,
    labels_of,
    texts,
)
from planner.actuals.tokens import CacheWrites, TokenFields, split, split_exclusive
from planner.actuals.types import RowError, Status, Usage
from planner.actuals.values import (
    Row,
    count,
    first,
    flag,
    instant,
    mapping,
    milliseconds,
    money,
    optional_count,
    text,
)
from planner.units import MS_PER_S

__all__ = ["LITELLM", "trusted_spend"]


def trusted_spend(spend: Decimal | None, output_tokens: int) -> tuple[Decimal | None, list[str]]:
    """The spend, and a note where a spend of 0 for real output means a missing price.

    A custom price that was lost gives 0 (LiteLLM issue 21023): that is not a free call.
    """
    if spend is not None and spend == 0 and output_tokens > 0:
        return None, ["cost_zero_suspect"]
    return spend, []


def _fits(row: Row) -> bool:
    return "request_id" in row and "spend" in row and bool({"startTime", "call_type"} & set(row))


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    metadata = mapping(row, "metadata")
    status = _status(row)
    is_retry = metadata.get("billed_retry_attempt") is not None
    tokens, notes = _tokens(row, metadata)
    if status == "cache_hit":
        # The gateway answered from its own memory: nobody billed these tokens.
        tokens, notes = split_exclusive(uncached_input=0, output=0), []
        spend: Decimal | None = Decimal(0)
    else:
        spend, doubt = trusted_spend(money(row, "spend"), tokens["output_tokens"])
        notes += doubt
        if status == "ok" and count(row, "total_tokens", "prompt_tokens") == 0:
            notes.append("usage_missing")
    labels = labels_of(
        row,
        facts,
        tags=texts(row.get("request_tags")),
        team=text(metadata, "user_api_key_team_alias") or text(row, "team_id"),
    )
    model = text(row, "model") or text(row, "model_group")
    yield Usage(
        native_id=text(row, "request_id"),
        revised_at=_end(row),
        started_at=instant(row, "startTime"),
        calls=0 if is_retry else 1,
        attempts=_attempts(metadata, is_retry=is_retry),
        failed_calls=int(status == "error" and not is_retry),
        status=status,
        provider=provider_id(text(row, "custom_llm_provider"), model),
        model_raw=model,
        service_tier=text(mapping(metadata, "usage_object"), "service_tier") or None,
        is_batch="batch" in text(row, "call_type").lower(),
        **labels,
        is_evaluation=is_evaluation(labels, metadata.get("eval_information")),
        **tokens,
        latency_ms=_latency_ms(row),
        ttft_ms=_ttft_ms(row),
        cost_source_usd=spend,
        cost_basis=None if spend is None else "gateway",
        notes=tuple(sorted(notes)),
    )


def _status(row: Row) -> Status:
    if flag(row, "cache_hit"):
        return "cache_hit"
    word = text(row, "status", default="success").lower()
    if word not in ("success", "failure", "error"):
        raise RowError("status", f"is {word[:20]!r}, not success or failure")
    return "ok" if word == "success" else "error"


def _attempts(metadata: Row, *, is_retry: bool) -> int:
    """Tries behind this row. A billed retry is a row of its own, and its request counts the
    tries when it knows their number."""
    retries = optional_count(metadata, "attempted_retries")
    if is_retry:
        return 1 if retries is None else 0
    return 1 + (retries or 0)


def _tokens(row: Row, metadata: Row) -> tuple[TokenFields, list[str]]:
    usage = mapping(metadata, "usage_object")
    added = mapping(metadata, "additional_usage_values")
    prompt_details = mapping(usage, "prompt_tokens_details")
    lifetimes = mapping(usage, "cache_creation_token_details") or mapping(
        prompt_details, "cache_creation_token_details"
    )
    both = {**added, **{key: value for key, value in usage.items() if value is not None}}
    read = count(both, "cache_read_input_tokens") or count(prompt_details, "cached_tokens")
    written = count(both, "cache_creation_input_tokens") or count(
        prompt_details, "cache_creation_tokens"
    )
    writes = CacheWrites(
        m5=count(lifetimes, "ephemeral_5m_input_tokens"),
        h1=count(lifetimes, "ephemeral_1h_input_tokens"),
        total=written,
    )
    fields = split(
        logical_input=count(row, "prompt_tokens"),
        output=count(row, "completion_tokens"),
        read=read,
        writes=writes,
        reasoning=count(mapping(usage, "completion_tokens_details"), "reasoning_tokens"),
        total=optional_count(row, "total_tokens"),
    )
    return fields, ["cache_ttl_unknown"] if writes.unknown else []


def _end(row: Row) -> datetime | None:
    return None if first(row, "endTime")[1] is None else instant(row, "endTime")


def _latency_ms(row: Row) -> float | None:
    given = milliseconds(row, "request_duration_ms")
    if given is not None:
        return given
    return _ms_from_start(row, "endTime")


def _ttft_ms(row: Row) -> float | None:
    """Time to the first token; a call that was not streamed has none: it starts as it ends."""
    if first(row, "completionStartTime")[1] in (None, row.get("endTime")):
        return None
    return _ms_from_start(row, "completionStartTime")


def _ms_from_start(row: Row, name: str) -> float | None:
    if first(row, name)[1] is None:
        return None
    taken = (instant(row, name) - instant(row, "startTime")).total_seconds() * MS_PER_S
    if taken < 0:
        raise RowError(name, "is before the start")
    return taken


LITELLM = SourceSpec(
    name="litellm",
    title="LiteLLM spend logs (table LiteLLM_SpendLogs)",
    example="planner actuals import litellm spend_logs.jsonl.gz",
    fields="request_id, startTime, spend, prompt_tokens, completion_tokens",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
)

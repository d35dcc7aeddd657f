"""One's own log: CSV or JSON lines with one request a row.

A time, a model and token counts are needed; everything else is used when it is there.
`input_tokens` contain cached tokens, as most logs count; `uncached_input_tokens` do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from planner.actuals.providers import provider_id
from planner.actuals.sources.litellm import trusted_spend
from planner.actuals.sources.plain_columns import plain_by_columns
from planner.actuals.sources.plain_names import (
    COST,
    ID,
    INPUT,
    MODEL,
    OUTPUT,
    READ,
    STATUSES,
    TIME,
    WRITE,
)
from planner.actuals.sources.spec import (
    LABELS,
    FileFacts,
    Parsed,
    SourceSpec,
    Stateless,
    is_evaluation,
    labels_of,
)
from planner.actuals.tokens import CacheWrites, TokenFields, split, split_exclusive
from planner.actuals.types import CostBasis, RowError, Status, Usage
from planner.actuals.values import (
    Row,
    choice,
    count,
    first,
    flag,
    instant,
    milliseconds,
    money,
    optional_count,
    text,
)

__all__ = ["PLAIN"]


def _fits(row: Row) -> bool:
    keys = set(row)
    return all(
        bool(set(names) & keys)
        for names in (TIME, MODEL, (*INPUT, "uncached_input_tokens", *OUTPUT))
    )


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    model = text(row, *MODEL)
    if not model:
        raise RowError("model", "is missing")
    status = _status(row)
    tokens, notes = _tokens(row)
    if status == "ok" and optional_count(row, *INPUT, "uncached_input_tokens") is None:
        notes.append("usage_missing")
    spend, doubt = trusted_spend(
        money(row, *COST), 0 if status == "cache_hit" else tokens["output_tokens"]
    )
    labels = labels_of(row, facts, **{name: text(row, name) for name in LABELS})
    basis = choice(row, "cost_basis", ("billed", "gateway", "computed"), "computed")
    yield Usage(
        native_id=text(row, *ID),
        started_at=instant(row, *TIME),
        calls=_count_or(row, "calls", 1),
        attempts=_count_or(row, "attempts", 1),
        failed_calls=int(status == "error"),
        status=status,
        provider=provider_id(text(row, "provider"), model),
        model_raw=model,
        region=text(row, "region") or None,
        service_tier=text(row, "service_tier") or None,
        is_batch=_flag(row, "is_batch") or _flag(row, "batch"),
        **labels,
        is_evaluation=is_evaluation(labels, _flag(row, "is_evaluation")),
        **tokens,
        tool_calls=count(row, "tool_calls"),
        latency_ms=milliseconds(row, "latency_ms"),
        ttft_ms=milliseconds(row, "ttft_ms"),
        cost_source_usd=spend,
        cost_basis=None if spend is None else cast(CostBasis, basis),
        notes=tuple(sorted([*notes, *doubt])),
    )


def _status(row: Row) -> Status:
    word = text(row, "status").lower()
    if word not in STATUSES:
        raise RowError("status", f"is {word[:20]!r}; give ok, error, cancelled or cache_hit")
    return STATUSES[word]


def _tokens(row: Row) -> tuple[TokenFields, list[str]]:
    writes = CacheWrites(
        m5=count(row, "cache_write_5m_tokens"),
        m30=count(row, "cache_write_30m_tokens"),
        h1=count(row, "cache_write_1h_tokens"),
        h12=count(row, "cache_write_12h_tokens"),
        total=_all_writes(row),
    )
    output, read = count(row, *OUTPUT), count(row, *READ)
    reasoning = count(row, "reasoning_tokens")
    total = optional_count(row, "total_tokens")
    notes = ["cache_ttl_unknown"] if writes.unknown else []
    uncached = optional_count(row, "uncached_input_tokens")
    if uncached is not None:
        fields = split_exclusive(
            uncached_input=uncached,
            output=output,
            read=read,
            writes=writes,
            reasoning=reasoning,
            total=total,
        )
    else:
        fields = split(
            logical_input=count(row, *INPUT),
            output=output,
            read=read,
            writes=writes,
            reasoning=reasoning,
            total=total,
        )
    return fields, notes


def _all_writes(row: Row) -> int | None:
    """Every written token when the row tells the sum, else None: the parts are all."""
    unknown = first(row, *WRITE)
    if unknown[1] is None:
        return None
    parts = sum(count(row, f"cache_write_{life}_tokens") for life in ("5m", "30m", "1h", "12h"))
    given = count(row, unknown[0])
    return parts + given if unknown[0] == "cache_write_unknown_tokens" else given


def _count_or(row: Row, name: str, default: int) -> int:
    given = optional_count(row, name)
    return default if given is None else given


def _flag(row: Row, name: str) -> bool:
    return first(row, name)[1] is not None and flag(row, name)


PLAIN = SourceSpec(
    name="plain",
    title="a log of one's own, CSV, JSON lines or Parquet",
    example="planner actuals import plain requests.csv",
    fields="timestamp, model, input_tokens, output_tokens; optional: request_id, cost_usd, "
    "feature, endpoint, environment, cached_tokens, status, latency_ms",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
    by_columns=plain_by_columns,
)

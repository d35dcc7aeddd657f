"""What every source of usage and spend is turned into: one record with its origin."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

__all__ = [
    "RECORD_FIELDS",
    "SCHEMA_VERSION",
    "SOURCES",
    "UNASSIGNED",
    "ChargeKind",
    "CostBasis",
    "PriceStatus",
    "QuarantinedRow",
    "RecordKind",
    "RowError",
    "SourceName",
    "Status",
    "Usage",
    "UsageRecord",
]

SCHEMA_VERSION = 1
# Where a source does not say what a call was for. Its share is always shown.
UNASSIGNED = "unassigned"

SourceName = Literal[
    "otel",
    "litellm",
    "litellm-daily",
    "openai-usage",
    "openai-costs",
    "anthropic-usage",
    "anthropic-cost",
    "bedrock",
    "cur",
    "focus",
    "langfuse",
    "vllm",
    "plain",
]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)

# `share` repeats spend that other rows hold already (tag tables, outer spans): never in a total.
RecordKind = Literal["request", "bucket", "bill", "share"]
# `mixed` is a bucket in which some calls failed.
Status = Literal["ok", "error", "cancelled", "cache_hit", "mixed"]
CostBasis = Literal["billed", "gateway", "computed"]
PriceStatus = Literal["priced", "unpriced", "stale", "not_applicable"]
ChargeKind = Literal[
    "usage", "purchase", "fee", "tax", "credit", "refund", "discount", "correction", "other"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One call, one bucket of calls, or one line of a bill, as its source tells it.

    The input tokens are disjoint buckets whose sum is the logical input; ``reasoning_tokens`` is
    a part of ``output_tokens``, audio and image tokens are parts of input and output. ``calls``
    are requests the caller made: a billed attempt that was not the last one counts in another
    row's call. Money is USD as the source gives it; None is not known.

    ``native_id`` is what the source knows the row by, empty where it has no such thing.
    ``parent_id`` is the native id of the row that contains this one (a span's parent).
    ``revised_at`` is the source's own time of the row's last change. ``view`` is the table or the
    period a bucket comes from; ``group_keys`` are the groupings it was asked for.
    """

    native_id: str = ""
    parent_id: str = ""
    revised_at: datetime | None = None
    group_keys: tuple[str, ...] = ()
    kind: RecordKind = "request"
    view: str = ""
    started_at: datetime
    bucket_s: int = 0
    calls: int = 1
    attempts: int = 1
    failed_calls: int = 0
    status: Status = "ok"
    provider: str = ""
    model_raw: str = ""
    region: str | None = None
    service_tier: str | None = None
    is_batch: bool = False
    feature: str = UNASSIGNED
    endpoint: str = UNASSIGNED
    environment: str = UNASSIGNED
    team: str = UNASSIGNED
    prompt_version: str = UNASSIGNED
    is_evaluation: bool = False
    uncached_input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_30m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_write_12h_tokens: int = 0
    cache_write_unknown_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_input_tokens: int = 0
    image_output_tokens: int = 0
    tool_calls: int = 0
    latency_ms: float | None = None
    ttft_ms: float | None = None
    cost_source_usd: Decimal | None = None
    cost_effective_usd: Decimal | None = None
    cost_basis: CostBasis | None = None
    charge_kind: ChargeKind = "usage"
    billing_account: str = ""
    billing_period: str = ""
    line_item: str = ""
    service: str = ""
    resource_id: str = ""
    quantity: Decimal | None = None
    quantity_unit: str = ""
    stack: str = ""
    plan_hash: str = ""
    saved_compression_usd: Decimal | None = None
    saved_prompt_caching_usd: Decimal | None = None
    saved_gateway_caching_usd: Decimal | None = None
    saved_routing_usd: Decimal | None = None
    notes: tuple[str, ...] = ()

    @property
    def logical_input_tokens(self) -> int:
        """All input tokens, cached and written ones included."""
        return (
            self.uncached_input_tokens
            + self.cache_read_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_30m_tokens
            + self.cache_write_1h_tokens
            + self.cache_write_12h_tokens
            + self.cache_write_unknown_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord(Usage):
    """One row of the store: a usage with its key, its origin and its list price.

    ``record_key`` is unique in a store. ``source_line`` counts lines of text, items of a JSON
    document or rows of a Parquet file from 1; ``source_item`` counts the records of a file.
    ``exported_at`` is when the source's file was made. ``model`` is the catalogue's id, or
    ``model_raw`` where the catalogue does not know it. ``cost_list_usd`` is the list price at
    ``started_at``, None when there is none; ``price_ref`` says which price.
    """

    record_key: str
    source: SourceName
    dt: date
    source_file: str
    source_line: int
    source_item: int
    file_sha256: str
    exported_at: datetime
    ingested_at: datetime
    schema_version: int
    model: str
    cost_list_usd: Decimal | None
    price_status: PriceStatus
    price_ref: str


RECORD_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(UsageRecord))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """A row that was not taken: where it is, which field is wrong and why.

    ``tokens`` are those the row claims, None when they cannot be read.
    """

    source: SourceName
    file: str
    line: int
    field: str
    reason: str
    tokens: int | None = None


class RowError(ValueError):
    """One row cannot be taken; ``field`` names the value that is wrong, empty for the row."""

    def __init__(self, field: str, reason: str, *, tokens: int | None = None) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.tokens = tokens

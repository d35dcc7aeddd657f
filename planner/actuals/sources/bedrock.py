"""Amazon Bedrock's model invocation log, from S3 (gzip JSON lines) or CloudWatch Logs.

Schema `ModelInvocationLog` 1.0 (Bedrock user guide, read 2026-11-21). Input leaves the cache out.
Bodies of requests and responses are looked into for the lifetime of written tokens only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from planner.actuals.sources.spec import (
    FileFacts,
    Parsed,
    SourceSpec,
    Stateless,
    is_evaluation,
    labels_of,
)
from planner.actuals.tokens import CacheWrites, split_exclusive
from planner.actuals.types import RowError, Usage
from planner.actuals.values import (
    Row,
    as_list,
    as_row,
    count,
    first,
    instant,
    json_value,
    mapping,
    optional_count,
    text,
)

__all__ = ["BEDROCK"]

_LABELS = ("feature", "endpoint", "environment", "team", "prompt_version")


def _fits(row: Row) -> bool:
    record = _record(row)
    return record.get("schemaType") == "ModelInvocationLog" or {"modelId", "requestId"} <= set(
        record
    )


def _record(row: Row) -> Row:
    """The log record; CloudWatch exports hold it as text in ``message`` or ``@message``."""
    return as_row(json_value(first(row, "message", "@message")[1])) or row


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    record = _record(row)
    request, response = mapping(record, "input"), mapping(record, "output")
    error = text(record, "errorCode")
    tags = mapping(record, "requestMetadata")
    labels = labels_of(record, facts, **{name: text(tags, name) for name in _LABELS})
    writes = _writes(request, response)
    given, output = (
        optional_count(request, "inputTokenCount"),
        optional_count(response, "outputTokenCount"),
    )
    notes = ["cache_ttl_unknown"] if writes.unknown else []
    if given is None and output is None and not error:
        notes.append("usage_missing")
    model = _model(text(record, "modelId"))
    if not model:
        raise RowError("modelId", "is missing")
    yield Usage(
        native_id=text(record, "requestId"),
        started_at=instant(record, "timestamp"),
        failed_calls=int(bool(error)),
        status="error" if error else "ok",
        provider="aws",
        model_raw=model,
        region=text(record, "inferenceRegion", "region") or None,
        service_tier=text(record, "serviceTier") or None,
        is_batch=text(record, "operation") in ("CreateModelInvocationJob", "BatchInference"),
        **labels,
        is_evaluation=is_evaluation(labels),
        **split_exclusive(
            uncached_input=given or 0,
            output=output or 0,
            read=count(request, "cacheReadInputTokenCount"),
            writes=writes,
        ),
        notes=tuple(sorted(notes)),
    )


def _writes(request: Row, response: Row) -> CacheWrites:
    total = count(request, "cacheWriteInputTokenCount")
    if not total:
        return CacheWrites()
    lifetimes = _lifetimes(json_value(response.get("outputBodyJson")))
    m5 = count(lifetimes, "ephemeral_5m_input_tokens")
    h1 = count(lifetimes, "ephemeral_1h_input_tokens")
    # A body of another response would not add up: then nothing is known of the lifetime.
    return CacheWrites(m5=m5, h1=h1, total=total) if m5 + h1 <= total else CacheWrites(total=total)


# Any: the body of a response is whatever the model family sends.
def _lifetimes(body: Any) -> Row:
    """``usage.cache_creation`` of a response or of the chunks of a stream."""
    for chunk in as_list(body) or [body]:
        inner = as_row(chunk) or {}
        for holder in (inner, as_row(inner.get("message")) or {}):
            usage = as_row(holder.get("usage")) or {}
            found = as_row(usage.get("cache_creation"))
            if found is not None:
                return found
    return {}


def _model(model_id: str) -> str:
    """The model or inference profile of an id or an ARN."""
    return model_id.rsplit("/", 1)[-1] if model_id.startswith("arn:") else model_id


BEDROCK = SourceSpec(
    name="bedrock",
    title="Amazon Bedrock model invocation log (S3 or CloudWatch Logs)",
    example="planner actuals import bedrock AWSLogs/**/*.json.gz",
    fields="timestamp, requestId, modelId, input.inputTokenCount, output.outputTokenCount",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
)

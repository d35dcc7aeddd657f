"""OpenTelemetry spans of model calls: GenAI conventions of all generations, and OpenInference.

Names: semantic-conventions-genai (status Development, read 2026-11-21), its older forms, and
OpenInference. Rows are OTLP/JSON batches, spans as the SDK prints them, or flat tables of spans.
Spans of agents, workflows and tools repeat what their model calls say and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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
    as_list,
    as_row,
    count,
    first,
    instant,
    mapping,
    milliseconds,
    money,
    optional_count,
    text,
)

__all__ = ["OTEL"]

_MODEL_OPERATIONS = frozenset(
    {"chat", "text_completion", "generate_content", "embeddings", "completion", "message"}
)
_MODEL_KINDS = frozenset({"LLM", "EMBEDDING"})
_INPUT = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
)
_OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
)
_TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
# The current names come with a rule: the input contains the cache.
_READ_CURRENT = ("gen_ai.usage.cache_read.input_tokens",)
_WRITE_CURRENT = ("gen_ai.usage.cache_creation.input_tokens",)
_READ_OPENINFERENCE = (
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_input",
)
_WRITE_OPENINFERENCE = ("llm.token_count.prompt_details.cache_write",)
_READ_OLDER = (
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.input_tokens.cached",
)
_WRITE_OLDER = (
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.input_tokens.cache_write",
)
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
_MODEL = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
# Their own counters leave the cache out of the input (Anthropic's usage, Bedrock's).
_CACHE_OUTSIDE_INPUT = frozenset({"anthropic", "aws"})
_ERROR_CODES = frozenset({"2", "ERROR", "STATUS_CODE_ERROR", "StatusCode.ERROR", "Error"})
_NS_PER_MS = 1e6
# Names of attributes have fewer parts than this.
_DEEPEST = 8
_MS_PER_S = 1000.0


def _fits(row: Row) -> bool:
    if "resourceSpans" in row or "SpanAttributes" in row:
        return True
    if any(key.startswith(("attributes.gen_ai.", "attributes.llm.", "gen_ai.")) for key in row):
        return True
    return "attributes" in row and bool({"context", "span_id", "spanId"} & set(row))


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    for span in _spans(row):
        try:
            usage = _usage(span, facts)
        except RowError as error:
            yield error
        else:
            if usage is not None:
                yield usage


class _Span:
    """One span with its attributes as one flat mapping, those of its resource included."""

    def __init__(self, head: Row, attributes: Row, resource: Row) -> None:
        self.head = head
        self.attributes = attributes
        self.all: Row = {**resource, **attributes}


def _spans(row: Row) -> Iterator[_Span]:
    if "resourceSpans" in row:
        yield from _otlp_spans(row)
    elif "SpanAttributes" in row:
        yield _Span(row, mapping(row, "SpanAttributes"), mapping(row, "ResourceAttributes"))
    else:
        yield _plain_span(row)


def _otlp_spans(row: Row) -> Iterator[_Span]:
    for batch in _items(row, "resourceSpans"):
        resource = _otlp_attributes(mapping(batch, "resource"))
        for scope in _items(batch, "scopeSpans", "instrumentationLibrarySpans"):
            for span in _items(scope, "spans"):
                yield _Span(span, _otlp_attributes(span), resource)


def _items(row: Row, *names: str) -> Iterator[Row]:
    for item in as_list(first(row, *names)[1]):
        found = as_row(item)
        if found is not None:
            yield found


def _otlp_attributes(holder: Row) -> dict[str, Any]:
    """``[{key, value: {stringValue}}]`` as a plain mapping; structured values are left out."""
    plain: dict[str, Any] = {}
    for item in _items(holder, "attributes"):
        value = as_row(item.get("value")) or {}
        for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
            if kind in value:
                plain[str(item.get("key"))] = value[kind]
    return plain


def _plain_span(row: Row) -> _Span:
    """A span of the SDK (``attributes`` is a mapping), or a table row with dotted columns."""
    listed = as_list(row.get("attributes"))
    attributes = _otlp_attributes(row) if listed else dict(_flat(mapping(row, "attributes")))
    attributes |= {
        key.removeprefix("attributes."): value
        for key, value in row.items()
        if key.startswith(("attributes.", "gen_ai.", "llm.")) and value is not None
    }
    resource = mapping(row, "resource")
    return _Span(row, attributes, dict(_flat(mapping(resource, "attributes") or resource)))


def _flat(nested: Row, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        inner = as_row(value) if depth < _DEEPEST else None
        if inner is not None:
            yield from _flat(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _usage(span: _Span, facts: FileFacts) -> Usage | None:
    attributes = span.attributes
    if not _is_model_call(attributes):
        return None
    head = span.head
    model = text(attributes, *_MODEL)
    provider = provider_id(text(attributes, *_PROVIDER), model)
    status = _status(head, attributes)
    tokens, notes = _tokens(attributes, provider)
    if tokens is None:
        tokens = split_exclusive(uncached_input=0, output=0)
        if status == "ok":
            notes.append("usage_missing")
    if _is_sampled(head, attributes):
        notes.append("sampled")
    labels = labels_of(span.all, facts, tags=texts(attributes.get("tag.tags")), **_found(span.all))
    cost = money(attributes, "llm.cost.total")
    return Usage(
        native_id=_native_id(head, "span_id", "spanId", "SpanId"),
        parent_id=_parent_id(head),
        started_at=_start(head),
        failed_calls=int(status == "error"),
        status=status,
        provider=provider,
        model_raw=model,
        region=text(span.all, "cloud.region", "aws.region") or None,
        service_tier=text(
            attributes, "gen_ai.openai.response.service_tier", "openai.response.service_tier"
        )
        or None,
        **labels,
        is_evaluation=is_evaluation(labels, text(attributes, "gen_ai.evaluation.name")),
        **tokens,
        latency_ms=_latency_ms(head),
        ttft_ms=milliseconds(attributes, "gen_ai.response.time_to_first_chunk", per_unit=_MS_PER_S),
        cost_source_usd=cost,
        cost_basis=None if cost is None else "computed",
        notes=tuple(sorted(notes)),
    )


def _is_model_call(attributes: Row) -> bool:
    kind = text(attributes, "openinference.span.kind").upper()
    if kind:
        return kind in _MODEL_KINDS
    operation = text(attributes, "gen_ai.operation.name").lower()
    if operation:
        return operation in _MODEL_OPERATIONS
    return first(attributes, *_MODEL)[1] is not None and any(
        first(attributes, *names)[1] is not None for names in (_INPUT, _OUTPUT, _TOTAL)
    )


def _status(head: Row, attributes: Row) -> Status:
    inner = as_row(head.get("status")) or {}
    code = text(inner, "code", "status_code") or text(head, "status_code", "StatusCode")
    if "cancel" in text(attributes, "error.type").lower():
        return "cancelled"
    return "error" if code in _ERROR_CODES or text(attributes, "error.type") else "ok"


def _tokens(attributes: Row, provider: str) -> tuple[TokenFields | None, list[str]]:
    """Buckets and notes; None when the span says nothing of tokens."""
    given = optional_count(attributes, *_INPUT)
    output = optional_count(attributes, *_OUTPUT)
    total = optional_count(attributes, *_TOTAL)
    if given is None and output is None:
        return None, []
    given, output = given or 0, output or 0
    reasoning = count(attributes, *_REASONING)
    by_rule = (*_READ_CURRENT, *_READ_OPENINFERENCE, *_WRITE_CURRENT, *_WRITE_OPENINFERENCE)
    read = count(attributes, *_READ_CURRENT, *_READ_OPENINFERENCE, *_READ_OLDER)
    written = count(attributes, *_WRITE_CURRENT, *_WRITE_OPENINFERENCE, *_WRITE_OLDER)
    writes = CacheWrites(total=written)
    notes = ["cache_ttl_unknown"] if written else []
    outside = False
    if (read or written) and first(attributes, *by_rule)[1] is None:
        outside, assumed = _cache_is_outside(given, output, read + written, total, provider)
        notes += ["split_assumed"] if assumed else []
    if outside:
        fields = split_exclusive(
            uncached_input=given, output=output, read=read, writes=writes, reasoning=reasoning
        )
    else:
        fields = split(
            logical_input=given,
            output=output,
            read=read,
            writes=writes,
            reasoning=reasoning,
            total=total,
        )
    return fields, notes


def _cache_is_outside(
    given: int, output: int, cached: int, total: int | None, provider: str
) -> tuple[bool, bool]:
    """Whether the cache comes on top of the input, and whether that is assumed.

    Older names have no rule: the total decides, else the provider's own way of counting.
    """
    if total is not None and total in (given + output, given + output + cached):
        return total == given + output + cached, False
    if cached > given:
        return True, False
    return provider in _CACHE_OUTSIDE_INPUT, True


def _is_sampled(head: Row, attributes: Row) -> bool:
    """Whether the span stands for more than itself (W3C tracestate `ot=th:`, or a rate)."""
    if "th:" in text(head, "traceState", "trace_state", "TraceState").replace("th:0;", ""):
        return True
    return first(attributes, "sampling.probability", "SampleRate", "sampling.rate")[1] is not None


def _found(attributes: Row) -> dict[str, str]:
    return {
        "feature": text(
            attributes,
            "gen_ai.workflow.name",
            "gen_ai.prompt.name",
            "langfuse.trace.name",
            "service.name",
        ),
        "endpoint": text(attributes, "http.route"),
        "environment": text(attributes, "deployment.environment.name", "deployment.environment"),
        "prompt_version": text(attributes, "gen_ai.prompt.version", "langfuse.prompt.version"),
    }


def _native_id(head: Row, *span_names: str) -> str:
    """Trace and span id; empty when the span has none."""
    context = mapping(head, "context")
    trace = text(head, "traceId", "trace_id", "TraceId", "context.trace_id") or text(
        context, "trace_id"
    )
    span = text(head, *span_names, "context.span_id") or text(context, "span_id")
    return f"{_hex(trace)}:{_hex(span)}" if trace and span else ""


def _hex(value: str) -> str:
    return value.lower().removeprefix("0x")


def _parent_id(head: Row) -> str:
    parent = text(head, "parentSpanId", "parent_span_id", "parent_id", "ParentSpanId")
    own = _native_id(head, "span_id", "spanId", "SpanId")
    return f"{own.partition(':')[0]}:{_hex(parent)}" if parent and own else ""


_START = ("startTimeUnixNano", "start_time", "startTime", "Timestamp", "timestamp")
_END = ("endTimeUnixNano", "end_time", "endTime")


def _start(head: Row) -> Any:
    return instant(head, *_START)


def _latency_ms(head: Row) -> float | None:
    duration = milliseconds(head, "Duration", per_unit=1 / _NS_PER_MS)
    if duration is not None or first(head, *_END)[1] is None:
        return duration
    taken = (instant(head, *_END) - instant(head, *_START)).total_seconds() * _MS_PER_S
    if taken < 0:
        raise RowError(_END[0], "is before the start")
    return taken


OTEL = SourceSpec(
    name="otel",
    title="OpenTelemetry GenAI and OpenInference spans",
    example="planner actuals import otel spans.jsonl.gz",
    fields="OTLP/JSON (resourceSpans), or spans with attributes gen_ai.* or llm.*",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
)

"""Langfuse observations: blob storage export or API, in snake or camel case.

By contract the counts of `usage_details` do not contain each other; integrations often break it
(Langfuse issues 9034, 9386, 10592, 12306), so the total decides. Only generations and embeddings
cost. Times without a zone are UTC.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from decimal import Decimal

from planner.actuals.providers import provider_id
from planner.actuals.sources.litellm import trusted_spend
from planner.actuals.sources.spec import (
    FileFacts,
    Parsed,
    SourceSpec,
    Stateless,
    is_evaluation,
    labels_of,
    texts,
)
from planner.actuals.tokens import CacheWrites, TokenFields, split_exclusive
from planner.actuals.types import RowError, Usage
from planner.actuals.values import (
    Row,
    count,
    first,
    instant,
    mapping,
    milliseconds,
    money,
    optional_count,
    text,
)
from planner.units import MS_PER_S

__all__ = ["LANGFUSE"]

_COSTING = frozenset({"GENERATION", "EMBEDDING"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_READ = ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
_WRITE = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write")
_REASONING = ("output_reasoning_tokens", "reasoning_tokens", "output_reasoning")


def _fits(row: Row) -> bool:
    keys = {_snake(key) for key in row}
    return "usage_details" in keys and bool({"trace_id", "provided_model_name"} & keys)


def _snake(key: str) -> str:
    return _CAMEL.sub("_", key).lower()


def _parse(row: Row, facts: FileFacts) -> Iterable[Parsed]:
    row = {_snake(key): value for key, value in row.items()}
    if text(row, "type", default="GENERATION").upper() not in _COSTING:
        return
    usage = mapping(row, "usage_details")
    is_error = text(row, "level").upper() == "ERROR"
    tokens, notes = _tokens(usage)
    if not is_error and not sum(v for v in (count(usage, "input"), count(usage, "output"))):
        notes.append("usage_missing")
    spend, doubt = trusted_spend(
        money(row, "total_cost") if first(row, "total_cost")[1] is not None else _cost(row),
        tokens["output_tokens"],
    )
    environment = text(row, "environment")
    labels = labels_of(
        row,
        facts,
        tags=texts(row.get("tags")),
        feature=text(row, "trace_name"),
        environment=environment,
        prompt_version=text(row, "prompt_version"),
    )
    model = text(row, "provided_model_name", "model")
    yield Usage(
        native_id=text(row, "id"),
        revised_at=None if first(row, "updated_at")[1] is None else instant(row, "updated_at"),
        started_at=instant(row, "start_time"),
        failed_calls=int(is_error),
        status="error" if is_error else "ok",
        provider=provider_id("", model),
        model_raw=model,
        **labels,
        # Langfuse runs its own judges in environments of this name.
        is_evaluation=is_evaluation(labels, environment.startswith("langfuse-")),
        **tokens,
        latency_ms=_latency_ms(row),
        ttft_ms=milliseconds(row, "time_to_first_token", per_unit=MS_PER_S),
        cost_source_usd=spend,
        cost_basis=None if spend is None else "computed",
        notes=tuple(sorted([*notes, *doubt])),
    )


def _cost(row: Row) -> Decimal | None:
    return money(mapping(row, "cost_details"), "total")


def _tokens(usage: Row) -> tuple[TokenFields, list[str]]:
    """Buckets by the contract, or by the first other reading that the total confirms."""
    given, output = count(usage, "input"), count(usage, "output")
    read, reasoning = count(usage, *_READ), count(usage, *_REASONING)
    written = count(usage, *_WRITE)
    total = optional_count(usage, "total")
    cached = read + written
    for cache_inside, reasoning_inside in itertools.product((False, True), repeat=2):
        uncached = given - cached if cache_inside else given
        all_output = output if reasoning_inside else output + reasoning
        fits = total is None or total == uncached + cached + all_output
        if fits and uncached >= 0 and reasoning <= all_output:
            notes = ["split_assumed"] if total is None and (cached or reasoning) else []
            fields = split_exclusive(
                uncached_input=uncached,
                output=all_output,
                read=read,
                writes=CacheWrites(total=written),
                reasoning=reasoning,
            )
            return fields, [*notes, *(["cache_ttl_unknown"] if written else [])]
    raise RowError(
        "usage_details.total",
        f"{given} input, {cached} cached, {output} output and {reasoning} reasoning tokens give "
        f"no sum of {total}",
        tokens=total,
    )


def _latency_ms(row: Row) -> float | None:
    given = milliseconds(row, "latency", per_unit=MS_PER_S)
    if given is not None or first(row, "end_time")[1] is None:
        return given
    taken = (instant(row, "end_time") - instant(row, "start_time")).total_seconds() * MS_PER_S
    if taken < 0:
        raise RowError("end_time", "is before the start")
    return taken


LANGFUSE = SourceSpec(
    name="langfuse",
    title="Langfuse observations (blob export or API)",
    example="planner actuals import langfuse observations_v2/*.parquet",
    fields="id, start_time, type, provided_model_name, usage_details",
    fits=_fits,
    parser=lambda facts: Stateless(_parse, facts),
)

"""One's own log as Parquet, read by columns: what ``plain`` makes of each row, for all at once."""

from __future__ import annotations

from typing import Any

from planner.actuals.bulk import BulkUsages, Columns, NotByColumns, Words
from planner.actuals.providers import provider_id
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
from planner.actuals.sources.spec import LABELS, is_evaluation_value
from planner.actuals.types import UNASSIGNED

__all__ = ["plain_by_columns"]

_LIVES = ("5m", "30m", "1h", "12h")


def plain_by_columns(columns: Columns) -> BulkUsages:
    """One request a row; NotByColumns where the columns are not as most logs have them."""
    import numpy as np

    model = columns.words(*MODEL)
    columns.require(model.where(bool))
    status = columns.words("status").mapped(str.lower)
    columns.require(status.where(lambda word: word in STATUSES))
    status = status.mapped(lambda word: STATUSES.get(word, "ok"))
    tokens, notes = _tokens(columns)
    is_ok, is_hit = status.where("ok".__eq__), status.where("cache_hit".__eq__)
    notes["usage_missing"] = is_ok & ~columns.given(*INPUT, "uncached_input_tokens")
    spend = columns.money(*COST)
    spend, notes["cost_zero_suspect"] = _trusted(spend, tokens["output_tokens"], is_hit)
    labels = {name: columns.words(name, default=UNASSIGNED) for name in LABELS}
    evaluated = columns.flag("is_evaluation")
    for name in ("environment", "feature"):
        evaluated = evaluated | labels[name].where(
            lambda word, of=name: is_evaluation_value(of, word)
        )
    return BulkUsages(
        record_key=columns.keys("plain", *ID),
        started_at=columns.instant(*TIME),
        provider=_providers(columns.words("provider"), model),
        model_raw=model,
        status=status,
        words=labels,
        optional_words={
            "region": columns.words("region"),
            "service_tier": columns.words("service_tier"),
            "cost_basis": _basis(columns, spend),
        },
        numbers={
            **tokens,
            "calls": columns.count("calls", default=1),
            "attempts": columns.count("attempts", default=1),
            "failed_calls": status.where("error".__eq__).astype(np.int64),
            "is_batch": columns.flag("is_batch") | columns.flag("batch"),
            "is_evaluation": evaluated,
            "tool_calls": columns.count("tool_calls"),
            "latency_ms": columns.milliseconds("latency_ms"),
            "ttft_ms": columns.milliseconds("ttft_ms"),
            "cost_source_usd": spend,
        },
        notes=notes,
    )


def _tokens(columns: Columns) -> tuple[dict[str, Any], dict[str, Any]]:
    """The token columns; rows whose counts contradict each other are not regular."""
    lives = {life: columns.count(f"cache_write_{life}_tokens") for life in _LIVES}
    known = sum(lives.values())
    written = columns.count(*WRITE)
    if columns.has("cache_write_unknown_tokens"):
        unknown = written
    elif columns.has(*WRITE):
        unknown = (written - known) * columns.given(*WRITE)
    else:
        unknown = 0 * known
    read, output = columns.count(*READ), columns.count(*OUTPUT)
    reasoning = columns.count("reasoning_tokens")
    cached = read + known + unknown
    if columns.has("uncached_input_tokens") and columns.has(*INPUT):
        raise NotByColumns
    given = columns.count(*INPUT, "uncached_input_tokens")
    uncached = given if columns.has("uncached_input_tokens") else given - cached
    total = columns.count("total_tokens")
    fits = ~columns.given("total_tokens") | (total == uncached + cached + output)
    columns.require((unknown >= 0) & (uncached >= 0) & (reasoning <= output) & fits)
    found = {
        "uncached_input_tokens": uncached,
        "cache_read_tokens": read,
        **{f"cache_write_{life}_tokens": lives[life] for life in _LIVES},
        "cache_write_unknown_tokens": unknown,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
    }
    return found, {"cache_ttl_unknown": unknown > 0}


def _trusted(spend: Any, output: Any, is_hit: Any) -> tuple[Any, Any]:
    """As ``trusted_spend``: a spend of 0 for real output is a missing price."""
    from planner.actuals.engines import pyarrow_module

    pa = pyarrow_module()
    zero = pa.compute.equal(spend, pa.scalar(0, spend.type)).fill_null(False)
    doubted = zero.to_numpy(zero_copy_only=False) & (output > 0) & ~is_hit
    return pa.compute.if_else(pa.array(doubted), pa.scalar(None, spend.type), spend), doubted


def _providers(named: Words, model: Words) -> Words:
    """The catalogue's id of every pair of a name and a model."""
    import numpy as np

    models = len(model.values)
    pairs, codes = np.unique(
        named.codes.astype(np.int64) * models + model.codes, return_inverse=True
    )
    places: list[tuple[int, int]] = [divmod(int(pair), models) for pair in pairs]
    values = [provider_id(named.values[name], model.values[of]) for name, of in places]
    return Words(codes=codes.astype(np.int32), values=values)


def _basis(columns: Columns, spend: Any) -> Words:
    import numpy as np

    words = columns.words("cost_basis", default="computed").mapped(str.lower)
    columns.require(words.where(("billed", "gateway", "computed").__contains__))
    none = len(words.values)
    codes = np.where(spend.is_valid().to_numpy(zero_copy_only=False), words.codes, none)
    return Words(codes=codes.astype(np.int32), values=[*words.values, ""])

"""Every question asked of a store, as Ibis expressions; DuckDB answers them by default.

Expressions hold no function that engines answer differently: decimal sums, whole seconds, exact
counts; medians and quantiles are taken in Python from exact counts. `dt` is filtered by choosing
the parts, and again in the expression where the engine reads the whole table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from planner.actuals.engines import ibis_module
from planner.actuals.labelling import Labelling, labels_by, matches
from planner.actuals.types import UNASSIGNED, SourceName
from planner.scenario.deployment import MATCHED_FIELDS

__all__ = [
    "AXES",
    "MATCHED_FIELDS",
    "Axis",
    "Labelling",
    "MoneyView",
    "Row",
    "View",
    "bill_lines",
    "call_windows",
    "cells",
    "crossing",
    "first_record",
    "hourly",
    "hours_of_calls",
    "labelled",
    "length_counts",
    "prompt_days",
    "realised_savings",
    "records_before",
    "spend_of",
    "suspect_hours",
    "views",
]

Axis = Literal["model", "endpoint", "feature", "environment"]
AXES: tuple[Axis, ...] = ("model", "endpoint", "feature", "environment")
# `source`: as the source says it, the list price where it says nothing. `list`: the list price.
MoneyView = Literal["source", "list"]
_TOKENS = (
    *("uncached_input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens"),
    *("cache_write_5m_tokens", "cache_write_30m_tokens", "cache_write_1h_tokens"),
    *("cache_write_12h_tokens", "cache_write_unknown_tokens"),
)
_WRITES = tuple(name for name in _TOKENS if name.startswith("cache_write"))
_MONEY, _SUM = "decimal(24, 12)", "decimal(38, 12)"
# What makes up a running bill; other charges are listed beside it.
_RUNNING = ("usage", "fee", "discount")
_WINDOW_S = 300
_HOUR_S = 3600
# The smallest storm: 100 attempts for 66 calls in a window, or a fifth of 67 calls failed.
_LEAST_EXTRA, _LEAST_FAILED = 33, 13

# Any: Ibis is an extra and has no types of its own to check against.
Table = Any
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """The rows of one source about one provider: one view of what was spent there."""

    source: SourceName
    provider: str


# --- Which views of the spend there are --------------------------------------------------------


def views(hours: Table) -> Table:
    """Rows, days, calls, tokens and spend by (source, provider, kind), from ``hourly``."""
    unpriced = hours.is_unpriced.ifelse(1, 0)
    return (
        hours.group_by(["source", "provider", "kind"])
        .agg(
            rows=hours.rows.sum(),
            days=hours.dt.nunique(),
            first_dt=hours.dt.min(),
            last_dt=hours.dt.max(),
            calls=hours.calls.sum(),
            input_tokens=hours.input_tokens.sum(),
            output_tokens=hours.output_tokens.sum(),
            cost_usd=hours.cost.sum(),
            unpriced_rows=(hours.rows * unpriced).sum(),
        )
        .order_by(["source", "provider", "kind"])
    )


def _cost(table: Table, money: MoneyView) -> Any:
    """USD of a row, null when nothing says it; a bill's amortised cost."""
    ibis = ibis_module()
    nothing = ibis.literal(Decimal(0)).cast(_MONEY)
    billed = ibis.coalesce(table.cost_effective_usd, table.cost_source_usd)
    listed = table.cost_list_usd
    said = listed if money == "list" else ibis.coalesce(table.cost_source_usd, listed)
    return ibis.cases(
        (table.status == "cache_hit", nothing),
        (table.kind == "bill", billed),
        else_=said,
    )


def _is_unpriced(table: Table) -> Any:
    """Usage that has a price in truth and none here; own servers have theirs in the bill."""
    return table.cost.isnull() & (table.price_status != "not_applicable")


def _logical_input(table: Table) -> Any:
    total = table.uncached_input_tokens + table.cache_read_tokens
    for name in _WRITES:
        total = total + table[name]
    return total


# --- The rows that are spend -------------------------------------------------------------------


def labelled(
    records: Table,
    *,
    rules: Sequence[Labelling] = (),
    only: Mapping[str, str] | None = None,
    money: MoneyView = "source",
) -> Table:
    """All records with their cost, labelled by the rules; ``is_spend`` where that is added up.

    ``only`` are globs by field that the labelled rows must match. Columns: `dt`, `second` (UTC,
    since 1970), labels, calls, tokens, `input_tokens`, `write_tokens`, `cost` and `is_unpriced`.
    """
    table = records.mutate(**labels_by(records, rules))
    for field, glob in (only or {}).items():
        table = table.filter(matches(table[field], glob))
    running = table.charge_kind.isin(_RUNNING) & _is_of_models(table)
    table = table.mutate(
        model=(table.model == "").ifelse(UNASSIGNED, table.model),
        cost=_cost(table, money),
        second=_second(table.started_at),
        input_tokens=_logical_input(table),
        write_tokens=_logical_input(table) - table.uncached_input_tokens - table.cache_read_tokens,
        is_spend=(table.kind != "share") & ((table.kind != "bill") | running),
    )
    return table.mutate(is_unpriced=_is_unpriced(table))


def spend_of(table: Table, chosen: Sequence[View]) -> Table:
    """The rows or the hours of these views that are spend."""
    picked = ibis_module().literal(False)
    for view in chosen:
        picked = picked | ((table.source == view.source) & (table.provider == view.provider))
    return table.filter(picked & table.is_spend)


def _is_of_models(table: Table) -> Any:
    """Lines of a bill that are for tokens: those of AWS's other services are infrastructure."""
    tokens = _logical_input(table) + table.output_tokens
    named = (table.model_raw != "") | table.service.lower().contains("bedrock")
    return (table.provider != "aws") | (tokens > 0) | named


def _second(moment: Any) -> Any:
    """Whole seconds since 1970; engines give fractions of different types."""
    return moment.epoch_seconds().cast("float64").floor().cast("int64")


def hourly(rows: Table) -> Table:
    """Sums of ``labelled`` rows by hour, labels and flags: one pass over the rows.

    The questions below, and ``views``, are asked of its answer.
    """
    extra = rows.attempts - rows.calls
    table = rows.mutate(
        hour=((rows.second - rows.second % _HOUR_S) / _HOUR_S).cast("int64"),
        extra=(extra > 0).ifelse(extra, 0),
        ends=rows.second + rows.bucket_s,
        is_listed=rows.cost_list_usd.notnull(),
        is_cache_hit=rows.status == "cache_hit",
        is_answered=(rows.calls > 0) & rows.status.isin(("ok", "mixed")),
        # Known to the hour, and to a window.
        is_hourly=(rows.bucket_s <= _HOUR_S) & (rows.kind != "bill"),
        is_short=(rows.bucket_s <= _WINDOW_S) & (rows.kind != "bill"),
    )
    return table.group_by([*_HOUR_KEYS, *_HOUR_FLAGS]).agg(
        rows=table.count(),
        list_usd=table.cost_list_usd.sum(),
        first_second=table.second.min(),
        last_second=table.ends.max(),
        **{name: table[name].sum() for name in _HOUR_SUMS},
    )


_HOUR_KEYS = ("dt", "source", "provider", *AXES, "prompt_version", "kind", "hour")
# As keys, not as conditions of sums: an engine adds up what is there much faster.
_HOUR_FLAGS = (
    *("is_spend", "is_unpriced", "is_listed", "is_cache_hit", "is_evaluation"),
    *("is_answered", "is_hourly", "is_short"),
)
_HOUR_SUMS = (
    *("calls", "attempts", "extra", "failed_calls", "cost", "input_tokens", "output_tokens"),
    *("uncached_input_tokens", "cache_read_tokens", "write_tokens"),
)


def cells(hours: Table) -> Table:
    """Sums by day, provider and the four axes: what every table of the report is made of.

    ``calls``, ``attempts`` and tokens are those of rows with a price, ``all_`` those of every row.
    """
    keys = ["dt", "source", "provider", *AXES]
    unpriced = hours.is_unpriced.ifelse(1, 0)
    of_priced = {
        name: (hours[name] * (1 - unpriced)).sum()
        for name in (
            *("calls", "attempts", "uncached_input_tokens", "cache_read_tokens"),
            *("write_tokens", "output_tokens"),
        )
    }
    return (
        hours.group_by(keys)
        .agg(
            rows=hours.rows.sum(),
            all_calls=hours.calls.sum(),
            all_attempts=hours.attempts.sum(),
            all_cache_read_tokens=hours.cache_read_tokens.sum(),
            cost_usd=hours.cost.sum(),
            list_usd=hours.list_usd.sum(),
            listed_usd=hours.is_listed.ifelse(hours.cost, None).sum(),
            unpriced_calls=(hours.calls * unpriced).sum(),
            unpriced_rows=(hours.rows * unpriced).sum(),
            unpriced_tokens=((hours.input_tokens + hours.output_tokens) * unpriced).sum(),
            all_input_tokens=hours.input_tokens.sum(),
            all_output_tokens=hours.output_tokens.sum(),
            failed_calls=hours.failed_calls.sum(),
            cache_hit_calls=(hours.calls * hours.is_cache_hit.ifelse(1, 0)).sum(),
            evaluation_usd=hours.is_evaluation.ifelse(hours.cost, None).sum(),
            first_second=hours.first_second.min(),
            last_second=hours.last_second.max(),
            **of_priced,
        )
        .order_by(keys)
    )


def bill_lines(records: Table) -> Table:
    """What bills say, by day, kind of charge, service and meter."""
    table = records.filter(records.kind == "bill")
    table = table.mutate(
        usd=_cost(table, "source"),
        is_of_models=_is_of_models(table),
        is_spot=table.line_item.contains("SpotUsage"),
        is_instance=table.line_item.re_search("(BoxUsage|SpotUsage|HeavyUsage|DedicatedUsage)"),
        is_covered=table.cost_effective_usd.notnull()
        & (table.cost_effective_usd != table.cost_source_usd),
    )
    keys = ["dt", "source", "provider", "service", "charge_kind", "stack", "line_item"]
    flags = ["is_of_models", "is_spot", "is_instance", "is_covered", "quantity_unit"]
    return (
        table.group_by([*keys, *flags])
        .agg(
            usd=table.usd.sum(),
            billed_usd=table.cost_source_usd.sum(),
            quantity=table.quantity.sum(),
        )
        .order_by([*keys, *flags])
    )


def realised_savings(records: Table) -> Table:
    """What gateways say their levers saved, by source; null where a source has no such figure."""
    table = records.filter(records.kind != "share")
    names = ("compression", "prompt_caching", "gateway_caching", "routing")
    found = {name: table[f"saved_{name}_usd"].sum() for name in names}
    return table.group_by("source").agg(**found).order_by("source")


# --- Budget lines ------------------------------------------------------------------------------


def records_before(rows: Table, day: date) -> Table:
    """How many records lie before a UTC day."""
    earlier = rows.filter(rows.dt < day)
    return earlier.agg(records=earlier.count())


def crossing(
    rows: Table, day: date, only: Mapping[str, str], spent: Decimal, line: Decimal
) -> Table:
    """The first record of ``day`` that takes the spend of rows with these fields over ``line``.

    ``spent`` is the spend before the day. `number` counts all records of the day from 1, in order
    of time.
    """
    ibis = ibis_module()
    order = ["started_at", "source", "source_file", "source_item", "record_key"]
    table = rows.filter(rows.dt == day)
    table = table.mutate(number=ibis.row_number().over(order_by=order) + 1)
    for field, value in sorted(only.items()):
        table = table.filter(table[field] == value)
    table = table.mutate(known=table.cost.fill_null(ibis.literal(Decimal(0)).cast(_MONEY)))
    table = table.mutate(sum_usd=table.known.cumsum(order_by=order).cast(_SUM))
    over = table.filter(table.sum_usd > line - spent)
    return over.select("number", "second", "sum_usd").order_by("number").limit(1)


def first_record(rows: Table, only: Mapping[str, str]) -> Table:
    """The first second of each day with a row of these fields."""
    for field, value in sorted(only.items()):
        rows = rows.filter(rows[field] == value)
    return rows.group_by("dt").agg(second=rows.second.min()).order_by("dt")


# --- Detectors ---------------------------------------------------------------------------------


def prompt_days(hours: Table) -> Table:
    """Calls and logical input of answered calls by day, feature, model and prompt version."""
    table = hours.filter(hours.is_answered)
    keys = ["dt", "feature", "provider", "model", "prompt_version"]
    return (
        table.group_by(keys)
        .agg(
            calls=table.calls.sum(),
            input_tokens=table.input_tokens.sum(),
            cache_read_tokens=table.cache_read_tokens.sum(),
        )
        .order_by(keys)
    )


def suspect_hours(hours: Table) -> Table:
    """Hours (since 1970, UTC) in which a window could hold a storm: attempts beyond the calls, or
    failures, as many as the smallest storm has."""
    table = hours.filter(hours.is_short)
    found = table.group_by(["feature", "model", "hour"]).agg(
        extra=table.extra.sum(), failed=table.failed_calls.sum()
    )
    found = found.filter((found.extra >= _LEAST_EXTRA) | (found.failed >= _LEAST_FAILED))
    return found.select("hour").distinct().order_by("hour")


def call_windows(rows: Table, first_hour: int, last_hour: int) -> Table:
    """Windows of five minutes with at least 100 attempts, of sources that tell single calls.

    Only those of these hours since 1970, both included.
    """
    table = rows.filter((rows.bucket_s <= _WINDOW_S) & (rows.kind != "bill"))
    table = table.filter(table.second >= first_hour * _HOUR_S)
    table = table.filter(table.second < (last_hour + 1) * _HOUR_S)
    table = table.mutate(window=table.second - table.second % _WINDOW_S)
    keys = ["feature", "model", "window"]
    extra = (table.calls == 0).ifelse(table.cost, None)
    found = table.group_by(keys).agg(
        calls=table.calls.sum(),
        attempts=table.attempts.sum(),
        failed_calls=table.failed_calls.sum(),
        extra_usd=extra.sum(),
        extra_rows=(table.calls == 0).ifelse(1, 0).sum(),
        extra_unpriced=((table.calls == 0) & table.is_unpriced).ifelse(1, 0).sum(),
    )
    return found.filter(found.attempts >= 100).order_by(keys)


def hours_of_calls(hours: Table) -> Table:
    """Calls by feature, model and hour since 1970 (UTC)."""
    table = hours.filter(hours.is_hourly)
    keys = ["feature", "model", "hour"]
    return table.group_by(keys).agg(calls=table.calls.sum()).order_by(keys)


def length_counts(rows: Table, column: Literal["input_tokens", "output_tokens"]) -> Table:
    """How many answered single calls have each length, for exact quantiles."""
    table = rows.filter((rows.kind == "request") & (rows.status == "ok") & (rows.calls == 1))
    return table.group_by(tokens=table[column]).agg(calls=table.count()).order_by("tokens")

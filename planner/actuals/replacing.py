"""Measured figures in place of a scenario's: which fields, from what to what.

A replacement is a `--set PATH=VALUE`, so that it is checked by the scenario's schema and shown
with its origin like every other field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.actuals.measured import Lengths, Measured, ModelCost
from planner.demand import Demand
from planner.money import usd_text
from planner.scenario import Scenario
from planner.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from planner.catalog import Catalog, LlmQuote, LlmRate

__all__ = ["Change", "Replacement", "replacement"]

# Below these a difference is noise of measuring, or nothing a price can follow.
_LEAST_CACHE_SHARE = Decimal("0.01")
_LEAST_PRICE_CHANGE = Decimal("0.005")
# A cache that hits so seldom has no prefix to derive from its reads.
_LEAST_HIT_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure of the scenario beside the measured one.

    ``before`` and ``after`` are words with units; ``relative`` is the change of the figure, None
    where there is no number to compare with. ``is_applied`` is False where the measured figure
    is told and not used, with the reason in ``note``.
    """

    path: str
    what: str
    before: str
    after: str
    relative: float | None
    is_applied: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """``sets`` put the measured figures into the scenario; ``changes`` say what they change."""

    measured: Measured
    sets: tuple[str, ...]
    changes: tuple[Change, ...]


def replacement(
    measured: Measured, scenario: Scenario, demand: Demand, catalog: Catalog
) -> Replacement:
    """What the measured figures replace; ``catalog`` has list prices, without overrides."""
    found = [
        *_volume(measured, demand),
        *_lengths("input", measured.input, demand.input_tokens.mean),
        *_lengths("output", measured.output, demand.output_tokens.mean),
        *_hours(measured, scenario, demand),
        *_cache(measured, demand),
        *_unit_costs(measured, scenario, catalog),
    ]
    source = f"workload.source={json.dumps(measured.source)}"
    return Replacement(
        measured=measured,
        sets=(*(text for text, _ in found if text), source),
        changes=tuple(change for _, change in found),
    )


_Found = Iterator[tuple[str, Change]]


def _volume(measured: Measured, demand: Demand) -> _Found:
    before = demand.requests_per_month / demand.days_per_month
    after = measured.requests_per_day
    retries = ""
    if measured.retries:
        retries = f"; {measured.retries * 100:.1f} % of calls were tried again"
    change = Change(
        path="workload.requests_per_day",
        what="requests a day",
        before=f"{before:,.1f}",
        after=f"{after:,.1f}",
        relative=_relative(before, after),
        note=f"attempts that reached a model{retries}",
    )
    yield f"workload.requests_per_day={_plain(after)}", change


def _relative(before: Decimal, after: Decimal) -> float | None:
    return float(after / before) - 1 if before else None


def _plain(value: Decimal) -> str:
    """At six significant digits, without an exponent."""
    return usd_text(Decimal(f"{value:.6g}"))


def _lengths(side: str, lengths: Lengths, before: Decimal) -> _Found:
    path = f"workload.{side}_tokens"
    mean = Decimal(f"{lengths.mean:.6g}")
    value = f"{path}={{mean: {_plain(max(mean, Decimal(1)))}}}"
    note = "mean only: the source tells no single calls, or fewer than 1,000"
    if lengths.quantiles is not None:
        rising = ", ".join(f"{level}: {tokens}" for level, tokens in lengths.quantiles.items())
        value = f"{path}={{quantiles: {{{rising}}}}}"
        note = f"quantiles; p95 {lengths.quantiles['p95']:,}"
    change = Change(
        path=path,
        what=f"{side} tokens a call",
        before=f"{before:,.1f}",
        after=f"{mean:,.1f}",
        relative=_relative(before, mean),
        note=note,
    )
    yield value, change


def _hours(measured: Measured, scenario: Scenario, demand: Demand) -> _Found:
    if measured.weights is None:
        return
    peak = max(measured.weights) * len(measured.weights) / sum(measured.weights)
    hours = ", ".join(f"{each:g}" for each in measured.weights)
    burst = scenario.workload.traffic.burst_within_hour
    kept = "" if burst is None else f", burst_within_hour: {_plain(burst)}"
    change = Change(
        path="workload.traffic",
        what="busiest hour ÷ mean",
        before=f"{demand.peak_to_mean:.2f}",
        after=f"{peak:.2f}",
        relative=peak / demand.peak_to_mean - 1,
        note=f"{len(measured.weights)} hours in {measured.timezone}",
    )
    yield f"workload.traffic={{weights: [{hours}]{kept}}}", change


def _cache(measured: Measured, demand: Demand) -> _Found:
    """The shared prefix that gives the measured share of cached input at the measured volume."""
    prefix, share = demand.shared_prefix, measured.cache_read_share
    before = "none" if prefix is None else f"{prefix.tokens:,f} tokens"
    path, what = "workload.shared_prefix", "prefix read from the cache"
    if share < _LEAST_CACHE_SHARE:
        if prefix is not None:
            yield (
                f"{path}=null",
                Change(path=path, what=what, before=before, after="none", relative=-1.0),
            )
        return
    distinct = 1 if prefix is None else prefix.distinct_prefixes
    ttl = 300 if prefix is None else prefix.ttl_s
    hits = _hit_share(measured.requests_per_day, ttl, distinct)
    note = f"{share * 100:.1f} % of the input was read from the cache"
    if hits < _LEAST_HIT_SHARE:
        note += "; at this volume no prefix would stay warm, so something else keeps it"
        yield "", Change(
            path=path, what=what, before=before, after=before, relative=None, is_applied=False,
            note=note,
        )  # fmt: skip
        return
    tokens = min(share * measured.input.mean / Decimal(f"{hits:.6g}"), measured.input.mean)
    whole = int(tokens)
    change = Change(
        path=path,
        what=what,
        before=before,
        after=f"{whole:,} tokens",
        relative=None if prefix is None else _relative(prefix.tokens, Decimal(whole)),
        note=note,
    )
    yield f"{path}={{tokens: {whole}, distinct_prefixes: {distinct}, ttl_s: {ttl}}}", change


def _hit_share(requests_per_day: Decimal, ttl_s: int, distinct: int) -> float:
    rate = float(requests_per_day) / SECONDS_PER_DAY / distinct
    return -math.expm1(-rate * ttl_s)


# --- Unit costs --------------------------------------------------------------------------------


def _unit_costs(measured: Measured, scenario: Scenario, catalog: Catalog) -> _Found:
    """Prices that a bill shows to be others than the list's, of the models the scenario asks for.

    What a gateway says is its own estimate: told, and not used.
    """
    overrides = scenario.prices.overrides
    free = len(overrides)
    for option in scenario.options.api:
        quote = _quote(catalog, option.provider, option.model, measured)
        cost = _cost_of(measured, option.provider, option.model, quote)
        if quote is None or cost is None or cost.factor is None:
            continue
        factor = cost.factor
        if abs(factor - 1) < _LEAST_PRICE_CHANGE:
            continue
        billed = cost.basis.startswith("bill")
        index = next(
            (
                i
                for i, each in enumerate(overrides)
                if each.kind == "llm"
                and (each.provider, each.model) == (option.provider, option.model)
                and each.processing == "standard"
            ),
            free,
        )
        if billed and index == free:
            free += 1
        change = Change(
            path=f"prices.overrides.{index}",
            what=f"{option.model} ÷ list price",
            before="1.00",
            after=f"{factor:.4f}",
            relative=float(factor) - 1,
            is_applied=billed,
            note=f"by the {cost.basis}" if billed else "a gateway's estimate: list prices kept",
        )
        text = _override(index, option.provider, option.model, quote, factor, measured)
        yield (text if billed else ""), change


def _quote(catalog: Catalog, provider: str, model: str, measured: Measured) -> LlmQuote | None:
    from planner.catalog import LlmRef
    from planner.errors import InputError

    noon = datetime.combine(measured.observed, time(12), UTC)
    try:
        return catalog.llm_quote(LlmRef(provider=provider, model=model), noon, "standard")
    except InputError:
        return None


def _cost_of(
    measured: Measured, provider: str, model: str, quote: LlmQuote | None
) -> ModelCost | None:
    names = {model} if quote is None else {model, quote.resolved_id}
    mine = (e for e in measured.models if e.provider == provider and e.model in names)
    return next(mine, None)


def _override(
    index: int, provider: str, model: str, quote: LlmQuote, factor: Decimal, measured: Measured
) -> str:
    def scaled(rate: LlmRate | None) -> str | None:
        return None if rate is None else _plain(rate[0].usd_per_1m_tokens * factor)

    fields = {
        "kind": "llm",
        "provider": json.dumps(provider),
        "model": json.dumps(model),
        "input_usd_per_1m_tokens": scaled(quote.input),
        "output_usd_per_1m_tokens": scaled(quote.output),
        "cache_read_usd_per_1m_tokens": scaled(quote.cache_read),
        "cache_write_usd_per_1m_tokens": scaled(quote.cache_write),
        "source": json.dumps(measured.source),
        "observed": measured.observed.isoformat(),
    }
    written = ", ".join(f"{name}: {value}" for name, value in fields.items() if value is not None)
    return f"prices.overrides.{index}={{{written}}}"

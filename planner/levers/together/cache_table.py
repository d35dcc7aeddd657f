"""The semantic cache: its thresholds judged on what the levers before it leave."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from planner.costs.inputs import PricingInputs
from planner.levers.cache import (
    CacheCosts,
    Calibrated,
    ErrorSample,
    ThresholdRates,
    ThresholdResult,
    best_threshold,
    calibrated,
    default_thresholds,
    read_pairs,
    threshold_results,
)
from planner.levers.together.declared import ORDER, Lever
from planner.levers.together.lever_costs import embedding_usd_per_request
from planner.levers.together.pricing import Baseline, StreamPricing, mean_monthly_usd
from planner.levers.together.stream import passing_share
from planner.money import usd_text
from planner.scenario.levers import Levers, SemanticCache

__all__ = ["CacheTable", "cache_table", "judged_behind", "levers_before"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTable:
    """Every threshold of the semantic cache, and the one in use.

    A hit saves ``costs.usd_per_query``: a call as the levers of ``behind`` leave it.
    ``calibrated`` is set when the rates come from labelled pairs, ``samples`` by threshold when
    the scenario gives the counts. ``best`` is None when no threshold is worth having; ``chosen``
    is None when none is applied, for the reason in ``not_applied``.
    """

    costs: CacheCosts
    results: tuple[ThresholdResult, ...]
    behind: frozenset[Lever]
    calibrated: tuple[Calibrated, ...]
    samples: dict[Decimal, ErrorSample]
    best: Decimal | None
    chosen: ThresholdRates | None
    not_applied: str | None
    pairs_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rated:
    """What each threshold does, before it is priced."""

    rates: tuple[ThresholdRates, ...]
    calibrated: tuple[Calibrated, ...]
    samples: dict[Decimal, ErrorSample]
    pairs_file: str | None


def levers_before(given: Levers, only: AbstractSet[Lever] | None) -> frozenset[Lever]:
    """The declared levers (those of ``only``) that act before the semantic cache."""
    there: dict[Lever, object] = {
        "route": given.route,
        "compress": given.compress,
        "exact_cache": given.exact_cache,
    }
    before: tuple[Lever, ...] = ORDER[: ORDER.index("semantic_cache")]
    return frozenset(
        lever for lever in before if there[lever] is not None and (only is None or lever in only)
    )


def cache_table(
    pricing: StreamPricing,
    baseline: Baseline | None,
    behind: frozenset[Lever],
    pairs: Path | None,
) -> CacheTable | None:
    """The table; None without a semantic cache. ``pairs`` replaces the scenario's."""
    cache = pricing.settings.given.semantic_cache
    if cache is None:
        return None
    return _judged(pricing, baseline, behind, cache, _rated(pricing.inputs, cache, pairs))


def judged_behind(
    table: CacheTable, pricing: StreamPricing, baseline: Baseline | None, behind: frozenset[Lever]
) -> CacheTable:
    """The same thresholds, judged and chosen behind other levers."""
    cache = pricing.settings.given.semantic_cache
    if cache is None or behind == table.behind:
        return table
    rated = _Rated(
        rates=tuple(each.rates for each in table.results),
        calibrated=table.calibrated,
        samples=table.samples,
        pairs_file=table.pairs_file,
    )
    return _judged(pricing, baseline, behind, cache, rated)


def _judged(
    pricing: StreamPricing,
    baseline: Baseline | None,
    behind: frozenset[Lever],
    cache: SemanticCache,
    rated: _Rated,
) -> CacheTable:
    call = None if baseline is None else _call_usd(pricing, baseline, behind)
    costs = _costs(pricing, cache, behind, call)
    results = threshold_results(rated.rates, costs)
    best = best_threshold(results, cache.usd_per_wrong_answer)
    wanted = cache.threshold if cache.threshold is not None else best
    if call is None and cache.threshold is None:
        # Nothing says what a hit saves: the strictest one is the least that can go wrong.
        wanted = max((r.threshold for r in rated.rates if r.qualifies), default=None)
    chosen = next((r for r in rated.rates if r.threshold == wanted and r.qualifies), None)
    return CacheTable(
        costs=costs,
        results=results,
        behind=behind,
        calibrated=rated.calibrated,
        samples=rated.samples,
        best=best,
        chosen=chosen,
        not_applied=None if chosen is not None else _why_not(cache, rated.rates),
        pairs_file=rated.pairs_file,
    )


def _why_not(cache: SemanticCache, rates: tuple[ThresholdRates, ...]) -> str:
    limit = (
        "" if cache.false_hit_limit is None else f" of {usd_text(cache.false_hit_limit * 100)} %"
    )
    if cache.threshold is not None:
        return f"the limit{limit} is not proved at threshold {cache.threshold:f}"
    if not any(each.qualifies for each in rates):
        return f"the limit{limit} is proved at no threshold"
    return "does not pay here, no threshold saves more than it costs"


def _call_usd(
    pricing: StreamPricing, baseline: Baseline, behind: frozenset[Lever]
) -> Decimal | None:
    """What one hit saves: the tokens of a call behind the levers of ``behind``, and what routing
    and compressing it costs; None where no price is known.
    """
    inputs, given = pricing.inputs, pricing.settings.given
    tokens = mean_monthly_usd(pricing.token_lines(baseline, behind), inputs)
    queries = inputs.months.mean_requests * passing_share(pricing.settings, behind)
    if tokens is None or not queries:
        return None if tokens is None else Decimal(0)
    own = sum(
        (
            lever.usd_per_request
            for name, lever in (("route", given.route), ("compress", given.compress))
            if lever is not None and name in behind
        ),
        Decimal(0),
    )
    return tokens / queries + own


def _rated(inputs: PricingInputs, cache: SemanticCache, pairs: Path | None) -> _Rated:
    given = cache.thresholds or []
    name = cache.pairs if pairs is None else str(pairs)
    if name is not None:
        path = inputs.base_dir / name if pairs is None else pairs
        levels = {row.threshold for row in given} or set(default_thresholds())
        levels |= set() if cache.threshold is None else {cache.threshold}
        found = calibrated(
            read_pairs(path),
            sorted(levels),
            duplicate_share=cache.duplicate_share,
            guard=cache.guard,
            limit=cache.false_hit_limit,
        )
        rates = tuple(each.rates for each in found)
        return _Rated(rates=rates, calibrated=found, samples={}, pairs_file=name)
    samples = {
        row.threshold: ErrorSample.counted(row.sample_wrong, row.sample_pairs)
        for row in given
        if row.sample_pairs is not None and row.sample_wrong is not None
    }
    plain = (
        ThresholdRates(
            threshold=row.threshold,
            hit_rate=row.hit_rate,
            false_hit_rate=row.false_hit_rate,
            basis=cache.false_hit_basis or "hits",
            qualifies=_proved(samples.get(row.threshold), cache.false_hit_limit),
        )
        for row in given
    )
    rates = tuple(replace(each, wrong_per_query_upper=_upper(each, samples)) for each in plain)
    return _Rated(rates=rates, calibrated=(), samples=samples, pairs_file=None)


def _upper(rates: ThresholdRates, samples: dict[Decimal, ErrorSample]) -> Decimal | None:
    sample = samples.get(rates.threshold)
    return None if sample is None else rates.wrong_at(sample.upper)


def _proved(sample: ErrorSample | None, limit: Decimal | None) -> bool:
    """With a limit, only a sample that certifies it counts."""
    return limit is None or (sample is not None and sample.upper <= limit)


def _costs(
    pricing: StreamPricing, cache: SemanticCache, behind: frozenset[Lever], call: Decimal | None
) -> CacheCosts:
    """Of the requests that no exact match answers, in the mean month."""
    inputs = pricing.inputs
    store = sum((item.monthly_usd for item in cache.items), Decimal(0))
    if cache.engineering is not None:
        work = cache.engineering
        hours = work.hours_per_month + work.setup_hours / inputs.scenario.horizon.months
        store += hours * work.usd_per_hour
    embedding = embedding_usd_per_request(cache, inputs.demand.input_tokens.mean)
    reaching = passing_share(pricing.settings, behind)
    return CacheCosts(
        queries_per_month=inputs.months.mean_requests * reaching,
        usd_per_query=Decimal(0) if call is None else call,
        lookup_usd_per_query=embedding + cache.usd_per_request,
        store_monthly_usd=store,
        usd_per_wrong_answer=cache.usd_per_wrong_answer,
    )

"""From the scenario's levers to settings: the baseline, the threshold, the size of a call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from planner.costs.inputs import PricingInputs
from planner.errors import InputError
from planner.levers.batch import Items
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
from planner.levers.together.declared import Declared, Lever, declared_levers
from planner.levers.together.lever_costs import embedding_usd_per_request
from planner.levers.together.pricing import Baseline, StreamPricing, mean_monthly_usd
from planner.levers.together.request_price import model_name, request_price
from planner.levers.together.stream import Settings, grouped_size
from planner.scenario.levers import Levers, SemanticCache
from planner.scenario.model import Scenario
from planner.units import TOKENS_PER_MTOK

__all__ = ["CacheTable", "Resolved", "api_baselines", "call_items", "resolve_levers"]

_NO_LEVERS: frozenset[Lever] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTable:
    """The semantic cache alone on the baseline: every threshold and the one in use.

    ``calibrated`` is set when the rates come from labelled pairs, ``samples`` by threshold when
    the scenario gives the counts. ``chosen`` is None when no threshold is worth having.
    """

    costs: CacheCosts
    results: tuple[ThresholdResult, ...]
    calibrated: tuple[Calibrated, ...]
    samples: dict[Decimal, ErrorSample]
    best: Decimal | None
    chosen: ThresholdRates | None
    pairs_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The levers of a scenario, ready to be applied.

    ``baseline`` is None, with the reason, where no API option has a price; ``base_usd`` is its
    mean month without any lever.
    """

    inputs: PricingInputs
    settings: Settings
    declared: tuple[Declared, ...]
    baseline: Baseline | None
    base_usd: Decimal | None
    reason: str | None
    cache: CacheTable | None

    @property
    def counted(self) -> frozenset[Lever]:
        """The levers that a recommendation may rest on."""
        return frozenset(each.lever for each in self.declared if each.counts)

    @property
    def pricing(self) -> StreamPricing:
        """Prices the stream under these settings."""
        return StreamPricing(self.inputs, self.settings)


def api_baselines(scenario: Scenario) -> tuple[Baseline, ...]:
    """The API options of a scenario, those priced by hand included."""
    manual = (each for each in scenario.options.manual if each.arm.startswith("api_"))
    return (*scenario.options.api, *manual)


def resolve_levers(inputs: PricingInputs, *, pairs: Path | None = None) -> Resolved:
    """Settle what the scenario leaves open.

    ``pairs`` is a file of labelled pairs that replaces the scenario's. InputError for a file that
    cannot be used, or when there are pairs and no semantic cache to judge by them.
    """
    given = inputs.scenario.levers or Levers()
    if pairs is not None and given.semantic_cache is None:
        raise InputError(
            "--pairs calibrates `levers.semantic_cache`, which the scenario does not have; add it "
            "with `usd_per_wrong_answer`, `basis` and `source`"
        )
    pricing = StreamPricing(inputs, Settings(given=given))
    baseline, base, reason = _baseline(pricing, given)
    table = None
    if given.semantic_cache is not None:
        table = _cache_table(inputs, given.semantic_cache, base, pairs)
    semantic = None if table is None else table.chosen
    settings = Settings(given=given, semantic=semantic)
    if given.multi_item is not None and inputs.demand.deferrable_share and baseline is not None:
        items = call_items(inputs, baseline, given)
        if items is not None:
            settings = replace(settings, grouped=grouped_size(given.multi_item, items))
    return Resolved(
        inputs=inputs,
        settings=settings,
        declared=declared_levers(inputs.scenario, inputs.demand, semantic),
        baseline=baseline,
        base_usd=base,
        reason=reason,
        cache=table,
    )


def _baseline(
    pricing: StreamPricing, given: Levers
) -> tuple[Baseline | None, Decimal | None, str | None]:
    """The named option, else the one that is cheapest without levers."""
    priced: list[tuple[Decimal, str, Baseline]] = []
    for option in api_baselines(pricing.inputs.scenario):
        name = model_name(option)
        if given.baseline in (None, name):
            cost = mean_monthly_usd(pricing.token_lines(option, _NO_LEVERS), pricing.inputs)
            if cost is not None:
                priced.append((cost, name, option))
    if not priced:
        return None, None, "no API option with a price: levers are counted against one"
    cost, _, option = min(priced, key=lambda each: each[:2])
    return option, cost, None


# --- Semantic cache ----------------------------------------------------------------------------


def _cache_table(
    inputs: PricingInputs, cache: SemanticCache, base: Decimal | None, pairs: Path | None
) -> CacheTable:
    rates, found, samples, name = _rates(inputs, cache, pairs)
    results = threshold_results(rates, _costs(inputs, cache, base))
    best = best_threshold(results, cache.usd_per_wrong_answer)
    wanted = cache.threshold if cache.threshold is not None else best
    if base is None and cache.threshold is None:
        # Nothing says what a hit saves: the strictest one is the least that can go wrong.
        wanted = max((r.threshold for r in rates if r.qualifies), default=None)
    chosen = next((r for r in rates if r.threshold == wanted and r.qualifies), None)
    return CacheTable(
        costs=_costs(inputs, cache, base),
        results=results,
        calibrated=found,
        samples=samples,
        best=best,
        chosen=chosen,
        pairs_file=name,
    )


def _rates(
    inputs: PricingInputs, cache: SemanticCache, pairs: Path | None
) -> tuple[
    tuple[ThresholdRates, ...],
    tuple[Calibrated, ...],
    dict[Decimal, ErrorSample],
    str | None,
]:
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
        return tuple(each.rates for each in found), found, {}, name
    samples = {
        row.threshold: ErrorSample.counted(row.sample_wrong, row.sample_pairs)
        for row in given
        if row.sample_pairs is not None and row.sample_wrong is not None
    }
    rates = tuple(
        ThresholdRates(
            threshold=row.threshold,
            hit_rate=row.hit_rate,
            false_hit_rate=row.false_hit_rate,
            basis=cache.false_hit_basis or "hits",
            qualifies=_proved(samples.get(row.threshold), cache.false_hit_limit),
        )
        for row in given
    )
    return rates, (), samples, None


def _proved(sample: ErrorSample | None, limit: Decimal | None) -> bool:
    """With a limit, only a sample that certifies it counts."""
    return limit is None or (sample is not None and sample.upper <= limit)


def _costs(inputs: PricingInputs, cache: SemanticCache, base: Decimal | None) -> CacheCosts:
    """Of the requests that no exact match answers, in the mean month."""
    requests = inputs.months.mean_requests
    levers = inputs.scenario.levers
    exact = None if levers is None else levers.exact_cache
    missed = Decimal(1) if exact is None else 1 - exact.hit_rate
    store = sum((item.monthly_usd for item in cache.items), Decimal(0))
    if cache.engineering is not None:
        work = cache.engineering
        hours = work.hours_per_month + work.setup_hours / inputs.scenario.horizon.months
        store += hours * work.usd_per_hour
    embedding = embedding_usd_per_request(cache, inputs.demand.input_tokens.mean)
    return CacheCosts(
        queries_per_month=requests * missed,
        usd_per_query=Decimal(0) if base is None else base / requests,
        lookup_usd_per_query=embedding + cache.usd_per_request,
        store_monthly_usd=store,
        usd_per_wrong_answer=cache.usd_per_wrong_answer,
    )


# --- Several items in one call -----------------------------------------------------------------


def call_items(inputs: PricingInputs, baseline: Baseline, given: Levers) -> Items | None:
    """An item of a multi-item call at the baseline's standard prices; None without a price by the
    token.

    InputError when the items share more than a mean request has.
    """
    multi = given.multi_item
    demand = inputs.demand
    sent, received = demand.input_tokens.mean, demand.output_tokens.mean
    price = request_price(inputs, baseline, demand)
    if multi is None or price is None or price.request_usd or not sent:
        return None
    if multi.shared_tokens > sent:
        raise InputError(
            f"levers.multi_item.shared_tokens is {multi.shared_tokens:f}, but a mean request has "
            f"only {sent:f} input tokens; the shared part is a part of them"
        )
    return Items(
        shared_tokens=multi.shared_tokens,
        own_input_tokens=sent - multi.shared_tokens,
        output_tokens=received,
        input_usd_per_1m_tokens=price.input_usd * TOKENS_PER_MTOK / sent,
        output_usd_per_1m_tokens=price.output_usd * TOKENS_PER_MTOK / received
        if received
        else Decimal(0),
        item_failure_share=multi.item_failure_share,
        retry=multi.retry,
    )

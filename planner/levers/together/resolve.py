"""From the scenario's levers to settings: the baseline, the threshold, the size of a call."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from planner.costs.inputs import PricingInputs
from planner.errors import InputError
from planner.levers.batch import Items
from planner.levers.together.cache_table import (
    CacheTable,
    cache_table,
    judged_behind,
    levers_before,
)
from planner.levers.together.declared import Declared, Lever, declared_levers
from planner.levers.together.pricing import Baseline, StreamPricing, mean_monthly_usd
from planner.levers.together.request_price import model_name, request_price
from planner.levers.together.stream import Settings, grouped_size
from planner.scenario.levers import Levers
from planner.scenario.model import Scenario
from planner.units import TOKENS_PER_MTOK

__all__ = ["Resolved", "api_baselines", "call_items", "counting", "resolve_levers"]

_NO_LEVERS: frozenset[Lever] = frozenset()


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
    def not_applied(self) -> dict[Lever, str]:
        """The declared levers that are not applied, with the reason."""
        return {d.lever: d.not_applied for d in self.declared if d.not_applied is not None}

    @property
    def pricing(self) -> StreamPricing:
        """Prices the stream under these settings."""
        return StreamPricing(self.inputs, self.settings)


def api_baselines(scenario: Scenario) -> tuple[Baseline, ...]:
    """The API options of a scenario, those priced by hand included."""
    manual = (each for each in scenario.options.manual if each.arm.startswith("api_"))
    return (*scenario.options.api, *manual)


def resolve_levers(
    inputs: PricingInputs,
    *,
    pairs: Path | None = None,
    only: AbstractSet[Lever] | None = None,
) -> Resolved:
    """Settle what the scenario leaves open.

    ``pairs`` is a file of labelled pairs that replaces the scenario's. ``only`` are the levers
    that will be applied, None: all; the threshold of the semantic cache is chosen behind those of
    them that come before it. InputError for a file that cannot be used, or when there are pairs
    and no semantic cache to judge by them.
    """
    given = inputs.scenario.levers or Levers()
    if pairs is not None and given.semantic_cache is None:
        raise InputError(
            "--pairs calibrates `levers.semantic_cache`, which the scenario does not have; add it "
            "with `usd_per_wrong_answer`, `basis` and `source`"
        )
    settings = Settings(given=given)
    pricing = StreamPricing(inputs, settings)
    baseline, base, reason = _baseline(pricing, given)
    not_applied: dict[Lever, str] = {}
    if given.multi_item is not None and inputs.demand.deferrable_share and baseline is not None:
        items = call_items(inputs, baseline, given)
        if items is None:
            not_applied["multi_item"] = _no_items(baseline)
        else:
            settings = replace(settings, grouped=grouped_size(given.multi_item, items))
    table = cache_table(pricing, baseline, levers_before(given, only), pairs)
    bare = Resolved(
        inputs=inputs,
        settings=settings,
        declared=(),
        baseline=baseline,
        base_usd=base,
        reason=reason,
        cache=None,
    )
    return _with_cache(bare, table, not_applied)


def counting(resolved: Resolved) -> Resolved:
    """The same with the threshold chosen behind the levers that count alone."""
    table = resolved.cache
    if table is None:
        return resolved
    pricing = StreamPricing(resolved.inputs, resolved.settings)
    behind = table.behind & resolved.counted
    chosen = judged_behind(table, pricing, resolved.baseline, behind)
    return resolved if chosen is table else _with_cache(resolved, chosen, resolved.not_applied)


def _with_cache(
    resolved: Resolved, table: CacheTable | None, not_applied: Mapping[Lever, str]
) -> Resolved:
    semantic = None if table is None else table.chosen
    others: dict[Lever, str] = {
        lever: why for lever, why in not_applied.items() if lever != "semantic_cache"
    }
    if table is not None and table.not_applied is not None:
        others["semantic_cache"] = table.not_applied
    inputs = resolved.inputs
    return replace(
        resolved,
        settings=replace(resolved.settings, semantic=semantic),
        declared=declared_levers(inputs.scenario, inputs.demand, semantic, others),
        cache=table,
    )


def _no_items(baseline: Baseline) -> str:
    return (
        f"{model_name(baseline)} is priced by the request, and what a call with several items "
        "would cost there is not known"
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

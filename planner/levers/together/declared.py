"""The levers a scenario declares, in the order they are applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from planner.demand.types import Demand
from planner.levers.cache import ThresholdRates
from planner.levers.tokens.compression import assumed_compression
from planner.money import usd_text
from planner.scenario.levers import Basis, Compression, MultiItem, Route
from planner.scenario.model import Scenario

__all__ = ["ORDER", "Declared", "Lever", "declared_levers", "reduction_share"]

Lever = Literal[
    "route",
    "compress",
    "exact_cache",
    "semantic_cache",
    "prompt_cache",
    "batch",
    "multi_item",
]
# What changes the price of a request first, then what takes requests away, then what changes how
# the rest is bought. Measuring comes before all of them, self-hosting after.
ORDER: tuple[Lever, ...] = (
    "route",
    "compress",
    "exact_cache",
    "semantic_cache",
    "prompt_cache",
    "batch",
    "multi_item",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A lever with its setting in words and where that comes from.

    ``counts`` is False for an assumed one: it is shown, and no recommendation depends on it.
    ``not_applied`` is the reason why it is left out, saving and costing nothing.
    """

    lever: Lever
    basis: Basis
    setting: str
    source: str
    not_applied: str | None = None

    @property
    def assumed(self) -> bool:
        """Whether its setting was neither measured nor documented."""
        return self.basis == "assumed"

    @property
    def counts(self) -> bool:
        """Whether `recommend` includes it."""
        return not self.assumed and self.not_applied is None

    @property
    def mark(self) -> str:
        """The legend's mark for an assumed figure."""
        return "?" if self.assumed else ""


def declared_levers(
    scenario: Scenario,
    demand: Demand,
    semantic: ThresholdRates | None,
    not_applied: Mapping[Lever, str],
) -> tuple[Declared, ...]:
    """All of them in ``ORDER``; ``semantic`` is the threshold in use, ``not_applied`` the levers
    that are left out, with the reason.
    """
    return tuple(
        each
        if each.lever not in not_applied
        else replace(
            each,
            setting=f"not applied: {not_applied[each.lever]}",
            not_applied=not_applied[each.lever],
        )
        for each in _found(scenario, demand, semantic)
    )


def _found(
    scenario: Scenario, demand: Demand, semantic: ThresholdRates | None
) -> Iterator[Declared]:
    given = scenario.levers
    if given is not None and given.route is not None:
        yield _declared("route", given.route.basis, route_words(given.route), given.route.source)
    if given is not None and given.compress is not None:
        yield _compression(given.compress)
    if given is not None and given.exact_cache is not None:
        exact = given.exact_cache
        yield _declared(
            "exact_cache", exact.basis, f"{_pct(exact.hit_rate)} exact hits", exact.source
        )
    if given is not None and given.semantic_cache is not None:
        cache = given.semantic_cache
        words = ""
        if semantic is not None:
            words = f"{_pct(semantic.hit_rate)} hits at similarity {semantic.threshold:f}"
        yield _declared("semantic_cache", cache.basis, words, cache.source)
    if demand.shared_prefix is not None:
        prefix = demand.shared_prefix
        words = f"prefix of {prefix.tokens:,.0f} tokens kept for {prefix.ttl_s} s"
        yield _declared("prompt_cache", "documented", words, _workload(scenario, "shared_prefix"))
    if demand.deferrable_share:
        share = f"{_pct(demand.deferrable_share)} of the requests may wait"
        yield _declared("batch", "documented", share, _workload(scenario, "deferrable_share"))
    if given is not None and given.multi_item is not None and demand.deferrable_share:
        multi = given.multi_item
        yield _declared("multi_item", multi.basis, _multi_item(multi), multi.source)


def _declared(lever: Lever, basis: Basis, setting: str, source: str) -> Declared:
    return Declared(lever=lever, basis=basis, setting=setting, source=source)


def _workload(scenario: Scenario, field: str) -> str:
    return scenario.workload.source or f"workload.{field} of the scenario"


def route_words(route: Route) -> str:
    """``60 % gpt-4o-mini, 40 % gpt-4o``, and for a cascade that it is one."""
    parts = ", ".join(
        f"{_pct(each.answered_share)} {each.name or each.model}" for each in route.models
    )
    return f"cascade: {parts}" if route.kind == "cascade" else parts


def _compression(compress: Compression) -> Declared:
    share = reduction_share(compress)
    what = {"all": "input tokens", "prefix": "shared prefix", "rest": "input after the prefix"}
    words = f"{_pct(share)} of the {what[compress.acts_on]} taken away"
    source = compress.source
    if compress.reduction_share is None:
        source = f"{source}; {assumed_compression().source}"
    return _declared("compress", compress.basis, words, source)


def reduction_share(compress: Compression) -> Decimal:
    """Share of the tokens taken away: as given, else the middle of the assumed range."""
    if compress.reduction_share is not None:
        return compress.reduction_share
    return assumed_compression().expected_share


def _multi_item(multi: MultiItem) -> str:
    size = "the cheapest number of" if multi.items_per_call is None else str(multi.items_per_call)
    return f"{size} deferrable requests in one call"


def _pct(share: Decimal) -> str:
    return (
        f"{usd_text(share * 100)} %"
        if share * 100 == round(share * 100, 1)
        else (f"{round(share * 100, 1)} %")
    )

"""Rules over several fields of ``levers``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from planner.scenario.given import Given, Rule
from planner.scenario.scalars import shown
from planner.scenario.shape import did_you_mean
from planner.scenario.yaml_marks import Finding, Path

__all__ = ["LEVER_RULES"]

# A call that comes back whole once in a thousand tries is a typing error.
_RARELY = Decimal("0.001")
_MOST_FAILURES = Decimal("0.5")


def _route_models(scenario: Given) -> Iterator[Finding]:
    for model in scenario.sections("levers", "route", "models"):
        named = [key for key in ("provider", "model") if model.has(key)]
        if model.has("usd_per_request") and named:
            yield model.find("is priced by hand and by `provider`; keep one of the two")
        elif not model.has("usd_per_request") and len(named) < 2:
            yield model.find("needs `provider` and `model`, or `usd_per_request` and `name`")
        elif model.has("usd_per_request") and not model.has("name"):
            yield model.find("needs a `name`: a price by hand names no model")
        if scenario.has("quality") and not model.has("quality"):
            yield model.find(
                "has no `quality`, which the floor of `quality.floor` is compared with; "
                "add `quality: {score: …, source: …}`"
            )


def _route_shares(scenario: Given) -> Iterator[Finding]:
    models = scenario.sections("levers", "route", "models")
    shares = [model.number("answered_share") for model in models]
    known = [Decimal(share) for share in shares if share is not None]
    if models and len(known) == len(models) and sum(known) != 1:
        yield scenario.find(
            f"answered shares add up to {sum(known)}, not to 1; every request is answered by "
            "one model",
            "levers",
            "route",
            "models",
        )


def _route_names(scenario: Given) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for model in scenario.sections("levers", "route", "models"):
        name = model.text("name") or f"{model.text('provider')}/{model.text('model')}"
        if name in first:
            yield model.find(f"is called {shown(name)} like another model; add a `name`")
        first.setdefault(name, model.path)


def _baseline(scenario: Given) -> Iterator[Finding]:
    levers = scenario.section("levers")
    names = _api_names(scenario)
    given = levers.text("baseline")
    if given is not None and given not in names:
        near = did_you_mean(given, names) or f"; there are {', '.join(sorted(names)) or 'none'}"
        yield levers.find(f"{shown(given)} is the name of no API option{near}", "baseline")
    if levers.has("route") and not levers.has("baseline") and len(names) != 1:
        yield levers.find(
            f"`route` needs a `baseline`: there are {len(names)} API options, and savings are "
            "against one of them",
            "route",
        )


def _api_names(scenario: Given) -> set[str]:
    names = {
        option.text("name") or f"{option.text('provider')}/{option.text('model')}"
        for option in scenario.sections("options", "api")
    }
    for option in scenario.sections("options", "manual"):
        name = option.text("name")
        if name is not None and (option.text("arm") or "").startswith("api_"):
            names.add(name)
    return names


def _hit_rates(scenario: Given) -> Iterator[Finding]:
    levers = scenario.section("levers")
    semantic = levers.sections("semantic_cache", "thresholds")
    for cache in (levers.section("exact_cache"), *semantic):
        if cache.number("hit_rate") == 1:
            yield cache.find("is 1: a cache that answers everything leaves nothing", "hit_rate")


def _compression(scenario: Given) -> Iterator[Finding]:
    compress = scenario.section("levers", "compress")
    if not compress.is_mapping():
        return
    if compress.number("reduction_share") == 1:
        yield compress.find("is 1: nothing would be left of the prompt", "reduction_share")
    if not compress.has("reduction_share") and compress.text("basis") not in (None, "assumed"):
        yield compress.find(
            "says how much is known, but `reduction_share` is missing; add it, or write "
            "`basis: assumed`",
            "basis",
        )
    acts_on = compress.text("acts_on")
    if acts_on == "prefix" and not scenario.has("workload", "shared_prefix"):
        yield compress.find("is prefix, but no `workload.shared_prefix` is given", "acts_on")


def _semantic_cache(scenario: Given) -> Iterator[Finding]:
    cache = scenario.section("levers", "semantic_cache")
    if not cache.is_mapping():
        return
    if cache.has("thresholds") == cache.has("pairs"):
        got = "both" if cache.has("pairs") else "none"
        yield cache.find(f"give exactly one of `thresholds` and `pairs`; got {got}")
    if cache.has("thresholds") and not cache.has("false_hit_basis"):
        yield cache.find(
            "`false_hit_basis` missing: wrong answers among `hits`, or among all `queries`?"
        )
    low, high = cache.number("lookup_ms", "low"), cache.number("lookup_ms", "high")
    if low is not None and high is not None and low > high:
        yield cache.find(f"low {low} is above high {high}; swap them", "lookup_ms")
    yield from _thresholds(cache)


def _thresholds(cache: Given) -> Iterator[Finding]:
    rows = cache.sections("thresholds")
    levels: list[Decimal | int] = []
    for row in rows:
        level = row.number("threshold")
        if level is not None and level in levels:
            yield row.find(f"{level} is there twice; keep one of the rows", "threshold")
        if level is not None:
            levels.append(level)
        pairs, wrong = row.number("sample_pairs"), row.number("sample_wrong")
        if row.has("sample_pairs") != row.has("sample_wrong"):
            yield row.find("`sample_pairs` and `sample_wrong` go together; give both or neither")
        elif pairs is not None and wrong is not None and wrong > pairs:
            yield row.find(f"{wrong} wrong of {pairs} pairs cannot be", "sample_wrong")
        hit, false = row.number("hit_rate"), row.number("false_hit_rate")
        by_query = cache.text("false_hit_basis") == "queries"
        if by_query and hit is not None and false is not None and false > hit:
            yield row.find(
                f"{false} of all queries is more than the {hit} that are hits", "false_hit_rate"
            )
    chosen = cache.number("threshold")
    if levels and chosen is not None and chosen not in levels:
        yield cache.find(
            f"{chosen} has no row under `thresholds`; there are "
            f"{', '.join(str(level) for level in sorted(levels))}",
            "threshold",
        )


def _multi_item(scenario: Given) -> Iterator[Finding]:
    multi = scenario.section("levers", "multi_item")
    if not multi.is_mapping():
        return
    fails = multi.number("item_failure_share")
    if fails is not None and fails > _MOST_FAILURES:
        yield multi.find(
            f"is {fails}: a model that fails at more than half of them is no use for it; "
            "0.01 means 1 %",
            "item_failure_share",
        )
    if not scenario.has("workload", "deferrable_share"):
        yield multi.find(
            "needs `workload.deferrable_share`: a request that is waited for cannot be held "
            "back for others"
        )
    per_call, most = multi.number("items_per_call"), multi.number("max_items_per_call")
    if per_call is not None and fails is not None and fails <= _MOST_FAILURES:
        works = (1 - Decimal(fails)) ** int(per_call)
        if works < _RARELY and multi.text("retry") != "item":
            yield multi.find(
                f"is {per_call}: with {fails} of items failing hardly a call comes back whole; "
                "lower it, or write `retry: item`",
                "items_per_call",
            )
    if per_call is not None and most is not None and per_call > most:
        yield multi.find(f"is {per_call}, above `max_items_per_call` {most}", "items_per_call")


LEVER_RULES: tuple[Rule, ...] = (
    _route_models,
    _route_shares,
    _route_names,
    _baseline,
    _hit_rates,
    _compression,
    _semantic_cache,
    _multi_item,
)

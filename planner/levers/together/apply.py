"""The waterfall of a baseline, and every option of a scenario with the levers that count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from planner.costs.hourly_terms import HourlyTerm
from planner.costs.hybrid_terms import HybridTerm
from planner.costs.inputs import PricingInputs, stack_prices
from planner.costs.months import Months
from planner.costs.options import price_options
from planner.costs.stack import gateway_lines_of_route
from planner.costs.terms import PerInstance
from planner.costs.tokens import min_cacheable_prefix_tokens
from planner.costs.types import CostLine, Option
from planner.levers.together.declared import ORDER, Lever
from planner.levers.together.dilution import (
    diluted,
    diluted_base,
    diluted_fleet,
    diluted_purchases,
)
from planner.levers.together.lever_costs import lever_cost_lines
from planner.levers.together.pricing import Baseline, LinesByMonth, mean_monthly_usd
from planner.levers.together.request_price import model_name
from planner.levers.together.resolve import (
    Resolved,
    api_baselines,
    counting,
    resolve_levers,
)
from planner.levers.together.stream import compressed, passing_share, thinned
from planner.levers.together.waterfall import Waterfall, ordered_savings, waterfall
from planner.money import usd_text

__all__ = [
    "applied_to",
    "interactions",
    "lever_savings",
    "lever_waterfall",
    "price_with_levers",
    "without_levers",
]

# Engines read less of a prompt whoever asked for it; what changes the provider's price does not
# exist there, and what a scenario says about waiting and prefixes is in the sizing already.
_EVERYWHERE: frozenset[Lever] = frozenset(("compress", "exact_cache", "semantic_cache"))
_IN_SIZING: frozenset[Lever] = frozenset(("prompt_cache", "batch"))


def lever_waterfall(resolved: Resolved, only: frozenset[Lever] | None = None) -> Waterfall:
    """Mean month of the baseline, from no lever to all declared ones (or those of ``only``).

    ``resolved`` has a baseline. Costs hold tokens and what the levers themselves cost.
    """
    return waterfall(_order(resolved, only), _cost_of(resolved))


def lever_savings(resolved: Resolved, only: frozenset[Lever] | None = None) -> dict[Lever, Decimal]:
    """What each lever saves in order, as in the waterfall; ``resolved`` has a baseline."""
    return ordered_savings(_order(resolved, only), _cost_of(resolved))


def _order(resolved: Resolved, only: frozenset[Lever] | None) -> list[Lever]:
    given = [each.lever for each in resolved.declared]
    order: list[Lever] = [lever for lever in ORDER if lever in given]
    return order if only is None else [lever for lever in order if lever in only]


def _cost_of(resolved: Resolved) -> Callable[[frozenset[Lever]], Decimal]:
    """The mean month of the baseline with a set of levers."""
    baseline, pricing = resolved.baseline, resolved.pricing
    assert baseline is not None

    def cost(levers: frozenset[Lever]) -> Decimal:
        tokens = mean_monthly_usd(pricing.token_lines(baseline, levers), resolved.inputs)
        own = lever_cost_lines(resolved.inputs, resolved.settings, levers)
        more = mean_monthly_usd(lambda month: own, resolved.inputs)
        assert tokens is not None and more is not None
        return tokens + more

    return cost


def interactions(resolved: Resolved, levers: frozenset[Lever]) -> tuple[str, ...]:
    """How these levers act on each other here, in sentences."""
    return tuple(_interactions(resolved, levers))


def _interactions(resolved: Resolved, levers: frozenset[Lever]) -> Iterator[str]:
    demand, settings = resolved.inputs.demand, resolved.settings
    prefix, least = demand.shared_prefix, min_cacheable_prefix_tokens()
    if {"compress", "prompt_cache"} <= levers and prefix is not None:
        after = compressed(demand, settings, levers).shared_prefix
        if after is not None and after.tokens < least <= prefix.tokens:
            yield (
                f"compression shortens the shared prefix from {prefix.tokens:,.0f} to "
                f"{after.tokens:,.0f} tokens, below the {least:,.0f} that providers "
                "cache: prompt caching saves nothing any more"
            )
    if "route" in levers and len(levers) > 1:
        yield "routing changes the price that every later lever acts on"
    if "exact_cache" in levers or ("semantic_cache" in levers and settings.semantic is not None):
        left = passing_share(settings, levers)
        yield (
            f"{100 * left:.1f} % of the requests reach a model: what stands behind the "
            "caches acts on those only"
        )
    if "semantic_cache" in levers and settings.semantic is not None:
        wrong = _wrong_answers(resolved, levers)
        yield (
            f"a semantic hit takes away input and output and can be wrong: "
            f"{wrong:,.0f} wrong answers a month are priced inside its saving"
        )
    if "batch" in levers or "multi_item" in levers:
        waits = usd_text(100 * demand.deferrable_share)
        yield f"batch acts on the {waits} % of requests that may wait, never on interactive ones"
    if {"batch", "prompt_cache"} <= levers:
        yield "requests at the batch price use no prompt caching; the cheaper of the two is taken"


def _wrong_answers(resolved: Resolved, levers: frozenset[Lever]) -> Decimal:
    looked_up = resolved.inputs.months.mean_requests * passing_share(
        resolved.settings, levers & {"exact_cache"}
    )
    rates = resolved.settings.semantic
    return Decimal(0) if rates is None else looked_up * rates.wrong_per_query


# --- Every option ------------------------------------------------------------------------------


def without_levers(resolved: Resolved) -> tuple[Option, ...]:
    """Options without any lever: no cache, no prompt caching, no batch price.

    Self-hosted ones are among them only where a lever of the `levers` section acts on them: what
    may wait and what is shared are part of how they are sized, and sizing takes long.
    """
    inputs = resolved.inputs
    scenario = inputs.scenario
    if not resolved.counted & _EVERYWHERE:
        # A hybrid is sized like what it stands on.
        options = scenario.options.model_copy(update={"selfhost": [], "hybrid": []})
        scenario = scenario.model_copy(update={"options": options})
    demand = replace(inputs.demand, shared_prefix=None, deferrable_share=Decimal(0))
    found = price_options(replace(inputs, demand=demand, scenario=scenario))
    if resolved.counted & _EVERYWHERE:
        return found
    return tuple(option for option in found if option.is_api)


def price_with_levers(inputs: PricingInputs) -> tuple[Option, ...]:
    """Every option with the levers that count, restated over all requests of the scenario.

    Without a `levers` section these are the options as they are: prompt caching and batch prices
    follow from the workload.
    """
    if inputs.scenario.levers is None:
        return price_options(inputs)
    resolved = counting(resolve_levers(inputs))
    levers = resolved.counted
    if levers <= _IN_SIZING:
        return price_options(inputs)
    options = price_options(_residual(resolved, levers))
    apis = {model_name(each): each for each in api_baselines(inputs.scenario)}
    return tuple(
        _api(option, apis[option.name], resolved)
        if option.is_api
        else _restated(option, resolved, levers & _EVERYWHERE)
        for option in options
    )


def applied_to(option: Option, resolved: Resolved) -> tuple[Lever, ...]:
    """The levers that count and act on an option, in order."""
    levers = resolved.counted
    if not option.is_api:
        levers &= _EVERYWHERE | _IN_SIZING
    elif resolved.baseline is None or option.name != model_name(resolved.baseline):
        levers -= {"route"}
    return tuple(lever for lever in ORDER if lever in levers)


def _residual(resolved: Resolved, levers: frozenset[Lever]) -> PricingInputs:
    """The stream behind compression and caches, which hardware is sized for."""
    inputs = resolved.inputs
    share = passing_share(resolved.settings, levers)
    demand = thinned(compressed(inputs.demand, resolved.settings, levers), share)
    months = Months(
        priced_on=inputs.months.priced_on,
        requests=tuple(requests * share for requests in inputs.months.requests),
    )
    return replace(inputs, demand=demand, months=months)


def _api(option: Option, baseline: Baseline, resolved: Resolved) -> Option:
    """Token lines under the levers; the stack in front still sees every request."""
    levers = frozenset(applied_to(option, resolved))
    tokens = resolved.pricing.token_lines(baseline, levers)
    own = lever_cost_lines(resolved.inputs, resolved.settings, levers)
    gateway = _gateway_of_route(option, resolved) if "route" in levers else ()
    changed = replace(
        option,
        lines_in_month=_api_lines(option, tokens, own, gateway),
        reaching_share=passing_share(resolved.settings, levers),
    )
    return _routed(changed, resolved) if "route" in levers else changed


def _gateway_of_route(option: Option, resolved: Resolved) -> tuple[CostLine, ...]:
    """What the gateway has for each model and provider of a route, in place of one of each.

    A cascade is no route that our gateway could take.
    """
    route = resolved.settings.given.route
    inputs = resolved.inputs
    is_ours = option.kind == "api_gateway" and inputs.scenario.tco.infrastructure.mode == "add"
    if route is None or route.kind != "route" or not is_ours:
        return ()
    named = {(each.provider, each.model) for each in route.models}
    if any(provider is None for provider, _ in named):
        return ()
    return gateway_lines_of_route(
        stack_prices(inputs, inputs.scenario.region),
        models=len(named),
        providers=len({provider for provider, _ in named}),
    )


def _api_lines(
    option: Option,
    tokens: LinesByMonth,
    own: tuple[CostLine, ...],
    instead: tuple[CostLine, ...],
) -> LinesByMonth:
    """``instead`` take the place of the lines of the same name."""
    known: dict[tuple[int, int], tuple[CostLine, ...]] = {}
    by_name = {line.name: line for line in instead}

    def of_month(month: int) -> tuple[CostLine, ...]:
        used, before = tokens(month), option.lines_in_month(month)
        key = (id(used), id(before))
        if key not in known:
            around = (
                by_name.get(line.name, line) for line in before if line.category != "api_usage"
            )
            known[key] = (*used, *around, *own)
        return known[key]

    return of_month


def _routed(option: Option, resolved: Resolved) -> Option:
    """Quality as the mix; below the floor the routed option is out."""
    route = resolved.settings.given.route
    assert route is not None
    scores = [None if m.quality is None else m.quality.score for m in route.models]
    if any(score is None for score in scores):
        return option
    quality = sum(
        (m.answered_share * m.quality.score for m in route.models if m.quality is not None),
        Decimal(0),
    )
    floor = resolved.inputs.scenario.quality
    reason = option.reason
    if floor is not None and quality < floor.floor:
        reason = f"quality {usd_text(quality)} of the route < floor {floor.floor} ({floor.metric})"
    return replace(
        option, quality_score=quality, feasible=option.feasible and reason is None, reason=reason
    )


def _restated(option: Option, resolved: Resolved, levers: frozenset[Lever]) -> Option:
    """An option sized for the residual stream, over all requests.

    Instances and tokens follow what reaches the model; network, logs and the gateway see all.
    """
    share = passing_share(resolved.settings, levers)
    own = lever_cost_lines(resolved.inputs, resolved.settings, levers)

    def restated(each: Option) -> Option:
        known: dict[int, tuple[CostLine, ...]] = {}

        def of_month(month: int) -> tuple[CostLine, ...]:
            before = each.lines_in_month(month)
            if id(before) not in known:
                known[id(before)] = (*_diluted(before, share), *own) if before else before
            return known[id(before)]

        fleet = None if each.fleet is None else diluted_fleet(each.fleet, share)
        hourly, hybrid = each.hourly, each.hybrid
        if hourly is not None:
            hourly = replace(hourly, peak=diluted_fleet(hourly.peak, share))
        if hybrid is not None:
            hybrid = diluted_base(hybrid, share)
        return replace(
            each,
            lines_in_month=of_month,
            fleet=fleet,
            hourly=hourly,
            hybrid=hybrid,
            purchases=diluted_purchases(each.purchases, share),
            reaching_share=share,
        )

    hardware = tuple(restated(each) for each in option.hardware)
    return replace(restated(option), hardware=hardware)


def _diluted(lines: Sequence[CostLine], share: Decimal) -> Iterator[CostLine]:
    for line in lines:
        sized = isinstance(line.term, PerInstance | HourlyTerm | HybridTerm)
        follows = sized or line.driver in ("api_price", "gpu_price")
        yield diluted(line, share) if follows else line

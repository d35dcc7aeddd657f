"""The parts of a plan that its deployment is configured from: engine, weights, API models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from planner.catalog.api_ref import api_ref
from planner.catalog.types import LlmQuote, LlmRate
from planner.costs import Option
from planner.decision.recommendation import Evaluated, Recommendation
from planner.demand import Demand
from planner.levers.together.pricing import route_ref
from planner.money import usd_text
from planner.scenario.levers import RouteModel
from planner.scenario.options import ApiOption, SelfHostOption

__all__ = ["deployment_parts"]

Json = Mapping[str, Any]


def deployment_parts(recommendation: Recommendation, evaluated: Evaluated) -> Json:
    """``engine`` where the option serves a model itself, ``api`` where it asks one."""
    option = evaluated.option
    found: dict[str, Any] = {}
    if not option.feasible:
        return found
    selfhost = _selfhost_of(recommendation, option)
    if selfhost is not None:
        weights = selfhost.weights
        found["engine"] = {
            "gpu_memory_utilization": usd_text(Decimal(selfhost.limits.gpu_memory_utilization)),
            "weights": None if weights is None else weights.model_dump(exclude_none=True),
            "cold_start_s": None if selfhost.cold_start_s is None else str(selfhost.cold_start_s),
        }
    models = list(_api_models(recommendation, option))
    if models:
        found["api"] = models
    return found


def _selfhost_of(recommendation: Recommendation, option: Option) -> SelfHostOption | None:
    """The scenario's option behind a priced one, whose name begins with its name or model."""
    if option.serving is None:
        return None
    known = recommendation.scenario.options.selfhost
    same = [each for each in known if each.model == option.serving.model_id]
    named = [each for each in same if each.name and option.name.startswith(each.name)]
    return next(iter([*named, *same]), None)


def _api_models(recommendation: Recommendation, option: Option) -> Iterator[Json]:
    """The models that requests go to at an API, dearest first, with the share of each.

    A cascade and models priced by hand are no routes that a gateway could take.
    """
    scenario = recommendation.scenario
    name = option.overflow if option.hybrid is not None else option.name
    given = next(
        (each for each in scenario.options.api if name == _name(each)),
        None,
    )
    if given is None or given.custom_model_import is not None:
        return
    levers = scenario.levers
    route = None if levers is None else levers.route
    of_route = [] if route is None or route.kind != "route" else list(route.models)
    applies = levers is None or levers.baseline in (None, _name(given))
    if not of_route or not applies or any(m.provider is None or m.model is None for m in of_route):
        yield from _of_model(recommendation, given, Decimal(1))
        return
    priced = [
        found for each in of_route for found in _of_model(recommendation, each, each.answered_share)
    ]
    priced.sort(key=lambda found: Decimal(found["usd_per_1m_output_tokens"]), reverse=True)
    yield from _with_lengths(priced, recommendation.demand)


def _name(option: ApiOption | RouteModel) -> str:
    return option.name or f"{option.provider}/{option.model}"


def _of_model(
    recommendation: Recommendation,
    model: ApiOption | RouteModel,
    share: Decimal,
) -> Iterator[Json]:
    """Nothing where a rate is not known: what cannot be metered cannot be capped."""
    region = recommendation.scenario.region
    ref = api_ref(model, region) if isinstance(model, ApiOption) else route_ref(model, region)
    first_day = recommendation.months.priced_on[0]
    quotes = recommendation.catalog.llm_hourly_quotes(ref, first_day, "standard")
    if quotes is None:
        return
    longest = recommendation.demand.input_tokens.mean
    yield {
        "name": _name(model),
        "provider": ref.provider,
        "model": ref.model,
        "resolved_model": quotes[0].resolved_id,
        "region": ref.region,
        "share": usd_text(Decimal(share)),
        "most_input_tokens": None,
        "usd_per_1m_input_tokens": _dearest([q.input for q in quotes], longest),
        "usd_per_1m_cached_tokens": _cached(quotes, longest),
        "usd_per_1m_output_tokens": _dearest([q.output for q in quotes], longest),
    }


def _cached(quotes: Sequence[LlmQuote], input_tokens: Decimal) -> str | None:
    rates = [quote.cache_read for quote in quotes if quote.cache_read is not None]
    return _dearest(rates, input_tokens) if len(rates) == len(quotes) else None


def _dearest(rates: Sequence[LlmRate], input_tokens: Decimal) -> str:
    """The dearest hour's rate in the tier of a request with this input."""
    return usd_text(
        max(
            next(
                tier.usd_per_1m_tokens
                for tier in reversed(rate)
                if tier.above_input_tokens < input_tokens
            )
            for rate in rates
        )
    )


def _with_lengths(models: Sequence[Json], demand: Demand) -> Iterator[Json]:
    """The cheaper models take the shorter prompts, so many that each gets its share."""
    taken = Decimal(0)
    limits: list[int | None] = []
    for model in reversed(models):
        taken += Decimal(model["share"])
        limits.append(None if taken >= 1 else _input_at(demand, taken))
    for model, limit in zip(models, reversed(limits), strict=True):
        yield {**model, "most_input_tokens": limit}


def _input_at(demand: Demand, share: Decimal) -> int:
    """Input tokens that this share of the requests stays within."""
    seen = Decimal(0)
    ordered = sorted(demand.buckets, key=lambda bucket: bucket.input_tokens)
    for bucket in ordered:
        seen += bucket.share
        if seen >= share:
            return int(bucket.input_tokens)
    return int(ordered[-1].input_tokens)

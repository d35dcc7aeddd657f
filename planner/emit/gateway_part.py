"""The ``gateway`` and ``bedrock`` parts of a serving plan: models, their prices, caps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, cast

from planner.costs.quantities import number, quantities
from planner.emit.facts import fact
from planner.emit.reading import Json, Read
from planner.emit.serving_plan import BedrockModel, GatewayPart, GatewayProvider, GatewayRoute
from planner.errors import InputError
from planner.money import CENT, ZERO, usd_text

__all__ = ["SELFHOST", "bedrock_part", "gateway_part"]

# The provider that stands for the stack's own GPUs; the program knows its address.
SELFHOST = "selfhost"
_MIB_PER_GB = 1024
_HOURS_PER_DAY = 24


def gateway_part(read: Read) -> GatewayPart:
    """Providers, routes, caps; InputError for a model that cannot be metered."""
    routes = _routes(read)
    demand = read.demand
    function = quantities()["api_gateway"]["function"]
    seconds = number(function["seconds_before_first_token"]["value"]) + number(
        function["seconds_per_output_token"]["value"]
    ) * Decimal(demand["output_tokens_mean"])
    month = _cap_month_usd(read)
    return GatewayPart(
        providers=_providers(routes),
        routes=routes,
        peak_rps=f"{float(demand['peak_rps']) * float(read.growth):.6g}",
        mean_request_s=f"{seconds:.6g}",
        memory_mb=int(number(function["memory_gb"]["value"]) * _MIB_PER_GB),
        cap_month_usd=month,
        cap_day_usd=min(_cap_day_usd(read), month),
        max_output_tokens=_max_output_tokens(read),
        exact_cache_ttl_s=_exact_cache_ttl_s(read),
        selfhost_in_flight_per_replica=_in_flight_per_replica(read),
        in_vpc=read.kind == "hybrid",
    )


def bedrock_part(read: Read) -> tuple[BedrockModel, ...]:
    """The Bedrock models of the plan; InputError for own weights, which have no token price."""
    models = _api_models(read)
    return tuple(
        BedrockModel(
            model=each["model"],
            usd_per_1m_input_tokens=each["usd_per_1m_input_tokens"],
            usd_per_1m_output_tokens=each["usd_per_1m_output_tokens"],
        )
        for each in models
    )


def _api_models(read: Read) -> Sequence[Json]:
    models = cast("Sequence[Json]", read.chosen.get("api", ()))
    if not models:
        raise InputError(
            f"{read.chosen['name']} has no price for each token, so its use can be neither metered "
            "nor capped; choose another arm with --arm"
        )
    return models


def _routes(read: Read) -> tuple[GatewayRoute, ...]:
    """In order of preference: own GPUs first, then the dearest model first."""
    models = _api_models(read)
    hybrid = cast("Mapping[str, Any] | None", read.chosen.get("hybrid"))
    if hybrid is None:
        return tuple(_route(each, Decimal(1)) for each in models)
    overflow = Decimal(str(hybrid["overflow_share"]))
    own = GatewayRoute(
        name=SELFHOST,
        provider=SELFHOST,
        model=read.chosen["serving"]["model"],
        # Paid by the hour, so a token costs nothing more.
        usd_per_1m_input_tokens=ZERO,
        usd_per_1m_output_tokens=ZERO,
        planned_share=usd_text(1 - overflow),
    )
    return (own, *(_route(each, overflow) for each in models))


def _route(model: Json, of: Decimal) -> GatewayRoute:
    return GatewayRoute(
        name=model["name"],
        provider=model["provider"],
        model=model["model"],
        usd_per_1m_input_tokens=model["usd_per_1m_input_tokens"],
        usd_per_1m_cached_tokens=model["usd_per_1m_cached_tokens"],
        usd_per_1m_output_tokens=model["usd_per_1m_output_tokens"],
        planned_share=usd_text(Decimal(model["share"]) * of),
        most_input_tokens=model["most_input_tokens"],
    )


def _providers(routes: Sequence[GatewayRoute]) -> tuple[GatewayProvider, ...]:
    known = _base_urls()
    found: dict[str, GatewayProvider] = {}
    for route in routes:
        if route.provider != SELFHOST and route.provider not in known:
            raise InputError(
                f"no OpenAI-shaped endpoint of {route.provider} is known to the gateway; it knows "
                f"{', '.join(sorted(known))}"
            )
        url = "" if route.provider == SELFHOST else known[route.provider]
        found[route.provider] = GatewayProvider(id=route.provider, base_url=url)
    return tuple(found.values())


@cache
def _base_urls() -> Mapping[str, str]:
    import yaml

    text = files("planner.costs").joinpath("data/gateway_providers.yaml").read_text("utf-8")
    providers = cast("Mapping[str, Mapping[str, str]]", yaml.safe_load(text)["providers"])
    return {name: each["base_url"] for name, each in providers.items()}


def _cap_month_usd(read: Read) -> Decimal:
    """The scenario's budget, else the dearest month's tokens with the same headroom as budgets."""
    budget = read.budget.get("monthly_usd")
    if budget is not None:
        return _up(Decimal(budget))
    dearest = max(Decimal(month["provider_billed_usd"]) for month in read.months)
    return _up(dearest * Decimal(read.budget["headroom_ratio"]))


def _cap_day_usd(read: Read) -> Decimal:
    """Of the dearest 24 hours of the week, in the busiest month."""
    hours = [Decimal(usd) for usd in read.spend["api_usage_hourly_usd_utc"]]
    around = [*hours, *hours]
    dearest = max(sum(around[first : first + _HOURS_PER_DAY], ZERO) for first in range(len(hours)))
    return _up(dearest * read.growth * Decimal(str(fact("gateway", "day_cap_ratio"))))


def _up(value: Decimal) -> Decimal:
    """To the cent above; a cap of 0 would refuse everything."""
    return max(value.quantize(CENT, rounding=ROUND_UP), CENT)


def _max_output_tokens(read: Read) -> int:
    step = fact("gateway", "output_cap_step")
    wanted = float(read.demand["output_tokens_p99"]) * fact("gateway", "output_cap_ratio")
    steps = math.ceil(max(wanted, fact("gateway", "output_cap_least")) / step)
    return int(steps * step)


def _in_flight_per_replica(read: Read) -> int | None:
    """Requests a replica of a hybrid holds at its capacity, and two standard deviations of them,
    since they come at random; None where nothing is known of its step times."""
    serving = cast("Json", read.chosen.get("serving") or {})
    together = serving.get("sequences_decoded_together")
    if read.kind != "hybrid" or together is None:
        return None
    mean = float(together)
    # What is above the engine's own limit would wait in its queue.
    return min(max(1, math.ceil(mean + 2 * math.sqrt(mean))), int(serving["max_num_seqs"]))


def _exact_cache_ttl_s(read: Read) -> int | None:
    """Only where the scenario counts on an exact cache."""
    given = read.section("levers").get("exact_cache") is not None
    return int(fact("gateway", "exact_cache_ttl_s")) if given else None

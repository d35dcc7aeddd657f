"""What each instance type serves of one model inside a service level, and its price at full use.

The candidates come from ``planner.serving.serving_options``, the fleet from
``planner.costs.fleet_for``: the same ones as in a recommendation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

from planner.catalog import Catalog, PriceRow
from planner.costs.selfhost import InstanceLimits, fleet_for
from planner.demand import Demand, capacity_needed_rps
from planner.errors import InputError
from planner.money import usd_from_float
from planner.scenario import Scenario
from planner.serving import Capacity, ServingOption, providers_with, serving_options
from planner.serving.operating import MOST_PREDICTABLE
from planner.serving.queueing import full_state
from planner.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

__all__ = ["CapacityOffer", "PriceSpread", "capacity_offers"]

# The search for the rate ends a little on either side of the limit.
_ROUNDING = 1e-6
# A price per token is a quotient with no end; 12 digits are more than any of its inputs has.
_DIGITS = Context(prec=12, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSpread:
    """USD per 1M input plus output tokens over the band of capacity; ``low`` where it is high."""

    low: Decimal
    expected: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOffer:
    """One instance type at one tensor-parallel degree.

    ``price`` is None for a type that is not to be had in the region. ``saturated_rps`` is the
    highest rate of one replica at the expected speed, whatever its latencies. ``ttft_ms`` is None
    where it cannot be predicted, with the reason in ``ttft_reason``. ``usd_per_1m_tokens`` is for
    instances that do nothing but serve at that rate: no spare, no idle hours. ``replicas`` and
    ``instances`` hold the demand's peak with its spare; None when no rate was asked for.
    """

    serving: ServingOption
    price: PriceRow | None
    saturated_rps: float | None = None
    ttft_ms: float | None = None
    ttft_reason: str | None = None
    usd_per_1m_tokens: PriceSpread | None = None
    replicas: int | None = None
    instances: int | None = None


def capacity_offers(
    scenario: Scenario,
    demand: Demand,
    catalog: Catalog,
    *,
    base_dir: Path = Path(),
    sized: bool = False,
) -> tuple[CapacityOffer, ...]:
    """All candidates of the scenario's first self-hosted option, cheapest per token first.

    Those without a price come after those with one, infeasible ones last. ``sized``: also the
    fleet for the demand. ``base_dir`` is the folder that files of the scenario are relative to.
    InputError when the model or one of those files cannot be used.
    """
    option = scenario.options.selfhost[0]
    region = option.region or scenario.region
    card = catalog.model_card(option.model, config=_below(base_dir, option.config))
    if card is None:
        raise InputError(f"no architecture is known for {option.model}: memory cannot be checked")
    found = serving_options(
        option,
        demand,
        scenario.slo,
        region,
        instances=catalog.instance_types(region),
        accelerators=catalog.accelerators,
        card=card,
        providers=providers_with(_below(base_dir, option.profiles)),
        measured=_below(base_dir, option.measured),
    )
    offers = (_offer(serving, scenario, demand, catalog, sized=sized) for serving in found)
    return _cheapest_first(offers)


def _below(base_dir: Path, name: str | None) -> Path | None:
    return None if name is None else base_dir / name


def _cheapest_first(offers: Iterable[CapacityOffer]) -> tuple[CapacityOffer, ...]:
    def place(offer: CapacityOffer) -> tuple[bool, bool, Decimal, Decimal, str, int]:
        serving, spread = offer.serving, offer.usd_per_1m_tokens
        per_hour = None if offer.price is None else offer.price.usd
        return (
            serving.capacity is None,
            spread is None,
            Decimal(0) if spread is None else spread.expected,
            # Of sizes that cost the same per GPU, the smallest.
            per_hour or Decimal(0),
            serving.instance_type,
            serving.tensor_parallel_size,
        )

    return tuple(sorted(offers, key=place))


def _offer(
    serving: ServingOption, scenario: Scenario, demand: Demand, catalog: Catalog, *, sized: bool
) -> CapacityOffer:
    """A candidate with its price, what it does at most, and the fleet when one is asked for."""
    region = scenario.options.selfhost[0].region or scenario.region
    price = None
    if serving.accelerator:
        price = catalog.instance_price(serving.instance_type, region, "on_demand")
    capacity = serving.capacity
    if capacity is None:
        return CapacityOffer(serving=serving, price=price)
    ttft_ms, ttft_reason = _ttft(capacity)
    usd_per_hour = None if price is None else price.usd
    offer = CapacityOffer(
        serving=serving,
        price=price,
        saturated_rps=_saturated_rps(capacity),
        ttft_ms=ttft_ms,
        ttft_reason=ttft_reason,
        usd_per_1m_tokens=None
        if usd_per_hour is None
        else _spread(usd_per_hour, serving.replicas_per_instance, capacity, demand),
    )
    return _sized(offer, scenario, demand, catalog) if sized else offer


def _saturated_rps(capacity: Capacity) -> float | None:
    replica = capacity.replica
    if replica is None:
        return None
    return max(full_state(replace(replica, slowdown=1.0)).rate_rps, capacity.mid_rps)


def _ttft(capacity: Capacity) -> tuple[float | None, str | None]:
    """Time to first token at the lower rate, or why it is not predicted."""
    if capacity.replica is None:
        return capacity.ttft_ms, None
    utilisation = capacity.low_rps / full_state(capacity.replica).rate_rps
    if utilisation <= MOST_PREDICTABLE + _ROUNDING:
        return capacity.ttft_ms, None
    return None, (
        f"not predicted at {100 * utilisation:.0f} % of what the engine can do; "
        f"up to {100 * MOST_PREDICTABLE:.0f} % it is"
    )


def _spread(
    usd_per_hour: Decimal, replicas: int, capacity: Capacity, demand: Demand
) -> PriceSpread:
    per_request = demand.tokens_per_request * replicas * SECONDS_PER_HOUR

    def usd(rate_rps: float) -> Decimal:
        tokens = usd_from_float(rate_rps) * per_request
        return _DIGITS.divide(usd_per_hour * TOKENS_PER_MTOK, tokens)

    return PriceSpread(
        low=usd(capacity.high_rps), expected=usd(capacity.mid_rps), high=usd(capacity.low_rps)
    )


def _sized(
    offer: CapacityOffer, scenario: Scenario, demand: Demand, catalog: Catalog
) -> CapacityOffer:
    """With the replicas and instances of the first month, spare included."""
    requests = demand.requests_per_month
    fleet = fleet_for(
        offer.serving,
        catalog.instance_type(offer.serving.instance_type),
        scenario.slo,
        InstanceLimits(max_instances=None, vcpu_quota={}),
        peak_rps_per_monthly_request=capacity_needed_rps(demand, requests) / float(requests),
        fixed_replicas=None,
    )
    if fleet is None:
        return offer
    return replace(offer, replicas=fleet.replicas(requests), instances=fleet.instances(requests))

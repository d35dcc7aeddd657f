"""A model to be hosted in a region: what its options share, however they are bought."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.confirming import Confirmer
from planner.costs.inputs import PricingInputs, stack_prices
from planner.costs.load_duration import hourly_needs, week_load, windowed
from planner.costs.people import ownership_lines
from planner.costs.quantities import number, quantities
from planner.costs.selfhost import InstanceLimits, checkpoint_gb, fleet_for
from planner.costs.stack import StackPrices, vllm_instance_lines
from planner.costs.terms import Fleet
from planner.costs.types import CostLine
from planner.scenario.model import Scenario
from planner.scenario.options import SelfHostOption
from planner.serving import providers_with, serving_options
from planner.serving.types import ServingOption
from planner.units import SECONDS_PER_HOUR

__all__ = ["Site", "cold_start_s", "extras_usd_per_hour", "needs_ahead", "site_of", "site_servings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The model, where it runs, and what limits it."""

    inputs: PricingInputs
    option: SelfHostOption
    region: str
    prices: StackPrices
    limits: InstanceLimits
    ownership: tuple[CostLine, ...]
    confirmer: Confirmer

    @property
    def scenario(self) -> Scenario:
        """The scenario it is part of."""
        return self.inputs.scenario

    @property
    def replaced(self) -> bool:
        """Whether the scenario's own items stand for everything around the instances."""
        return self.scenario.tco.infrastructure.mode == "replace"

    def fleet_of(self, serving: ServingOption) -> Fleet | None:
        """The fleet for the peak; None when a replica would serve less than a request a month."""
        return fleet_for(
            serving,
            self.inputs.catalog.instance_type(serving.instance_type),
            self.scenario.slo,
            self.limits,
            peak_rps_per_monthly_request=self.inputs.peak_rps_per_monthly_request,
            fixed_replicas=self.option.fixed_replicas,
        )


def site_of(inputs: PricingInputs, option: SelfHostOption) -> Site:
    """The place of a self-hosted option."""
    scenario = inputs.scenario
    region = option.region or scenario.region
    return Site(
        inputs=inputs,
        option=option,
        region=region,
        prices=stack_prices(inputs, region),
        limits=InstanceLimits(
            max_instances=option.max_instances or scenario.limits.max_instances,
            vcpu_quota=scenario.limits.vcpu_quota,
        ),
        ownership=ownership_lines(scenario.tco, scenario.tco.selfhost, scenario.horizon.months),
        confirmer=Confirmer(inputs),
    )


def site_servings(site: Site) -> tuple[ServingOption, ...] | str:
    """What each instance type and degree can serve; the reason when nothing can be said."""
    catalog, option = site.inputs.catalog, site.option
    base_dir = site.inputs.base_dir
    card = catalog.model_card(
        option.model, config=None if option.config is None else base_dir / option.config
    )
    if card is None:
        return f"no architecture is known for {option.model}: memory cannot be checked"
    return serving_options(
        option,
        site.inputs.demand,
        site.scenario.slo,
        site.region,
        instances=catalog.instance_types(site.region),
        accelerators=catalog.accelerators,
        card=card,
        providers=providers_with(None if option.profiles is None else base_dir / option.profiles),
        measured=None if option.measured is None else base_dir / option.measured,
    )


def extras_usd_per_hour(site: Site, serving: ServingOption) -> Decimal:
    """What comes with every instance, by the hour."""
    if site.replaced:
        return Decimal(0)
    single = Fleet(capacity_requests_per_month=Decimal(1))
    lines = vllm_instance_lines(
        site.prices,
        site.scenario.deployment,
        single,
        zones=site.scenario.slo.zones,
        weights_gb=checkpoint_gb(serving),
    )
    one = Decimal(1)
    monthly = sum((line.term.at(one) for line in lines if line.term is not None), Decimal(0))
    return monthly / site.prices.hours_per_month


def cold_start_s(option: SelfHostOption) -> Decimal:
    """From asking for an instance to its first answer."""
    if option.cold_start_s is not None:
        return option.cold_start_s
    return number(quantities()["scaling"]["cold_start_s"]["value"])


def needs_ahead(site: Site) -> tuple[float, ...]:
    """Capacity to have in each hour of the week, instances being started in time."""
    ahead = math.ceil(cold_start_s(site.option) / SECONDS_PER_HOUR)
    return windowed(hourly_needs(week_load(site.inputs.demand)), ahead)

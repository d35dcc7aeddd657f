"""A self-hosted model as options, one for each way of buying: on the cheapest hardware for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.catalog.types import PriceRow
from planner.costs.compact import compact_cost
from planner.costs.inputs import PricingInputs, below_floor, over_limit, stack_prices
from planner.costs.people import missing_categories, ownership_lines
from planner.costs.selfhost import (
    InstanceLimits,
    checkpoint_gb,
    fleet_for,
    instance_line,
    request_seconds,
    worth_pricing,
)
from planner.costs.stack import StackPrices, vllm_instance_lines, vllm_shared_lines
from planner.costs.terms import Fleet
from planner.costs.types import CostLine, Excluded, Option
from planner.scenario.economics import Slo
from planner.scenario.model import Scenario
from planner.scenario.options import Arm, SelfHostOption
from planner.scenario.provenance import Assumption
from planner.serving import serving_options
from planner.serving.types import ServingOption

__all__ = ["candidate_label", "selfhost_options"]

PURCHASE_ARMS: dict[str, Arm] = {
    "on_demand": "selfhost_ondemand",
    "ri_1y_no_upfront": "selfhost_ri_1y",
    "spot": "selfhost_spot",
}
COMMITMENT_MONTHS = {"on_demand": 0, "ri_1y_no_upfront": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A model to be hosted in a region: what its options share, however they are bought."""

    inputs: PricingInputs
    option: SelfHostOption
    region: str
    prices: StackPrices
    limits: InstanceLimits
    ownership: tuple[CostLine, ...]

    @property
    def scenario(self) -> Scenario:
        """The scenario it is part of."""
        return self.inputs.scenario


def selfhost_options(inputs: PricingInputs, option: SelfHostOption) -> tuple[Option, ...]:
    """One option for each way of buying; what the hardware can serve is worked out once."""
    scenario = inputs.scenario
    region = option.region or scenario.region
    site = _Site(
        inputs=inputs,
        option=option,
        region=region,
        prices=stack_prices(inputs, region),
        limits=InstanceLimits(
            max_instances=option.max_instances or scenario.limits.max_instances,
            vcpu_quota=scenario.limits.vcpu_quota,
        ),
        ownership=ownership_lines(scenario.tco, scenario.tco.selfhost, scenario.horizon.months),
    )
    bases = [_base(site, purchase) for purchase in option.purchase]
    if all(base.reason is not None for base in bases):
        return tuple(bases)
    candidates = _candidates(site)
    if isinstance(candidates, str):
        return tuple(replace(base, reason=base.reason or candidates) for base in bases)
    return tuple(
        base if base.reason is not None else _on_hardware(site, base, candidates) for base in bases
    )


def _base(site: _Site, purchase: str) -> Option:
    """The option before any hardware, with the reason that rules out this way of buying."""
    option, tco = site.option, site.scenario.tco
    return Option(
        arm=PURCHASE_ARMS[purchase],
        name=f"{option.name or option.model} ({purchase.replace('_', ' ')})",
        kind="vllm_gpu",
        feasible=False,
        reason=_forbidden(site, purchase),
        deployable=True,
        deployable_reason=None,
        provider_of_capacity=None,
        lines_in_month=_no_lines,
        missing=missing_categories(tco, tco.selfhost),
        purchase=purchase,
        commitment_months=COMMITMENT_MONTHS.get(purchase, 0),
        quality_score=None if option.quality is None else option.quality.score,
        resolved_model=option.model,
    )


def _no_lines(month: int) -> tuple[CostLine, ...]:
    """An option that cannot be built has nothing to pay, in any month."""
    return ()


def _forbidden(site: _Site, purchase: str) -> str | None:
    scenario, rule = site.scenario, site.scenario.limits.data_residency
    if rule is not None and site.region not in rule.allowed_regions:
        return f"data residency: {site.region} is not allowed ({rule.reason})"
    if purchase == "spot":
        if site.option.spot is None:
            return "no spot price is known: give options.selfhost[].spot with its source"
        return "spot capacity is not modelled in this version"
    term = COMMITMENT_MONTHS[purchase]
    if term > scenario.horizon.months:
        return f"its term of {term} months is longer than the horizon of {scenario.horizon.months}"
    return below_floor(scenario, site.option.quality)


def _candidates(site: _Site) -> tuple[ServingOption, ...] | str:
    """What each instance type and degree can serve; the reason when nothing can be said."""
    catalog, option = site.inputs.catalog, site.option
    card = catalog.model_card(option.model)
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
        measured=None if option.measured is None else site.inputs.base_dir / option.measured,
    )


def _on_hardware(site: _Site, base: Option, candidates: Iterable[ServingOption]) -> Option:
    """The option on the cheapest of all hardware that can serve it and has a price."""
    excluded: list[Excluded] = []
    priced: list[tuple[ServingOption, PriceRow]] = []
    for serving in candidates:
        label = candidate_label(serving)
        if serving.capacity is None:
            excluded.append(_excluded(base, label, serving.reason or "cannot serve the workload"))
            continue
        price = site.inputs.catalog.instance_price(
            serving.instance_type, site.region, base.purchase or "on_demand"
        )
        if price.usd is None:
            excluded.append(_excluded(base, label, price.reason_null or "no price"))
        else:
            priced.append((serving, price))
    if site.limits.none and priced:
        worth = worth_pricing(priced, _extras_usd_per_hour(site, priced[0][0]))
        excluded += [
            _excluded(base, candidate_label(entry[0]), "another candidate serves as much for less")
            for entry in priced
            if entry not in worth
        ]
        priced = worth
    hardware = _hardware(site, base, priced)
    return _cheapest(site.inputs, base, hardware, excluded)


def _extras_usd_per_hour(site: _Site, serving: ServingOption) -> Decimal:
    """What comes with every instance, by the hour."""
    if _replaced(site):
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


def _replaced(site: _Site) -> bool:
    """Whether the scenario's own items stand for everything around the instances."""
    return site.scenario.tco.infrastructure.mode == "replace"


def _hardware(
    site: _Site, base: Option, priced: Sequence[tuple[ServingOption, PriceRow]]
) -> list[Option]:
    """Each candidate as an option of its own; what surrounds the instances is priced once."""
    if not priced:
        return []
    largest = max(checkpoint_gb(serving) for serving, _ in priced)
    shared = ()
    if not _replaced(site):
        shared = vllm_shared_lines(
            site.prices,
            site.inputs.demand,
            site.scenario.deployment,
            zones=site.scenario.slo.zones,
            weights_gb=largest,
            request_seconds=request_seconds(site.scenario.slo, site.inputs.demand, priced[0][0]),
        )
    built = (
        _hardware_option(site, base, serving, price, (*shared, *site.ownership), largest)
        for serving, price in priced
    )
    return [option for option in built if option is not None]


def candidate_label(serving: ServingOption) -> str:
    """``g6e.12xlarge tp4``"""
    return f"{serving.instance_type} tp{serving.tensor_parallel_size}"


def _excluded(base: Option, candidate: str, reason: str) -> Excluded:
    return Excluded(option=base.name, candidate=candidate, reason=reason)


def _hardware_option(
    site: _Site,
    base: Option,
    serving: ServingOption,
    price: PriceRow,
    shared: tuple[CostLine, ...],
    weights_gb: Decimal,
) -> Option | None:
    """None when a replica would serve less than one request a month."""
    slo = site.scenario.slo
    fleet = fleet_for(
        serving,
        site.inputs.catalog.instance_type(serving.instance_type),
        slo,
        site.limits,
        peak_rps_per_monthly_request=site.inputs.peak_rps_per_monthly_request,
        fixed_replicas=site.option.fixed_replicas,
    )
    if fleet is None or serving.capacity is None:
        return None
    on_demand = site.inputs.catalog.instance_price(price.item, site.region, "on_demand")
    own = [instance_line(price, fleet, site.prices.hours_per_month, on_demand)]
    if not _replaced(site):
        own += vllm_instance_lines(
            site.prices,
            site.scenario.deployment,
            fleet,
            zones=slo.zones,
            weights_gb=weights_gb,
        )
    lines = (*own, *shared)

    def every_month(month: int) -> tuple[CostLine, ...]:
        return lines

    return replace(
        base,
        feasible=True,
        lines_in_month=every_month,
        fleet=fleet,
        serving=serving,
        provider_of_capacity=serving.capacity.provider,
        warnings=(*serving.capacity.warnings, *_shares_instance(fleet, slo, site)),
    )


def _shares_instance(fleet: Fleet, slo: Slo, site: _Site) -> tuple[str, ...]:
    """A spare on the same machine does not survive the loss of that machine."""
    needed = max(fleet.instances(requests) for requests in site.inputs.months.requests)
    if slo.redundancy == "n_plus_1" and needed == 1:
        return ("the spare replica shares the only instance; slo.redundancy zones buys a second",)
    return ()


def _cheapest(
    inputs: PricingInputs, base: Option, hardware: list[Option], excluded: list[Excluded]
) -> Option:
    """The candidate with the lowest mean monthly cost within its limit; ties by name."""
    within: list[tuple[Decimal, str, Option]] = []
    for candidate in hardware:
        assert candidate.serving is not None
        label = candidate_label(candidate.serving)
        over = over_limit(candidate, inputs.months)
        if over is not None:
            excluded.append(_excluded(base, label, over))
            continue
        cost = compact_cost(candidate, inputs.months).total()
        within.append((cost, label, candidate))
    if not within:
        return replace(
            base,
            reason=_why_none(excluded),
            hardware=tuple(hardware),
            excluded=tuple(excluded),
        )
    within.sort(key=lambda entry: entry[:2])
    best_cost, _, best = within[0]
    dearer = [
        _excluded(base, label, f"can serve it, ${cost - best_cost:,.2f} a month dearer")
        for cost, label, _ in within[1:]
    ]
    return replace(
        best,
        hardware=tuple(hardware),
        excluded=(*dearer, *excluded),
        assumptions=_assumptions(best),
    )


def _assumptions(best: Option) -> tuple[Assumption, ...]:
    """What the size of the fleet stands on."""
    serving = best.serving
    if serving is None or serving.capacity is None:
        return ()
    capacity = serving.capacity
    return (
        Assumption(
            path=f"serving.{best.purchase}.capacity",
            value=f"{capacity.low_rps:.3g} requests/s a replica on {candidate_label(serving)}, "
            f"{capacity.mid_rps:.3g} expected",
            origin="measured" if capacity.provider == "measured" else "model",
            source=f"{capacity.provider}, sized at the lower edge of its 80 % band "
            f"({capacity.band_low:g} to {capacity.band_high:g} of the predicted speed)",
            mark="~",
        ),
        Assumption(
            path=f"serving.{best.purchase}.engine",
            value=f"vLLM, {serving.precision} weights, {serving.kv_cache_dtype} KV cache, "
            f"max_num_seqs {serving.max_num_seqs}, "
            f"max_num_batched_tokens {serving.max_num_batched_tokens}, "
            f"max_model_len {serving.max_model_len}",
            origin="default",
            source="options.selfhost[].limits; max_model_len holds the 99th percentile",
        ),
    )


def _how_near(reason: str) -> int:
    """How far a candidate got: past its limit, for want of a price, speed, memory, or data."""
    marks = ("beyond", "price", " ms > ", " usable")
    return next((rank for rank, mark in enumerate(marks) if mark in reason), len(marks))


def _why_none(excluded: list[Excluded]) -> str:
    """One sentence for an option that nothing can serve: the nearest miss stands for all."""
    if not excluded:
        return "no instance type to consider is offered in the region"
    nearest = min(excluded, key=lambda entry: _how_near(entry.reason))
    others = len(excluded) - 1
    more = f"; {others} other candidates cannot either" if others else ""
    return f"{nearest.candidate}: {nearest.reason}{more}"

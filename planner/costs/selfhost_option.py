"""A self-hosted model bought one way, as an option: on the cheapest hardware that serves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from planner.catalog.types import PriceRow
from planner.costs.compact import compact_cost
from planner.costs.inputs import PricingInputs, below_floor, over_limit, stack_prices
from planner.costs.people import missing_categories, ownership_lines
from planner.costs.selfhost import (
    InstanceLimits,
    cheapest_per_shape,
    fleet_for,
    selfhost_lines,
)
from planner.costs.types import CostLine, Excluded, Option
from planner.scenario.model import Scenario
from planner.scenario.options import Arm, SelfHostOption
from planner.serving import serving_options
from planner.serving.types import ServingOption

__all__ = ["candidate_label", "selfhost_option"]

PURCHASE_ARMS: dict[str, Arm] = {
    "on_demand": "selfhost_ondemand",
    "ri_1y_no_upfront": "selfhost_ri_1y",
    "spot": "selfhost_spot",
}
COMMITMENT_MONTHS = {"on_demand": 0, "ri_1y_no_upfront": 12}


def selfhost_option(inputs: PricingInputs, option: SelfHostOption, purchase: str) -> Option:
    region = option.region or inputs.scenario.region
    base = Option(
        arm=PURCHASE_ARMS[purchase],
        name=f"{option.name or option.model} ({purchase.replace('_', ' ')})",
        kind="vllm_gpu",
        feasible=False,
        reason=None,
        deployable=True,
        deployable_reason=None,
        provider_of_capacity=None,
        lines_in_month=_no_lines,
        missing=missing_categories(inputs.scenario.tco, inputs.scenario.tco.selfhost),
        purchase=purchase,
        commitment_months=COMMITMENT_MONTHS.get(purchase, 0),
        quality_score=None if option.quality is None else option.quality.score,
        resolved_model=option.model,
    )
    reason = _selfhost_forbidden(inputs.scenario, option, purchase, region)
    card = inputs.catalog.model_card(option.model)
    if card is None and reason is None:
        reason = f"no architecture is known for {option.model}: memory cannot be checked"
    if reason is not None or card is None:
        return replace(base, reason=reason)
    candidates = _serving_candidates(inputs, option, region)
    hardware, excluded = _priced_hardware(inputs, option, base, region, candidates)
    return _cheapest(inputs, base, hardware, excluded)


def _no_lines(month: int) -> tuple[CostLine, ...]:
    """An option that cannot be built has nothing to pay, in any month."""
    return ()


def _selfhost_forbidden(
    scenario: Scenario, option: SelfHostOption, purchase: str, region: str
) -> str | None:
    rule = scenario.limits.data_residency
    if rule is not None and region not in rule.allowed_regions:
        return f"data residency: {region} is not allowed ({rule.reason})"
    if purchase == "spot":
        if option.spot is None:
            return "no spot price is known: give options.selfhost[].spot with its source"
        return "spot capacity is not modelled in this version"
    term = COMMITMENT_MONTHS[purchase]
    if term > scenario.horizon.months:
        return f"its term of {term} months is longer than the horizon of {scenario.horizon.months}"
    return below_floor(scenario, option.quality)


def _serving_candidates(
    inputs: PricingInputs, option: SelfHostOption, region: str
) -> tuple[ServingOption, ...]:
    """What each instance type can serve; the same for every way of buying it."""
    catalog = inputs.catalog
    card = catalog.model_card(option.model)
    assert card is not None  # checked by the caller
    return serving_options(
        option,
        inputs.demand,
        inputs.scenario.slo,
        region,
        instances=catalog.instance_types(region),
        accelerators=catalog.accelerators,
        card=card,
    )


def _priced_hardware(
    inputs: PricingInputs,
    option: SelfHostOption,
    base: Option,
    region: str,
    candidates: Iterable[ServingOption],
) -> tuple[list[Option], list[Excluded]]:
    """Every candidate that can serve and has a price, as an option of its own."""
    excluded: list[Excluded] = []
    priced: list[tuple[ServingOption, PriceRow]] = []
    for serving in candidates:
        label = candidate_label(serving)
        price = inputs.catalog.instance_price(
            serving.instance_type, region, base.purchase or "on_demand"
        )
        if serving.capacity is None:
            excluded.append(_excluded(base, label, serving.reason or "cannot serve the workload"))
        elif price.usd is None:
            excluded.append(_excluded(base, label, price.reason_null or "no price"))
        else:
            priced.append((serving, price))
    hardware: list[Option] = []
    for serving, price in cheapest_per_shape(priced):
        built = _hardware_option(inputs, option, base, region, serving, price)
        if built is None:
            label = candidate_label(serving)
            excluded.append(_excluded(base, label, "serves less than one request a month"))
        else:
            hardware.append(built)
    return hardware, excluded


def candidate_label(serving: ServingOption) -> str:
    """``g6e.12xlarge tp4``"""
    return f"{serving.instance_type} tp{serving.tensor_parallel_size}"


def _excluded(base: Option, candidate: str, reason: str) -> Excluded:
    return Excluded(option=base.name, candidate=candidate, reason=reason)


def _hardware_option(
    inputs: PricingInputs,
    option: SelfHostOption,
    base: Option,
    region: str,
    serving: ServingOption,
    price: PriceRow,
) -> Option | None:
    scenario = inputs.scenario
    fleet = fleet_for(
        serving,
        inputs.catalog.instance_type(serving.instance_type),
        scenario.slo,
        InstanceLimits(
            max_instances=option.max_instances or scenario.limits.max_instances,
            vcpu_quota=scenario.limits.vcpu_quota,
        ),
        peak_rps_per_monthly_request=inputs.peak_rps_per_monthly_request,
        fixed_replicas=option.fixed_replicas,
    )
    if fleet is None or serving.capacity is None:
        return None
    lines = selfhost_lines(
        stack_prices(inputs, region),
        inputs.demand,
        scenario.deployment,
        serving,
        fleet,
        price,
        zones=scenario.slo.zones,
    )
    if scenario.tco.infrastructure.mode == "replace":
        lines = lines[:1]  # the instances; what is around them is replaced
    lines = (
        *lines,
        *ownership_lines(scenario.tco, scenario.tco.selfhost, scenario.horizon.months),
    )
    return replace(
        base,
        feasible=True,
        lines_in_month=lambda month: lines,
        fleet=fleet,
        serving=serving,
        provider_of_capacity=serving.capacity.provider,
        warnings=serving.capacity.warnings,
    )


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
    return replace(best, hardware=tuple(hardware), excluded=(*dearer, *excluded))


def _why_none(excluded: list[Excluded]) -> str:
    """One sentence for an option that nothing can serve: the nearest miss stands for all."""
    if not excluded:
        return "no instance type to consider is offered in the region"
    # A candidate beyond a limit could serve the workload; the others could not.
    nearest = next((e for e in excluded if "beyond" in e.reason), excluded[0])
    others = len(excluded) - 1
    more = f"; {others} other candidates cannot either" if others else ""
    return f"{nearest.candidate}: {nearest.reason}{more}"

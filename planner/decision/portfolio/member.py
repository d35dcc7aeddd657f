"""A scenario's answer as plain data, ready to be put together with others."""

from __future__ import annotations

from array import array
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar, cast

from planner.costs import Ledger, Option
from planner.costs.terms import Fixed, PerInstance, Reserved
from planner.costs.types import CostLine
from planner.decision.portfolio.types import Choice, Hardware, Hosted, Member, ServiceKey
from planner.decision.recommendation import Evaluated, Recommendation
from planner.scenario import Scenario

__all__ = ["Thrift", "member_of"]

_T = TypeVar("_T")

# Ways of buying whose instances are the same whoever's load they carry.
_SHAREABLE = ("on_demand", "ri_1y_no_upfront")


def member_of(recommendation: Recommendation, draws_usd: tuple[float, ...] = ()) -> Member:
    """The scenario of ``recommendation``, with the self-hosted options it could share."""
    chosen = recommendation.chosen
    hosted = tuple(
        option
        for evaluated in recommendation.options
        if (option := _hosted(recommendation, evaluated)) is not None
    )
    name = None if chosen is None else chosen.option.name
    return Member(
        id=recommendation.scenario.id,
        requests=tuple(float(requests) for requests in recommendation.months.requests),
        shape=_shape(recommendation),
        choice=None if chosen is None else _choice(recommendation.scenario, chosen),
        hosted=hosted,
        chosen_hosted=name if any(each.name == name for each in hosted) else None,
        draws_usd=array("d", draws_usd),
    )


class Thrift:
    """Keeps what is equal in many scenarios once: of those from other processes nothing is."""

    def __init__(self) -> None:
        self._seen: dict[object, object] = {}

    def member(self, member: Member) -> Member:
        """The same with shape, service levels, prices and months as seen before."""
        return replace(
            member,
            shape=self._once(member.shape),
            hosted=tuple(
                replace(
                    each,
                    key=self._once(each.key),
                    picked=self._hardware(each.picked),
                    hardware=tuple(self._hardware(one) for one in each.hardware),
                )
                for each in member.hosted
            ),
        )

    def _hardware(self, hardware: Hardware) -> Hardware:
        return replace(
            hardware,
            instance_type=self._once(hardware.instance_type),
            instance_usd=self._once(hardware.instance_usd),
            purchase_usd=self._once(hardware.purchase_usd),
            on_demand_usd=self._once(hardware.on_demand_usd),
        )

    def _once(self, value: _T) -> _T:
        return cast(_T, self._seen.setdefault(value, value))


def _shape(recommendation: Recommendation) -> tuple[float, ...]:
    """Load of each UTC hour ÷ the busiest's; flat with work that waits for the quiet hours."""
    weights = recommendation.hour_weights_utc
    if recommendation.demand.deferrable_share > 0:
        return tuple(1.0 for _ in weights)
    busiest = max(weights)
    return tuple(weight / busiest for weight in weights)


def _choice(scenario: Scenario, chosen: Evaluated) -> Choice:
    option = chosen.option
    return Choice(
        name=option.name,
        arm=option.arm,
        kind=option.kind,
        region=_region(scenario, option),
        monthly_cost_usd=chosen.monthly_cost_usd,
        bill_monthly_usd=chosen.mean.bill_usd,
        is_floor=chosen.mean.is_floor,
        fixed=_fixed(chosen.mean),
    )


def _region(scenario: Scenario, option: Option) -> str:
    """The option's own region where it names one."""
    given = scenario.options
    for api in given.api:
        if api.region is not None and option.name == (api.name or f"{api.provider}/{api.model}"):
            return api.region
    for own in given.selfhost:
        if own.region is not None and option.resolved_model == own.model:
            return own.region
    return scenario.region


def _fixed(ledger: Ledger) -> dict[str, Decimal]:
    """What the deployed stack costs at no load, by line: one stack for several pays it once."""
    return {
        amount.line.name: amount.usd
        for amount in ledger.lines
        if amount.usd is not None and _is_shared_part(amount.line)
    }


def _is_shared_part(line: CostLine) -> bool:
    return (
        isinstance(line.term, Fixed)
        and line.category == "infrastructure"
        and line.billed_by == "aws"
        and line.resource is not None
    )


def _hosted(recommendation: Recommendation, evaluated: Evaluated) -> Hosted | None:
    """The option as something to share; None when it cannot be."""
    option = evaluated.option
    if not option.feasible or option.serving is None or option.purchase not in _SHAREABLE:
        return None
    if option.fleet is None or option.fleet.fixed_replicas is not None or evaluated.mean.unpriced:
        return None
    # Instances that follow the load are priced by the hour: a month has no number of them.
    if option.hourly is not None:
        return None
    fixed = _fixed(evaluated.mean)
    of_instances = sum(
        (
            amount.usd
            for amount in evaluated.mean.lines
            if amount.usd is not None and isinstance(amount.line.term, PerInstance)
        ),
        Decimal(0),
    )
    picked = _hardware(option)
    if picked is None:
        return None
    hardware = (_hardware(candidate) for candidate in option.hardware)
    return Hosted(
        name=option.name,
        key=_key(recommendation, option, option.purchase),
        commitment_months=option.commitment_months,
        picked=picked,
        hardware=tuple(each for each in hardware if each is not None) or (picked,),
        own_usd=evaluated.monthly_cost_usd - of_instances - sum(fixed.values(), Decimal(0)),
        fixed=fixed,
    )


def _key(recommendation: Recommendation, option: Option, purchase: str) -> ServiceKey:
    scenario, serving = recommendation.scenario, option.serving
    assert serving is not None
    slo = scenario.slo
    return ServiceKey(
        model=serving.model_id,
        precision=serving.precision,
        kv_cache_dtype=serving.kv_cache_dtype,
        region=_region(scenario, option),
        purchase=purchase,
        service_level=(
            f"TTFT {slo.ttft_ms} ms p{slo.ttft_percentile}",
            f"TPOT {slo.tpot_ms} ms p{slo.tpot_percentile}",
            slo.redundancy,
            f"{slo.zones} zones",
        ),
        months=tuple(day.isoformat() for day in recommendation.months.priced_on),
    )


def _hardware(option: Option) -> Hardware | None:
    fleet, serving = option.fleet, option.serving
    if fleet is None or serving is None:
        return None
    around = bought = later = Decimal(0)
    for line in option.lines_in_month(0):
        term = line.term
        if not isinstance(term, PerInstance):
            continue
        if line.driver != "gpu_price":
            around += term.monthly_usd_per_instance
            continue
        bought += term.monthly_usd_per_instance
        if isinstance(term, Reserved):
            later += term.on_demand_usd_per_instance
    return Hardware(
        instance_type=serving.instance_type,
        tensor_parallel_size=serving.tensor_parallel_size,
        capacity_requests_per_month=float(fleet.capacity_requests_per_month),
        spare_replicas=fleet.spare_replicas,
        min_replicas=fleet.min_replicas,
        extra_replicas=fleet.extra_replicas,
        replicas_per_instance=fleet.replicas_per_instance,
        min_instances=fleet.min_instances,
        max_instances=fleet.max_instances,
        instance_usd=around,
        purchase_usd=bought,
        on_demand_usd=later,
    )

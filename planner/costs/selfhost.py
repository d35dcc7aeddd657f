"""Self-hosted arms: whole replicas on whole instances, and the stack around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.catalog.types import InstanceType, PriceRow
from planner.costs.terms import Fleet, PerInstance, Reserved, Term
from planner.costs.types import CostLine, Resource
from planner.demand.types import Demand
from planner.money import usd_from_float
from planner.scenario.economics import Slo
from planner.serving.types import ServingOption
from planner.units import BYTES_PER_GB, MS_PER_S

__all__ = [
    "InstanceLimits",
    "checkpoint_gb",
    "fleet_for",
    "instance_line",
    "request_seconds",
    "worth_pricing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLimits:
    """What bounds the number of instances; ``vcpu_quota`` by quota code."""

    max_instances: int | None
    vcpu_quota: Mapping[str, int]

    @property
    def none(self) -> bool:
        """Whether any number of any type may be bought."""
        return self.max_instances is None and not self.vcpu_quota

    def of(self, instance: InstanceType) -> tuple[int, str] | None:
        """The tightest limit for this type and its name; None without one."""
        found: list[tuple[int, str]] = []
        if self.max_instances is not None:
            found.append((self.max_instances, f"max_instances {self.max_instances}"))
        granted = self.vcpu_quota.get(instance.quota_code_on_demand)
        if granted is not None:
            fits = granted // instance.vcpu
            name = f"quota {instance.quota_code_on_demand} of {granted} vCPU"
            found.append((fits, f"{name} ({instance.vcpu} each)"))
        return min(found) if found else None


def fleet_for(
    serving: ServingOption,
    instance: InstanceType,
    slo: Slo,
    limits: InstanceLimits,
    *,
    peak_rps_per_monthly_request: float,
    fixed_replicas: int | None,
) -> Fleet | None:
    """Replicas for the peak at the lower band edge of capacity; None when it serves nothing.

    A replica's monthly capacity is its rate divided by the peak rate each monthly request causes.
    """
    if serving.capacity is None:
        return None
    monthly = math.floor(serving.capacity.low_rps / peak_rps_per_monthly_request)
    if monthly < 1:
        return None
    limit = limits.of(instance)
    return Fleet(
        capacity_requests_per_month=Decimal(monthly),
        spare_replicas=0 if slo.redundancy == "none" else 1,
        min_replicas=slo.zones if slo.redundancy == "zones" else 1,
        replicas_per_instance=serving.replicas_per_instance,
        # An instance lies in one zone.
        min_instances=slo.zones if slo.redundancy == "zones" else 1,
        max_instances=None if limit is None else limit[0],
        limit_name=None if limit is None else limit[1],
        fixed_replicas=fixed_replicas,
    )


def request_seconds(slo: Slo, demand: Demand, serving: ServingOption) -> Decimal:
    """How long a mean request may hold its connection: the service level's limits, and what is
    predicted where it sets none.
    """
    predicted = serving.capacity
    first = slo.ttft_ms if slo.ttft_ms is not None else _ms(predicted and predicted.ttft_ms)
    each = slo.tpot_ms if slo.tpot_ms is not None else _ms(predicted and predicted.tpot_ms)
    return (first + each * max(demand.output_tokens.mean - 1, Decimal(0))) / MS_PER_S


def _ms(value: float | None) -> Decimal:
    return usd_from_float(round(value or 0.0, 3))


def checkpoint_gb(serving: ServingOption) -> Decimal:
    """Size of the weights in GB of 1e9 bytes, to a tenth."""
    size = serving.weights_bytes * serving.tensor_parallel_size / BYTES_PER_GB
    return usd_from_float(round(size, 1))


def instance_line(
    price: PriceRow, fleet: Fleet, hours_per_month: Decimal, on_demand: PriceRow
) -> CostLine:
    """The GPU instances, paid for every hour of the month.

    ``on_demand`` is the price of months that no whole reservation term covers; where it is not
    known, the reserved price stands for them.
    """
    per_hour = "no price" if price.usd is None else f"${price.usd:f} an hour"
    formula = f"{price.item} x {per_hour} ({price.purchase}) x {hours_per_month:f} h"
    term: Term | None = None
    if price.usd is not None and price.purchase == "on_demand":
        term = PerInstance(fleet, price.usd * hours_per_month)
    elif price.usd is not None:
        fallback = price.usd if on_demand.usd is None else on_demand.usd
        term = Reserved(fleet, price.usd * hours_per_month, fallback * hours_per_month)
        formula += f", ${fallback:f} in months beyond whole terms"
    return CostLine(
        name="instances",
        category="infrastructure",
        billed_by="aws",
        driver="gpu_price",
        term=term,
        formula=formula,
        source=price.source,
        observed=price.observed,
        resource=Resource(
            component="instances",
            aws_type="aws:autoscaling/group:Group",
            count=None,
            price_item=price.item,
            unit=price.unit,
            usd_per_unit=price.usd,
            units_per_month=hours_per_month,
        ),
        reason_unpriced=price.reason_null if price.usd is None else None,
    )


def worth_pricing(
    candidates: Sequence[tuple[ServingOption, PriceRow]], extras_usd_per_hour: Decimal
) -> list[tuple[ServingOption, PriceRow]]:
    """Candidates that could be the cheapest at some volume, when nothing limits their number.

    One is left out when another's replica serves at least as much, its instances hold a whole
    divisor of the replicas, and as many of them as replace one cost no more, with what comes
    with every instance (``extras_usd_per_hour``) on both sides. The first of equals stays.
    """
    kept: list[tuple[ServingOption, PriceRow]] = []
    for entry in candidates:
        if any(_never_dearer(other, entry, extras_usd_per_hour) for other in kept):
            continue
        kept = [other for other in kept if not _never_dearer(entry, other, extras_usd_per_hour)]
        kept.append(entry)
    return kept


def _never_dearer(
    one: tuple[ServingOption, PriceRow], other: tuple[ServingOption, PriceRow], extras: Decimal
) -> bool:
    serving, price = one
    rival, rival_price = other
    if serving.capacity is None or rival.capacity is None:
        return False
    if price.usd is None or rival_price.usd is None:
        return False
    times, left_over = divmod(rival.replicas_per_instance, serving.replicas_per_instance)
    if left_over or serving.capacity.low_rps < rival.capacity.low_rps:
        return False
    return (price.usd + extras) * times <= rival_price.usd + extras

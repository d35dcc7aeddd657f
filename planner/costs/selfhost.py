"""Self-hosted arms: whole replicas on whole instances, and the stack around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.catalog.types import InstanceType, PriceRow
from planner.costs.stack import StackPrices, vllm_lines
from planner.costs.terms import Fleet, PerInstance
from planner.costs.types import CostLine, Resource
from planner.demand.types import Demand
from planner.money import usd_from_float
from planner.scenario.deployment import Deployment
from planner.scenario.economics import Slo
from planner.serving.types import ServingOption
from planner.units import BYTES_PER_GB, MS_PER_S

__all__ = ["InstanceLimits", "cheapest_per_shape", "fleet_for", "instance_line", "selfhost_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLimits:
    """What bounds the number of instances; ``vcpu_quota`` by quota code."""

    max_instances: int | None
    vcpu_quota: Mapping[str, int]

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
        max_instances=None if limit is None else limit[0],
        limit_name=None if limit is None else limit[1],
        fixed_replicas=fixed_replicas,
    )


def selfhost_lines(
    prices: StackPrices,
    demand: Demand,
    deployment: Deployment,
    serving: ServingOption,
    fleet: Fleet,
    price: PriceRow,
    *,
    zones: int,
) -> tuple[CostLine, ...]:
    """The instances and everything around them."""
    weights = serving.weights_bytes * serving.tensor_parallel_size / BYTES_PER_GB
    return (
        instance_line(price, fleet, prices.hours_per_month),
        *vllm_lines(
            prices,
            demand,
            deployment,
            fleet,
            zones=zones,
            weights_gb=usd_from_float(round(weights, 1)),
            request_seconds=_request_seconds(serving, demand),
        ),
    )


def _request_seconds(serving: ServingOption, demand: Demand) -> Decimal:
    """How long a mean request holds its connection, at the planned load."""
    if serving.capacity is None:
        return Decimal(0)
    first, each = serving.capacity.ttft_ms, serving.capacity.tpot_ms
    milliseconds = first + each * max(float(demand.output_tokens.mean) - 1, 0)
    return usd_from_float(round(milliseconds / MS_PER_S, 3))


def instance_line(price: PriceRow, fleet: Fleet, hours_per_month: Decimal) -> CostLine:
    """The GPU instances, paid for every hour of the month."""
    per_hour = "no price" if price.usd is None else f"${price.usd:f} an hour"
    committed = price.purchase != "on_demand"
    return CostLine(
        name="instances",
        category="infrastructure",
        billed_by="aws",
        driver="gpu_price",
        term=None if price.usd is None else PerInstance(fleet, price.usd * hours_per_month),
        formula=f"{price.item} x {per_hour} ({price.purchase}) x {hours_per_month:f} h",
        source=price.source,
        observed=price.observed,
        committed=committed,
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


def cheapest_per_shape(
    candidates: Sequence[tuple[ServingOption, PriceRow]],
) -> list[tuple[ServingOption, PriceRow]]:
    """One instance type per (accelerator, degree, replicas): the sizes differ only in host."""
    best: dict[tuple[str, int, int, int], tuple[ServingOption, PriceRow]] = {}
    for serving, price in candidates:
        key = (
            serving.accelerator,
            serving.tensor_parallel_size,
            serving.replicas_per_instance,
            serving.kv_cache_tokens,
        )
        known = best.get(key)
        if price.usd is not None and (
            known is None or (known[1].usd is not None and price.usd < known[1].usd)
        ):
            best[key] = (serving, price)
    return list(best.values())

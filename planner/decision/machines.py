"""How many instances an option runs, and how much of them its load uses."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.costs import Option, hybrid_instances
from planner.costs.hybrid_base import BasePlan
from planner.demand import Demand

__all__ = ["hybrid_plan", "instances_by_month", "mean_instances", "utilisation"]

ONE = Decimal(1)


def instances_by_month(option: Option, requests: Sequence[Decimal]) -> tuple[int, ...] | None:
    """Instances of the fullest hour of each month; None where there are no whole units."""
    if option.hybrid is not None:
        return hybrid_instances(option, requests)
    fleet = option.fleet
    return None if fleet is None else tuple(fleet.instances(volume) for volume in requests)


def hybrid_plan(option: Option, planned_requests: Sequence[Decimal]) -> BasePlan:
    """The plan of a hybrid for the first of these months, with what is committed in it."""
    assert option.hybrid is not None
    requests = planned_requests[0]
    if option.purchases is None:
        return option.hybrid.plan(requests)
    return option.hybrid.plan_bought(option.purchases.of_months(planned_requests, ONE)[0], requests)


def mean_instances(option: Option, planned_requests: Sequence[Decimal]) -> float | None:
    """Instances of the mean hour of the first of these months; None where all hours are alike."""
    if option.hybrid is not None:
        plan = hybrid_plan(option, planned_requests)
        return float(plan.instance_hours) / len(plan.instances)
    if option.hourly is not None:
        return option.hourly.instance_hours(planned_requests[0]) / option.hourly.hours
    return None


def utilisation(
    option: Option, demand: Demand, planned_requests: Sequence[Decimal]
) -> float | None:
    """Mean load served here ÷ expected capacity of all replicas, spare included, first month."""
    if option.serving is None or option.serving.capacity is None:
        return None
    load_rps = demand.mean_rps * float(option.reaching_share)
    if option.hybrid is not None:
        plan = hybrid_plan(option, planned_requests)
        mean = float(plan.instance_hours) / len(plan.instances)
        replicas = mean * option.serving.replicas_per_instance
        load_rps *= float(1 - plan.overflow_share)
    elif option.hourly is not None:
        replicas = option.hourly.replica_hours(planned_requests[0]) / option.hourly.hours
    elif option.fleet is not None:
        replicas = float(option.fleet.replicas(planned_requests[0]))
    else:
        return None
    return load_rps / (replicas * option.serving.capacity.mid_rps) if replicas else None

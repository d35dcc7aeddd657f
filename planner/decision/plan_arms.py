"""The parts of a plan that only some arms have: hours, overflow, spot, commitments, payback."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from planner.costs import AboveFloor, AmountLine, Fixed, HourlyTerm, Option
from planner.costs.hybrid_base import BasePlan
from planner.costs.hybrid_terms import HybridInstances, Overflowed, Served
from planner.costs.load_duration import left_by_hour, levelled
from planner.decision.commitment import commitment_of
from planner.decision.machines import hybrid_plan, mean_instances
from planner.decision.payback import payback
from planner.decision.plan_serving import deployment_parts
from planner.decision.recommendation import Evaluated, Recommendation
from planner.demand import utc_hour_weights
from planner.money import usd_text

__all__ = ["arm_parts", "hour_profile", "payback_part", "resource_count"]

Json = Mapping[str, Any]


def arm_parts(recommendation: Recommendation, evaluated: Evaluated) -> Json:
    """Only the parts that the option has."""
    option = evaluated.option
    found: dict[str, Any] = dict(deployment_parts(recommendation, evaluated))
    if not option.feasible:
        return found
    local = _instances_by_local_hour(recommendation, option)
    if local is not None:
        found["hourly"] = _hourly(recommendation, option, local)
    if option.hybrid is not None:
        found["hybrid"] = _hybrid(recommendation, option)
    if option.purchase == "spot" and option.fleet is not None:
        floor = option.fleet.instances(Decimal(0))
        found["spot"] = {
            "floor_instances_on_demand": floor,
            "zones": recommendation.scenario.slo.zones,
        }
    commitment = commitment_of(option, recommendation.months)
    if commitment is not None:
        found["commitment"] = {
            "purchase": commitment.purchase,
            "instance_type": commitment.instance_type,
            "term_months": commitment.term_months,
            "usd_per_instance_hour": _text(commitment.usd_per_hour),
            "usd_per_hour_committed": _text(commitment.usd_per_hour_committed),
            "on_demand_usd_per_instance_hour": _text(commitment.on_demand_usd_per_hour),
            "buys": [
                {
                    "starts_on": buy.starts_on.isoformat(),
                    "instances": buy.instances or None,
                    "term_usd": _text(buy.usd),
                    "paid_back_on": None
                    if buy.paid_back_on is None
                    else buy.paid_back_on.isoformat(),
                }
                for buy in commitment.buys
            ],
            "regret_after_price_cut": [
                {
                    "price_cut_pct": _text(regret.price_cut_pct),
                    "monthly_usd": _text(regret.usd_per_month),
                }
                for regret in commitment.regrets
            ],
        }
    return found


def _hourly(recommendation: Recommendation, option: Option, local: Sequence[int]) -> Json:
    """Instances of each hour; a zone half an hour off needs the larger of both: rounded up."""
    in_utc = _utc(recommendation, [float(n) for n in local])
    mean = mean_instances(option, recommendation.months.requests)
    return {
        "instances_by_hour_utc": [math.ceil(value - 1e-9) for value in in_utc],
        "instances_by_hour_local": list(local),
        "mean_instances": None if mean is None else float(f"{mean:.6g}"),
    }


def payback_part(recommendation: Recommendation, chosen: Evaluated) -> Json | None:
    """Of the chosen option against the cheapest API, None where that is the choice."""
    api = next((e for e in recommendation.options if e.option.is_api and e.option.feasible), None)
    if api is None or chosen.option.is_api:
        return None
    rate = recommendation.scenario.horizon.discount_rate_per_year
    found = payback(chosen, api, Decimal(rate))
    return {
        "against": api.option.name,
        "month": found.month,
        "setup_usd": _text(found.setup_usd),
        "saved_usd": _text(found.saved_usd),
        "discounted": found.discounted,
    }


def hour_profile(
    recommendation: Recommendation, evaluated: Evaluated, amount: AmountLine
) -> tuple[float, ...] | None:
    """How a line's cost lies over the hours of the week in UTC, mean 1; None: as usual."""
    option, term = evaluated.option, amount.line.term
    requests = recommendation.months.requests[0]
    local: Sequence[float] | None = None
    if isinstance(term, HourlyTerm):
        local = [float(n) for n in term.fleet.instances_by_hour(requests)]
    elif option.hybrid is not None and isinstance(term, HybridInstances | Overflowed | Served):
        local = _hybrid_profile(
            option, hybrid_plan(option, recommendation.months.requests), requests, term
        )
    mean = 0.0 if local is None else math.fsum(local) / len(local)
    if local is None or mean <= 0:
        return None
    return _utc(recommendation, [value / mean for value in local])


def _hybrid_profile(
    option: Option, plan: BasePlan, requests: Decimal, term: HybridInstances | Overflowed | Served
) -> list[float]:
    base = option.hybrid
    assert base is not None
    if isinstance(term, HybridInstances):
        return [float(n) for n in plan.instances]
    capacity = [base.instance_rps * n for n in plan.instances]
    left = left_by_hour(base.week, base.mean_rps(requests), capacity)
    if isinstance(term, Overflowed):
        return left
    loads = levelled(base.week)
    return [max(load - over, 0.0) for load, over in zip(loads, left, strict=True)]


def _utc(recommendation: Recommendation, local: Sequence[float]) -> tuple[float, ...]:
    demand = replace(recommendation.demand, hour_weights=tuple(local))
    return utc_hour_weights(demand, recommendation.months.priced_on[0])


def _instances_by_local_hour(recommendation: Recommendation, option: Option) -> list[int] | None:
    """Of the first month, in the scenario's zone; None where all hours have the same."""
    planned = recommendation.months.requests
    if option.hourly is not None:
        return [int(n) for n in option.hourly.instances_by_hour(planned[0])]
    if option.hybrid is not None:
        return [int(n) for n in hybrid_plan(option, planned).instances]
    return None


def _hybrid(recommendation: Recommendation, option: Option) -> Json:
    """What the stack needs: how many to run, where the rest goes, what stands in for a spare."""
    assert option.hybrid is not None and option.serving is not None
    plan = hybrid_plan(option, recommendation.months.requests)
    given = next(
        (
            api
            for api in recommendation.scenario.options.api
            if option.overflow == (api.name or f"{api.provider}/{api.model}")
        ),
        None,
    )
    return {
        "base_instances": plan.most_instances,
        "base_replicas": plan.most_instances * option.serving.replicas_per_instance,
        "base_capacity_rps": float(f"{option.hybrid.instance_rps * plan.most_instances:.6g}"),
        "scheduled": option.hybrid.scheduled,
        "overflow": {
            "name": option.overflow,
            "provider": None if given is None else given.provider,
            "model": None if given is None else given.model,
        },
        "overflow_share": float(f"{plan.overflow_share:.6g}"),
        "redundancy": "overflow",
    }


def resource_count(amount: AmountLine, evaluated: Evaluated) -> int | None:
    """Instances behind a line of spot's two parts; None for other lines."""
    term, option = amount.line.term, evaluated.option
    if option.purchase != "spot" or option.fleet is None or evaluated.instances is None:
        return None
    floor = option.fleet.instances(Decimal(0))
    if isinstance(term, Fixed) and amount.line.name == "instances (floor)":
        return floor
    above = isinstance(term, AboveFloor | HourlyTerm)
    return evaluated.instances - floor if above and "(spot)" in amount.line.name else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else usd_text(value)

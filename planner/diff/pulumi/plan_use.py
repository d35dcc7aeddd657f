"""What a saved plan says of a stack: instances at their planned price, use that inputs hide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from planner.catalog.resource_prices import PlannedInstances, PlannedUse
from planner.catalog.resource_rules import resource_data
from planner.money import ZERO

if TYPE_CHECKING:
    from planner.decision.plan import Plan

__all__ = ["fixed_cost_usd", "planned_use"]

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_HOURS_PER_MONTH = 730


def planned_use(plan: Plan) -> PlannedUse:
    """The plan's fixed month, in the form that prices a graph of resources."""
    fixed = _fixed_rows(plan)
    groups = [row for row in fixed if row["aws_type"] == _GROUP and Decimal(row["usd_per_unit"])]
    mean = _mean_instances(fixed) if len(groups) == 1 else None
    instances = tuple(_instances(plan, row, mean) for row in groups)
    usage: dict[tuple[str, str], Decimal] = {}
    for row in fixed:
        key = (row["aws_type"], row["price_item"])
        if row["price_item"] in _usage_items(row["aws_type"]) and Decimal(row["usd_per_unit"]):
            units = Decimal(row["monthly_usd"]) / Decimal(row["usd_per_unit"])
            usage[key] = usage.get(key, ZERO) + units
    return PlannedUse(name=plan.plan_hash, instances=instances, usage=usage)


def _instances(plan: Plan, row: Mapping[str, Any], mean: Decimal | None) -> PlannedInstances:
    """At the plan's price; of a commitment beside hours on demand, at the mean of both."""
    amount, listed = Decimal(row["monthly_usd"]), Decimal(row["usd_per_unit"])
    hours = amount / listed if mean is None else mean * _hours_per_month(plan)
    return PlannedInstances(
        instance_type=row["price_item"],
        usd_per_hour=listed if mean is None else amount / hours,
        hours_per_month=hours,
        label=str(plan.content["chosen"].get("purchase")),
    )


def _mean_instances(fixed: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """How many run in the mean hour, from what comes with each; None where nothing does."""
    for row in fixed:
        each = row.get("units_each")
        if row["aws_type"] == _TEMPLATE and each is not None and Decimal(row["usd_per_unit"]):
            found = Decimal(row["monthly_usd"]) / Decimal(row["usd_per_unit"]) / Decimal(each)
            return found or None
    return None


def _hours_per_month(plan: Plan) -> Decimal:
    scenario = cast("Mapping[str, Any]", plan.content["scenario"])
    conventions = cast("Mapping[str, Any]", scenario.get("conventions") or {})
    return Decimal(str(conventions.get("hours_per_month", _HOURS_PER_MONTH)))


def fixed_cost_usd(plan: Plan) -> Decimal:
    """What the plan's resources cost a month before any request: the first month's."""
    return sum((Decimal(row["monthly_usd"]) for row in _fixed_rows(plan)), ZERO)


def _fixed_rows(plan: Plan) -> list[Mapping[str, Any]]:
    rows = cast(Sequence[Mapping[str, Any]], plan.content["resources"])
    return [
        row
        for row in rows
        if not row["usage_based"] and row["monthly_usd"] is not None and row["usd_per_unit"]
    ]


def _usage_items(token: str) -> tuple[str, ...]:
    spec = cast(Mapping[str, Any], resource_data()["types"]).get(token, {})
    return tuple(spec.get("usage", ()))

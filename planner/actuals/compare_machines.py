"""Plan against actual for machines: hours, how they were bought, and what an hour costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from planner.actuals.planned import PlannedInstances, PlannedSpend
from planner.actuals.spend import InstanceHours, Spend
from planner.actuals.variance import Method, decompose

__all__ = ["MACHINE_FACTORS", "MachineComparison", "compare_machines"]

MACHINE_FACTORS = ("hours", "purchase_mix", "hourly_price")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineComparison:
    """Instances and other resources of the stack over the covered hours, USD.

    ``factors`` split the difference of the instances; ``other_usd`` is the difference of
    storage, network, logs and alarms.
    """

    planned_usd: Fraction
    actual_usd: Fraction
    planned_hours: Fraction
    actual_hours: Fraction
    factors: Mapping[str, Fraction]
    other_usd: Fraction


def compare_machines(plan: PlannedSpend, spend: Spend, method: Method) -> MachineComparison | None:
    """Of the days with lines of the stack; None without any."""
    days = spend.bill.days_of_stack
    if not days:
        return None
    share = Fraction(24 * len(days)) / plan.hours_per_month
    left = {
        (each.instance_type, each.purchase): _planned_machine(each, share)
        for each in plan.instances
    }
    right = {
        (each.instance_type, each.purchase): _actual_machine(each) for each in spend.bill.instances
    }
    factors = _machine_factors(left, right, method)
    planned_other = Fraction(plan.other_monthly_usd) * share
    planned = sum((usd for _, usd in left.values()), Fraction(0)) + planned_other
    actual = Fraction(spend.bill.infrastructure_usd)
    machines = sum((usd for _, usd in right.values()), Fraction(0))
    return MachineComparison(
        planned_usd=planned,
        actual_usd=actual,
        planned_hours=sum((hours for hours, _ in left.values()), Fraction(0)),
        actual_hours=sum((hours for hours, _ in right.values()), Fraction(0)),
        factors=factors,
        other_usd=actual - machines - planned_other,
    )


_Machines = Mapping[tuple[str, str], tuple[Fraction, Fraction]]


def _planned_machine(each: PlannedInstances, share: Fraction) -> tuple[Fraction, Fraction]:
    return each.hours_per_month * share, Fraction(each.usd_per_month) * share


def _actual_machine(each: InstanceHours) -> tuple[Fraction, Fraction]:
    return Fraction(each.hours), Fraction(each.usd)


def _machine_factors(left: _Machines, right: _Machines, method: Method) -> dict[str, Fraction]:
    """Hours, how they were bought (type and purchase), and the price of an hour."""
    keys = sorted({*left, *right})
    plan_hours, plan_mix, plan_price = _hours_mix_price(left, right, keys)
    hours, mix, price = _hours_mix_price(right, left, keys)

    def usd(moved: frozenset[str]) -> Fraction:
        total = hours if "hours" in moved else plan_hours
        shares = mix if "purchase_mix" in moved else plan_mix
        prices = price if "hourly_price" in moved else plan_price
        return total * sum((shares[key] * prices[key] for key in keys), Fraction(0))

    return decompose(MACHINE_FACTORS, usd, method)


def _hours_mix_price(
    mine: _Machines, other: _Machines, keys: Sequence[tuple[str, str]]
) -> tuple[Fraction, dict[tuple[str, str], Fraction], dict[tuple[str, str], Fraction]]:
    """What a side lacks has no share there, and the other side's price."""
    total = sum((hours for hours, _ in mine.values()), Fraction(0))
    mix: dict[tuple[str, str], Fraction] = {}
    price: dict[tuple[str, str], Fraction] = {}
    for key in keys:
        hours, usd = mine.get(key, (Fraction(0), Fraction(0)))
        mix[key] = hours / total if total else Fraction(0)
        bought, paid = (hours, usd) if hours else other[key]
        price[key] = paid / bought if bought else Fraction(0)
    return total, mix, price

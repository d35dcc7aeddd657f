"""Plan against actual in ``planner actuals report``, as views."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from planner.actuals.compare import Comparison
from planner.actuals.compare_machines import MachineComparison
from planner.actuals.planned import PlannedSpend
from planner.actuals.variance import decimal_of, largest_remainder

__all__ = ["ComparisonView", "FactorView", "MachinesView", "comparison_view"]


class FactorView(NamedTuple):
    """One factor of a variance: exact, and in cents that add up."""

    factor: str
    usd: Decimal
    shown_usd: Decimal


class MachinesView(NamedTuple):
    """Instances and other resources of the stack on the days that the bill has, USD."""

    planned_usd: Decimal
    actual_usd: Decimal
    planned_instance_hours: Decimal
    actual_instance_hours: Decimal
    factors: tuple[FactorView, ...]


class ComparisonView(NamedTuple):
    """Plan and actual for the covered hours, USD, and why they differ."""

    plan_hash: str
    scenario_id: str
    arm: str
    option: str
    method: str
    covered_hours: int
    planned_calls: Decimal
    actual_calls: Decimal
    planned_usd: Decimal
    actual_usd: Decimal
    factors: tuple[FactorView, ...]
    machines: MachinesView | None
    only_planned: tuple[str, ...]
    only_actual: tuple[str, ...]
    notes: tuple[str, ...]


def comparison_view(found: Comparison | None, plan: PlannedSpend | None) -> ComparisonView | None:
    """The comparison in views; None without one."""
    if found is None or plan is None:
        return None
    parts = {
        **found.parts,
        "beside_tokens": found.beside_tokens_usd,
        "unattributed": found.unattributed_usd,
    }
    return ComparisonView(
        plan_hash=plan.plan_hash,
        scenario_id=plan.scenario_id,
        arm=plan.arm,
        option=plan.name,
        method=found.method,
        covered_hours=found.covered_hours,
        planned_calls=decimal_of(found.planned_calls),
        actual_calls=decimal_of(found.actual_calls),
        planned_usd=decimal_of(found.planned_usd),
        actual_usd=decimal_of(found.actual_usd),
        factors=_factors(parts),
        machines=None if found.machines is None else _machines(found.machines),
        only_planned=found.only_planned,
        only_actual=found.only_actual,
        notes=_notes(found, plan),
    )


def _factors(parts: Mapping[str, Fraction]) -> tuple[FactorView, ...]:
    shown = largest_remainder(list(parts.values()))
    return tuple(
        FactorView(factor=name, usd=decimal_of(part), shown_usd=cents)
        for (name, part), cents in zip(parts.items(), shown, strict=True)
    )


def _machines(found: MachineComparison) -> MachinesView:
    return MachinesView(
        planned_usd=decimal_of(found.planned_usd),
        actual_usd=decimal_of(found.actual_usd),
        planned_instance_hours=decimal_of(found.planned_hours),
        actual_instance_hours=decimal_of(found.actual_hours),
        factors=_factors({**found.factors, "storage_network_logs": found.other_usd}),
    )


def _notes(found: Comparison, plan: PlannedSpend) -> tuple[str, ...]:
    notes: list[str] = []
    if not plan.calls:
        notes.append(f"the plan pays no tokens: {plan.name} runs on machines of its own")
    if found.outside_plan:
        notes.append("some days lie outside the plan's months: the nearest month stands for them")
    if found.cache_answers:
        notes.append(
            f"{found.cache_answers:,} calls that a gateway's cache answered are no calls of a model"
        )
    if found.calls_assumed:
        sources = " and ".join(found.calls_assumed)
        notes.append(
            f"{sources} count no calls: as many are assumed as the plan's input length gives, so "
            "its effect is within volume"
        )
    if found.by_tokens_only:
        models = ", ".join(found.by_tokens_only)
        notes.append(f"no list price of {models}: its input and output tokens count the same")
    if found.machines is None and plan.fixed_monthly_usd:
        notes.append("no bill of the stack: what its AWS resources cost is not compared")
    return tuple(notes)

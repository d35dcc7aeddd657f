"""Small priced options for tests of the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from planner.costs import (
    AmountLine,
    CostLine,
    Fixed,
    Fleet,
    Months,
    Option,
    PerInstance,
    PerRequest,
    Term,
    plan_months,
)
from planner.costs.types import Driver
from planner.scenario.options import Arm

__all__ = ["AmountLine", "api", "cost_line", "months_of", "stepped"]


def cost_line(name: str, term: Term, driver: Driver) -> CostLine:
    return CostLine(
        name=name,
        category="api_usage" if driver == "api_price" else "infrastructure",
        billed_by="other",
        driver=driver,
        term=term,
        formula="",
        source="test",
    )


def _option(arm: Arm, name: str, lines: Sequence[CostLine], fleet: Fleet | None) -> Option:
    kept = tuple(lines)
    option = Option(
        arm=arm,
        name=name,
        kind=None,
        feasible=True,
        reason=None,
        deployable=False,
        deployable_reason="test",
        provider_of_capacity=None,
        lines_in_month=lambda month: kept,
        missing=(),
        fleet=fleet,
    )
    return replace(option, hardware=() if arm.startswith("api_") else (option,))


def api(usd_per_request: str, *, fixed: str = "0", name: str = "api") -> Option:
    lines = [
        cost_line("tokens", PerRequest(Decimal(usd_per_request)), "api_price"),
        cost_line("gateway", Fixed(Decimal(fixed)), "other"),
    ]
    return _option("api_frontier", name, lines, None)


def stepped(
    usd_per_unit: str,
    capacity: int,
    *,
    spare: int = 0,
    most: int | None = None,
    per_request: str = "0",
    labour: str = "0",
    name: str = "self",
) -> Option:
    fleet = Fleet(
        capacity_requests_per_month=Decimal(capacity),
        spare_replicas=spare,
        max_instances=most,
        limit_name=None if most is None else f"max_instances {most}",
    )
    lines = [
        cost_line("instances", PerInstance(fleet, Decimal(usd_per_unit)), "gpu_price"),
        cost_line("use", PerRequest(Decimal(per_request)), "other"),
        cost_line("people", Fixed(Decimal(labour)), "labour"),
    ]
    return _option("selfhost_ondemand", name, lines, fleet)


def months_of(requests: int, *, months: int = 12, growth: str = "0") -> Months:
    return plan_months(
        first_day=date(2026, 11, 21),
        months=months,
        requests=Decimal(requests),
        growth_per_month=Decimal(growth),
    )

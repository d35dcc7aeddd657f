"""The parts of total cost that no price list has: labour, quality work, operations, own items."""

from __future__ import annotations

from collections.abc import Sequence

from planner.costs.terms import Fixed
from planner.costs.types import BilledBy, Category, CostLine, Driver
from planner.money import usd_text
from planner.scenario.economics import ArmCosts, CostItem, Engineering, ItemCosts, Tco

__all__ = ["missing_categories", "ownership_lines"]


def ownership_lines(tco: Tco, own: ArmCosts, horizon_months: int) -> tuple[CostLine, ...]:
    """Lines of an arm beside tokens and machines.

    ``own`` holds the costs of this kind of arm: its items come on top of the common ones, its
    engineering replaces the common one.
    """
    engineering = own.engineering or tco.engineering
    lines = [
        *_items(tco.infrastructure.items, "infrastructure", "other", "other"),
        *_grouped(own.infrastructure, "infrastructure", "other", "other"),
    ]
    if engineering is not None:
        lines += _engineering(engineering, horizon_months)
    for costs in (tco.quality, own.quality):
        lines += _grouped(costs, "quality", "labour", "labour")
    for costs in (tco.operational, own.operational):
        lines += _grouped(costs, "operational", "labour", "labour")
    return tuple(lines)


def missing_categories(tco: Tco, own: ArmCosts) -> tuple[Category, ...]:
    """Categories nobody gave: unknown, so totals without them are floors."""
    missing: list[Category] = []
    if own.engineering is None and tco.engineering is None:
        missing.append("engineering")
    if own.quality is None and tco.quality is None:
        missing.append("quality")
    if own.operational is None and tco.operational is None:
        missing.append("operational")
    return tuple(missing)


def _engineering(given: Engineering, horizon_months: int) -> list[CostLine]:
    source = given.source or "tco.engineering of the scenario"
    rate = f"${usd_text(given.usd_per_hour)} an hour"
    lines = [
        CostLine(
            name="running engineering",
            category="engineering",
            billed_by="labour",
            driver="labour",
            term=Fixed(given.hours_per_month * given.usd_per_hour),
            formula=f"{usd_text(given.hours_per_month)} hours x {rate}",
            source=source,
        )
    ]
    if given.setup_hours:
        lines.append(
            CostLine(
                name="set-up",
                category="engineering",
                billed_by="labour",
                driver="labour",
                term=Fixed(given.setup_hours * given.usd_per_hour / horizon_months),
                formula=f"{usd_text(given.setup_hours)} hours x {rate} ÷ {horizon_months} months",
                source=source,
            )
        )
    return lines


def _grouped(
    costs: ItemCosts | None, category: Category, billed_by: BilledBy, driver: Driver
) -> list[CostLine]:
    return [] if costs is None else _items(costs.items, category, billed_by, driver)


def _items(
    items: Sequence[CostItem], category: Category, billed_by: BilledBy, driver: Driver
) -> list[CostLine]:
    return [
        CostLine(
            name=item.name,
            category=category,
            billed_by=billed_by,
            driver=driver,
            term=Fixed(item.monthly_usd),
            formula=f"${usd_text(item.monthly_usd)} a month",
            source=item.source or f"tco.{category} of the scenario",
        )
        for item in items
    ]

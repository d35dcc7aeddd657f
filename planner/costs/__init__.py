"""What every option costs: priced lines over volume, by category and by invoice."""

from __future__ import annotations

from planner.costs.compact import CompactCost, compact_cost
from planner.costs.hourly_terms import HourlyTerm
from planner.costs.hybrid_count import hybrid_instances
from planner.costs.inputs import PricingInputs, pricing_inputs
from planner.costs.ledger import (
    AS_GIVEN,
    bought_by_month,
    idle_ledger,
    ledger_at,
    mean_ledger,
    monthly_ledgers,
)
from planner.costs.months import Months, add_months, day_after, plan_months
from planner.costs.options import price_options
from planner.costs.terms import (
    AboveFloor,
    CachedTokens,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Reserved,
    Term,
    Tiered,
)
from planner.costs.types import (
    CATEGORIES,
    AmountLine,
    BilledBy,
    Category,
    CostLine,
    Driver,
    Excluded,
    Factors,
    Ledger,
    Option,
    Resource,
    StackKind,
)

__all__ = [
    "AS_GIVEN",
    "CATEGORIES",
    "AboveFloor",
    "AmountLine",
    "BilledBy",
    "CachedTokens",
    "Category",
    "CompactCost",
    "CostLine",
    "Driver",
    "Excluded",
    "Factors",
    "Fixed",
    "Fleet",
    "HourlyTerm",
    "Ledger",
    "Months",
    "Option",
    "PerInstance",
    "PerRequest",
    "PricingInputs",
    "Reserved",
    "Resource",
    "StackKind",
    "Term",
    "Tiered",
    "add_months",
    "bought_by_month",
    "compact_cost",
    "day_after",
    "hybrid_instances",
    "idle_ledger",
    "ledger_at",
    "mean_ledger",
    "monthly_ledgers",
    "plan_months",
    "price_options",
    "pricing_inputs",
]

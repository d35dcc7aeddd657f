"""What every option costs: priced lines over volume, by category and by invoice."""

from __future__ import annotations

from planner.costs.compact import CompactCost, compact_cost
from planner.costs.inputs import PricingInputs
from planner.costs.ledger import AS_GIVEN, ledger_at, mean_ledger, monthly_ledgers
from planner.costs.months import Months, add_months, plan_months
from planner.costs.options import price_options
from planner.costs.selfhost_option import candidate_label
from planner.costs.terms import (
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
    "candidate_label",
    "compact_cost",
    "ledger_at",
    "mean_ledger",
    "monthly_ledgers",
    "plan_months",
    "price_options",
]

"""Planned traffic and planted faults through a plan's alarms, before there is a bill.

The alarms are those that the program in ``stacks/`` registers; the evaluator of CloudWatch's metric
math, windows and composite rules is ours. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from planner.drill.types import CaseResult, DrillReport, LagModel, NotApplicable, PlannedResult

if TYPE_CHECKING:
    from planner.drill.rehearsal import drill_plan

__all__ = [
    "CaseResult",
    "DrillReport",
    "LagModel",
    "NotApplicable",
    "PlannedResult",
    "drill_plan",
]


def __getattr__(name: str) -> object:
    if name != "drill_plan":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("planner.drill.rehearsal").drill_plan

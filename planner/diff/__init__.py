"""What a change costs: two scenarios, plans or stacks compared, split by cause, held to rules."""

from __future__ import annotations

from planner.diff.report import diff_report
from planner.diff.types import (
    Choice,
    DiffLine,
    DiffReport,
    DrawnUsd,
    Drift,
    Part,
    Range,
    RuleResult,
    RuleVerdict,
    Side,
    Status,
    Subject,
    SubjectKind,
    Total,
)

__all__ = [
    "Choice",
    "DiffLine",
    "DiffReport",
    "DrawnUsd",
    "Drift",
    "Part",
    "Range",
    "RuleResult",
    "RuleVerdict",
    "Side",
    "Status",
    "Subject",
    "SubjectKind",
    "Total",
    "diff_report",
]

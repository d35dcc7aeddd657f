"""What a drill finds: one answer for each planted fault, and the planned days."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Alarmed", "CaseResult", "DrillReport", "LagModel", "NotApplicable", "PlannedResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LagModel:
    """How late each clock tells."""

    metric_s: int
    evaluation_s: int
    budget_s: int
    budget_refreshes_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarmed:
    """Somebody is told: by what and when (UTC)."""

    name: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One planted fault, from its start to the end of the run or to the first alarm.

    ``overspend_usd`` is what was spent beyond the planned traffic's cost until somebody was told,
    with the caps in place; ``budgets_only_overspend_usd`` the same with Budgets and no cap.
    ``cap_at_s`` is when a hard cap (the gateway's, or the group's limit of instances) first bit,
    ``uncapped_overspend_usd`` the whole run without any, ``capped_overspend_usd`` with them.
    ``missed``: nobody was told, and the run cost more than headroom allows.
    """

    case: str
    description: str
    started: datetime.datetime
    detected: bool
    first_alarm: str | None
    time_to_detect_s: int | None
    overspend_usd: Decimal
    budgets_only_alarm: str | None
    budgets_only_time_to_detect_s: int | None
    budgets_only_overspend_usd: Decimal
    cap_at_s: int | None
    capped_overspend_usd: Decimal
    uncapped_overspend_usd: Decimal
    missed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A fault that this kind of stack cannot have."""

    case: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedResult:
    """Planned traffic: ``false_alarms`` is how often any alarm or budget told."""

    days: int
    starts: datetime.datetime
    clock_change: datetime.datetime | None
    false_alarms: int
    alarms: tuple[Alarmed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """A drill of one plan. ``as_registered`` is false where no stack of ours deploys the plan."""

    scenario_id: str
    stack_id: str
    kind: str
    plan_hash: str
    as_registered: bool
    note: str | None
    seed: int
    alarms: int
    budgets: int
    lag: LagModel
    planned: PlannedResult
    cases: tuple[CaseResult, ...]
    not_applicable: tuple[NotApplicable, ...]
    max_overspend_usd: Decimal | None
    over_limit: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """No false alarm, nothing missed, nothing dearer than the scenario's limit."""
        missed = any(case.missed for case in self.cases)
        return not (self.planned.false_alarms or missed or self.over_limit)

"""What SpendGuard registers, before it has a cloud: metric alarms, composites, budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AlarmSpec",
    "BudgetNotice",
    "BudgetSpec",
    "Comparison",
    "CompositeSpec",
    "Expression",
    "GuardSet",
    "MetricRef",
    "MissingData",
    "Query",
    "Statistic",
]

Statistic = Literal["Sum", "Average", "Minimum", "Maximum"]
Comparison = Literal[
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "GreaterThanUpperThreshold",
]
MissingData = Literal["missing", "ignore", "breaching", "notBreaching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRef:
    """A metric and how it is summed up over each period.

    Values of ``dimensions`` in angle brackets (``<group>``) are names that the stack fills in.
    """

    id: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    stat: Statistic
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Metric math over the metrics and expressions before it."""

    id: str
    text: str
    label: str = ""


Query = MetricRef | Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """One metric alarm. The query ``returned`` is compared with ``threshold``.

    Instead of a threshold ``band`` may name a query that is an anomaly band. ``wall_clock`` is
    the zone that periods are aligned in; without one they slide. ``notifies`` is false for
    alarms that only composite alarms look at.
    """

    name: str
    description: str
    queries: tuple[Query, ...]
    returned: str
    comparison: Comparison
    threshold: float | None
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: MissingData = "notBreaching"
    band: str | None = None
    wall_clock: str | None = None
    notifies: bool = True

    @property
    def metrics(self) -> tuple[MetricRef, ...]:
        """Its metrics; each is billed."""
        return tuple(query for query in self.queries if isinstance(query, MetricRef))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeSpec:
    """An alarm on the states of others, which the rule names."""

    name: str
    description: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNotice:
    """When a budget tells: ``threshold_pct`` of its limit."""

    kind: Literal["ACTUAL", "FORECASTED"]
    threshold_pct: float
    below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSpec:
    """A monthly budget: one limit, or one for each of twelve months (``YYYY-MM``, text).

    ``limit`` and the limits are USD, or percent for a utilisation budget, whose ``filters`` are
    (name, values); a cost budget looks at the stack's tag.
    """

    name: str
    budget_type: Literal["COST", "RI_UTILIZATION", "SAVINGS_PLANS_UTILIZATION"]
    limit: str | None
    monthly_limits: tuple[tuple[str, str], ...]
    notices: tuple[BudgetNotice, ...]
    metric: Literal["UnblendedCost", "AmortizedCost"] | None = None
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSet:
    """All of one stack. ``anomaly`` are the alarms that history must be there for."""

    alarms: tuple[AlarmSpec, ...]
    composites: tuple[CompositeSpec, ...]
    anomaly: tuple[str, ...]

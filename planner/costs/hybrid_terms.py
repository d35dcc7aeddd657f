"""What a hybrid costs as terms over the monthly volume: own instances, overflow, what stays.

Each term decides the plan anew at its volume. They are no functions with known kinks, and one of
them may fall where another rises: only their sum never falls with volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planner.costs.hybrid_base import BasePlan, HybridBase
from planner.costs.terms import ONE, Bought, Term, Timed

__all__ = ["HybridInstances", "HybridMost", "HybridTerm", "Overflowed", "Part", "Served"]

# Which requests a term is about; shares of the overflow differ between them.
Part = Literal["interactive", "deferrable", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridTerm:
    """A cost that depends on the plan of ``base``."""

    base: HybridBase

    @property
    def linear(self) -> bool:
        """False: the plan changes with the volume."""
        return False

    def kinks(self) -> tuple[float, ...]:
        """None are known."""
        return ()

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        """USD per month at a steady volume."""
        return self.with_plan(self.base.plan(requests, capacity_factor), requests)

    def with_bought(
        self, bought: Bought, requests: Decimal, capacity_factor: Decimal = ONE
    ) -> Decimal:
        """USD of a month with these committed and on-demand instances; see ``plan_bought``."""
        return self.with_plan(self.base.plan_bought(bought, requests, capacity_factor), requests)

    def with_plan(self, plan: BasePlan, requests: Decimal) -> Decimal:
        """USD of a month with this plan."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridInstances(HybridTerm, Timed):
    """Every instance hour at a price: on demand, or committed where ``base`` commits."""

    usd_per_hour: Decimal
    committed_usd_per_hour: Decimal | None = None

    def with_plan(self, plan: BasePlan, requests: Decimal) -> Decimal:
        if self.committed_usd_per_hour is None:
            return self.usd_per_hour * plan.instance_hours * self.base.weeks
        always = Decimal(plan.committed * len(plan.instances))
        usd = self.committed_usd_per_hour * always
        return (usd + self.usd_per_hour * (plan.instance_hours - always)) * self.base.weeks

    def with_bought(
        self, bought: Bought, requests: Decimal, capacity_factor: Decimal = ONE
    ) -> Decimal:
        if self.base.scheduled:
            plan = self.base.plan_bought(bought, requests, capacity_factor)
            return self.with_plan(plan, requests)
        # No plan is needed for what runs always.
        committed, on_demand = bought
        price = self.committed_usd_per_hour
        price = self.usd_per_hour if price is None else price
        hourly = price * committed + self.usd_per_hour * on_demand
        return hourly * self.base.hours_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridMost(HybridTerm, Timed):
    """Paid for every instance that runs in the fullest hour."""

    usd_per_instance_month: Decimal

    def with_plan(self, plan: BasePlan, requests: Decimal) -> Decimal:
        return self.usd_per_instance_month * plan.most_instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflowed(HybridTerm):
    """A cost of the API, for the part of the requests that goes there."""

    inner: Term
    part: Part = "all"

    def with_plan(self, plan: BasePlan, requests: Decimal) -> Decimal:
        return self.inner.at(requests * self.base.reaching_share * self.share(plan))

    def share(self, plan: BasePlan) -> Decimal:
        """Share of the part's requests that overflow."""
        if self.part == "interactive":
            return plan.interactive_overflow_share
        return plan.deferrable_overflow_share if self.part == "deferrable" else plan.overflow_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(HybridTerm):
    """A cost of self-hosting that comes with each request served there."""

    inner: Term

    def with_plan(self, plan: BasePlan, requests: Decimal) -> Decimal:
        return self.inner.at(requests * self.base.reaching_share * (1 - plan.overflow_share))

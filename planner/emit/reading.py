"""A plan's JSON, read by name with types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from planner.decision import Plan
from planner.money import ZERO

__all__ = ["Json", "Read"]

Json = Mapping[str, Any]

# Priced, and there before the stack: the user's mirror of the engine image.
_NOT_REGISTERED = ("aws:ecr/repository:Repository",)
_GROUP = "aws:autoscaling/group:Group"


class Read:
    """A plan's content, and what follows from it."""

    def __init__(self, plan: Plan) -> None:
        self.plan_hash = plan.plan_hash
        self.content = plan.content
        self.chosen: Json = plan.content["chosen"]
        self.resources = cast("Sequence[Json]", plan.content["resources"])
        self.demand: Json = plan.content["demand"]
        self.spend: Json = plan.content["spend"]
        self.deployment: Json = plan.content["deployment"]
        self.budget: Json = plan.content["budget"]
        self.scenario: Json = plan.content["scenario"]

    @property
    def kind(self) -> str | None:
        """Which stack deploys it; None for what no stack of ours deploys."""
        return self.content["kind"]

    @property
    def months(self) -> Sequence[Json]:
        """The projection, month by month."""
        return self.spend["by_month"]

    @property
    def tokens_per_request(self) -> Decimal:
        """Input plus output of the mean request."""
        return Decimal(self.demand["input_tokens_mean"]) + Decimal(
            self.demand["output_tokens_mean"]
        )

    @property
    def growth(self) -> Decimal:
        """Requests of the busiest month by those of the first."""
        requests = [Decimal(month["requests"]) for month in self.months]
        return max(requests) / requests[0] if requests[0] else Decimal(1)

    @property
    def fixed_cost_usd(self) -> Decimal:
        """What the registered resources cost in the first month, without any request."""
        return sum(
            (
                Decimal(row["monthly_usd"])
                for row in self.resources
                if not row["usage_based"]
                and row["monthly_usd"] is not None
                and row["aws_type"] not in _NOT_REGISTERED
            ),
            ZERO,
        )

    def part(self, name: str) -> Json:
        """A part that only some arms have; empty where the chosen one has it not."""
        return cast("Json", self.chosen.get(name) or {})

    def section(self, name: str) -> Json:
        """A section of the scenario; empty where it is not there."""
        return cast("Json", self.scenario.get(name) or {})

    def has(self, component: str) -> bool:
        """Whether the plan priced such a resource."""
        return any(row["component"] == component for row in self.resources)

    def units_each(self, component: str) -> Decimal | None:
        """How much of a resource comes with every instance; None where it was not priced."""
        found = [row["units_each"] for row in self.resources if row["component"] == component]
        return Decimal(found[0]) if found and found[0] is not None else None

    def instance_prices(self) -> list[Decimal]:
        """USD an hour of each way that instances are bought in, in the plan's order."""
        return [
            Decimal(row["usd_per_unit"])
            for row in self.resources
            if row["aws_type"] == _GROUP and row["usd_per_unit"] is not None
        ]

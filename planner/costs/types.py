"""What costs hand on: priced lines, the ledger they add up to, and one option as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

from planner.costs.hourly_terms import HourlyFleet
from planner.costs.hybrid_base import HybridBase
from planner.costs.terms import Bought, Fleet, Term, Timed
from planner.scenario.options import Arm
from planner.scenario.provenance import Assumption

if TYPE_CHECKING:
    # Not imported for APIs and options priced by hand, which have none.
    from planner.serving.simulate import CapacityCheck
    from planner.serving.types import ServingOption

__all__ = [
    "CATEGORIES",
    "AmountLine",
    "BilledBy",
    "BuysByTheTerm",
    "Category",
    "CostLine",
    "Driver",
    "Excluded",
    "Factors",
    "Ledger",
    "Option",
    "Resource",
    "StackKind",
]

Category = Literal["api_usage", "infrastructure", "engineering", "quality", "operational"]
CATEGORIES: tuple[Category, ...] = (
    "api_usage",
    "infrastructure",
    "engineering",
    "quality",
    "operational",
)
# Who sends the invoice: AWS Budgets see only ``aws``; labour is on no invoice.
BilledBy = Literal["aws", "provider", "labour", "other"]
# The input a line scales with when that input is varied.
Driver = Literal["api_price", "gpu_price", "labour", "other"]
StackKind = Literal["api_gateway", "bedrock", "vllm_gpu", "hybrid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A thing the stack deploys and AWS charges for.

    ``aws_type`` is the Pulumi type token; ``count`` how many are deployed, None when the number
    follows load; ``price_item`` the catalog item its unit price comes from. ``units_each`` is how
    much of it comes with every instance.
    """

    component: str
    aws_type: str
    count: int | None
    price_item: str
    unit: str
    usd_per_unit: Decimal | None
    units_per_month: Decimal | None
    units_each: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of an option's monthly cost: a term over the monthly volume, and its origin.

    ``term`` is None when a price in it is not known; ``reason_unpriced`` then says which, and
    every total with this line is a floor. ``formula`` shows the figures behind the line.
    ``provider`` is the API provider that invoices it. ``is_credit`` marks money granted, which
    lowers the bill but is no spend. ``length_shares`` are the parts of it that are in proportion
    to the mean input and to the mean output tokens; the rest goes by requests or by the month.
    """

    name: str
    category: Category
    billed_by: BilledBy
    driver: Driver
    term: Term | None
    formula: str
    source: str
    observed: date | None = None
    mark: str = ""
    resource: Resource | None = None
    reason_unpriced: str | None = None
    provider: str | None = None
    is_credit: bool = False
    length_shares: tuple[float, float] = (0.0, 0.0)

    @property
    def follows_requests(self) -> bool:
        """Whether it is paid as requests come, not by the hour or month."""
        return not isinstance(self.term, Timed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Multipliers on the inputs of the answer; 1 is the scenario as given."""

    volume: Decimal = Decimal(1)
    api_price: Decimal = Decimal(1)
    gpu_price: Decimal = Decimal(1)
    capacity: Decimal = Decimal(1)
    labour: Decimal = Decimal(1)

    def of(self, driver: Driver) -> Decimal:
        """The multiplier that applies to lines with this driver."""
        if driver == "api_price":
            return self.api_price
        if driver == "gpu_price":
            return self.gpu_price
        return self.labour if driver == "labour" else Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountLine:
    """A cost line at one volume; ``usd`` is None when it is unpriced."""

    line: CostLine
    usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """An option's lines at one volume (or their mean over months), in USD per month.

    ``missing`` names categories that were not given: they count 0 and make totals floors.
    """

    requests_per_month: Decimal
    lines: tuple[AmountLine, ...]
    missing: tuple[Category, ...]

    @property
    def total_usd(self) -> Decimal:
        """Sum of all known lines."""
        return sum((a.usd for a in self.lines if a.usd is not None), Decimal(0))

    @property
    def bill_usd(self) -> Decimal:
        """What AWS and the API providers invoice: tokens and infrastructure."""
        billed = ("api_usage", "infrastructure")
        return sum(
            (a.usd for a in self.lines if a.usd is not None and a.line.category in billed),
            Decimal(0),
        )

    @property
    def unpriced(self) -> tuple[CostLine, ...]:
        """Lines whose price is not known."""
        return tuple(a.line for a in self.lines if a.usd is None)

    @property
    def is_floor(self) -> bool:
        """True when something is missing from the total."""
        return bool(self.missing or self.unpriced)

    def category_usd(self, category: Category) -> Decimal | None:
        """Sum of a category; None when it was not given and nothing in it is known."""
        amounts = [a.usd for a in self.lines if a.usd is not None and a.line.category == category]
        if category in self.missing and not amounts:
            return None
        return sum(amounts, Decimal(0))

    def billed_usd(self, billed_by: BilledBy) -> Decimal:
        """Sum of the lines on one invoice."""
        return sum(
            (a.usd for a in self.lines if a.usd is not None and a.line.billed_by == billed_by),
            Decimal(0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A candidate that was looked at and left out."""

    option: str
    candidate: str
    reason: str


class BuysByTheTerm(Protocol):
    """Who decides what is committed, where that is not simply what the fleet needs."""

    def of_months(
        self, requests: Sequence[Decimal], capacity_factor: Decimal
    ) -> tuple[Bought, ...]:
        """Committed and on-demand instances of each month of these volumes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One deployment to compare, priced.

    ``lines_in_month(t)`` gives its cost lines in month t of the horizon (0 is the first): token
    prices change on dated days, so months may differ. ``fleet`` is set where capacity comes in
    whole units, ``serving`` for modelled self-hosting. ``reason`` says why an infeasible one is
    out. ``commitment_months`` > 0 means instances, once bought, are paid that long.
    ``hardware`` holds every instance type that could serve, this one included: the breakeven
    chooses among them again at each volume. ``excluded`` are those that could not.
    ``check`` is what the simulator said of a modelled pick, None for capacities that were given.
    ``reaching_share`` of the requests reach the model; caches in front of it answer the others.
    ``hourly`` or ``hybrid`` is set where the number of instances is decided by the hour;
    ``purchases`` where commitments are, too. ``overflow`` names the API option of a hybrid.
    """

    arm: Arm
    name: str
    kind: StackKind | None
    feasible: bool
    reason: str | None
    deployable: bool
    deployable_reason: str | None
    provider_of_capacity: str | None
    lines_in_month: Callable[[int], tuple[CostLine, ...]]
    missing: tuple[Category, ...]
    fleet: Fleet | None = None
    serving: ServingOption | None = None
    purchase: str | None = None
    commitment_months: int = 0
    quality_score: Decimal | None = None
    resolved_model: str | None = None
    warnings: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    hardware: tuple[Option, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    check: CapacityCheck | None = None
    reaching_share: Decimal = Decimal(1)
    hourly: HourlyFleet | None = None
    hybrid: HybridBase | None = None
    purchases: BuysByTheTerm | None = None
    overflow: str | None = None

    @property
    def label(self) -> str:
        """The option's name with its hardware: ``qwen3-32b (on demand) on g6e.12xlarge tp4``."""
        if self.serving is None:
            return self.name
        return f"{self.name} on {self.serving.instance_type} tp{self.serving.tensor_parallel_size}"

    @property
    def is_api(self) -> bool:
        """Whether this is one of the API arms."""
        return self.arm.startswith("api_")

"""What pricing a Pulumi resource takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

from planner.catalog.types import InstanceType, PriceRow
from planner.money import ZERO

__all__ = [
    "Charge",
    "GraphPrice",
    "PlannedInstances",
    "PlannedUse",
    "PriceSource",
    "PricingContext",
    "ResourceInputs",
    "ResourcePrice",
    "Span",
    "Status",
]

# ``usage_priced``: only use is billed, which inputs do not show. ``unknown`` counts as unpriced.
Status = Literal["priced", "usage_priced", "free", "unknown"]


class PriceSource(Protocol):
    """Where unit prices come from: a ``Catalog``."""

    @property
    def instances(self) -> Mapping[str, InstanceType]:
        """Known instance types by name."""
        ...

    def service_price(self, item: str, region: str) -> PriceRow:
        """Price of a service item; its ``usd`` is None when unknown."""
        ...

    def instance_price(self, name: str, region: str, purchase: str) -> PriceRow:
        """Price of an hour of an instance type."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A quantity or amount: its expected value between the least and the most it can be."""

    low: Decimal
    expected: Decimal
    high: Decimal

    @classmethod
    def point(cls, value: Decimal | int) -> Span:
        """A quantity that is exactly known."""
        exact = Decimal(value)
        return cls(low=exact, expected=exact, high=exact)

    def __add__(self, other: Span) -> Span:
        """Both together, as if all were low, or high, at once."""
        return Span(
            low=self.low + other.low,
            expected=self.expected + other.expected,
            high=self.high + other.high,
        )

    def times(self, factor: Decimal) -> Span:
        """The span scaled by a factor of zero or more."""
        return Span(low=self.low * factor, expected=self.expected * factor, high=self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInputs:
    """One resource as the engine registers it.

    ``type`` is the token (``aws:ec2/natGateway:NatGateway``), ``inputs`` its camelCase inputs as
    in previews, states and registrations (sentinels of the engine included), ``region`` where it
    lies, None where that is not known. ``property_dependencies`` are, by input, the URNs it was
    made from. ``id`` is the provider's, None before it exists.
    """

    urn: str
    type: str
    inputs: Mapping[str, object]
    region: str | None
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, list[str]])
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInstances:
    """Instances a plan pays for: instance-hours of a month at a price of the plan's own.

    ``label`` says how they are bought (``on_demand``, ``ri_1y_no_upfront``).
    """

    instance_type: str
    usd_per_hour: Decimal
    hours_per_month: Decimal
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUse:
    """What a plan knows of a month that inputs do not show.

    ``usage`` are units a month by (type token, price item), of all resources of the type
    together. ``name`` is the plan's hash.
    """

    name: str
    instances: tuple[PlannedInstances, ...] = ()
    usage: Mapping[tuple[str, str], Decimal] = field(default_factory=dict[tuple[str, str], Decimal])


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingContext:
    """What resources are priced with; ``planned`` is None where no plan is known to apply."""

    prices: PriceSource
    hours_per_month: Decimal = Decimal(730)
    planned: PlannedUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One price item of a resource: units a month times the price of one.

    ``usd_per_unit`` is None where the price is not known; ``reason`` then says why.
    ``monthly_usd`` includes the band of a price borrowed from another region (``borrowed``).
    """

    item: str
    unit: str
    units: Span
    usd_per_unit: Decimal | None
    monthly_usd: Span | None
    source: str
    observed: date | None
    borrowed: bool = False
    note: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePrice:
    """What one resource costs a month without its use.

    ``usage_items`` are billed by use besides. ``missing`` says which parts could not be told: the
    amount is then a floor. ``reason`` is why it is free or unknown.
    """

    urn: str
    type: str
    status: Status
    charges: tuple[Charge, ...] = ()
    usage_items: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""

    @property
    def monthly_usd(self) -> Span | None:
        """Sum of the priced charges; None when nothing fixed is billed or nothing is known."""
        known = [charge.monthly_usd for charge in self.charges if charge.monthly_usd is not None]
        return sum_of(known) if known else None

    @property
    def is_floor(self) -> bool:
        """Whether something of it has no price."""
        unpriced = any(charge.monthly_usd is None for charge in self.charges)
        return self.status == "unknown" or bool(self.missing) or unpriced


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPrice:
    """What a whole stack costs a month: its resources, and what the plan says of their use.

    ``planned_usage`` is fixed use that the plan counts and inputs do not show (weights in a
    bucket, metrics of an engine). ``undeployed`` are planned items no resource stands for.
    """

    resources: tuple[ResourcePrice, ...]
    planned_usage: tuple[Charge, ...] = ()
    undeployed: tuple[str, ...] = ()

    @property
    def monthly_usd(self) -> Span:
        """All that has a price: what ``fixedCostMonthlyUsd`` of the plan states."""
        spans = [each.monthly_usd for each in self.resources]
        spans += [charge.monthly_usd for charge in self.planned_usage]
        return sum_of([span for span in spans if span is not None])

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Types that no list knows, or that are known to have no price, sorted."""
        return tuple(sorted({each.type for each in self.resources if each.status == "unknown"}))

    @property
    def is_floor(self) -> bool:
        """Whether something has no price."""
        return bool(self.undeployed) or any(each.is_floor for each in self.resources)


def sum_of(spans: Sequence[Span]) -> Span:
    """All together; zero for none."""
    total = Span(low=ZERO, expected=ZERO, high=ZERO)
    for span in spans:
        total = total + span
    return total

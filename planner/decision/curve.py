"""The monthly total of an option over volume, in a form that is quick to compare."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.costs import (
    AS_GIVEN,
    AboveFloor,
    Factors,
    Fixed,
    Fleet,
    HourlyTerm,
    Option,
    PerInstance,
    PerRequest,
    Term,
)

__all__ = ["CostCurve", "curve_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """Cost in USD per month over requests per month, at the prices of one month.

    The sum of a fixed part, a rate per request, an amount per instance of ``fleet``, and the
    terms that are tiered or curved. ``kinks`` are the volumes where one of those changes slope or
    curvature; the steps of the fleet come on top: cost rises just after each multiple of
    ``step``. Unknown prices count 0, so the curve of an option with some is a floor.
    """

    name: str
    fixed_usd: Decimal
    per_request_usd: Decimal
    per_instance_usd: Decimal
    fleet: Fleet | None
    capacity_factor: Decimal
    curved: tuple[tuple[Decimal, Term], ...]
    kinks: tuple[Decimal, ...]

    def at(self, requests: Decimal) -> Decimal:
        """Exact cost of a volume, whether or not the option's limits allow it."""
        total = self.fixed_usd + self.per_request_usd * requests
        if self.fleet is not None:
            total += self.per_instance_usd * self.fleet.instances(requests, self.capacity_factor)
        for factor, term in self.curved:
            total += factor * term.at(requests, self.capacity_factor)
        return total

    def parts(self, requests: Decimal) -> tuple[Decimal, Decimal]:
        """Of a volume, what rises with it, and the cost per request of what falls: cached tokens.

        Between two volumes the cost is at least the first of the lower one and the second of the
        higher one times the lower volume; at most the other way round.
        """
        rising = self.fixed_usd + self.per_request_usd * requests
        falling = Decimal(0)
        if self.fleet is not None:
            rising += self.per_instance_usd * self.fleet.instances(requests, self.capacity_factor)
        for factor, term in self.curved:
            usd = factor * term.at(requests, self.capacity_factor)
            if term.linear or isinstance(term, HourlyTerm):
                rising += usd
            else:
                falling += usd / requests
        return rising, falling

    @property
    def linear(self) -> bool:
        """Whether the cost is affine between kinks and steps."""
        return all(term.linear or isinstance(term, HourlyTerm) for _, term in self.curved)

    @property
    def steps(self) -> tuple[Decimal, ...]:
        """Volumes whose multiples are steps: of the fleet, and of fleets that follow the load."""
        own = () if self.step is None else (self.step,)
        hourly = (
            t.steps(self.capacity_factor) for _, t in self.curved if isinstance(t, HourlyTerm)
        )
        return tuple(sorted({*own, *(step for steps in hourly for step in steps)}))

    @property
    def step(self) -> Decimal | None:
        """Requests per month of one replica; None when capacity comes in no steps."""
        if self.fleet is None or self.fleet.fixed_replicas is not None:
            return None
        return self.fleet.capacity_requests_per_month * self.capacity_factor

    @property
    def max_requests(self) -> Decimal | None:
        """Largest volume the option's limits allow; None without a limit."""
        return None if self.fleet is None else self.fleet.max_requests(self.capacity_factor)

    def without_limit(self) -> CostCurve:
        """The same option if it could be bought without end."""
        if self.fleet is None:
            return self
        return replace(self, fleet=replace(self.fleet, max_instances=None, fixed_replicas=None))


def curve_of(option: Option, factors: Factors = AS_GIVEN, *, month: int = 0) -> CostCurve:
    """The curve of an option at a month's prices, with inputs scaled by ``factors``."""
    fixed = rate = per_instance = Decimal(0)
    curved: list[tuple[Decimal, Term]] = []
    for line in option.lines_in_month(month):
        factor = factors.of(line.driver)
        match line.term:
            case None:
                continue
            case Fixed(monthly_usd=amount):
                fixed += factor * amount
            case PerRequest(usd_per_request=amount):
                rate += factor * amount
            case AboveFloor(monthly_usd_per_instance=amount, floor_instances=floor):
                per_instance += factor * amount
                fixed -= factor * amount * floor
            case PerInstance(monthly_usd_per_instance=amount):
                per_instance += factor * amount
            case term:
                curved.append((factor, term))
    kinks = {Decimal(math.floor(kink)) for _, term in curved for kink in term.kinks()}
    return CostCurve(
        name=option.label,
        fixed_usd=fixed,
        per_request_usd=rate,
        per_instance_usd=per_instance,
        fleet=option.fleet,
        capacity_factor=factors.capacity,
        curved=tuple(curved),
        kinks=tuple(sorted(kinks)),
    )

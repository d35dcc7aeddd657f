"""An option's cost over the horizon in few numbers, for comparing many options quickly.

Agrees with the ledgers line by line (a test holds both side by side); the ledgers explain, this
searches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from planner.costs.commitments import instance_months
from planner.costs.hourly_terms import HourlyCommitted, HourlyTerm
from planner.costs.hybrid_terms import HybridTerm
from planner.costs.months import Months
from planner.costs.terms import (
    AboveFloor,
    Bought,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Reserved,
    Term,
)
from planner.costs.types import BuysByTheTerm, CostLine, Driver, Option

__all__ = ["CompactCost", "compact_cost"]

ONE = Decimal(1)
_DRIVERS: tuple[Driver, ...] = ("api_price", "gpu_price", "labour", "other")


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Of one driver: coefficients of the months, of requests, and of instances of each kind."""

    fixed: Decimal = Decimal(0)
    per_request: Decimal = Decimal(0)
    per_instance: Decimal = Decimal(0)
    per_reserved: Decimal = Decimal(0)
    per_on_demand: Decimal = Decimal(0)
    # Terms with the months they are paid in.
    curved: list[tuple[Term, tuple[int, ...]]] = field(
        default_factory=lambda: list[tuple[Term, tuple[int, ...]]]()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactCost:
    """Mean monthly cost of an option by driver, at any volume and capacity of its replicas.

    ``per_request`` sums are over the requests of all months.
    """

    label: str
    fleet: Fleet | None
    commitment_months: int
    requests: tuple[Decimal, ...]
    sums: dict[Driver, _Sums]
    purchases: BuysByTheTerm | None = None

    def of(self, driver: Driver) -> Decimal:
        """USD per mean month of the lines with this driver, as given."""
        return self._mean([self.sums[driver]], ONE, ONE)

    def total(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> Decimal:
        """USD per mean month; ``capacity`` scales what one replica serves, ``volume`` the load."""
        return self._mean(self.sums.values(), capacity, volume)

    def least(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> Decimal:
        """A lower bound on ``total``, at once: as if parts of instances could be bought."""
        total = Decimal(0)
        requests = sum(self.requests, Decimal(0)) * volume
        count = len(self.requests)
        for part in self.sums.values():
            total += part.fixed + part.per_request * volume
            for term, months in part.curved:
                if isinstance(term, HourlyTerm):
                    mean = requests / count
                    total += term.least_usd(mean, capacity) * len(months)
        fleet = self.fleet
        if fleet is not None and fleet.fixed_replicas is None:
            each = sum(
                (p.per_instance + min(p.per_reserved, p.per_on_demand) for p in self.sums.values()),
                Decimal(0),
            )
            per_instance = fleet.capacity_requests_per_month * fleet.replicas_per_instance
            total += each * requests / (per_instance * capacity)
        return total / count

    def serves(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> bool:
        """Whether the option's limits hold in every month."""
        most = None if self.fleet is None else self.fleet.max_requests(capacity)
        return most is None or max(self.requests) * volume <= most

    def _mean(self, sums: Iterable[_Sums], capacity: Decimal, volume: Decimal) -> Decimal:
        parts = list(sums)
        total = sum((part.fixed + part.per_request * volume for part in parts), Decimal(0))
        bought = self._bought(parts, capacity, volume)
        for part in parts:
            for term, months in part.curved:
                total += self._curved_usd(term, months, bought, capacity, volume)
        if self.fleet is not None:
            total += self._instances_usd(self.fleet, parts, capacity, volume)
        return total / len(self.requests)

    def _bought(
        self, parts: list[_Sums], capacity: Decimal, volume: Decimal
    ) -> tuple[Bought, ...] | None:
        if self.purchases is None or not any(part.curved for part in parts):
            return None
        return self.purchases.of_months([v * volume for v in self.requests], capacity)

    def _curved_usd(
        self,
        term: Term,
        months: tuple[int, ...],
        bought: tuple[Bought, ...] | None,
        capacity: Decimal,
        volume: Decimal,
    ) -> Decimal:
        """Over its months; those with the same volume and purchases cost the same."""
        known: dict[tuple[Decimal, Bought | None], Decimal] = {}
        total = Decimal(0)
        for month in months:
            requests = self.requests[month] * volume
            own = None if bought is None else bought[month]
            if (requests, own) not in known:
                if own is not None and isinstance(term, HourlyCommitted | HybridTerm):
                    known[requests, own] = term.with_bought(own, requests, capacity)
                else:
                    known[requests, own] = term.at(requests, capacity)
            total += known[requests, own]
        return total

    def _instances_usd(
        self, fleet: Fleet, parts: list[_Sums], capacity: Decimal, volume: Decimal
    ) -> Decimal:
        per_instance = sum((part.per_instance for part in parts), Decimal(0))
        per_reserved = sum((part.per_reserved for part in parts), Decimal(0))
        if not (per_instance or per_reserved):
            return Decimal(0)
        known = {v: fleet.instances(v * volume, capacity) for v in set(self.requests)}
        needed = [known[v] for v in self.requests]
        total = per_instance * sum(needed)
        if per_reserved:
            reserved, on_demand = instance_months(needed, self.commitment_months)
            total += per_reserved * sum(reserved)
            total += sum((part.per_on_demand for part in parts), Decimal(0)) * sum(on_demand)
        return total


def compact_cost(option: Option, months: Months) -> CompactCost:
    """Add up an option's lines over the months; unpriced lines count 0."""
    sums: dict[Driver, _Sums] = {driver: _Sums() for driver in _DRIVERS}
    by_lines: dict[int, tuple[tuple[CostLine, ...], list[int]]] = {}
    for month in range(len(months)):
        lines = option.lines_in_month(month)
        by_lines.setdefault(id(lines), (lines, []))[1].append(month)
    for lines, paid in by_lines.values():
        requests = sum((months.requests[month] for month in paid), Decimal(0))
        for line in lines:
            _add(sums[line.driver], line, tuple(paid), requests)
    return CompactCost(
        label=option.label,
        fleet=option.fleet,
        commitment_months=option.commitment_months,
        requests=months.requests,
        sums=sums,
        purchases=option.purchases,
    )


def _add(sums: _Sums, line: CostLine, months: tuple[int, ...], requests: Decimal) -> None:
    """Instances are counted over all months, so their lines are the same in each."""
    match line.term:
        case None:
            return
        case Fixed(monthly_usd=amount):
            sums.fixed += amount * len(months)
        case PerRequest(usd_per_request=amount):
            sums.per_request += amount * requests
        case Reserved(monthly_usd_per_instance=amount, on_demand_usd_per_instance=beyond):
            sums.per_reserved += amount
            sums.per_on_demand += beyond
        case AboveFloor(monthly_usd_per_instance=amount, floor_instances=floor):
            sums.per_instance += amount
            sums.fixed -= amount * floor * len(months)
        case PerInstance(monthly_usd_per_instance=amount):
            sums.per_instance += amount
        case term:
            sums.curved.append((term, months))

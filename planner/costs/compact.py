"""An option's cost over the horizon in few numbers, for comparing many options quickly.

Agrees with the ledgers line by line (a test holds both side by side); the ledgers explain, this
searches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from planner.costs.commitments import instance_months
from planner.costs.months import Months
from planner.costs.terms import Fixed, Fleet, PerInstance, PerRequest, Reserved, Term
from planner.costs.types import CostLine, Driver, Option

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
    curved: list[tuple[Term, tuple[Decimal, ...]]] = field(
        default_factory=lambda: list[tuple[Term, tuple[Decimal, ...]]]()
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

    def of(self, driver: Driver) -> Decimal:
        """USD per mean month of the lines with this driver, as given."""
        return self._mean([self.sums[driver]], ONE, ONE)

    def total(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> Decimal:
        """USD per mean month; ``capacity`` scales what one replica serves, ``volume`` the load."""
        return self._mean(self.sums.values(), capacity, volume)

    def serves(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> bool:
        """Whether the option's limits hold in every month."""
        most = None if self.fleet is None else self.fleet.max_requests(capacity)
        return most is None or max(self.requests) * volume <= most

    def _mean(self, sums: Iterable[_Sums], capacity: Decimal, volume: Decimal) -> Decimal:
        parts = list(sums)
        total = sum((part.fixed + part.per_request * volume for part in parts), Decimal(0))
        for part in parts:
            for term, requests in part.curved:
                total += sum((term.at(v * volume) for v in requests), Decimal(0))
        if self.fleet is not None:
            total += self._instances_usd(self.fleet, parts, capacity, volume)
        return total / len(self.requests)

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
    by_lines: dict[int, tuple[tuple[CostLine, ...], list[Decimal]]] = {}
    for month, requests in enumerate(months.requests):
        lines = option.lines_in_month(month)
        by_lines.setdefault(id(lines), (lines, []))[1].append(requests)
    for lines, volumes in by_lines.values():
        for line in lines:
            _add(sums[line.driver], line, volumes)
    return CompactCost(
        label=option.label,
        fleet=option.fleet,
        commitment_months=option.commitment_months,
        requests=months.requests,
        sums=sums,
    )


def _add(sums: _Sums, line: CostLine, volumes: list[Decimal]) -> None:
    """Instances are counted over all months, so their lines are the same in each."""
    match line.term:
        case None:
            return
        case Fixed(monthly_usd=amount):
            sums.fixed += amount * len(volumes)
        case PerRequest(usd_per_request=amount):
            sums.per_request += amount * sum(volumes)
        case Reserved(monthly_usd_per_instance=amount, on_demand_usd_per_instance=beyond):
            sums.per_reserved += amount
            sums.per_on_demand += beyond
        case PerInstance(monthly_usd_per_instance=amount):
            sums.per_instance += amount
        case term:
            sums.curved.append((term, tuple(volumes)))

"""An option's cost over the horizon in few numbers, for comparing many options quickly.

Agrees with the ledgers line by line (a test holds both side by side); the ledgers explain, this
searches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.ledger import bought_for
from planner.costs.months import Months
from planner.costs.terms import Fixed, Fleet, PerInstance, PerRequest
from planner.costs.types import CostLine, Driver, Option

__all__ = ["CompactCost", "compact_cost"]

ONE = Decimal(1)
_DRIVERS: tuple[Driver, ...] = ("api_price", "gpu_price", "labour", "other")


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Of one driver, over the months: what does not depend on instances, and what does."""

    without_instances: Decimal = Decimal(0)
    per_instance: Decimal = Decimal(0)
    per_committed_instance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactCost:
    """Mean monthly cost of an option by driver, at any capacity of its replicas."""

    label: str
    fleet: Fleet | None
    months: int
    volumes: tuple[tuple[Decimal, int], ...]
    committed_volumes: tuple[tuple[Decimal, int], ...]
    sums: dict[Driver, _Sums]

    def of(self, driver: Driver) -> Decimal:
        """USD per mean month of the lines with this driver, at the capacity as given."""
        return self._mean([self.sums[driver]], ONE)

    def total(self, capacity: Decimal = ONE) -> Decimal:
        """USD per mean month; ``capacity`` scales what one replica serves."""
        return self._mean(self.sums.values(), capacity)

    def _mean(self, sums: Iterable[_Sums], capacity: Decimal) -> Decimal:
        parts = list(sums)
        total = sum((part.without_instances for part in parts), Decimal(0))
        running = sum((part.per_instance for part in parts), Decimal(0))
        committed = sum((part.per_committed_instance for part in parts), Decimal(0))
        if running:
            total += running * self._instances(self.volumes, capacity)
        if committed:
            total += committed * self._instances(self.committed_volumes, capacity)
        return total / self.months

    def _instances(self, volumes: tuple[tuple[Decimal, int], ...], capacity: Decimal) -> int:
        assert self.fleet is not None  # only a fleet's lines are paid per instance
        return sum(self.fleet.instances(v, capacity) * count for v, count in volumes)


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
    bought = [bought_for(option, months, month) for month in range(len(months))]
    return CompactCost(
        label=option.label,
        fleet=option.fleet,
        months=len(months),
        volumes=tuple(Counter(months.requests).items()),
        committed_volumes=tuple(Counter(bought).items()),
        sums=sums,
    )


def _add(sums: _Sums, line: CostLine, volumes: list[Decimal]) -> None:
    match line.term:
        case None:
            return
        case Fixed(monthly_usd=amount):
            sums.without_instances += amount * len(volumes)
        case PerRequest(usd_per_request=amount):
            sums.without_instances += amount * sum(volumes)
        case PerInstance(monthly_usd_per_instance=amount) if line.committed:
            sums.per_committed_instance += amount
        case PerInstance(monthly_usd_per_instance=amount):
            sums.per_instance += amount
        case term:
            sums.without_instances += sum((term.at(v) for v in volumes), Decimal(0))

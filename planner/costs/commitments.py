"""Which instances are committed and which run on demand, month by month."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.hourly_terms import HourlyCommitted
from planner.costs.terms import ONE, Bought

__all__ = ["HourlyPurchases", "InstanceMonths", "instance_months"]

# (reserved, on demand) instances of each month.
InstanceMonths = tuple[tuple[int, ...], tuple[int, ...]]


def instance_months(needed: Sequence[int], term_months: int) -> InstanceMonths:
    """Reserve each instance for whole terms that fit into the horizon; the rest is on demand.

    The j-th instance is reserved from the first month that needs it, for a term, and again while
    it is needed and another whole term fits. A reservation is paid in every month of its term,
    needed or not; a remainder shorter than a term is not worth one.
    """
    months = len(needed)
    reserved, on_demand = [0] * months, [0] * months
    levels = sorted({0, *needed})
    for low, high in itertools.pairwise(levels):
        # Instances low+1 .. high are needed in the same months.
        month = 0
        while month < months:
            if needed[month] <= low:
                month += 1
            elif month + term_months <= months:
                for paid in range(month, month + term_months):
                    reserved[paid] += high - low
                month += term_months
            else:
                on_demand[month] += high - low
                month += 1
    return tuple(reserved), tuple(on_demand)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyPurchases:
    """Commitments of a fleet that follows the load, for whole terms that fit into the horizon."""

    term: HourlyCommitted
    term_months: int

    def of_months(
        self, requests: Sequence[Decimal], capacity_factor: Decimal = ONE
    ) -> tuple[Bought, ...]:
        """Committed instances of each month (and 0: on-demand hours follow the load).

        The j-th is committed for a term when it is needed in at least committed ÷ on-demand
        price of the term's hours; a month that no such term covers pays its hours on demand.
        """
        needing = [self.term.fleet.hours_needing(v, capacity_factor) for v in requests]
        committed = [0] * len(requests)
        for index in range(max(map(len, needing))):
            hours = [month[index] if index < len(month) else 0 for month in needing]
            month = 0
            while month + self.term_months <= len(hours):
                mean = sum(hours[month : month + self.term_months]) / self.term_months
                if not self.term.worth_committing(mean):
                    month += 1
                    continue
                for paid in range(month, month + self.term_months):
                    committed[paid] += 1
                month += self.term_months
        return tuple((count, 0) for count in committed)

"""Which instances are reserved and which run on demand, month by month."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

__all__ = ["InstanceMonths", "instance_months"]

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

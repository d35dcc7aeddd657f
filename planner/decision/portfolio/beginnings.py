"""What each beginning of a queue of scenarios saves on shared replicas, all of them at once.

Thousands of scenarios make thousands of beginnings on each kind of hardware: these are compared in
arrays of floats, and the best is worked out in exact money afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs.commitments import instance_months
from planner.decision.portfolio.pool import ROUNDING
from planner.decision.portfolio.types import Hardware, Member

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = ["InQueue", "savings_usd"]

# Scenarios whose loads by month and hour are held at a time: a few MB.
_BLOCK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class InQueue:
    """A scenario in the order in which they are added; all have hardware of one kind.

    ``saves_usd`` is its own answer less what it pays in any case, ``fixed`` the parts of its stack.
    """

    member: Member
    hardware: Hardware
    commitment_months: int
    saves_usd: float
    fixed: Mapping[str, Decimal]


def savings_usd(queue: Sequence[InQueue]) -> list[float]:
    """USD a month saved by the first two, the first three …, as far as the instance limit goes."""
    import numpy as np

    instances = _instances(queue)
    first = queue[0]
    months = instances.shape[1]
    saved = np.cumsum([each.saves_usd for each in queue])[1 : len(instances) + 1]
    saved = saved - _fixed(queue)[1 : len(instances) + 1]
    saved -= float(first.hardware.instance_usd) * instances.sum(axis=1) / months
    return [float(usd) for usd in saved - _bought(first, instances)]


def _instances(queue: Sequence[InQueue]) -> Integers:
    """Instances by beginning, of two and more, and month; fewer rows where a limit is passed."""
    import numpy as np

    def most(numbers: list[int]) -> Integers:
        return np.maximum.accumulate(np.array(numbers))[1:, None]

    hardware = [each.hardware for each in queue]
    needed = np.maximum(np.ceil(_busiest(queue)[1:] - ROUNDING), 1.0).astype(np.int64)
    replicas = np.maximum(
        needed + most([each.spare_replicas for each in hardware]),
        most([each.min_replicas for each in hardware]),
    ) + most([each.extra_replicas for each in hardware])
    holding = -(-replicas // hardware[0].replicas_per_instance)
    instances = np.maximum(holding, most([each.min_instances for each in hardware]))
    limits = [np.inf if h.max_instances is None else h.max_instances for h in hardware]
    past = instances.max(axis=1) > np.minimum.accumulate(limits)[1:]
    return instances[: int(past.argmax())] if past.any() else instances


def _busiest(queue: Sequence[InQueue]) -> Floats:
    """Replicas' worth of load in the busiest hour, by beginning and month."""
    import numpy as np

    volumes = np.array([each.member.requests for each in queue], dtype=np.float64)
    volumes /= np.array([[each.hardware.capacity_requests_per_month] for each in queue])
    shapes = [each.member.shape for each in queue]
    if all(shape == shapes[0] for shape in shapes):
        # All are busiest in the same hour.
        return np.cumsum(volumes * max(shapes[0]), axis=0)
    sum_before = np.zeros((volumes.shape[1], len(shapes[0])))
    found: list[Floats] = []
    for start in range(0, len(queue), _BLOCK):
        part = slice(start, start + _BLOCK)
        loads = volumes[part, :, None] * np.array(shapes[part])[:, None, :]
        loads[0] += sum_before
        loads = np.cumsum(loads, axis=0)
        sum_before = loads[-1]
        found.append(loads.max(axis=2))
    return np.concatenate(found)


def _fixed(queue: Sequence[InQueue]) -> Floats:
    """Parts of a stack once, each at the most that any of a beginning pays for it."""
    import numpy as np

    names = sorted({name for each in queue for name in each.fixed})
    parts = np.array([[float(each.fixed.get(name, -np.inf)) for name in names] for each in queue])
    most = np.maximum.accumulate(parts, axis=0)
    return np.where(np.isneginf(most), 0.0, most).sum(axis=1)


def _bought(first: InQueue, instances: Integers) -> Floats:
    """What the instances are bought for, by beginning; committed ones as a scenario alone would."""
    hardware, months = first.hardware, instances.shape[1]
    price = float(hardware.purchase_usd)
    if not first.commitment_months:
        return price * instances.sum(axis=1) / months
    reserved, on_demand = _instance_months(instances, first.commitment_months)
    later = float(hardware.on_demand_usd)
    return (price * reserved + later * on_demand) / months


def _instance_months(instances: Integers, term_months: int) -> tuple[Integers, Integers]:
    """Reserved and on-demand months of all instances, by beginning; see ``instance_months``.

    Where instances are never fewer than before, each is reserved for the whole terms that fit
    after the month that first needs it.
    """
    import numpy as np

    left: Integers = np.arange(instances.shape[1], 0, -1, dtype=np.int64)
    added: Integers = instances.copy()
    added[:, 1:] -= instances[:, :-1]
    reserved = (added * (left // term_months * term_months)).sum(axis=1)
    on_demand = (added * (left % term_months)).sum(axis=1)
    for row in np.flatnonzero((added < 0).any(axis=1)):
        ways = instance_months(instances[row].tolist(), term_months)
        reserved[row], on_demand[row] = (sum(months) for months in ways)
    return reserved, on_demand

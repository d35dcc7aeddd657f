"""Replicas for several loads at once.

A load takes x(h) = V ÷ cap · w(h) ÷ max w replicas in hour h, where cap is what one replica serves
of it in a month at its peak. Loads on the same replicas add up: the pool needs
max over h of Σ x(h) replicas, rounded up once, and its spare once. Peaks at different hours, the
rounding and the spare are what sharing saves; bursts inside the hour are not assumed to even out.
That shares of a replica add up is exact for loads of equal requests and an approximation for
others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.costs.commitments import instance_months
from planner.decision.portfolio.types import Hardware, Member

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ROUNDING", "Bounds", "Pool", "instances_usd", "load_of", "pool_of"]

# Sums of shares that are whole but for rounding must not cost a replica.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Rules of a pool: its scenarios' largest spare and least numbers, their smallest limit."""

    spare_replicas: int
    min_replicas: int
    extra_replicas: int
    replicas_per_instance: int
    min_instances: int
    max_instances: int | None

    @classmethod
    def of(cls, hardware: Hardware) -> Bounds:
        """Those of one scenario alone."""
        return cls(
            spare_replicas=hardware.spare_replicas,
            min_replicas=hardware.min_replicas,
            extra_replicas=hardware.extra_replicas,
            replicas_per_instance=hardware.replicas_per_instance,
            min_instances=hardware.min_instances,
            max_instances=hardware.max_instances,
        )

    def joined(self, hardware: Hardware) -> Bounds:
        """With one scenario more."""
        limits = [n for n in (self.max_instances, hardware.max_instances) if n is not None]
        return Bounds(
            spare_replicas=max(self.spare_replicas, hardware.spare_replicas),
            min_replicas=max(self.min_replicas, hardware.min_replicas),
            extra_replicas=max(self.extra_replicas, hardware.extra_replicas),
            replicas_per_instance=self.replicas_per_instance,
            min_instances=max(self.min_instances, hardware.min_instances),
            max_instances=min(limits, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Replicas and instances of each month."""

    replicas: tuple[int, ...]
    instances: tuple[int, ...]


def load_of(member: Member, hardware: Hardware) -> Floats:
    """Replicas' worth of load, by month and UTC hour of the week: shape (months, 168)."""
    import numpy as np

    volumes = np.array(member.requests) / hardware.capacity_requests_per_month
    return np.outer(volumes, np.array(member.shape))


def pool_of(load: Floats, bounds: Bounds) -> Pool | None:
    """What a summed ``load`` needs within ``bounds``; None where the instance limit is passed."""
    busiest = load.max(axis=1)
    replicas = tuple(
        max(max(math.ceil(float(share) - ROUNDING), 1) + bounds.spare_replicas, bounds.min_replicas)
        + bounds.extra_replicas
        for share in busiest
    )
    instances = tuple(
        max(-(-count // bounds.replicas_per_instance), bounds.min_instances) for count in replicas
    )
    if bounds.max_instances is not None and max(instances) > bounds.max_instances:
        return None
    return Pool(replicas=replicas, instances=instances)


def instances_usd(
    hardware: Hardware, instances: Sequence[int], commitment_months: int
) -> tuple[Decimal, Decimal]:
    """Mean monthly cost of so many instances: what comes with each, and what they are bought for.

    Committed ones by whole terms that fit into the horizon, the rest on demand.
    """
    months = len(instances)
    around = hardware.instance_usd * sum(instances)
    if not commitment_months:
        return around / months, hardware.purchase_usd * sum(instances) / months
    reserved, on_demand = instance_months(instances, commitment_months)
    bought = hardware.purchase_usd * sum(reserved) + hardware.on_demand_usd * sum(on_demand)
    return around / months, bought / months

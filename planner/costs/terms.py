"""How a cost depends on the monthly volume: fixed, per request, tiered, cached, by whole machines.

A term is exact in ``Decimal``. Volumes are requests per month. Between two of its ``kinks`` a term
is affine, except ``CachedTokens``, which is smooth and changes curvature only at its kinks. A step
of a fleet belongs to the volume it still serves: cost rises just after ``j x capacity``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from planner.money import usd_from_float

__all__ = [
    "AboveFloor",
    "Bought",
    "CachedTokens",
    "Fixed",
    "Fleet",
    "PerInstance",
    "PerRequest",
    "Reserved",
    "Term",
    "Tiered",
    "Timed",
]

ONE = Decimal(1)


# Committed and on-demand instances of a month.
Bought = tuple[int, int]


class Timed:
    """A term that is paid by the hour or month, whatever requests come."""

    __slots__ = ()


class Term(Protocol):
    """A monthly cost in USD as a function of requests per month."""

    @property
    def linear(self) -> bool:
        """False when the term is curved between its kinks."""
        ...

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        """Exact cost; ``capacity_factor`` scales what one replica serves."""
        ...

    def kinks(self) -> tuple[float, ...]:
        """Volumes where the term stops being affine (or of one curvature), steps left out."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed(Timed):
    """The same every month."""

    monthly_usd: Decimal

    @property
    def linear(self) -> bool:
        return True

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        return self.monthly_usd

    def kinks(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class PerRequest:
    """Proportional to volume."""

    usd_per_request: Decimal

    @property
    def linear(self) -> bool:
        return True

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        return self.usd_per_request * requests

    def kinks(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Tiered:
    """Units bought at a price that changes with the monthly quantity.

    ``tiers`` are (units from which the price applies, USD per unit), ascending from 0.
    """

    units_per_request: Decimal
    tiers: tuple[tuple[Decimal, Decimal], ...]

    @property
    def linear(self) -> bool:
        return True

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        units = self.units_per_request * requests
        total = Decimal(0)
        for index, (start, price) in enumerate(self.tiers):
            if units <= start:
                break
            end = self.tiers[index + 1][0] if index + 1 < len(self.tiers) else units
            total += (min(units, end) - start) * price
        return total

    def kinks(self) -> tuple[float, ...]:
        if not self.units_per_request:
            return ()
        return tuple(float(start / self.units_per_request) for start, _ in self.tiers[1:])


@dataclass(frozen=True, slots=True)
class CachedTokens:
    """Tokens of requests that share a prefix, cached by the provider when that is cheaper.

    Per request: ``plain`` without caching, else ``hit`` + (``miss`` - ``hit``) e^(-c v), where
    v is the monthly volume and ``c`` = TTL ÷ (seconds per month x distinct prefixes): with Poisson
    arrivals a prefix is still warm with probability 1 - e^(-rate x TTL).
    """

    plain_usd_per_request: Decimal
    hit_usd_per_request: Decimal
    miss_usd_per_request: Decimal
    decay_per_request: float

    @property
    def linear(self) -> bool:
        return False

    def hit_probability(self, requests: float) -> float:
        """Share of requests that find their prefix warm."""
        return -math.expm1(-self.decay_per_request * requests)

    def caches_at(self, requests: float) -> bool:
        """Whether caching is the cheaper way at this volume."""
        return self._cached(requests) < float(self.plain_usd_per_request)

    def _cached(self, requests: float) -> float:
        hit, miss = float(self.hit_usd_per_request), float(self.miss_usd_per_request)
        return hit + (miss - hit) * math.exp(-self.decay_per_request * requests)

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        if not self.caches_at(float(requests)):
            return self.plain_usd_per_request * requests
        missed = usd_from_float(math.exp(-self.decay_per_request * float(requests)))
        spread = self.miss_usd_per_request - self.hit_usd_per_request
        return (self.hit_usd_per_request + spread * missed) * requests

    def kinks(self) -> tuple[float, ...]:
        """Where caching starts to pay, and where v e^(-c v) turns from concave to convex."""
        points = [2 / self.decay_per_request]
        plain, hit = float(self.plain_usd_per_request), float(self.hit_usd_per_request)
        miss = float(self.miss_usd_per_request)
        if hit < plain < miss:
            points.append(-math.log((plain - hit) / (miss - hit)) / self.decay_per_request)
        return tuple(sorted(points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Whole replicas on whole instances.

    One replica serves ``capacity_requests_per_month`` when its load has the scenario's shape:
    peak, burst and headroom are inside that figure. ``spare_replicas`` are beyond what load
    needs; ``min_instances`` are bought even when fewer would hold the replicas (an instance lies
    in one zone); ``max_instances`` is None without a limit. ``fixed_replicas`` pins the number.
    ``extra_replicas`` come on top of all that: the simulator found them needed.
    """

    capacity_requests_per_month: Decimal
    spare_replicas: int = 0
    min_replicas: int = 1
    replicas_per_instance: int = 1
    min_instances: int = 1
    max_instances: int | None = None
    limit_name: str | None = None
    fixed_replicas: int | None = None
    extra_replicas: int = 0

    def replicas(self, requests: Decimal, capacity_factor: Decimal = ONE) -> int:
        """Replicas for a monthly volume, spare and extra ones included."""
        if self.fixed_replicas is not None:
            return self.fixed_replicas
        per_replica = self.capacity_requests_per_month * capacity_factor
        needed = int(requests // per_replica)
        if needed * per_replica < requests:
            needed += 1
        # A service that is up has one replica beside its spare, however little is asked of it.
        needed = max(needed, 1)
        return max(needed + self.spare_replicas, self.min_replicas) + self.extra_replicas

    def instances(self, requests: Decimal, capacity_factor: Decimal = ONE) -> int:
        """Instances for a monthly volume; accelerators left over on the last one are paid."""
        holding = -(-self.replicas(requests, capacity_factor) // self.replicas_per_instance)
        return max(holding, self.min_instances)

    @property
    def max_replicas(self) -> int | None:
        """Most replicas the instance limit or the pinned number leaves room for."""
        if self.fixed_replicas is not None:
            return self.fixed_replicas
        if self.max_instances is None:
            return None
        return self.max_instances * self.replicas_per_instance

    def max_requests(self, capacity_factor: Decimal = ONE) -> Decimal | None:
        """Largest monthly volume that can be served with the spare intact; None: no limit."""
        limit = self.max_replicas
        if limit is None:
            return None
        least = max(
            self.min_instances, -(-(self.fixed_replicas or 0) // self.replicas_per_instance)
        )
        too_few = self.max_instances is not None and self.max_instances < least
        limit -= self.extra_replicas
        if too_few or limit < self.min_replicas:
            return Decimal(0)
        serving = max(limit - self.spare_replicas, 0)
        return self.capacity_requests_per_month * capacity_factor * serving


@dataclass(frozen=True, slots=True)
class PerInstance(Timed):
    """Paid for every instance of a fleet."""

    fleet: Fleet
    monthly_usd_per_instance: Decimal

    @property
    def linear(self) -> bool:
        return True

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        return self.monthly_usd_per_instance * self.fleet.instances(requests, capacity_factor)

    def kinks(self) -> tuple[float, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Reserved(PerInstance):
    """Instances bought for a term: ``monthly_usd_per_instance`` while reserved.

    Months that no whole term covers cost ``on_demand_usd_per_instance``. At a steady volume, which
    is what ``at`` prices, every month is reserved.
    """

    on_demand_usd_per_instance: Decimal

    def of_month(self, reserved: int, on_demand: int) -> Decimal:
        """Cost of a month with so many instances of each kind."""
        return (
            self.monthly_usd_per_instance * reserved + self.on_demand_usd_per_instance * on_demand
        )


@dataclass(frozen=True, slots=True)
class AboveFloor(PerInstance):
    """Paid for the instances beyond the first ``floor_instances``, which every volume needs."""

    floor_instances: int

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        above = self.fleet.instances(requests, capacity_factor) - self.floor_instances
        return self.monthly_usd_per_instance * above

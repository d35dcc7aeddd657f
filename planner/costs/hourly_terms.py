"""Instances that follow the load hour by hour, as terms over the monthly volume.

An hour that needs the share s of the week's peak needs the instances that the whole fleet would
need at s times the volume. Each cost below rises with volume and is flat between the ``steps`` of
its hours, so two of them are compared exactly.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from planner.costs.terms import ONE, Bought, Fleet, Timed
from planner.money import usd_from_float

__all__ = [
    "HourlyCommitted",
    "HourlyFleet",
    "HourlyInstances",
    "HourlySavingsPlan",
    "HourlyTerm",
    "hourly_fleet",
    "savings_plan_usd_per_hour",
]

ZERO = Decimal(0)
_MOST_KNOWN = 256


# Digits that the shares of hours are kept to, as whole numbers of this part.
_SHARE_UNITS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyFleet:
    """A fleet whose size is decided for each hour of the week.

    ``peak`` is sized for the busiest hour; ``shares`` are the needs of the hours, each in order,
    relative to that hour's: in 0 to 1, the largest 1. ``grouped`` are the distinct ones with the
    number of hours that have them, largest first.
    """

    peak: Fleet
    shares: tuple[Decimal, ...]
    grouped: tuple[tuple[Decimal, int], ...]
    # Shares in whole units, and what was last asked: several terms ask for the same volume in turn.
    _units: tuple[int, ...] = field(default=(), compare=False, repr=False)
    _known: dict[tuple[Decimal, Decimal], tuple[int, ...]] = field(
        default_factory=lambda: dict[tuple[Decimal, Decimal], tuple[int, ...]](),
        init=False,
        compare=False,
        repr=False,
    )

    @property
    def hours(self) -> int:
        """Hours of the week."""
        return len(self.shares)

    def instances_by_hour(self, requests: Decimal, capacity_factor: Decimal = ONE) -> list[int]:
        """Instances of each hour at a monthly volume."""
        counts = self.counts(requests, capacity_factor)
        known = {share: n for (share, _), n in zip(self.grouped, counts, strict=True)}
        return [known[share] for share in self.shares]

    def counts(self, requests: Decimal, capacity_factor: Decimal = ONE) -> tuple[int, ...]:
        """Instances for each distinct share: never more for a smaller one."""
        found = self._known.get((requests, capacity_factor))
        if found is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            peak = self.peak
            each = peak.replicas_per_instance
            found = tuple(
                max(-(-replicas // each), peak.min_instances)
                for replicas in self._replicas(requests, capacity_factor)
            )
            self._known[requests, capacity_factor] = found
        return found

    def instance_hours(self, requests: Decimal, capacity_factor: Decimal = ONE) -> int:
        """Instance hours of a week."""
        counts = self.counts(requests, capacity_factor)
        return sum(hours * n for (_, hours), n in zip(self.grouped, counts, strict=True))

    def replica_hours(self, requests: Decimal, capacity_factor: Decimal = ONE) -> int:
        """Replica hours of a week, spare included."""
        replicas = self._replicas(requests, capacity_factor)
        return sum(hours * n for (_, hours), n in zip(self.grouped, replicas, strict=True))

    def hours_needing(self, requests: Decimal, capacity_factor: Decimal = ONE) -> list[int]:
        """Hours of a week in which at least 1, 2, ... instances are needed."""
        needed: list[int] = []
        counts = self.counts(requests, capacity_factor)
        hours = 0
        # From the fullest hours down: an instance is needed in all hours up to its last.
        for (_, more), n, following in zip(self.grouped, counts, (*counts[1:], 0), strict=True):
            hours += more
            needed = [hours] * (n - following) + needed
        return needed

    def _replicas(self, requests: Decimal, capacity_factor: Decimal) -> list[int]:
        """``Fleet.replicas`` of each distinct share, in whole numbers: exact and quick."""
        peak = self.peak
        if peak.fixed_replicas is not None:
            return [peak.fixed_replicas] * len(self.grouped)
        top, bottom = requests.as_integer_ratio()
        per, parts = (peak.capacity_requests_per_month * capacity_factor).as_integer_ratio()
        top, bottom = top * parts, bottom * per * _SHARE_UNITS
        replicas: list[int] = []
        for units in self._units:
            needed = max(-(-units * top // bottom), 1)
            replicas.append(max(needed + peak.spare_replicas, peak.min_replicas))
        return [count + peak.extra_replicas for count in replicas]


def hourly_fleet(peak: Fleet, needs: Sequence[float]) -> HourlyFleet:
    """The fleet for hours with these needs; ``peak`` is sized for the largest of them."""
    largest = max(needs)
    shares = tuple(usd_from_float(round(need / largest, 12)) for need in needs)
    grouped = sorted(Counter(shares).items(), reverse=True)
    return HourlyFleet(
        peak=peak,
        shares=shares,
        grouped=tuple(grouped),
        _units=tuple(int(share * _SHARE_UNITS) for share, _ in grouped),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyTerm(Timed):
    """What the costs of an hourly fleet share: the fleet and the hours a month is paid for."""

    fleet: HourlyFleet
    hours_per_month: Decimal

    @property
    def linear(self) -> bool:
        """False: the steps of the hours are not those of a fleet."""
        return False

    def kinks(self) -> tuple[float, ...]:
        """None beside the steps."""
        return ()

    def steps(self, capacity_factor: Decimal = ONE) -> tuple[Decimal, ...]:
        """Requests a month that one more replica serves, for each distinct hour."""
        if self.fleet.peak.fixed_replicas is not None:
            return ()
        one = self.fleet.peak.capacity_requests_per_month * capacity_factor
        return tuple(one / share for share, _ in self.fleet.grouped if share)

    @property
    def weeks(self) -> Decimal:
        """Weeks in a month of paid hours."""
        return self.hours_per_month / self.fleet.hours

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        """USD per month at a volume."""
        raise NotImplementedError

    @property
    def dearest_usd_per_instance(self) -> Decimal:
        """USD per month of an instance that runs all hours at the dearest rate."""
        raise NotImplementedError

    def slope(self, capacity_factor: Decimal = ONE) -> Decimal:
        """USD per further request far out, where whole instances no longer matter."""
        raise NotImplementedError

    def least_usd(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        """A lower bound on ``at``: parts of instances could be bought."""
        return self.slope(capacity_factor) * requests

    def _requests_per_instance(self, capacity_factor: Decimal) -> Decimal:
        peak = self.fleet.peak
        return peak.capacity_requests_per_month * capacity_factor * peak.replicas_per_instance


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyInstances(HourlyTerm):
    """Every instance hour at one price; the first ``beyond`` instances are paid elsewhere."""

    usd_per_instance_hour: Decimal
    beyond: int = 0

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        hours = self.fleet.instance_hours(requests, capacity_factor)
        hours -= self.beyond * self.fleet.hours
        return self.usd_per_instance_hour * hours * self.weeks

    @property
    def dearest_usd_per_instance(self) -> Decimal:
        return self.usd_per_instance_hour * self.hours_per_month

    def least_usd(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        elsewhere = self.beyond * self.usd_per_instance_hour * self.hours_per_month
        return self.slope(capacity_factor) * requests - elsewhere

    def slope(self, capacity_factor: Decimal = ONE) -> Decimal:
        hours = sum((share * hours for share, hours in self.fleet.grouped), ZERO)
        rate = self.usd_per_instance_hour * hours * self.weeks
        return rate / self._requests_per_instance(capacity_factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyCommitted(HourlyTerm):
    """Committed instances are paid in every hour, those above them on demand.

    At a steady volume the j-th instance is committed exactly when it is needed in at least
    committed ÷ on-demand price of the hours: that is the cheapest number.
    """

    committed_usd_per_hour: Decimal
    on_demand_usd_per_hour: Decimal

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        needing = self.fleet.hours_needing(requests, capacity_factor)
        count = self._committed_of(needing)
        every = self.committed_usd_per_hour * self.fleet.hours
        above = self.on_demand_usd_per_hour * sum(needing[count:])
        return (count * every + above) * self.weeks

    def committed(self, requests: Decimal, capacity_factor: Decimal = ONE) -> int:
        """Instances worth committing at a steady volume."""
        return self._committed_of(self.fleet.hours_needing(requests, capacity_factor))

    def _committed_of(self, needing: Sequence[int]) -> int:
        """Of instances by the hours that need them, most first, those worth committing."""
        return bisect.bisect_left(needing, True, key=lambda hours: not self.worth_committing(hours))

    def worth_committing(self, hours: float) -> bool:
        """Whether an instance needed in so many hours of the week is cheaper committed."""
        every = self.committed_usd_per_hour * self.fleet.hours
        return every <= self.on_demand_usd_per_hour * usd_from_float(hours)

    def with_bought(
        self, bought: Bought, requests: Decimal, capacity_factor: Decimal = ONE
    ) -> Decimal:
        """USD per month with so many committed, needed or not, and on-demand hours above them."""
        count, _ = bought
        above = self.fleet.hours_needing(requests, capacity_factor)[count:]
        weekly = count * self.fleet.hours * self.committed_usd_per_hour
        return (weekly + sum(above) * self.on_demand_usd_per_hour) * self.weeks

    def _cheaper(self, hours: int) -> Decimal:
        return min(
            self.committed_usd_per_hour * self.fleet.hours, self.on_demand_usd_per_hour * hours
        )

    @property
    def dearest_usd_per_instance(self) -> Decimal:
        return self.on_demand_usd_per_hour * self.hours_per_month

    def slope(self, capacity_factor: Decimal = ONE) -> Decimal:
        weekly, hours_so_far = ZERO, 0
        below = [share for share, _ in self.fleet.grouped[1:]] + [ZERO]
        for (share, hours), following in zip(self.fleet.grouped, below, strict=True):
            hours_so_far += hours
            weekly += (share - following) * self._cheaper(hours_so_far)
        return weekly * self.weeks / self._requests_per_instance(capacity_factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlySavingsPlan(HourlyTerm):
    """On-demand use with an hourly commitment in money at a discount; what is unused is lost."""

    on_demand_usd_per_hour: Decimal
    commitment_usd_per_hour: Decimal
    discount: Decimal

    def least_usd(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        return self.slope(capacity_factor) * (1 - self.discount) * requests

    def on_demand_use_usd(self, requests: Decimal) -> Decimal:
        """What the same hours cost without the plan."""
        return self.on_demand_usd_per_hour * self.fleet.instance_hours(requests) * self.weeks

    def at(self, requests: Decimal, capacity_factor: Decimal = ONE) -> Decimal:
        weekly = ZERO
        counts = self.fleet.counts(requests, capacity_factor)
        for (_, hours), count in zip(self.fleet.grouped, counts, strict=True):
            use = count * self.on_demand_usd_per_hour
            weekly += hours * savings_plan_usd_per_hour(
                use, self.commitment_usd_per_hour, self.discount
            )
        return weekly * self.weeks

    @property
    def dearest_usd_per_instance(self) -> Decimal:
        return self.on_demand_usd_per_hour * self.hours_per_month

    def slope(self, capacity_factor: Decimal = ONE) -> Decimal:
        hours = sum((share * hours for share, hours in self.fleet.grouped), ZERO)
        rate = self.on_demand_usd_per_hour * hours * self.weeks
        return rate / self._requests_per_instance(capacity_factor)


def savings_plan_usd_per_hour(
    on_demand_usd: Decimal, commitment_usd: Decimal, discount: Decimal
) -> Decimal:
    """Cost of an hour: c + (1 - min(1, c ÷ ((1 - d)·U)))·U for on-demand use U.

    The commitment c is paid whatever is used; use beyond what it covers is on demand (AWS
    Savings Plans user guide, "How Savings Plans apply to your usage").
    """
    if on_demand_usd == 0:
        return commitment_usd
    covered = min(Decimal(1), commitment_usd / ((1 - discount) * on_demand_usd))
    return commitment_usd + (1 - covered) * on_demand_usd

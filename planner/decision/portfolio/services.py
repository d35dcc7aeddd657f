"""Which scenarios share the replicas of a model, and on which hardware.

For each model that several scenarios could host at the same service level: their loads in the
order of what each saves for the replicas it takes, added one by one; every beginning of that order
is priced on every hardware, and the cheapest is kept if it saves anything. The model that saves
most goes first, and its scenarios are out of the others'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.decision.portfolio.pool import Bounds, Pool, instances_usd, load_of, pool_of
from planner.decision.portfolio.types import Hardware, Hosted, Member, ServiceKey

__all__ = ["Tenancy", "Tenant", "once", "shared_services"]

_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A scenario on shared replicas: its self-hosted option, and its hardware when alone."""

    member: Member
    hosted: Hosted
    hardware: Hardware


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """A service and who uses it; ``cost_usd`` with the fixed parts of its stack once."""

    key: ServiceKey
    tenants: tuple[Tenant, ...]
    pool: Pool
    cost_usd: Decimal
    alone_usd: Decimal

    @property
    def hardware(self) -> Hardware:
        """The instance type and degree, with prices."""
        return self.tenants[0].hardware

    @property
    def saving_usd(self) -> Decimal:
        """Against each scenario's own answer."""
        return self.alone_usd - self.cost_usd


def shared_services(members: Sequence[Member]) -> tuple[Tenancy, ...]:
    """Services that save money, the one that saves most first; no scenario is in two."""
    by_key: dict[ServiceKey, list[tuple[Member, Hosted]]] = defaultdict(list)
    for member in members:
        for hosted in member.hosted:
            by_key[hosted.key].append((member, hosted))
    found: list[Tenancy] = []
    taken: set[str] = set()
    while True:
        best = _best(by_key, taken)
        if best is None:
            return tuple(found)
        found.append(best)
        taken |= {tenant.member.id for tenant in best.tenants}


def _best(
    by_key: Mapping[ServiceKey, Sequence[tuple[Member, Hosted]]], taken: set[str]
) -> Tenancy | None:
    best: Tenancy | None = None
    for key, users in sorted(by_key.items()):
        free = [(member, hosted) for member, hosted in users if member.id not in taken]
        if len(free) < _FEWEST:
            continue
        for tenancy in _tenancies(key, free):
            if tenancy.saving_usd > (best.saving_usd if best else 0):
                best = tenancy
    return best


def _tenancies(key: ServiceKey, users: Sequence[tuple[Member, Hosted]]) -> Iterator[Tenancy]:
    labels = sorted({each.label for _, hosted in users for each in hosted.hardware})
    for label in labels:
        tenants = [
            Tenant(member=member, hosted=hosted, hardware=hardware)
            for member, hosted in users
            for hardware in hosted.hardware
            if hardware.label == label
        ]
        tenants = _one_each(sorted(tenants, key=_worth))
        if len(tenants) >= _FEWEST:
            yield from _beginnings(key, tenants)


def _one_each(tenants: Sequence[Tenant]) -> list[Tenant]:
    """The first of each scenario: with several such options it needs only one of them."""
    first: dict[str, Tenant] = {}
    for tenant in tenants:
        first.setdefault(tenant.member.id, tenant)
    return list(first.values())


def _worth(tenant: Tenant) -> tuple[float, str]:
    """Ascending: what it would save for each replica it takes at its own peak, most first."""
    load = max(tenant.member.requests) / tenant.hardware.capacity_requests_per_month
    saves = _alone_usd(tenant) - tenant.hosted.own_usd
    return -float(saves) / load, tenant.member.id


def _alone_usd(tenant: Tenant) -> Decimal:
    """The scenario's own answer: there is one where a hosted option is feasible."""
    choice = tenant.member.choice
    assert choice is not None
    return choice.monthly_cost_usd


def _beginnings(key: ServiceKey, tenants: Sequence[Tenant]) -> Iterator[Tenancy]:
    """Each beginning of at least two; sums are carried on, so that many scenarios stay cheap."""
    first = tenants[0]
    load = load_of(first.member, first.hardware)
    own, alone = first.hosted.own_usd, _alone_usd(first)
    fixed = dict(first.hosted.fixed)
    bound = Bounds.of(first.hardware)
    for count, tenant in enumerate(tenants[1:], start=_FEWEST):
        load = load + load_of(tenant.member, tenant.hardware)
        own += tenant.hosted.own_usd
        alone += _alone_usd(tenant)
        once(fixed, tenant.hosted.fixed)
        bound = bound.joined(tenant.hardware)
        pool = pool_of(load, bound)
        if pool is None:
            return
        bought = instances_usd(first.hardware, pool.instances, first.hosted.commitment_months)
        yield Tenancy(
            key=key,
            tenants=tuple(tenants[:count]),
            pool=pool,
            cost_usd=own + sum(bought, Decimal(0)) + sum(fixed.values(), Decimal(0)),
            alone_usd=alone,
        )


def once(most: dict[str, Decimal], fixed: Mapping[str, Decimal]) -> None:
    """Take each part of a stack into ``most`` once, at the most any of the stacks pays for it."""
    for name, usd in fixed.items():
        most[name] = max(most.get(name, usd), usd)

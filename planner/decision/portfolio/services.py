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

from planner.decision.portfolio.beginnings import InQueue, savings_usd
from planner.decision.portfolio.pool import Bounds, Pool, instances_usd, load_of, pool_of
from planner.decision.portfolio.types import Hardware, Hosted, Member, ServiceKey

__all__ = ["Tenancy", "Tenant", "once", "shared_services"]

_FEWEST = 2
# Of savings in floats against exact ones.
_ROUNDING = 1e-9


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
    keys = sorted(by_key)
    found: list[Tenancy] = []
    taken: set[str] = set()
    # The best of each model, until one of its scenarios is taken.
    known: dict[ServiceKey, Tenancy | None] = {}
    while True:
        best: Tenancy | None = None
        for key in keys:
            if key not in known:
                free = [user for user in by_key[key] if user[0].id not in taken]
                known[key] = _best(key, free)
            tenancy = known[key]
            if tenancy is not None and tenancy.saving_usd > (best.saving_usd if best else 0):
                best = tenancy
        if best is None:
            return tuple(found)
        found.append(best)
        served = {tenant.member.id for tenant in best.tenants}
        taken |= served
        for key in keys:
            if any(member.id in served for member, _ in by_key[key]):
                known.pop(key, None)


def _best(key: ServiceKey, users: Sequence[tuple[Member, Hosted]]) -> Tenancy | None:
    """The tenancy of a model that saves most, if any does.

    Savings of all beginnings are found in floats; of those within rounding of the most, the first
    with the most in exact money.
    """
    queues = [queue for queue in _queues(users) if len(queue) >= _FEWEST]
    savings = [savings_usd([_in_queue(tenant) for tenant in queue]) for queue in queues]
    most = max((max(each, default=0.0) for each in savings), default=0.0)
    enough = most - _ROUNDING * max(abs(most), 1.0)
    best: Tenancy | None = None
    for queue, saved in zip(queues, savings, strict=True):
        for count, usd in enumerate(saved, start=_FEWEST):
            if usd < enough:
                continue
            tenancy = _tenancy(key, queue[:count])
            if tenancy.saving_usd > (best.saving_usd if best else 0):
                best = tenancy
    return best


def _queues(users: Sequence[tuple[Member, Hosted]]) -> Iterator[list[Tenant]]:
    """For each hardware who could use it, in the order in which they are added."""
    by_label: dict[str, list[Tenant]] = defaultdict(list)
    for member, hosted in users:
        for hardware in hosted.hardware:
            tenant = Tenant(member=member, hosted=hosted, hardware=hardware)
            by_label[hardware.label].append(tenant)
    for _, tenants in sorted(by_label.items()):
        yield _one_each(sorted(tenants, key=_worth))


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


def _in_queue(tenant: Tenant) -> InQueue:
    return InQueue(
        member=tenant.member,
        hardware=tenant.hardware,
        commitment_months=tenant.hosted.commitment_months,
        saves_usd=float(_alone_usd(tenant) - tenant.hosted.own_usd),
        fixed=tenant.hosted.fixed,
    )


def _tenancy(key: ServiceKey, tenants: Sequence[Tenant]) -> Tenancy:
    """These scenarios on one service, in exact money."""
    first = tenants[0]
    load = load_of(first.member, first.hardware)
    bound = Bounds.of(first.hardware)
    fixed: dict[str, Decimal] = {}
    for tenant in tenants:
        once(fixed, tenant.hosted.fixed)
    for tenant in tenants[1:]:
        load = load + load_of(tenant.member, tenant.hardware)
        bound = bound.joined(tenant.hardware)
    pool = pool_of(load, bound)
    assert pool is not None
    bought = instances_usd(first.hardware, pool.instances, first.hosted.commitment_months)
    parts = (*(tenant.hosted.own_usd for tenant in tenants), *bought, *fixed.values())
    return Tenancy(
        key=key,
        tenants=tuple(tenants),
        pool=pool,
        cost_usd=sum(parts, Decimal(0)),
        alone_usd=sum((_alone_usd(tenant) for tenant in tenants), Decimal(0)),
    )


def once(most: dict[str, Decimal], fixed: Mapping[str, Decimal]) -> None:
    """Take each part of a stack into ``most`` once, at the most any of the stacks pays for it."""
    for name, usd in fixed.items():
        most[name] = max(most.get(name, usd), usd)

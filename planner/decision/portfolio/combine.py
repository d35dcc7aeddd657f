"""The portfolio: scenarios decided each by itself, then together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.costs.types import StackKind
from planner.decision.portfolio.pool import Bounds, instances_usd, load_of, pool_of
from planner.decision.portfolio.services import Tenancy, Tenant, once, shared_services
from planner.decision.portfolio.types import (
    Alone,
    Hardware,
    Member,
    Portfolio,
    Saving,
    SharedService,
    SharedStack,
)
from planner.money import usd_from_float

__all__ = ["combine"]

_ZERO = Decimal(0)
_HOSTING: StackKind = "vllm_gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fleet:
    """Instances of one kind that run after sharing replicas: a service's or a scenario's own."""

    members: tuple[str, ...]
    region: str
    purchase: str
    commitment_months: int
    hardware: Hardware
    months: tuple[str, ...]
    replicas: tuple[int, ...]
    instances: tuple[int, ...]


def combine(members: Sequence[Member]) -> Portfolio:
    """Share replicas, instances, commitments and stacks as far as that saves money.

    Steps, in this order: scenarios that could host the same model share replicas, also those that
    alone would take an API; services whose replicas leave GPUs of the same instance type idle
    share instances; what runs on the same instance type is committed for as a whole; each kind of
    stack is deployed once a region. Labour is each scenario's own throughout.
    """
    decided = [member for member in members if member.choice is not None]
    services = shared_services(decided)
    alone = sum((_alone_usd(member) for member in decided), _ZERO)
    fleets = _fleets(decided, services)
    stacks = _stacks(decided, services)
    packed, committed = _instance_savings(fleets)
    steps = (
        Saving(step="replicas shared", monthly_usd=_replica_saving(services)),
        Saving(step="instances shared", monthly_usd=packed),
        Saving(step="one commitment", monthly_usd=committed),
        Saving(
            step="stacks shared",
            monthly_usd=sum((s.alone_monthly_cost_usd - s.monthly_cost_usd for s in stacks), _ZERO),
        ),
    )
    saved = sum((step.monthly_usd for step in steps), _ZERO)
    low, high = _range(decided, saved)
    return Portfolio(
        scenarios=_scenarios(members, services),
        alone_usd=alone,
        total_usd=alone - saved,
        bill_alone_usd=sum((m.choice.bill_monthly_usd for m in decided if m.choice), _ZERO),
        is_floor=any(m.choice.is_floor for m in decided if m.choice) or len(decided) < len(members),
        undecided=tuple(member.id for member in members if member.choice is None),
        services=tuple(_service(each) for each in services),
        stacks=stacks,
        savings=steps,
        not_shared=_not_shared(decided),
        low_usd=low,
        high_usd=high,
    )


def _range(members: Sequence[Member], saved: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The 10th and 90th percentile of the total in the draws; what is saved stays as it is."""
    if not members or not all(member.draws_usd for member in members):
        return None, None
    totals = sorted(sum(case) for case in zip(*(m.draws_usd for m in members), strict=True))
    low, high = (totals[round(level * (len(totals) - 1))] for level in (0.1, 0.9))
    return usd_from_float(low) - saved, usd_from_float(high) - saved


def _alone_usd(member: Member) -> Decimal:
    return _ZERO if member.choice is None else member.choice.monthly_cost_usd


def _scenarios(members: Sequence[Member], services: Sequence[Tenancy]) -> tuple[Alone, ...]:
    shared = {
        tenant.member.id: (tenant.hosted.name, len(tenancy.tenants))
        for tenancy in services
        for tenant in tenancy.tenants
    }
    found: list[Alone] = []
    for member in members:
        own = None if member.choice is None else member.choice.name
        together, users = shared.get(member.id, (own, 1))
        found.append(Alone(id=member.id, choice=member.choice, together=together, shared_by=users))
    return tuple(found)


# --- Replicas ----------------------------------------------------------------------------------


def _replica_saving(services: Sequence[Tenancy]) -> Decimal:
    """Each scenario still paying for a stack of its own; those are shared in the last step."""
    saved = _ZERO
    for tenancy in services:
        fixed = sum((_sum(tenant.hosted.fixed) for tenant in tenancy.tenants), _ZERO)
        shared: dict[str, Decimal] = {}
        for tenant in tenancy.tenants:
            once(shared, tenant.hosted.fixed)
        saved += tenancy.saving_usd - (fixed - _sum(shared))
    return saved


def _sum(parts: Mapping[str, Decimal]) -> Decimal:
    return sum(parts.values(), _ZERO)


def _service(tenancy: Tenancy) -> SharedService:
    alone = [_pool_alone(tenant) for tenant in tenancy.tenants]
    key = tenancy.key
    return SharedService(
        model=key.model,
        precision=key.precision,
        region=key.region,
        purchase=key.purchase,
        hardware=tenancy.hardware.label,
        members=tuple(sorted(tenant.member.id for tenant in tenancy.tenants)),
        joined=tuple(
            tenant.member.id
            for tenant in tenancy.tenants
            if tenant.member.chosen_hosted != tenant.hosted.name
        ),
        replicas=max(tenancy.pool.replicas),
        replicas_alone=sum(replicas for replicas, _ in alone),
        instances=max(tenancy.pool.instances),
        instances_alone=sum(instances for _, instances in alone),
        monthly_cost_usd=tenancy.cost_usd,
        alone_monthly_cost_usd=tenancy.alone_usd,
    )


def _pool_alone(tenant: Tenant) -> tuple[int, int]:
    pool = pool_of(load_of(tenant.member, tenant.hardware), Bounds.of(tenant.hardware))
    return (0, 0) if pool is None else (max(pool.replicas), max(pool.instances))


# --- Instances and commitments -----------------------------------------------------------------


def _fleets(members: Sequence[Member], services: Sequence[Tenancy]) -> tuple[_Fleet, ...]:
    """What runs after replicas are shared."""
    found = [
        _Fleet(
            members=tuple(tenant.member.id for tenant in tenancy.tenants),
            region=tenancy.key.region,
            purchase=tenancy.key.purchase,
            commitment_months=tenancy.tenants[0].hosted.commitment_months,
            hardware=tenancy.hardware,
            months=tenancy.key.months,
            replicas=tenancy.pool.replicas,
            instances=tenancy.pool.instances,
        )
        for tenancy in services
    ]
    shared = {name for fleet in found for name in fleet.members}
    for member in members:
        fleet = None if member.id in shared else _own_fleet(member)
        if fleet is not None:
            found.append(fleet)
    return tuple(found)


def _own_fleet(member: Member) -> _Fleet | None:
    hosted = next((each for each in member.hosted if each.name == member.chosen_hosted), None)
    if hosted is None:
        return None
    hardware = hosted.picked
    pool = pool_of(load_of(member, hardware), Bounds.of(hardware))
    if pool is None:
        return None
    return _Fleet(
        members=(member.id,),
        region=hosted.key.region,
        purchase=hosted.key.purchase,
        commitment_months=hosted.commitment_months,
        hardware=hardware,
        months=hosted.key.months,
        replicas=pool.replicas,
        instances=pool.instances,
    )


def _instance_savings(fleets: Iterable[_Fleet]) -> tuple[Decimal, Decimal]:
    """What idle GPUs of shared instances save, and what one commitment for all of a type saves."""
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[_Fleet]] = defaultdict(list)
    for fleet in fleets:
        key = (fleet.region, fleet.purchase, fleet.hardware.instance_type, fleet.months)
        groups[key].append(fleet)
    packed_usd = committed_usd = _ZERO
    for group in groups.values():
        if len(group) < 2:
            continue
        packed = _packed(group)
        before = [_usd(fleet, fleet.instances) for fleet in group]
        after = [_usd(fleet, months) for fleet, months in zip(group, packed, strict=True)]
        packed_usd += sum((sum(each) for each in before), _ZERO)
        packed_usd -= sum((sum(each) for each in after), _ZERO)
        _, whole = _usd(group[0], [sum(month) for month in zip(*packed, strict=True)])
        committed_usd += sum((bought for _, bought in after), _ZERO) - whole
    return packed_usd, committed_usd


def _usd(fleet: _Fleet, instances: Sequence[int]) -> tuple[Decimal, Decimal]:
    return instances_usd(fleet.hardware, instances, fleet.commitment_months)


def _packed(group: Sequence[_Fleet]) -> list[list[int]]:
    """Instances of each fleet and month when the last, partly used ones are shared.

    Full instances stay a fleet's own; what is left over of all fleets (each less than an instance)
    goes first-fit onto as few as possible, and each of those is counted with the first fleet on
    it. Fleets that need a number of instances for the sake of zones keep it.
    """
    months = len(group[0].instances)
    counts = [list(fleet.instances) for fleet in group]
    for month in range(months):
        room: list[tuple[int, float]] = []
        for index, fleet in enumerate(group):
            per = fleet.hardware.replicas_per_instance
            left = fleet.replicas[month] % per
            if not left or fleet.instances[month] * per - fleet.replicas[month] >= per:
                continue
            share = left / per
            place = next((n for n, (_, free) in enumerate(room) if free + 1e-9 >= share), None)
            if place is None:
                room.append((index, 1 - share))
            else:
                owner, free = room[place]
                room[place] = (owner, free - share)
                counts[index][month] -= 1
    return counts


# --- Stacks ------------------------------------------------------------------------------------


def _stacks(members: Sequence[Member], services: Sequence[Tenancy]) -> tuple[SharedStack, ...]:
    """Each kind of stack once a region."""
    users: dict[tuple[StackKind, str], list[tuple[str, Mapping[str, Decimal]]]] = defaultdict(list)
    shared = {t.member.id for tenancy in services for t in tenancy.tenants}
    for tenancy in services:
        for tenant in tenancy.tenants:
            users[_HOSTING, tenancy.key.region].append((tenant.member.id, tenant.hosted.fixed))
    for member in members:
        choice = member.choice
        if member.id not in shared and choice is not None and choice.kind and choice.fixed:
            users[choice.kind, choice.region].append((member.id, choice.fixed))
    return tuple(
        _stack(kind, region, parts)
        for (kind, region), parts in sorted(users.items())
        if len(parts) > 1
    )


def _stack(
    kind: StackKind, region: str, parts: Sequence[tuple[str, Mapping[str, Decimal]]]
) -> SharedStack:
    shared: dict[str, Decimal] = {}
    for _, fixed in parts:
        once(shared, fixed)
    return SharedStack(
        kind=kind,
        region=region,
        members=tuple(sorted(name for name, _ in parts)),
        monthly_cost_usd=_sum(shared),
        alone_monthly_cost_usd=sum((_sum(fixed) for _, fixed in parts), _ZERO),
    )


def _not_shared(members: Sequence[Member]) -> tuple[str, ...]:
    """Models that several scenarios choose to host, but not alike enough to share replicas."""
    kinds: dict[tuple[str, str], dict[object, list[str]]] = defaultdict(lambda: defaultdict(list))
    for member in members:
        for hosted in member.hosted:
            if hosted.name == member.chosen_hosted:
                kinds[hosted.key.model, hosted.key.region][hosted.key].append(member.id)
    found: list[str] = []
    for (model, region), keys in sorted(kinds.items()):
        names = sorted(name for of_key in keys.values() for name in of_key)
        if len(keys) > 1:
            found.append(
                f"{model} in {region}: {', '.join(names)} differ in precision, purchase, "
                "service level or months"
            )
    return tuple(found)

"""Rules for what runs: instances, groups of them with their launch template, Fargate tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

from planner.catalog.resource_rules import (
    Bill,
    Entry,
    Inputs,
    Rule,
    Sight,
    figure,
    hourly,
    monthly,
    resource_data,
    volume_bill,
)
from planner.catalog.resource_types import PlannedUse, Span
from planner.catalog.resource_values import Hidden, Unpriced, Value, flag, items, number, text
from planner.money import ZERO

__all__ = ["FLEET_RULES"]

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_HUNDRED = Decimal(100)
_ONE = Span.point(1)
# ECS CPU units of one vCPU, MiB of one GiB.
_PER_UNIT = Decimal(1024)
# The unit of words that task sizes may be written in: "2 vCPU", "4 GB".
_SIZE_WORDS = ("vcpu", "gb")


def _object(inputs: Inputs, name: str) -> Inputs:
    """An object input, empty where it is not set; a list of one counts as the object."""
    found = items(inputs, name)
    if not found:
        return {}
    if isinstance(found[0], Hidden):
        raise Unpriced(f"{name} is {found[0].value}")
    if not isinstance(found[0], Mapping):
        raise Unpriced(f"{name} is no object")
    return cast(Mapping[str, Value], found[0])


def _instance(inputs: Inputs, sight: Sight) -> Bill:
    kind = text(inputs, "instanceType")
    if kind is None:
        raise Unpriced("instanceType is not set")
    if text(inputs, "tenancy", "default") != "default":
        raise Unpriced("no price of dedicated tenancy in the catalog")
    purchase = _purchase(inputs)
    units = Span.point(sight.hours)
    found = Bill(entries=(Entry(item=kind, units=units, purchase=purchase),))
    found += _volumes_of(inputs, root="rootBlockDevice", others="ebsBlockDevices")
    if flag(inputs, "monitoring"):
        found += _detailed_monitoring()
    if flag(inputs, "associatePublicIpAddress"):
        found += Bill(entries=(hourly("public_ipv4_hour", sight),))
    return found


def _purchase(inputs: Inputs) -> str:
    market = text(_object(inputs, "instanceMarketOptions"), "marketType")
    if market is None:
        return "on_demand"
    if market == "spot":
        return "spot_az_median"
    raise Unpriced(f"{market} instances are paid apart")


def _detailed_monitoring() -> Bill:
    metrics = figure("detailed_monitoring_metrics")
    return Bill(entries=(monthly("cw_custom_metric_month", metrics, "detailed monitoring"),))


def _volumes_of(inputs: Inputs, *, root: str, others: str) -> Bill:
    found = Bill()
    device = _object(inputs, root)
    found += _volume_or_missing(device, "root volume") if device else _ROOT_UNKNOWN
    for each in items(inputs, others):
        if not isinstance(each, Mapping):
            raise Unpriced(f"a part of {others} is not shown")
        found += _volume_or_missing(cast(Inputs, each), "volume")
    return found


_ROOT_UNKNOWN = Bill(missing=("root volume: its size is that of the image",))


def _volume_or_missing(device: Inputs, what: str) -> Bill:
    try:
        return volume_bill(device, what=what)
    except Unpriced as error:
        return Bill(missing=(str(error),))


def _group(inputs: Inputs, sight: Sight) -> Bill:
    mixed = _object(inputs, "mixedInstancesPolicy")
    template = _template(mixed, sight)
    if text(inputs, "desiredCapacityType", "units") != "units":
        raise Unpriced("capacity in vCPUs or memory, not in instances, is not priced")
    if _object(inputs, "warmPool"):
        raise Unpriced("stopped instances of a warm pool are not priced")
    types = _instance_types(mixed, template)
    planned = _planned(sight.planned, types)
    count = _count(inputs, planned, sight)
    found = _paid_by_plan(planned, count, sight) or _bought(mixed, template, types, count, sight)
    return found + _scaled(_of_template(template, sight), count)


def _template(mixed: Inputs, sight: Sight) -> Inputs:
    name = "mixedInstancesPolicy" if mixed else "launchTemplate"
    found = sight.linked(name, _TEMPLATE)
    if found is None:
        raise Unpriced(
            "its launch template cannot be told: a link that is not known before the deployment, "
            "or a template of another stack"
        )
    return found


def _instance_types(mixed: Inputs, template: Inputs) -> tuple[str, ...]:
    """The types the group may start, the preferred one first."""
    overrides = items(_object(mixed, "launchTemplate"), "overrides")
    types: list[str] = []
    for each in overrides:
        if not isinstance(each, Mapping):
            raise Unpriced("a part of overrides is not shown")
        override = cast(Inputs, each)
        if override.get("weightedCapacity") is not None:
            raise Unpriced("weighted capacity counts no instances")
        if override.get("instanceRequirements") is not None:
            raise Unpriced("instance types chosen by AWS are not priced")
        named = text(override, "instanceType")
        if named is not None:
            types.append(named)
    if types:
        return tuple(dict.fromkeys(types))
    named = text(template, "instanceType")
    if named is None:
        raise Unpriced("the launch template names no instance type")
    return (named,)


def _count(inputs: Inputs, planned: PlannedUse | None, sight: Sight) -> Span:
    """Running instances: between the minimum and the maximum, at the plan's mean or where AWS
    starts: the desired capacity, by default the minimum.
    """
    least, most = number(inputs, "minSize"), number(inputs, "maxSize")
    if planned is not None:
        hours = sum((each.hours_per_month for each in planned.instances), ZERO)
        mean = hours / sight.hours
        return Span(low=min(least, mean), expected=mean, high=max(most, mean))
    if inputs.get("desiredCapacity") is not None:
        wanted = number(inputs, "desiredCapacity")
        return Span(low=min(least, wanted), expected=wanted, high=max(most, wanted))
    return Span(low=least, expected=least, high=max(least, most))


def _planned(planned: PlannedUse | None, types: tuple[str, ...]) -> PlannedUse | None:
    """The plan, when the group runs what was planned; else it says nothing of this group."""
    if planned is None or not planned.instances:
        return None
    return planned if {each.instance_type for each in planned.instances} <= set(types) else None


def _paid_by_plan(planned: PlannedUse | None, count: Span, sight: Sight) -> Bill | None:
    if planned is None:
        return None
    total = count.expected * sight.hours
    entries: list[Entry] = []
    for each in planned.instances:
        share = each.hours_per_month / total if total else ZERO
        units = replace(count.times(sight.hours * share), expected=each.hours_per_month)
        entries.append(
            Entry(
                item=each.instance_type,
                units=units,
                purchase=each.label,
                usd=each.usd_per_hour,
                note=f"mean instances of plan {planned.name}",
            )
        )
    return Bill(entries=tuple(entries))


def _bought(
    mixed: Inputs, template: Inputs, types: tuple[str, ...], count: Span, sight: Sight
) -> Bill:
    """At list prices; of several types the preferred one."""
    spread = _object(mixed, "instancesDistribution")
    note = "" if len(types) == 1 else f"first of {len(types)} types the group may start"
    if not mixed:
        units = count.times(sight.hours)
        purchase = _purchase(template)
        return Bill(entries=(Entry(item=types[0], units=units, purchase=purchase, note=note),))
    base = number(spread, "onDemandBaseCapacity", ZERO)
    above = number(spread, "onDemandPercentageAboveBaseCapacity", _HUNDRED) / _HUNDRED
    on_demand = Span(
        low=_on_demand(count.low, base, above),
        expected=_on_demand(count.expected, base, above),
        high=_on_demand(count.high, base, above),
    )
    spot = Span(
        low=count.low - on_demand.low,
        expected=count.expected - on_demand.expected,
        high=count.high - on_demand.high,
    )
    entries = [Entry(item=types[0], units=on_demand.times(sight.hours), purchase="on_demand")]
    if spot.high > 0:
        units = spot.times(sight.hours)
        entries.append(Entry(item=types[0], units=units, purchase="spot_az_median"))
    return Bill(entries=tuple(replace(each, note=note) for each in entries if each.units.high))


def _on_demand(count: Decimal, base: Decimal, above: Decimal) -> Decimal:
    """Instances of a mixed group that are bought on demand."""
    return min(count, base) + max(count - base, ZERO) * min(above, Decimal(1))


def _of_template(template: Inputs, sight: Sight) -> Bill:
    """What comes with each instance: volumes, metrics, an address."""
    found = Bill()
    devices = items(template, "blockDeviceMappings")
    for each in devices:
        if not isinstance(each, Mapping):
            raise Unpriced("a part of blockDeviceMappings is not shown")
        ebs = _object(cast(Inputs, each), "ebs")
        if ebs:
            found += _volume_or_missing(ebs, "volume of each instance")
    if not devices:
        found += _ROOT_UNKNOWN
    if flag(_object(template, "monitoring"), "enabled"):
        found += _detailed_monitoring()
    for each in items(template, "networkInterfaces"):
        if isinstance(each, Mapping) and flag(cast(Inputs, each), "associatePublicIpAddress"):
            found += Bill(entries=(hourly("public_ipv4_hour", sight),))
    return found


def _scaled(each: Bill, count: Span) -> Bill:
    """What one instance costs, for all of them."""
    entries = tuple(
        replace(entry, units=count.times(entry.units.expected)) for entry in each.entries
    )
    return replace(each, entries=entries)


def _service(inputs: Inputs, sight: Sight) -> Bill:
    providers = [
        text(cast(Inputs, each), "capacityProvider")
        for each in items(inputs, "capacityProviderStrategies")
        if isinstance(each, Mapping)
    ]
    if "FARGATE_SPOT" in providers:
        raise Unpriced("no price of Fargate Spot in the catalog")
    if text(inputs, "launchType") != "FARGATE" and "FARGATE" not in providers:
        return Bill(free_because="billed with the instances its tasks run on")
    task = sight.linked("taskDefinition", _TASK)
    if task is None:
        raise Unpriced("its task definition cannot be told")
    chip = text(_object(task, "runtimePlatform"), "cpuArchitecture", "X86_64")
    if chip != "X86_64":
        raise Unpriced(f"no Fargate price of {chip} in the catalog")
    hours = number(inputs, "desiredCount", Decimal(1)) * sight.hours
    found = Bill(
        entries=(
            monthly("fargate_vcpu_hour", _size(task, "cpu") * hours),
            monthly("fargate_gb_hour", _size(task, "memory") * hours),
        )
    )
    storage = _object(task, "ephemeralStorage")
    if storage and number(storage, "sizeInGib", ZERO) > figure("fargate_free_gib"):
        return found + Bill(missing=("storage beyond 20 GiB: no price in the catalog",))
    return found


def _size(task: Inputs, name: str) -> Decimal:
    """vCPUs or GiB of a task, from units of 1/1024 or from words such as ``2 vCPU``."""
    words = (text(task, name) or "").lower().split()
    if len(words) == 2 and words[1] in _SIZE_WORDS:
        return number({name: words[0]}, name)
    return number(task, name) / _PER_UNIT


def _cache_cluster(inputs: Inputs, sight: Sight) -> Bill:
    if inputs.get("replicationGroupId") is not None:
        return Bill(free_because="billed with its replication group")
    return _cache_nodes(inputs, number(inputs, "numCacheNodes", Decimal(1)), sight)


def _cache_group(inputs: Inputs, sight: Sight) -> Bill:
    """Each node group is a primary and its replicas; one group where none is set."""
    if inputs.get("numCacheClusters") is not None:
        return _cache_nodes(inputs, number(inputs, "numCacheClusters"), sight)
    groups = number(inputs, "numNodeGroups", Decimal(1))
    each = 1 + number(inputs, "replicasPerNodeGroup", ZERO)
    return _cache_nodes(inputs, groups * each, sight)


def _cache_nodes(inputs: Inputs, count: Decimal, sight: Sight) -> Bill:
    kind = (text(inputs, "nodeType") or "").removeprefix("cache.").replace(".", "_")
    if kind not in resource_data()["cache_nodes"]:
        raise Unpriced(f"no price of cache node {kind or 'type not set'} in the catalog")
    engine = text(inputs, "engine", "redis")
    if engine not in ("redis", "memcached", "valkey"):
        raise Unpriced(f"no price of {engine} nodes in the catalog")
    valkey = "valkey_" if engine == "valkey" else ""
    return Bill(entries=(hourly(f"elasticache_{valkey}{kind}_hour", sight, count),))


FLEET_RULES: dict[str, Rule] = {
    "cache_cluster": _cache_cluster,
    "cache_group": _cache_group,
    "instance": _instance,
    "scaling_group": _group,
    "service": _service,
}

"""The plan as a rule: what a stack registers must be what was priced.

Plain functions over a resource's type and inputs (camelCase, as previews, states and policy packs
have them). A value that is hidden is a departure that cannot be told yet, ``certain`` False.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

from planner.catalog.resource_values import Hidden, Unpriced, Value, items, number, readable, text
from planner.money import usd_text

if TYPE_CHECKING:
    from planner.emit.serving_plan import ServingPlan

__all__ = [
    "RULES",
    "Departure",
    "PlannedAlarm",
    "PlannedStack",
    "Rule",
    "departures_of",
    "missing_from",
    "planned_stack",
]

Rule = Literal["instance-type", "instance-count", "purchase-option", "alarm-threshold"]
RULES: tuple[Rule, ...] = (
    "instance-type",
    "instance-count",
    "purchase-option",
    "alarm-threshold",
)
Inputs = Mapping[str, Value]

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE = "aws:ec2/instance:Instance"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
# Thresholds travel as floats, of which the last digits are the writer's own.
_CLOSE = Decimal("1e-9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One way in which a stack is not the plan; ``certain`` False where it cannot be told yet."""

    rule: Rule
    message: str
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAlarm:
    """What decides when an alarm fires. ``expressions`` are its metric math by query id."""

    threshold: Decimal | None
    comparison: str
    evaluation_periods: int
    datapoints_to_alarm: int
    expressions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStack:
    """What a plan deploys, as far as money goes.

    ``instance_type`` is None for a stack without instances. ``min_instances`` are the counts the
    group's minimum may have: none until the weights are in place. ``max_instances`` includes
    the spare host of a rolling update. ``spot_floor`` is how many are bought on demand where the
    rest is spot, None where nothing is. ``alarms`` by name.
    """

    plan_hash: str
    instance_type: str | None
    min_instances: tuple[int, ...]
    max_instances: int
    spot_floor: int | None
    alarms: Mapping[str, PlannedAlarm]


def planned_stack(plan: ServingPlan, *, weights_ready: bool) -> PlannedStack:
    """What the program in ``stacks/`` registers for an emitted plan."""
    from planner.emit.guard import guard_plan, guard_set

    gpu = plan.gpu
    alarms = {
        spec.name: PlannedAlarm(
            threshold=None if spec.threshold is None else Decimal(repr(spec.threshold)),
            comparison=spec.comparison,
            evaluation_periods=spec.evaluation_periods,
            datapoints_to_alarm=spec.datapoints_to_alarm,
            expressions={
                query.id: expression
                for query in spec.queries
                if (expression := getattr(query, "text", None)) is not None
            },
        )
        for spec in guard_set(guard_plan(plan)).alarms
    }
    if gpu is None:
        return PlannedStack(
            plan_hash=plan.plan_hash,
            instance_type=None,
            min_instances=(0,),
            max_instances=0,
            spot_floor=None,
            alarms=alarms,
        )
    spare = 1 if gpu.rolling_update == "spare_host" else 0
    return PlannedStack(
        plan_hash=plan.plan_hash,
        instance_type=gpu.instance_type,
        min_instances=(gpu.min_instances,) if weights_ready else (gpu.min_instances, 0),
        max_instances=gpu.max_instances + spare,
        spot_floor=gpu.on_demand_base_instances if gpu.purchase == "spot" else None,
        alarms=alarms,
    )


def departures_of(
    token: str, inputs: Mapping[str, object], planned: PlannedStack
) -> tuple[Departure, ...]:
    """How one resource departs from the plan; empty for what the plan says nothing of."""
    shown = {name: readable(value) for name, value in inputs.items()}
    try:
        if token == _INSTANCE:
            return (_departure("instance-count", "an instance that is not in the plan"),)
        if token == _TEMPLATE:
            return (*_type_of(shown, planned), *_market_of(shown))
        if token == _GROUP:
            return (
                *_types_of_group(shown, planned),
                *_count(shown, planned),
                *_mix(shown, planned),
            )
        return tuple(_alarm(shown, planned)) if token == _ALARM else ()
    except Unpriced as error:
        rule: Rule = "alarm-threshold" if token == _ALARM else "instance-type"
        return (_departure(rule, f"cannot be told: {error}", certain=False),)


def missing_from(
    resources: Iterable[tuple[str, Mapping[str, object]]], planned: PlannedStack
) -> tuple[Departure, ...]:
    """What a whole stack lacks: planned alarms, and the group of the planned instances."""
    there = list(resources)
    given = [readable(inputs.get("name")) for token, inputs in there if token == _ALARM]
    names = {name for name in given if isinstance(name, str)}
    names_known = len(names) == len(given)
    found = [
        _departure("alarm-threshold", f"alarm {name} is planned and not there", certain=names_known)
        for name in sorted(planned.alarms)
        if name not in names
    ]
    groups = sum(1 for token, _ in there if token == _GROUP)
    if planned.instance_type is not None and groups == 0:
        found.append(_departure("instance-count", "no group of the planned instances"))
    if groups > 1:
        found.append(_departure("instance-count", f"{groups} groups of instances, planned is one"))
    return tuple(found)


def _departure(rule: Rule, message: str, *, certain: bool = True) -> Departure:
    return Departure(rule=rule, message=message, certain=certain)


def _type_of(inputs: Inputs, planned: PlannedStack) -> list[Departure]:
    found = text(inputs, "instanceType")
    if found == planned.instance_type:
        return []
    wanted = planned.instance_type or "no instances"
    return [_departure("instance-type", f"{found or 'none'}, planned is {wanted}")]


def _market_of(inputs: Inputs) -> list[Departure]:
    """Spot is bought by the group's mix; a template that asks for it buys all as spot."""
    for market in items(inputs, "instanceMarketOptions"):
        kind = text(_object(market), "marketType")
        if kind is not None:
            message = f"the launch template buys {kind}, which the plan does not"
            return [_departure("purchase-option", message)]
    return []


def _types_of_group(inputs: Inputs, planned: PlannedStack) -> list[Departure]:
    """Types that a mixed group may start beside the template's own."""
    found: list[Departure] = []
    for mixed in items(inputs, "mixedInstancesPolicy"):
        for template in items(_object(mixed), "launchTemplate"):
            for override in items(_object(template), "overrides"):
                if text(_object(override), "instanceType") is not None:
                    found += _type_of(_object(override), planned)
    return found


def _count(inputs: Inputs, planned: PlannedStack) -> list[Departure]:
    least, most = number(inputs, "minSize"), number(inputs, "maxSize")
    found: list[Departure] = []
    if least not in planned.min_instances:
        wanted = " or ".join(str(each) for each in planned.min_instances)
        message = f"at least {usd_text(least)}, planned is {wanted}"
        found.append(_departure("instance-count", message))
    if most != planned.max_instances:
        message = f"at most {usd_text(most)}, planned is {planned.max_instances}"
        found.append(_departure("instance-count", message))
    if inputs.get("desiredCapacity") is not None:
        wanted_now = number(inputs, "desiredCapacity")
        if not min(planned.min_instances) <= wanted_now <= planned.max_instances:
            message = f"{usd_text(wanted_now)} wanted, planned is at most {planned.max_instances}"
            found.append(_departure("instance-count", message))
    return found


def _mix(inputs: Inputs, planned: PlannedStack) -> list[Departure]:
    mixed = items(inputs, "mixedInstancesPolicy")
    if not mixed:
        if planned.spot_floor is None:
            return []
        return [_departure("purchase-option", "no spot instances, planned are some")]
    for spread in items(_object(mixed[0]), "instancesDistribution"):
        floor = number(_object(spread), "onDemandBaseCapacity", Decimal(0))
        above = number(_object(spread), "onDemandPercentageAboveBaseCapacity", Decimal(100))
        return _bought(floor, above, planned)
    return _bought(Decimal(0), Decimal(100), planned)


def _bought(floor: Decimal, above: Decimal, planned: PlannedStack) -> list[Departure]:
    if planned.spot_floor is None:
        if above == 100:
            return []
        return [_departure("purchase-option", "buys spot instances, planned are none")]
    if (floor, above) == (planned.spot_floor, 0):
        return []
    message = (
        f"{usd_text(floor)} on demand and {usd_text(above)} % of the rest, "
        f"planned is {planned.spot_floor} and spot"
    )
    return [_departure("purchase-option", message)]


def _alarm(inputs: Inputs, planned: PlannedStack) -> list[Departure]:
    name = text(inputs, "name")
    wanted = None if name is None else planned.alarms.get(name)
    if wanted is None:
        return []
    found: list[str] = []
    given = inputs.get("threshold")
    if (given is None) != (wanted.threshold is None):
        found.append("threshold")
    elif wanted.threshold is not None:
        threshold = number(inputs, "threshold")
        if abs(threshold - wanted.threshold) > _CLOSE * max(abs(wanted.threshold), Decimal(1)):
            found.append(f"threshold {threshold:f}, planned is {wanted.threshold:f}")
    for key, value in (
        ("evaluationPeriods", wanted.evaluation_periods),
        ("datapointsToAlarm", wanted.datapoints_to_alarm),
    ):
        registered = number(inputs, key, Decimal(wanted.evaluation_periods))
        if registered != value:
            found.append(f"{key} {usd_text(registered)}, planned is {value}")
    if text(inputs, "comparisonOperator") != wanted.comparison:
        found.append(f"comparison {text(inputs, 'comparisonOperator')}")
    found += _expressions(inputs, wanted)
    return [_departure("alarm-threshold", f"alarm {name}: {each}") for each in found]


def _expressions(inputs: Inputs, wanted: PlannedAlarm) -> list[str]:
    """Planned figures by the hour lie inside of expressions."""
    given = {
        text(query, "id"): text(query, "expression")
        for query in (_object(each) for each in items(inputs, "metricQueries"))
        if query.get("expression") is not None
    }
    return [
        f"expression {key} is not the plan's"
        for key in sorted({*wanted.expressions, *(each or "" for each in given)})
        if given.get(key) != wanted.expressions.get(key)
    ]


def _object(value: Value) -> Inputs:
    if isinstance(value, list) and len(cast(list[Value], value)) == 1:
        value = cast(list[Value], value)[0]
    if not isinstance(value, Mapping):
        shown = value.value if isinstance(value, Hidden) else "no object"
        raise Unpriced(f"a part of it is {shown}")
    return cast(Inputs, value)

"""What Pulumi resources cost a month.

    price_resource(resource: ResourceInputs, context: PricingContext,
                   others: Sequence[ResourceInputs] = ()) -> ResourcePrice
    price_graph(resources: Sequence[ResourceInputs], context: PricingContext) -> GraphPrice

``ResourceInputs(urn=, type=, inputs=, region=, property_dependencies=, id=)`` is a resource as the
engine registers it; ``PricingContext(prices=catalog, hours_per_month=, planned=PlannedUse | None)``
holds the unit prices and what a plan adds (``planner.diff.pulumi.planned_use(plan)`` makes it).
``GraphPrice.monthly_usd.expected`` is what a plan states as its fixed cost;
``GraphPrice.unlisted`` are the types that no list knows.

A group of instances is joined with its launch template by ``property_dependencies``, or by the
template's id. Nothing is guessed: what cannot be told is ``unknown`` or ``missing``, never $0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from planner.catalog.resource_rules import (
    Bill,
    Entry,
    Inputs,
    Sight,
    figure,
    free_reason,
    hourly,
    monthly,
    resource_data,
    rule_for,
)
from planner.catalog.resource_types import (
    Charge,
    GraphPrice,
    PlannedInstances,
    PlannedUse,
    PriceSource,
    PricingContext,
    ResourceInputs,
    ResourcePrice,
    Span,
)
from planner.catalog.resource_values import Unpriced, readable
from planner.catalog.types import PriceRow
from planner.errors import InputError

__all__ = [
    "PLAN_TAG",
    "Charge",
    "GraphPrice",
    "PlannedInstances",
    "PlannedUse",
    "PriceSource",
    "PricingContext",
    "ResourceInputs",
    "ResourcePrice",
    "Span",
    "plan_tag",
    "price_graph",
    "price_resource",
]

# The tag that says which plan a resource was deployed from.
PLAN_TAG = "llm-planner:plan"
_GROUP = "aws:autoscaling/group:Group"
# Reasons quote inputs, which may be as long as a file.
_LONGEST_REASON = 300

# Price rows by item, region and purchase.
_Rows = dict[tuple[str, str, str | None], PriceRow]


@dataclass(frozen=True, slots=True)
class _Graph:
    """The resources of one stack by URN and by type and id, and the price rows used so far."""

    by_urn: dict[str, ResourceInputs]
    by_id: dict[tuple[str, str], ResourceInputs]
    rows: _Rows

    def linked(self, resource: ResourceInputs, name: str, token: str) -> Inputs | None:
        """Inputs of the one resource of a type that an input was made from; None: no telling."""
        urns = resource.property_dependencies.get(name, ())
        found = {u: self.by_urn[u] for u in urns if u in self.by_urn}
        of_type = [each for each in found.values() if each.type == token]
        if not of_type:
            of_type = [
                each
                for value in _texts(readable(resource.inputs.get(name)))
                if (each := self.by_id.get((token, value))) is not None
            ]
        if len({each.urn for each in of_type}) != 1:
            return None
        return _readable_inputs(of_type[0])


def price_resource(
    resource: ResourceInputs, context: PricingContext, others: Sequence[ResourceInputs] = ()
) -> ResourcePrice:
    """The price of one resource; ``others`` are those it may be linked with."""
    return _priced(resource, context, _graph((resource, *others)))


def price_graph(resources: Sequence[ResourceInputs], context: PricingContext) -> GraphPrice:
    """The price of a whole stack, in the order given.

    A plan applies to the group that carries its hash as a tag, and its fixed use to the types
    that are there.
    """
    graph = _graph(resources)
    planned = context.planned
    known = replace(context, planned=None)
    prices: list[ResourcePrice] = []
    applied = False
    for resource in resources:
        applies = planned is not None and not applied and _is_planned(resource, planned)
        applied = applied or applies
        prices.append(_priced(resource, context if applies else known, graph))
    if planned is None:
        return GraphPrice(resources=tuple(prices))
    usage, undeployed = _planned_usage(planned, resources, context)
    if planned.instances and not applied:
        undeployed = (f"instances of plan {planned.name}", *undeployed)
    return GraphPrice(resources=tuple(prices), planned_usage=usage, undeployed=undeployed)


def plan_tag(resource: ResourceInputs) -> str | None:
    """The plan's hash a resource is tagged with: tags are a mapping, of a group a list."""
    tags = readable(resource.inputs.get("tags"))
    if isinstance(tags, Mapping):
        found = cast(Mapping[str, object], tags).get(PLAN_TAG)
        return found if isinstance(found, str) else None
    for each in cast(Sequence[object], tags) if isinstance(tags, list | tuple) else ():
        if isinstance(each, Mapping):
            tag = cast(Mapping[str, object], each)
            if tag.get("key") == PLAN_TAG and isinstance(tag.get("value"), str):
                return cast(str, tag["value"])
    return None


def _is_planned(resource: ResourceInputs, planned: PlannedUse) -> bool:
    return resource.type == _GROUP and plan_tag(resource) == planned.name


def _graph(resources: Sequence[ResourceInputs]) -> _Graph:
    return _Graph(
        by_urn={each.urn: each for each in resources},
        by_id={(each.type, each.id): each for each in resources if each.id},
        rows={},
    )


def _readable_inputs(resource: ResourceInputs) -> Inputs:
    return {name: readable(value) for name, value in resource.inputs.items()}


def _texts(value: object) -> list[str]:
    """All text inside a value: an id may lie deep in a block."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [t for each in cast(Mapping[str, object], value).values() for t in _texts(each)]
    if isinstance(value, list):
        return [t for each in cast(list[object], value) for t in _texts(each)]
    return []


def _priced(resource: ResourceInputs, context: PricingContext, graph: _Graph) -> ResourcePrice:
    reason = free_reason(resource.type)
    if reason is not None:
        return ResourcePrice(urn=resource.urn, type=resource.type, status="free", reason=reason)
    spec = cast(Mapping[str, Any], resource_data()["types"]).get(resource.type)
    if spec is None:
        why = resource_data()["unknown"].get(resource.type, "a type that planner does not know")
        return _unknown(resource, why)
    try:
        bill = _bill(resource, spec, context, graph)
        return _of_bill(resource, bill, context.prices, graph.rows)
    except Unpriced as error:
        return _unknown(resource, str(error))


def _unknown(resource: ResourceInputs, reason: str) -> ResourcePrice:
    short = reason[:_LONGEST_REASON]
    return ResourcePrice(urn=resource.urn, type=resource.type, status="unknown", reason=short)


def _bill(
    resource: ResourceInputs, spec: Mapping[str, Any], context: PricingContext, graph: _Graph
) -> Bill:
    sight = Sight(
        hours=context.hours_per_month,
        linked=lambda name, token: graph.linked(resource, name, token),
        planned=context.planned,
    )
    usage = tuple(spec.get("usage", ()))
    if "rule" in spec:
        found = rule_for(spec["rule"])(_readable_inputs(resource), sight)
        return replace(found, usage=(*found.usage, *usage))
    entries = tuple(
        hourly(each["item"], sight, each["count"])
        if each.get("hourly")
        else monthly(each["item"], each["count"])
        for each in spec.get("items", ())
    )
    return Bill(entries=entries, usage=usage)


def _of_bill(
    resource: ResourceInputs, bill: Bill, prices: PriceSource, rows: _Rows
) -> ResourcePrice:
    if bill.free_because:
        return ResourcePrice(
            urn=resource.urn, type=resource.type, status="free", reason=bill.free_because
        )
    if bill.entries and resource.region is None:
        raise Unpriced("its region is not known")
    region = resource.region or ""
    return ResourcePrice(
        urn=resource.urn,
        type=resource.type,
        status="priced" if bill.entries else "usage_priced",
        charges=tuple(_charge(entry, region, prices, rows) for entry in bill.entries),
        usage_items=bill.usage,
        missing=bill.missing,
    )


def _charge(entry: Entry, region: str, prices: PriceSource, rows: _Rows) -> Charge:
    key = (entry.item, region, entry.purchase)
    row = rows.get(key) if entry.usd is None else None
    if row is None:
        row = _row(entry, region, prices)
        if entry.usd is None:
            rows[key] = row
    usd = row.usd if entry.usd is None else entry.usd
    borrowed = row.extrapolated_from is not None and entry.usd is None
    amount = None if usd is None else entry.units.times(usd)
    if amount is not None and borrowed:
        amount = Span(
            low=amount.low * figure("borrowed_low"),
            expected=amount.expected,
            high=amount.high * figure("borrowed_high"),
        )
    return Charge(
        item=entry.item,
        unit=row.unit,
        units=entry.units,
        usd_per_unit=usd,
        monthly_usd=amount,
        source=row.source if entry.usd is None else entry.note,
        observed=row.observed if entry.usd is None else None,
        borrowed=borrowed,
        note=entry.note,
        reason=row.reason_null if usd is None else None,
    )


def _row(entry: Entry, region: str, prices: PriceSource) -> PriceRow:
    if entry.purchase is None:
        return prices.service_price(entry.item, region)
    if entry.usd is not None:
        return PriceRow(
            kind="instance",
            region=region,
            item=entry.item,
            purchase=entry.purchase,
            unit="hour",
            usd=entry.usd,
            source=entry.note,
            observed=None,
        )
    if entry.item not in prices.instances:
        raise Unpriced(f"no price of {entry.item} in the catalog")
    try:
        return prices.instance_price(entry.item, region, entry.purchase)
    except InputError as error:
        raise Unpriced(error.message) from None


def _planned_usage(
    planned: PlannedUse, resources: Sequence[ResourceInputs], context: PricingContext
) -> tuple[tuple[Charge, ...], tuple[str, ...]]:
    """Charges of the plan's use, and what of it no resource stands for."""
    regions = {each.type: each.region for each in resources if each.region is not None}
    charges: list[Charge] = []
    undeployed: list[str] = []
    for (token, item), units in sorted(planned.usage.items()):
        if token not in regions:
            undeployed.append(f"{item} of {token}")
            continue
        entry = Entry(item=item, units=Span.point(units), note=f"use of plan {planned.name}")
        charges.append(_charge(entry, regions[token] or "", context.prices, {}))
    return tuple(charges), tuple(undeployed)

"""A stack's change priced: one line for each resource that costs something, in whole cents.

A line without a price on either side counts on neither, so that what became unknown is no saving.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from planner.catalog.resource_prices import (
    Charge,
    PricingContext,
    ResourceInputs,
    ResourcePrice,
    Span,
    price_graph,
)
from planner.diff.pulumi.regions import Regions
from planner.diff.pulumi.types import Change, StackChange, State, name_of
from planner.diff.pulumi.why import why_of
from planner.diff.types import DiffLine, Drift, Part, Range, Side, Status, Subject
from planner.money import CENT, ZERO

__all__ = ["is_priced", "stack_subject"]

_SAME_PRICES = "both sides are priced at the same prices"
_MOST_TYPES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    change: Change
    before: ResourcePrice | None
    after: ResourcePrice | None


def stack_subject(
    change: StackChange, context: PricingContext, *, file: str | None = None
) -> Subject:
    """The subject of a stack: its lines, both sides and the change, at one set of prices."""
    pairs = _pairs(change, context)
    lines = _ordered([line for pair in pairs for line in _lines(pair)])
    failed = (f"the preview ended with an error: {change.failed}",) if change.failed else ()
    unpriced = (*failed, *dict.fromkeys(_unpriced_name(line) for line in lines if _open(line)))
    counted = [line for line in lines if not _open(line)]
    delta = _sum(_delta(line) for line in counted)
    return Subject(
        name=change.stack or "stack",
        kind="stack",
        status=_status_of_stack(lines),
        before=_side((line.before_usd for line in counted), unpriced),
        after=_side((line.after_usd for line in counted), unpriced),
        change_usd=delta,
        drift=Drift(usd=ZERO, reason=_SAME_PRICES),
        parts=_parts(counted),
        lines=tuple(lines),
        stack=change.stack or None,
        file=file,
        totals_known=change.missing_unchanged == 0 and not change.failed,
        notes=(*failed, *change.notes, *_listed(pairs)),
    )


def _pairs(change: StackChange, context: PricingContext) -> list[_Pair]:
    regions = Regions(change)
    # Copies that await deletion come first, so that links find the live resource of their URN.
    changes = sorted(change.changes, key=lambda each: each.operation != "delete-replaced")
    before = _prices([each.before for each in changes], regions, context)
    after = _prices([each.after for each in changes], regions, context)
    return [
        _Pair(change=each, before=before.get(index), after=after.get(index))
        for index, each in enumerate(changes)
        if is_priced(each)
    ]


def _prices(
    states: Sequence[State | None], regions: Regions, context: PricingContext
) -> dict[int, ResourcePrice]:
    """Prices of a side by the place of their change."""
    there = [(index, state) for index, state in enumerate(states) if state is not None]
    resources = [
        ResourceInputs(
            urn=state.urn,
            type=state.type,
            inputs=state.inputs,
            region=regions.of(state),
            property_dependencies=state.property_dependencies,
            id=state.id,
        )
        for _, state in there
    ]
    prices = price_graph(resources, context).resources
    return {index: price for (index, _), price in zip(there, prices, strict=True)}


def is_priced(change: Change) -> bool:
    """Only what the stack itself runs: no components, providers, read resources or views."""
    if change.operation == "read" or change.type.startswith("pulumi:"):
        return False
    state = change.after or change.before
    return state is None or (state.custom and not state.external and not state.view_of)


# --- Lines -------------------------------------------------------------------------------------


def _lines(pair: _Pair) -> list[DiffLine]:
    change = pair.change
    before, after = _usd(pair.before), _usd(pair.after)
    reason = _reason(pair)
    found: list[DiffLine] = []
    if before is not None or after is not None or reason:
        charge = _main_charge(pair.after) or _main_charge(pair.before)
        found.append(
            DiffLine(
                component=name_of(change.urn),
                status=_status(change, before, after),
                before_usd=before,
                after_usd=after,
                category="infrastructure",
                why=why_of(change) or _why_of_charges(pair),
                source="" if charge is None else charge.source,
                observed=None if charge is None else charge.observed,
                reason_unpriced=reason or None,
                resource_type=change.type,
                operation=change.operation,
            )
        )
    return found + [_missing_line(change, part) for part in _missing(pair)]


def _missing_line(change: Change, part: str) -> DiffLine:
    """A part of a priced resource that could not be told; the rest of it counts."""
    return DiffLine(
        component=f"{name_of(change.urn)}: {part.split(':')[0]}",
        status=_status(change, None, None),
        before_usd=None,
        after_usd=None,
        category="infrastructure",
        reason_unpriced=part,
        resource_type=change.type,
        operation=change.operation,
    )


def _missing(pair: _Pair) -> list[str]:
    """Parts and charges without a price, of both sides."""
    found: list[str] = []
    for price in (pair.before, pair.after):
        if price is None or price.status == "unknown":
            continue
        found += price.missing
        found += [f"{charge.item}: {charge.reason}" for charge in price.charges if _is_open(charge)]
    return list(dict.fromkeys(found))


def _is_open(charge: Charge) -> bool:
    return charge.monthly_usd is None and charge.units.high > 0


def _reason(pair: _Pair) -> str:
    """Why the resource as a whole has no price on a side; empty when it has."""
    change = pair.change
    hidden = change.hidden_after or change.hidden_before
    if hidden:
        return hidden
    for price in (pair.after, pair.before):
        if price is not None and price.status == "unknown":
            return price.reason
    return ""


def _usd(price: ResourcePrice | None) -> Range | None:
    span: Span | None = None if price is None else price.monthly_usd
    if span is None:
        return None
    if span.low == span.expected == span.high:
        return Range.point(_cents(span.expected))
    return Range(low=_cents(span.low), expected=_cents(span.expected), high=_cents(span.high))


def _cents(usd: Decimal) -> Decimal:
    # Lines are rounded before they are summed, so that what is shown adds up.
    return usd.quantize(CENT, rounding=ROUND_HALF_UP)


def _main_charge(price: ResourcePrice | None) -> Charge | None:
    """The dearest charge: its price is what the line's source and day are of."""
    priced = [
        (charge.monthly_usd.expected, charge)
        for charge in (() if price is None else price.charges)
        if charge.monthly_usd is not None
    ]
    return max(priced, key=lambda each: each[0])[1] if priced else None


def _why_of_charges(pair: _Pair) -> str:
    """What another resource made of one that did not change itself: a group's template."""
    before, after = _main_charge(pair.before), _main_charge(pair.after)
    if before is None or after is None or before.item == after.item:
        return ""
    return f"{before.item} → {after.item}"


def _status(change: Change, before: Range | None, after: Range | None) -> Status:
    kept = bool(change.note) and change.before is change.after
    if before == after and (kept or change.operation in ("same", "refresh")):
        return "unchanged"
    if change.before is None and not change.hidden_before:
        return "new"
    if change.after is None and not change.hidden_after:
        return "removed"
    return "changed"


def _open(line: DiffLine) -> bool:
    return line.reason_unpriced is not None


def _unpriced_name(line: DiffLine) -> str:
    return f"{line.component} ({line.resource_type}): {line.reason_unpriced}"


def _delta(line: DiffLine) -> Range:
    """The change of a line with both sides at the same end of their ranges."""
    zero = Range.point(ZERO)
    before, after = line.before_usd or zero, line.after_usd or zero
    ends = (
        after.low - before.low,
        after.expected - before.expected,
        after.high - before.high,
    )
    return Range(low=min(ends), expected=ends[1], high=max(ends))


def _ordered(lines: list[DiffLine]) -> list[DiffLine]:
    """The largest change first; what has no price before what does not change."""

    def key(line: DiffLine) -> tuple[Decimal, bool, str, str]:
        delta = ZERO if line.delta_usd is None else line.delta_usd
        return (-abs(delta), not _open(line), line.component, line.resource_type or "")

    return sorted(lines, key=key)


# --- The stack ---------------------------------------------------------------------------------


def _sum(ranges: Iterable[Range | None]) -> Range:
    low = expected = high = ZERO
    for each in ranges:
        if each is not None:
            low, expected, high = low + each.low, expected + each.expected, high + each.high
    return Range(low=low, expected=expected, high=high)


def _side(ranges: Iterable[Range | None], unpriced: tuple[str, ...]) -> Side:
    return Side(monthly_usd=_sum(ranges), is_floor=bool(unpriced), unpriced=unpriced)


def _status_of_stack(lines: Sequence[DiffLine]) -> Status:
    return "unchanged" if all(line.status == "unchanged" for line in lines) else "changed"


def _parts(lines: Sequence[DiffLine]) -> tuple[Part, ...]:
    """The change by resource type."""
    usd: dict[str, Decimal] = {}
    names: dict[str, list[str]] = {}
    for line in lines:
        delta = _delta(line).expected
        if delta:
            factor = (line.resource_type or "").rsplit(":", 1)[-1]
            usd[factor] = usd.get(factor, ZERO) + delta
            names.setdefault(factor, []).append(line.component)
    parts = [
        Part(factor=factor, delta_usd=amount, why=_few(names[factor]))
        for factor, amount in usd.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-abs(part.delta_usd), part.factor)))


def _few(names: Sequence[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _listed(pairs: Sequence[_Pair]) -> tuple[str, ...]:
    """What is billed by use only: in no total, and never a price of zero."""
    used = Counter(
        pair.change.type
        for pair in pairs
        if any(p is not None and p.status == "usage_priced" for p in (pair.before, pair.after))
    )
    if not used:
        return ()
    words = [f"{number} {token.rsplit(':', 1)[-1]}" for token, number in sorted(used.items())]
    more = len(words) - _MOST_TYPES
    shown = ", ".join(words[:_MOST_TYPES]) + (f" and {more} more types" if more > 0 else "")
    return (f"billed by use, which inputs do not show, so in no total: {shown}",)

"""What would flip the answer: for each input, the nearest value at which another option wins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planner.costs import CompactCost, Months, Option, compact_cost
from planner.decision.breakeven import Breakeven
from planner.money import usd_from_float

__all__ = ["Flip", "FlipInput", "find_flips"]

PriceInput = Literal["api_price", "gpu_price", "labour"]
FlipInput = Literal["volume", "api_price", "gpu_price", "capacity", "labour"]

# How far an input is searched either way; beyond it the answer "never flips".
_RANGE = Decimal(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One input, as a multiple of its value in the scenario.

    ``factor`` is the multiple nearest to 1 at which ``to_option`` becomes the cheapest, None when
    none within a twentieth and twenty times does. Other inputs stay as given.
    """

    input: FlipInput
    factor: Decimal | None
    to_option: str | None


def find_flips(
    chosen: Option, options: Sequence[Option], months: Months, pair: Breakeven
) -> tuple[Flip, ...]:
    """Flips of the choice, the nearest first; inputs that never flip come last.

    Every hardware choice of the other options counts as a rival; other hardware of the chosen
    option is not another answer.
    """
    own = compact_cost(chosen, months)
    rivals = [
        (hardware, compact_cost(hardware, months))
        for option in options
        if option.feasible and option.name != chosen.name
        for hardware in option.hardware or (option,)
    ]
    costs = [cost for _, cost in rivals]
    growing = [cost for option, cost in rivals if option.fleet is not None]
    flips = [
        _volume_flip(chosen, months, pair),
        _price_flip("api_price", own, costs),
        _price_flip("gpu_price", own, costs),
        _capacity_flip(own, growing if chosen.is_api else costs, up=chosen.is_api),
        _price_flip("labour", own, costs),
    ]
    return tuple(sorted(flips, key=_distance))


def _distance(flip: Flip) -> tuple[float, str]:
    far = math.inf if flip.factor is None else abs(math.log(float(flip.factor)))
    return (far, flip.input)


def _price_flip(name: PriceInput, own: CompactCost, rivals: Sequence[CompactCost]) -> Flip:
    """Totals are affine in a price, so the crossing with each rival is exact."""
    rise = own.of(name)
    base = own.total() - rise
    found: list[tuple[float, Decimal, str]] = []
    for rival in rivals:
        other_rise = rival.of(name)
        other_base = rival.total() - other_rise
        if rise == other_rise:
            continue
        factor = (other_base - base) / (rise - other_rise)
        if 1 / _RANGE <= factor <= _RANGE:
            found.append((abs(math.log(float(factor))), factor, rival.label))
    if not found:
        return Flip(input=name, factor=None, to_option=None)
    _, factor, label = min(found)
    return Flip(input=name, factor=factor, to_option=label)


def _volume_flip(chosen: Option, months: Months, pair: Breakeven) -> Flip:
    """From the breakeven's spans: the nearest end of the span that the mean month lies in.

    The ranking is by mean month, so with growth it is that month which has to reach another
    span. An API that may not be used is no answer at any volume.
    """
    if pair.informational:
        return Flip(input="volume", factor=None, to_option=None)
    mean = sum(months.requests, Decimal(0)) / len(months)
    side = "api" if chosen.is_api else "selfhost"
    candidates = [
        (abs(math.log(float(edge) / float(mean))), Decimal(edge) / mean, span.option)
        for span in pair.spans
        if span.cheaper != side
        for edge in (span.from_requests_per_month, span.to_requests_per_month)
        if edge is not None
    ]
    if not candidates:
        return Flip(input="volume", factor=None, to_option=None)
    _, factor, option = min(candidates)
    return Flip(input="volume", factor=factor, to_option=option)


def _capacity_flip(own: CompactCost, rivals: Sequence[CompactCost], *, up: bool) -> Flip:
    """Cost falls with capacity, so one change of sign can be bisected: upwards for rivals that
    grow better, downwards for a choice that grows worse.
    """
    end = float(_RANGE) if up else 1 / float(_RANGE)
    movable = bool(rivals) and (up or own.fleet is not None)
    if not movable or _beaten(own, rivals, end) is None:
        return Flip(input="capacity", factor=None, to_option=None)
    low, high = 1.0, end
    for _ in range(30):
        middle = math.sqrt(low * high)
        if _beaten(own, rivals, middle) is None:
            low = middle
        else:
            high = middle
    return Flip(input="capacity", factor=usd_from_float(high), to_option=_beaten(own, rivals, high))


def _beaten(own: CompactCost, rivals: Sequence[CompactCost], capacity: float) -> str | None:
    """The rival that is cheaper than the choice at this capacity; None when none is."""
    factor = usd_from_float(capacity)
    cost, label = min((rival.total(factor), rival.label) for rival in rivals)
    return label if cost < own.total(factor) else None

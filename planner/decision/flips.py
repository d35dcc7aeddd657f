"""What would flip the answer: for each input, the nearest value at which another option wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
# Volumes are tried this far apart, then narrowed: closer spans of another winner can be missed.
_VOLUME_STEP = 1.1
_ROUNDS = 30
# Factors whose logarithms are this close are the same turn of the answer.
_SAME = 1e-3
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One input, as a multiple of its value in the scenario.

    ``factor`` is the multiple nearest to 1 at which ``to_option`` becomes the cheapest, None when
    none within a twentieth and twenty times does. Other inputs stay as given.
    """

    input: FlipInput
    factor: Decimal | None
    to_option: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """The choice on any of its own hardware, and every rival on any of its."""

    own: tuple[CompactCost, ...]
    rivals: tuple[CompactCost, ...]

    def beaten(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> str | None:
        """The rival that is cheaper than the choice; None when none is."""
        best = _cheapest(self.own, capacity, volume)
        below = None if best is None else (best[0], "")
        rival = _cheapest(self.rivals, capacity, volume, below=below)
        return None if rival is None or rival == below else rival[1]

    def turned(self, *, capacity: Decimal = ONE, volume: Decimal = ONE) -> bool:
        """Whether any rival is cheaper than the choice: the first that is settles it."""
        best = _cheapest(self.own, capacity, volume)
        able = (rival for rival in self.rivals if rival.serves(capacity=capacity, volume=volume))
        if best is None:
            return any(True for _ in able)
        return any(
            rival.least(capacity=capacity, volume=volume) < best[0]
            and rival.total(capacity=capacity, volume=volume) < best[0]
            for rival in able
        )


def _cheapest(
    costs: Sequence[CompactCost],
    capacity: Decimal,
    volume: Decimal,
    *,
    below: tuple[Decimal, str] | None = None,
) -> tuple[Decimal, str] | None:
    """Of those whose limits hold, and of ``below``; what cannot be cheaper is not added up."""
    able = [cost for cost in costs if cost.serves(capacity=capacity, volume=volume)]
    bounds = [(cost.least(capacity=capacity, volume=volume), cost) for cost in able]
    best = below
    for bound, cost in sorted(bounds, key=lambda pair: pair[0]):
        if best is not None and bound > best[0]:
            break
        found = (cost.total(capacity=capacity, volume=volume), cost.label)
        best = found if best is None else min(best, found)
    return best


def find_flips(
    chosen: Option, options: Sequence[Option], months: Months, pair: Breakeven
) -> tuple[Flip, ...]:
    """Flips of the choice, the nearest first; inputs that never flip come last.

    Every hardware choice within its limits counts, on both sides; other hardware of the chosen
    option is not another answer. None at all when credits alone make it the choice: flips are at
    full prices.
    """
    own = compact_cost(chosen, months)
    field = _Field(
        own=_compact_hardware(chosen, months),
        rivals=tuple(
            cost
            for option in options
            if option.feasible and option.name != chosen.name
            for cost in _compact_hardware(option, months)
        ),
    )
    if field.turned():
        return ()
    within = [cost for cost in field.rivals if cost.serves()]
    flips = [
        _volume_flip(chosen, months, pair, field),
        _price_flip("api_price", own, within, alone=chosen.is_api),
        _price_flip("gpu_price", own, within),
        _capacity_flip(field, up=chosen.is_api),
        _price_flip("labour", own, within),
    ]
    return tuple(sorted(flips, key=_distance))


def _compact_hardware(option: Option, months: Months) -> tuple[CompactCost, ...]:
    return tuple(compact_cost(hardware, months) for hardware in option.hardware or (option,))


def _distance(flip: Flip) -> tuple[float, str]:
    far = math.inf if flip.factor is None else abs(math.log(float(flip.factor)))
    return (far, flip.input)


def _price_flip(
    name: PriceInput,
    own: CompactCost,
    rivals: Sequence[CompactCost],
    *,
    alone: bool = False,
) -> Flip:
    """Totals are affine in a price, so the crossing with each rival is exact.

    ``alone``: only the choice's own price moves; else every option's with the same input does.
    """
    rise = own.of(name)
    base = own.total() - rise
    found: list[tuple[float, Decimal, str]] = []
    for rival in rivals:
        other_rise = Decimal(0) if alone else rival.of(name)
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


def _volume_flip(chosen: Option, months: Months, pair: Breakeven, field: _Field) -> Flip:
    """The whole horizon's volumes times a factor: found by steps, narrowed by bisection.

    At a steady volume the ends of the breakeven's spans are whole requests: the nearest stands,
    unless the steps find another answer closer by.
    """
    found = [flip for sign in (1, -1) if (flip := _stepped_volume(field, sign)) is not None]
    nearest = min(found, key=_distance, default=None)
    # A hybrid has crossings of its own, beside those of the pair.
    at_spans = chosen.hybrid is None and not pair.informational
    if len(set(months.requests)) == 1 and at_spans:
        edge = min(_span_edges(chosen, months.requests[0], pair), key=_distance, default=None)
        if edge is not None:
            clearly = nearest is not None and _distance(nearest)[0] < _distance(edge)[0] - _SAME
            nearest = nearest if clearly else edge
    return nearest or Flip(input="volume", factor=None, to_option=None)


def _span_edges(chosen: Option, requests: Decimal, pair: Breakeven) -> list[Flip]:
    side = "api" if chosen.is_api else "selfhost"
    return [
        Flip(input="volume", factor=Decimal(edge) / requests, to_option=span.option)
        for span in pair.spans
        if span.cheaper != side
        for edge in (span.from_requests_per_month, span.to_requests_per_month)
        if edge is not None
    ]


def _stepped_volume(field: _Field, sign: int) -> Flip | None:
    """The nearest factor above (``sign`` 1) or below 1 at which a rival is cheaper."""
    steps = math.ceil(math.log(float(_RANGE)) / math.log(_VOLUME_STEP))
    for step in range(1, steps + 1):
        high = _VOLUME_STEP ** (sign * step)
        if not field.turned(volume=usd_from_float(high)):
            continue
        low = _VOLUME_STEP ** (sign * (step - 1))
        factor = _narrowed(low, high, lambda f: field.turned(volume=f))
        return Flip(input="volume", factor=factor, to_option=field.beaten(volume=factor))
    return None


def _capacity_flip(field: _Field, *, up: bool) -> Flip:
    """Cost falls with capacity, so one change of sign can be bisected: upwards for rivals that
    grow better, downwards for a choice that grows worse.
    """
    movable = any(cost.fleet is not None for cost in (field.rivals if up else field.own))
    end = float(_RANGE) if up else 1 / float(_RANGE)
    if not movable or not field.turned(capacity=usd_from_float(end)):
        return Flip(input="capacity", factor=None, to_option=None)
    factor = _narrowed(1.0, end, lambda f: field.turned(capacity=f))
    return Flip(input="capacity", factor=factor, to_option=field.beaten(capacity=factor))


def _narrowed(low: float, high: float, flipped: Callable[[Decimal], bool]) -> Decimal:
    """The factor between two at which the answer turns; it has turned at ``high``."""
    for _ in range(_ROUNDS):
        middle = math.sqrt(low * high)
        if flipped(usd_from_float(middle)):
            high = middle
        else:
            low = middle
    return usd_from_float(high)

"""What would flip the answer: for each input, the nearest value at which another option wins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from planner.costs import Months, Option, mean_ledger, monthly_ledgers
from planner.decision.breakeven import Breakeven
from planner.decision.curve import CostCurve, curve_of
from planner.money import usd_from_float

__all__ = ["Flip", "FlipInput", "find_flips"]

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
    """Flips of the choice, the nearest first; inputs that never flip come last."""
    rivals = [hardware for option in options for hardware in _feasible(option)]
    flips = [
        _volume_flip(chosen, months, pair),
        _price_flip("api_price", chosen, rivals, months),
        _price_flip("gpu_price", chosen, rivals, months),
        _capacity_flip(chosen, rivals, months),
        _price_flip("labour", chosen, rivals, months),
    ]
    return tuple(sorted(flips, key=_distance))


def _distance(flip: Flip) -> tuple[float, str]:
    far = math.inf if flip.factor is None else abs(math.log(float(flip.factor)))
    return (far, flip.input)


def _feasible(option: Option) -> tuple[Option, ...]:
    if not option.feasible:
        return ()
    return option.hardware or (option,)


def _rivals(chosen: Option, rivals: Iterable[Option]) -> list[Option]:
    """Other options; other hardware of the chosen one is not another answer."""
    return [option for option in rivals if option.name != chosen.name]


def _price_flip(
    name: Literal["api_price", "gpu_price", "labour"],
    chosen: Option,
    rivals: Sequence[Option],
    months: Months,
) -> Flip:
    """Totals are affine in a price, so the crossing with each rival is exact."""
    base, rise = _affine(chosen, months, name)
    best: tuple[float, Decimal, str] | None = None
    for rival in _rivals(chosen, rivals):
        other_base, other_rise = _affine(rival, months, name)
        if rise == other_rise:
            continue
        factor = (other_base - base) / (rise - other_rise)
        if not 1 / _RANGE <= factor <= _RANGE:
            continue
        entry = (abs(math.log(float(factor))), factor, rival.label)
        best = entry if best is None or entry < best else best
    return Flip(
        input=name,
        factor=None if best is None else best[1],
        to_option=None if best is None else best[2],
    )


def _affine(option: Option, months: Months, name: str) -> tuple[Decimal, Decimal]:
    """(total without the lines that scale with the price, those lines)."""
    ledger = mean_ledger(monthly_ledgers(option, months))
    scaled = sum(
        (a.usd for a in ledger.lines if a.usd is not None and a.line.driver == name), Decimal(0)
    )
    return ledger.total_usd - scaled, scaled


def _volume_flip(chosen: Option, months: Months, pair: Breakeven) -> Flip:
    """From the breakeven's spans: the nearest end of the span that the first month lies in."""
    now = months.requests[0]
    side = "api" if chosen.is_api else "selfhost"
    candidates = [
        (abs(math.log(float(edge) / float(now))), Decimal(edge) / now, span.option)
        for span in pair.spans
        if span.cheaper != side
        for edge in (span.from_requests_per_month, span.to_requests_per_month)
        if edge is not None
    ]
    if not candidates:
        return Flip(input="volume", factor=None, to_option=None)
    _, factor, option = min(candidates)
    return Flip(input="volume", factor=factor, to_option=option)


def _capacity_flip(chosen: Option, rivals: Sequence[Option], months: Months) -> Flip:
    """Cost falls with capacity, so one change of sign can be bisected."""
    grows = chosen.is_api
    others = [_totals(o, months) for o in _rivals(chosen, rivals) if o.fleet or not grows]
    own = _totals(chosen, months)
    never = Flip(input="capacity", factor=None, to_option=None)
    end = float(_RANGE) if grows else 1 / float(_RANGE)
    if not others or (not grows and chosen.fleet is None) or _beaten(own, others, end) is None:
        return never
    low, high = 1.0, end
    for _ in range(30):
        middle = math.sqrt(low * high)
        if _beaten(own, others, middle) is None:
            low = middle
        else:
            high = middle
    return Flip(input="capacity", factor=usd_from_float(high), to_option=_beaten(own, others, high))


@dataclass(frozen=True, slots=True)
class _Totals:
    """An option's curve at each distinct price and volume of the horizon, with its months."""

    label: str
    parts: tuple[tuple[CostCurve, Decimal, int], ...]

    def mean(self, capacity: Decimal) -> Decimal:
        months = sum(count for _, _, count in self.parts)
        total = sum(
            (
                replace(curve, capacity_factor=capacity).at(requests) * count
                for curve, requests, count in self.parts
            ),
            Decimal(0),
        )
        return total / months


def _totals(option: Option, months: Months) -> _Totals:
    counts: dict[tuple[int, Decimal], tuple[int, int]] = {}
    for month, requests in enumerate(months.requests):
        key = (id(option.lines_in_month(month)), requests)
        first, count = counts.get(key, (month, 0))
        counts[key] = (first, count + 1)
    return _Totals(
        option.label,
        tuple(
            (curve_of(option, month=first), requests, count)
            for (_, requests), (first, count) in counts.items()
        ),
    )


def _beaten(own: _Totals, others: Sequence[_Totals], capacity: float) -> str | None:
    """The rival that is cheaper than the choice at this capacity; None when none is."""
    factor = usd_from_float(capacity)
    limit = own.mean(factor)
    cost, label = min((other.mean(factor), other.label) for other in others)
    return label if cost < limit else None

"""Where one cost curve is at or below another: exact, in whole requests per month.

A range of volumes is decided at once when bounds on both curves do not overlap, and split
otherwise, at kinks first, then at steps of capacity, down to one step; inside a step the
difference is affine (or of one curvature), and its sign change is found by bisection on whole
requests, each sign from exact costs. No grid, so no interval is missed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from planner.costs import HourlyTerm
from planner.decision.curve import CostCurve

__all__ = ["Interval", "merge", "volumes_any_at_or_below", "volumes_at_or_below"]

# Whole volumes, ends included; None is without end.
Interval = tuple[int, int | None]

# Beyond this volume nobody buys tokens; it only bounds the search when two slopes are equal.
_SEARCH_END = 10**15
# A range whose ends are further apart is split where its two parts look alike on a log scale.
_WIDE = 4
# Curves that are the cheapest at one of these volumes are asked before the others.
_DECADES = tuple(Decimal(10) ** power for power in range(9, 2, -1))
_ALL: tuple[Interval, ...] = ((1, None),)


def volumes_any_at_or_below(curves: Sequence[CostCurve], other: CostCurve) -> list[Interval]:
    """All volumes at which any of ``curves`` costs no more than ``other``, as for a single one.

    A curve is asked only about volumes that none before it has won, which is soon decided.
    """
    first = [min(curves, key=lambda curve: curve.at(volume)) for volume in _DECADES if curves]
    won: list[Interval] = []
    for curve in {id(curve): curve for curve in (*first, *curves)}.values():
        won = merge([*won, *volumes_at_or_below(curve, other, within=_gaps(won))])
    return won


def _gaps(won: Sequence[Interval]) -> list[Interval]:
    """The volumes that are not in these ascending intervals."""
    gaps: list[Interval] = []
    start = 1
    for low, high in won:
        if low > start:
            gaps.append((start, low - 1))
        if high is None:
            return gaps
        start = high + 1
    return [*gaps, (start, None)]


def volumes_at_or_below(
    curve: CostCurve, other: CostCurve, *, within: Sequence[Interval] = _ALL
) -> list[Interval]:
    """All volumes from 1 request a month up at which ``curve`` costs no more than ``other``.

    Volumes past the limit of ``curve`` are never among them, nor those that are not ``within``.
    Ascending, not touching.
    """
    limit = None if curve.max_requests is None else int(curve.max_requests)
    search = _Search(curve, other)
    found: list[Interval] = []
    for low, high in within:
        last = _sooner(high, limit)
        if last is not None:
            found += search.between(low, last)
            continue
        tail = max(_decided_from(curve, other), low)
        found += search.between(low, tail)
        if _at_or_below(curve, other, tail + 1):
            found.append((tail + 1, None))
    return merge(found)


def _sooner(end: int | None, limit: int | None) -> int | None:
    if end is None or limit is None:
        return limit if end is None else end
    return min(end, limit)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The union of intervals of whole numbers, ascending; neighbours become one."""
    merged: list[Interval] = []
    for low, high in sorted(intervals, key=lambda pair: pair[0]):
        if not merged or not _touches(merged[-1], low):
            merged.append((low, high))
            continue
        first, last = merged[-1]
        merged[-1] = (first, None if last is None or high is None else max(last, high))
    return merged


def _touches(interval: Interval, start: int) -> bool:
    end = interval[1]
    return end is None or start <= end + 1


def _at_or_below(curve: CostCurve, other: CostCurve, requests: int) -> bool:
    volume = Decimal(requests)
    return curve.at(volume) <= other.at(volume)


def _decided_from(curve: CostCurve, other: CostCurve) -> int:
    """A volume after which the answer never changes.

    Past the last kink both curves are straight lines plus, for whole instances, a saw-tooth that
    repeats with every instance: their distance then grows by the difference of the slopes.
    """
    start = max((1, *(int(k) for k in (*curve.kinks, *other.kinks))))
    start = max(start, *(_settled(c) for c in (curve, other)))
    free, rival = curve.without_limit(), other.without_limit()
    difference = _slope(rival, start) - _slope(free, start)
    if difference == 0:
        return start + _period(free) + _period(rival)
    base = Decimal(start)
    gap = abs(free.at(base) - rival.at(base)) + _tooth(free) + _tooth(rival)
    distance = (gap / abs(difference)).to_integral_value(ROUND_CEILING)
    return min(start + int(distance), _SEARCH_END) + _period(free) + _period(rival)


def _settled(curve: CostCurve) -> int:
    """Where a curved term has become straight: e^-60 of it is left at 30 times its last kink."""
    return 0 if curve.linear or not curve.kinks else int(curve.kinks[-1]) * 30


def _period(curve: CostCurve) -> int:
    """Requests one more whole instance serves."""
    if curve.step is None or curve.fleet is None:
        return 0
    return int((curve.step * curve.fleet.replicas_per_instance).to_integral_value(ROUND_CEILING))


def _tooth(curve: CostCurve) -> Decimal:
    """How far whole instances, spare and floor included, can lie from a straight line."""
    if curve.fleet is None:
        return Decimal(0)
    dearest = curve.per_instance_usd + sum(
        (f * t.dearest_usd_per_instance for f, t in curve.curved if isinstance(t, HourlyTerm)),
        Decimal(0),
    )
    return dearest * (curve.fleet.instances(Decimal(1), curve.capacity_factor) + 2)


def _slope(curve: CostCurve, start: int) -> Decimal:
    """Cost of one more request far out, whole instances included."""
    width = Decimal(max(start, 10**6))
    slope = curve.per_request_usd
    for factor, term in curve.curved:
        if isinstance(term, HourlyTerm):
            slope += factor * term.slope(curve.capacity_factor)
        else:
            slope += factor * (term.at(start + 2 * width) - term.at(start + width)) / width
    if curve.step is not None and curve.fleet is not None:
        slope += curve.per_instance_usd / (curve.step * curve.fleet.replicas_per_instance)
    return slope


class _Ends:
    """Bounds on a curve between two volumes, whose parts are kept: the next range shares one."""

    __slots__ = ("_curve", "_known")

    def __init__(self, curve: CostCurve) -> None:
        self._curve = curve
        self._known: dict[int, tuple[Decimal, Decimal]] = {}

    def _parts(self, requests: int) -> tuple[Decimal, Decimal]:
        found = self._known.get(requests)
        if found is None:
            found = self._known[requests] = self._curve.parts(Decimal(requests))
        return found

    def bounds(self, low: int, high: int) -> tuple[Decimal, Decimal]:
        """What the cost of no volume in between is below, and above."""
        rising, falling = self._parts(low)
        rising_to, falling_to = self._parts(high)
        if not falling:
            return rising, rising_to
        return rising + falling_to * low, rising_to + falling * high


class _Search:
    """Ranges of volumes, split until each is decided."""

    __slots__ = ("_curve", "_ends", "_kinks", "_other", "_other_ends", "_steps")

    def __init__(self, curve: CostCurve, other: CostCurve) -> None:
        self._curve, self._other = curve, other
        self._ends, self._other_ends = _Ends(curve), _Ends(other)
        self._steps = (*curve.steps, *other.steps)
        self._kinks = sorted({int(kink) for kink in (*curve.kinks, *other.kinks)})

    def between(self, low: int, high: int) -> list[Interval]:
        """Where the curve is at or below the other in [low, high]."""
        curve, other = self._ends, self._other_ends
        found: list[Interval] = []
        stack = [(low, high)]
        while stack:
            low, high = stack.pop()
            if low > high:
                continue
            (least, most), (other_least, other_most) = (
                curve.bounds(low, high),
                other.bounds(low, high),
            )
            if least > other_most:
                continue
            if most <= other_least:
                found.append((low, high))
                continue
            middle = self._kink_between(low, high)
            if middle is None:
                middle = _step_between(self._steps, low, high)
            if middle is None:
                found += _within_step(self._curve, self._other, low, high)
            else:
                stack += [(middle + 1, high), (low, middle)]
        return found

    def _kink_between(self, low: int, high: int) -> int | None:
        """The middle one of the kinks in [low, high)."""
        first, end = bisect_left(self._kinks, low), bisect_left(self._kinks, high)
        return self._kinks[(first + end) // 2] if first < end else None


def _step_between(steps: Sequence[Decimal], low: int, high: int) -> int | None:
    """The last volume of a step near the middle of [low, high), None when no step ends inside."""
    wide = high > _WIDE * low
    middle = Decimal(math.isqrt(low * high) if wide else (low + high) // 2)
    for step in steps:
        index = (middle / step).to_integral_value(ROUND_FLOOR)
        for candidate in (index, index + 1):
            end = int((candidate * step).to_integral_value(ROUND_FLOOR))
            if low <= end < high:
                return end
    return None


def _within_step(curve: CostCurve, other: CostCurve, low: int, high: int) -> list[Interval]:
    """Inside one step: at most two sign changes, and none in between when all is affine."""
    at_low, at_high = _at_or_below(curve, other, low), _at_or_below(curve, other, high)
    if at_low != at_high:
        return [_from_change(curve, other, low, high, at_low=at_low)]
    turn = None if curve.linear and other.linear else _turn(curve, other, low, high, rise=at_low)
    if turn is None or _at_or_below(curve, other, turn) == at_low:
        return [(low, high)] if at_low else []
    if at_low:
        return [
            _from_change(curve, other, low, turn, at_low=True),
            _from_change(curve, other, turn, high, at_low=False),
        ]
    left = _from_change(curve, other, low, turn, at_low=False)
    right = _from_change(curve, other, turn, high, at_low=True)
    return [left, right]


def _from_change(
    curve: CostCurve, other: CostCurve, low: int, high: int, *, at_low: bool
) -> Interval:
    """The part of [low, high] at or below, given one change of sign inside."""
    first, last = low, high
    while last - first > 1:
        middle = (first + last) // 2
        if _at_or_below(curve, other, middle) == at_low:
            first = middle
        else:
            last = middle
    return (low, first) if at_low else (last, high)


def _turn(curve: CostCurve, other: CostCurve, low: int, high: int, *, rise: bool) -> int | None:
    """The whole volume where the difference is largest (``rise``) or smallest inside a step."""
    sign = 1 if rise else -1

    def height(requests: int) -> Decimal:
        volume = Decimal(requests)
        return sign * (curve.at(volume) - other.at(volume))

    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if height(left) < height(right):
            low = left
        else:
            high = right
    return max(range(low, high + 1), key=height)

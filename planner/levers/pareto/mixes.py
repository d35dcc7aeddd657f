"""Two points that together beat a third: a share of the traffic to one, the rest to the other.

Means mix in proportion to the shares; so do success rates and costs. Percentiles of latency do
not, so a latency axis must hold means for a mix to be right on it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from planner.levers.pareto.frontier import Axis, Point

__all__ = ["MOST_FOR_MIXES", "Mix", "best_mixes"]

# Every pair is tried against every point: 100 points take two to four seconds.
MOST_FOR_MIXES = 100

Values = tuple[Fraction, ...]
Whole = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """``share_a`` (0-1) of the traffic to point ``a``, the rest to ``b``, by their indexes.

    ``values`` are what the mix has on each axis.
    """

    a: int
    b: int
    share_a: Fraction
    values: Values


def best_mixes(
    points: Sequence[Point], axes: Sequence[Axis], frontier: Sequence[int]
) -> dict[int, Mix]:
    """For each point of the frontier that a mix of two others dominates, the best such mix.

    The best is the one with the best value on the first axis; between equal ones the pair whose
    names come first. Exact: values are fractions.
    """
    units = [_unit(points, frontier, axis) for axis in axes]
    costs = {
        index: tuple(
            int(Fraction(points[index].values[axis.name]) / unit)
            for unit, axis in zip(units, axes, strict=True)
        )
        for index in frontier
    }
    by_name = sorted(frontier, key=lambda index: points[index].name)
    found = {index: _best(costs[index], by_name, costs) for index in frontier}
    return {
        index: Mix(
            a=mix.a,
            b=mix.b,
            share_a=mix.share_a,
            values=tuple(unit * value for unit, value in zip(units, mix.values, strict=True)),
        )
        for index, mix in found.items()
        if mix is not None
    }


def _unit(points: Sequence[Point], frontier: Sequence[int], axis: Axis) -> Fraction:
    """What all values of an axis are whole multiples of, negative where more is better: whole
    numbers compare several times as fast as fractions, and less is better among them.
    """
    values = (Fraction(points[index].values[axis.name]) for index in frontier)
    unit = Fraction(1, math.lcm(*(value.denominator for value in values)))
    return unit if axis.sense == "min" else -unit


def _best(target: Whole, order: Sequence[int], costs: dict[int, Whole]) -> Mix | None:
    best: Mix | None = None
    others = [index for index in order if costs[index] != target]
    for a, b in itertools.combinations(others, 2):
        values = _mixed(target, costs[a], costs[b])
        if values is not None and (best is None or values[1][0] < best.values[0]):
            best = Mix(a=a, b=b, share_a=values[0], values=values[1])
    return best


def _mixed(target: Whole, a: Whole, b: Whole) -> tuple[Fraction, Values] | None:
    """The share of a at which the mix dominates ``target``, best on the first axis; None: none."""
    low, high = Fraction(0), Fraction(1)
    for wanted, from_a, from_b in zip(target, a, b, strict=True):
        # share x from_a + (1 - share) x from_b <= wanted
        slope, room = from_a - from_b, wanted - from_b
        if room < 0 and wanted < from_a:
            return None
        if slope > 0:
            high = min(high, Fraction(room, slope))
        elif slope < 0:
            low = max(low, Fraction(room, slope))
        if low > high:
            return None
    share = low if a[0] > b[0] else high
    values = _at(share, a, b)
    # Equal to it at that end, the pair lies on a line through it: then neither dominates.
    return None if values == target else (share, values)


def _at(share: Fraction, a: Whole, b: Whole) -> Values:
    return tuple(share * x + (1 - share) * y for x, y in zip(a, b, strict=True))

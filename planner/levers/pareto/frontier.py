"""Which points no other point beats, on any number of axes, and who beats the rest.

a dominates b when a is at least as good on every axis and better on one. Points with the same
values dominate each other not. A point without a value on an axis can be compared with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Axis", "Point", "Sense", "Standing", "standings"]

Sense = Literal["min", "max"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A value that points are compared on, and whether less or more of it is better."""

    name: str
    sense: Sense


@dataclass(frozen=True, slots=True)
class Point:
    """A configuration and what is known of it, by the names of axes."""

    name: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a point stands, other points by their index, ascending.

    ``comparable`` is False when a value is missing on an axis; it then has no dominators, and it
    is not on the frontier.
    """

    comparable: bool
    dominated_by: tuple[int, ...]
    equal_to: tuple[int, ...]

    @property
    def on_frontier(self) -> bool:
        """Whether no point beats it."""
        return self.comparable and not self.dominated_by


def standings(points: Sequence[Point], axes: Sequence[Axis]) -> tuple[Standing, ...]:
    """Compare all points on at least one axis.

    For each axis a point gets the set of those at least as good, as bits of one number; the sets
    of all axes have its dominators and its equals in common.
    """
    known = [i for i, point in enumerate(points) if all(axis.name in point.values for axis in axes)]
    at_least = dict.fromkeys(known, (1 << len(points)) - 1)
    for axis in axes:
        for index, bits in _at_least_as_good(points, known, axis).items():
            at_least[index] &= bits
    equals = _equals(points, known, axes)
    return tuple(
        Standing(
            comparable=True,
            dominated_by=tuple(_indexes(at_least[i] & ~equals[i])),
            equal_to=tuple(_indexes(equals[i] & ~(1 << i))),
        )
        if i in at_least
        else Standing(comparable=False, dominated_by=(), equal_to=())
        for i in range(len(points))
    )


def _at_least_as_good(points: Sequence[Point], known: Sequence[int], axis: Axis) -> dict[int, int]:
    by_value: dict[Decimal, int] = {}
    for index in known:
        value = points[index].values[axis.name]
        by_value[value] = by_value.get(value, 0) | 1 << index
    bits = 0
    reached: dict[Decimal, int] = {}
    for value in sorted(by_value, reverse=axis.sense == "max"):
        bits |= by_value[value]
        reached[value] = bits
    return {index: reached[points[index].values[axis.name]] for index in known}


def _equals(points: Sequence[Point], known: Sequence[int], axes: Sequence[Axis]) -> dict[int, int]:
    groups: dict[tuple[Decimal, ...], int] = {}
    keys = {i: tuple(points[i].values[axis.name] for axis in axes) for i in known}
    for index, key in keys.items():
        groups[key] = groups.get(key, 0) | 1 << index
    return {index: groups[key] for index, key in keys.items()}


def _indexes(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest

"""Searches over instances of which each further one is worth less than the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

__all__ = ["largest", "steps"]

_T = TypeVar("_T")


def largest(holds: Callable[[int], bool], most: int) -> int:
    """The largest count up to ``most`` for which it holds; 0 when it does not for the first.

    It holds for all counts below one for which it does.
    """
    low, high = 0, 1
    while high <= most and holds(high):
        low, high = high, high * 2
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def steps(first: int, last: int, value: Callable[[int], _T]) -> Iterator[tuple[int, _T]]:
    """How many counts from ``first`` to ``last`` in a row have which value.

    A value that two counts have, all between them have.
    """
    open_ = [(first, last)] if first <= last else []
    while open_:
        low, high = open_.pop()
        found = value(low)
        if found == value(high):
            yield high - low + 1, found
        else:
            middle = (low + high) // 2
            open_ += [(middle + 1, high), (low, middle)]

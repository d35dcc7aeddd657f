"""A key for values that are kept by what they are, not by what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, cast

__all__ = ["Same"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[T]):
    """Equal to another of the very same value, which it keeps alive.

    A search hands out the same replica for the same lengths and limits, so that a comparison of
    all its step times says no more.
    """

    value: T

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and cast("Same[object]", other).value is self.value

    def __hash__(self) -> int:
        return id(self.value)

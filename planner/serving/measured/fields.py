"""Fields of a benchmark file by their dotted path, with errors that name file and field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from planner.errors import InputError

__all__ = ["Fields"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A JSON object; ``where`` names the file and, of several runs in it, which one."""

    data: dict[str, object]
    where: str

    def get(self, path: str) -> object:
        """What stands at ``a.b.0.c``; None where nothing does."""
        found: object = self.data
        for key in path.split("."):
            found = _below(found, key)
        return found

    def first(self, *paths: str) -> object:
        """The first of these that is there."""
        return next((found for path in paths if (found := self.get(path)) is not None), None)

    def optional(self, *paths: str) -> float | None:
        """The first number at these paths, None when none is there; InputError when not usable."""
        for path in paths:
            found = self.get(path)
            if found is not None:
                return self._number(path, found)
        return None

    def number(self, *paths: str) -> float:
        """The first number at these paths; InputError naming the first path when none is there."""
        found = self.optional(*paths)
        if found is None:
            raise InputError(f"{self.where}: `{paths[0]}` is missing; it is needed to read the run")
        return found

    def positive(self, *paths: str) -> float:
        """A number above 0."""
        found = self.number(*paths)
        if found <= 0.0:
            raise InputError(f"{self.where}: `{paths[0]}` is {found:g}; it must be above 0")
        return found

    def text(self, *paths: str) -> str:
        """The first text at these paths; InputError naming the first path when none is there."""
        found = self.first(*paths)
        if not isinstance(found, str) or not found.strip():
            raise InputError(f"{self.where}: `{paths[0]}` must be a text; it names the model")
        return found.strip()

    def _number(self, path: str, found: object) -> float:
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise InputError(f"{self.where}: `{path}` must be a number, got {found!r:.60}")
        number = float(found)
        if not math.isfinite(number) or number < 0.0:
            raise InputError(f"{self.where}: `{path}` is {number}; it must be finite, 0 or more")
        return number


def _below(found: object, key: str) -> object:
    if isinstance(found, dict):
        return cast(dict[str, object], found).get(key)
    if isinstance(found, list) and key.isdecimal():
        items = cast(list[object], found)
        return items[int(key)] if int(key) < len(items) else None
    return None

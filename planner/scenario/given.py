"""The written part of a scenario as cross-field rules see it: valid values only, place by place.

Rules run whether or not other fields fail. A value that failed its own check is "there" but has
no value, so that a rule neither reads it nor reports it as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath

from planner.scenario.scalars import Data, value_at
from planner.scenario.yaml_marks import Finding, Path

__all__ = ["Given", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Root:
    data: dict[str, Data]
    base_dir: FilePath
    # Every prefix of a failing path, so that a parent knows that something below it fails.
    around_bad: frozenset[Path]
    bad: frozenset[Path]


class Given:
    """A section of the written scenario. Keys are relative to it; lists have integer keys."""

    def __init__(self, root: _Root, path: Path) -> None:
        self._root = root
        self.path = path

    @classmethod
    def of(cls, data: dict[str, Data], bad: Iterable[Path], base_dir: FilePath) -> Given:
        """The whole scenario; ``bad`` are the paths whose values failed."""
        failing = frozenset(bad)
        around = frozenset(path[:end] for path in failing for end in range(len(path) + 1))
        return cls(_Root(data=data, base_dir=base_dir, around_bad=around, bad=failing), ())

    @property
    def base_dir(self) -> FilePath:
        """The folder that file names in the scenario are relative to."""
        return self._root.base_dir

    def has(self, *keys: str | int) -> bool:
        """Whether something other than nothing is written there, valid or not."""
        path = self.path + keys
        return path in self._root.bad or self._raw(path) is not None

    def value(self, *keys: str | int) -> Data:
        """What is written there; None when nothing is, or when it or a part of it failed."""
        path = self.path + keys
        return None if self._fails(path) else self._raw(path)

    def number(self, *keys: str | int) -> Decimal | int | None:
        """The number written there."""
        value = self.value(*keys)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        return value

    def text(self, *keys: str | int) -> str | None:
        """The text written there."""
        value = self.value(*keys)
        return value if isinstance(value, str) else None

    def texts(self, *keys: str | int) -> Iterator[tuple[Path, str]]:
        """The texts of a list (or the one text) written there, each with its path."""
        raw = self._raw(self.path + keys)
        if isinstance(raw, list):
            for i in range(len(raw)):
                if (text := self.text(*keys, i)) is not None:
                    yield (*self.path, *keys, i), text
        elif (text := self.text(*keys)) is not None:
            yield (*self.path, *keys), text

    def written(self, *keys: str | int) -> tuple[str, ...]:
        """The keys of the mapping written there."""
        raw = self._raw(self.path + keys)
        return tuple(raw) if isinstance(raw, dict) else ()

    def is_mapping(self, *keys: str | int) -> bool:
        """Whether a mapping is written there, be it an empty one."""
        return isinstance(self._raw(self.path + keys), dict)

    def section(self, *keys: str | int) -> Given:
        """The section below these keys, empty when nothing is written there."""
        return Given(self._root, self.path + keys)

    def sections(self, *keys: str | int) -> list[Given]:
        """The sections that are items of the list written there."""
        raw = self._raw(self.path + keys)
        if not isinstance(raw, list):
            return []
        return [self.section(*keys, i) for i, item in enumerate(raw) if isinstance(item, dict)]

    def find(self, message: str, *keys: str | int) -> Finding:
        """A problem at these keys of this section."""
        return Finding(path=self.path + keys, message=message)

    def _fails(self, path: Path) -> bool:
        root = self._root
        return path in root.around_bad or any(
            path[:end] in root.bad for end in range(1, len(path) + 1)
        )

    def _raw(self, path: Path) -> Data:
        return value_at(self._root.data, path)


Rule = Callable[[Given], Iterable[Finding]]

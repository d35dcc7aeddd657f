"""What the scenario model allows at a path: keys, examples and annotations, for messages."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, TypeGuard, Union, cast, get_args, get_origin

from pydantic.fields import FieldInfo

from planner.scenario.fields import Section
from planner.scenario.model import Scenario
from planner.scenario.yaml_marks import Path

__all__ = [
    "did_you_mean",
    "example_at",
    "field_at",
    "homes_of",
    "is_free_mapping",
    "known_keys",
    "nearest",
]

_CUTOFF = 0.6
# Comparing takes time with the square of the length; no name here is half as long.
_LONGEST_NAME = 200


def known_keys(path: Path) -> tuple[str, ...]:
    """The keys a mapping at ``path`` may have; empty where any key is allowed or none."""
    names: dict[str, None] = {}
    for section in _sections_at(path):
        names.update(dict.fromkeys(section.model_fields))
    return tuple(names)


def is_free_mapping(path: Path) -> bool:
    """Whether the keys at ``path`` are the user's own, as in ``deployment.tags``."""
    return any(get_origin(annotation) is dict for annotation in _annotations_at(path))


def field_at(path: Path) -> FieldInfo | None:
    """The field that a path ending in a key names; None for list items and unknown keys."""
    if not path or not isinstance(path[-1], str):
        return None
    for section in _sections_at(path[:-1]):
        if path[-1] in section.model_fields:
            return section.model_fields[path[-1]]
    return None


def example_at(path: Path) -> object | None:
    """The first example of the field at ``path``, or of the list a path's item belongs to."""
    field = field_at(path)
    if field is not None:
        return field.examples[0] if field.examples else None
    if path and isinstance(path[-1], int):
        examples = example_at(path[:-1])
        if isinstance(examples, list) and examples:
            return cast("list[object]", examples)[0]
    return None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` is probably a misspelling of, capitals aside."""
    if len(name) > _LONGEST_NAME:
        return None
    lower = {candidate.lower(): candidate for candidate in sorted(known)}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=_CUTOFF)
    return lower[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean `x`?)`` for the nearest known name, or nothing."""
    near = nearest(name, known)
    return f" (did you mean `{near}`?)" if near else ""


def homes_of(key: str) -> tuple[str, ...]:
    """Dotted paths at which the model has a field called ``key``, shortest first."""
    return tuple(sorted(_all_keys().get(key, ()), key=lambda path: (path.count("."), path)))


@cache
def _all_keys() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}

    def walk(section: type[Section], prefix: str) -> None:
        for name, field in section.model_fields.items():
            found.setdefault(name, []).append(f"{prefix}{name}")
            for annotation in _options(field.annotation):
                inner = annotation
                suffix = "."
                if get_origin(annotation) is list:
                    inner, suffix = get_args(annotation)[0], ".0."
                for option in _options(inner):
                    if _is_section(option):
                        walk(option, f"{prefix}{name}{suffix}")

    walk(Scenario, "")
    return {key: tuple(paths) for key, paths in found.items()}


def _is_section(annotation: object) -> TypeGuard[type[Section]]:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _sections_at(path: Path) -> Iterator[type[Section]]:
    for annotation in _annotations_at(path):
        if _is_section(annotation):
            yield annotation


def _annotations_at(path: Path) -> list[object]:
    current: list[object] = [Scenario]
    for part in path:
        current = [below for annotation in current for below in _step(annotation, part)]
    return current


def _step(annotation: object, part: str | int) -> Iterator[object]:
    origin = get_origin(annotation)
    if _is_section(annotation):
        if isinstance(part, str) and part in annotation.model_fields:
            yield from _options(annotation.model_fields[part].annotation)
    elif origin is list and isinstance(part, int):
        yield from _options(get_args(annotation)[0])
    elif origin is dict and isinstance(part, str):
        yield from _options(get_args(annotation)[1])


def _options(annotation: object) -> Iterator[object]:
    """The members of a union, without ``Annotated`` around them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _options(member)
    else:
        yield annotation

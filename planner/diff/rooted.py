"""Scenarios whose files are named in full, so that parts of two of them can stand in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from planner.scenario import Scenario
from planner.scenario.fields import Section

__all__ = ["files_in", "with_files"]

Rename = Callable[[str], str]

# Dotted places of file and folder names; `*` stands for every item of a list.
_PLACES = (
    "workload.trace.file",
    "workload.input_tokens.files",
    "workload.output_tokens.files",
    "levers.semantic_cache.pairs",
    "options.selfhost.*.measured",
    "options.selfhost.*.profiles",
    "options.selfhost.*.config",
    "options.selfhost.*.variants.*.measured",
)


def files_in(scenario: Scenario) -> tuple[str, ...]:
    """Every file and folder that the scenario names, price snapshots left out."""
    return tuple(name for place in _PLACES for name in _names(scenario, place.split(".")))


def _names(value: Any, keys: Sequence[str]) -> Iterator[str]:
    if value is None:
        return
    if not keys:
        yield from cast("list[str]", value) if isinstance(value, list) else (value,)
    elif keys[0] == "*":
        for item in value:
            yield from _names(item, keys[1:])
    else:
        yield from _names(getattr(value, keys[0]), keys[1:])


def with_files(scenario: Scenario, rename: Rename) -> Scenario:
    """The scenario with every such name replaced; itself when it names none."""
    if not files_in(scenario):
        return scenario
    changed: Any = scenario
    for place in _PLACES:
        changed = _renamed(changed, place.split("."), rename)
    return changed


def _renamed(value: Any, keys: Sequence[str], rename: Rename) -> Any:
    if value is None:
        return None
    if not keys:
        if isinstance(value, list):
            return [rename(each) for each in cast("list[str]", value)]
        return rename(value)
    if keys[0] == "*":
        return [_renamed(item, keys[1:], rename) for item in value]
    assert isinstance(value, Section)
    inner = _renamed(getattr(value, keys[0]), keys[1:], rename)
    return value.model_copy(update={keys[0]: inner})

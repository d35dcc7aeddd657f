"""Factors and changed fields in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

from planner.diff.factors import ARM
from planner.diff.game import Block
from planner.diff.mixing import Change
from planner.money import usd_text
from planner.scenario.fields import Section

__all__ = ["block_name", "leaves", "why_of"]

_MOST_FIELDS = 3
_LONGEST = 60


def block_name(block: Block) -> str:
    """``input length``, or ``service level + switch of arm`` for what changes together."""
    return " + ".join(block)


def why_of(block: Block, changes: Sequence[Change], arms: tuple[str, str] | None) -> str:
    """The fields behind a part: ``workload.requests_per_day 3000 → 6000``."""
    words: list[str] = []
    if ARM in block and arms is not None and arms[0] != arms[1]:
        words.append(f"{arms[0]} → {arms[1]}")
    own = [change for change in changes if change.factor in block]
    words += [f"{c.path} {_shown(c.before)} → {_shown(c.after)}" for c in leaves(own)]
    words = list(dict.fromkeys(words))
    more = len(words) - _MOST_FIELDS
    shown = "; ".join(words[:_MOST_FIELDS])
    return f"{shown}; {more} more" if more > 0 else shown


def leaves(changes: Iterable[Change]) -> list[Change]:
    """Changes of sections and lists as changes of what is in them; sources are no cause."""
    found: list[Change] = []
    for change in changes:
        before, after = _fields_of(change.before), _fields_of(change.after)
        if before is None or after is None:
            found.append(change)
            continue
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key), after.get(key)
            if one != other and key != "source":
                path = change.path if key == "mean" else f"{change.path}.{key}"
                found += leaves([replace(change, path=path, before=one, after=other)])
    return found


def _fields_of(value: object) -> Mapping[str, object] | None:
    """What is in a section or a list of them; None for a value without fields."""
    if isinstance(value, Section):
        return {name: getattr(value, name) for name in sorted(value.model_fields_set)}
    if isinstance(value, list):
        items = cast("list[object]", value)
        # Items of plain values (weights of hours) are told together.
        if items and all(isinstance(item, Section | Mapping) for item in items):
            return {str(place): item for place, item in enumerate(items)}
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def _shown(value: object) -> str:
    fields = _fields_of(value)
    if fields is not None:
        return _short(", ".join(f"{key} {_shown(each)}" for key, each in fields.items()) or "none")
    if value is None:
        return "not given"
    if isinstance(value, Decimal):
        return usd_text(value)
    if isinstance(value, list | tuple):
        items = [_shown(item) for item in cast("list[object]", value)]
        return _short(", ".join(items) or "none")
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

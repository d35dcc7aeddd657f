"""``--set PATH=VALUE``: one field of a scenario, changed from the command line.

The value is read as YAML and checked by the same schema; its problems name the option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from planner.scenario.scalars import Data, shown
from planner.scenario.shape import did_you_mean, homes_of, is_free_mapping, known_keys
from planner.scenario.yaml_marks import Document, Finding, Path, Place, compose

__all__ = ["apply_sets"]

_PART = re.compile(r'"([^"]*)"|([^."]+)')
_PATH = re.compile(r'("[^"]*"|[^."]+)(\.("[^"]*"|[^."]+))*')
_INDEX = re.compile(r"[0-9]{1,4}")
_LENGTHS = (("workload", "input_tokens"), ("workload", "output_tokens"))
_LONGEST_SHOWN = 120


class _Refused(Exception):
    """The path leads nowhere; the text says why."""


def apply_sets(document: Document, sets: Sequence[str]) -> list[Finding]:
    """Change ``document`` by each ``PATH=VALUE`` in order; returns what is wrong with them.

    Lists take an index (``options.api.0.model``); the next free one adds an item. A key that
    contains a dot is written in quotes, or last where keys are free.
    """
    return [finding for text in sets for finding in _apply(document, text)]


def _apply(document: Document, text: str) -> Iterator[Finding]:
    option = f"--set {text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'}"
    place = Place(line=None, column=None, file=option)
    name, equals, value_text = text.partition("=")
    name = name.strip()
    if not equals or not _PATH.fullmatch(name):
        message = "must be PATH=VALUE, such as workload.requests_per_day=20000"
        yield Finding(path=(), message=message, place=place)
        return
    value = compose(value_text, top_level_mapping=False)
    if value.data is None:
        for finding in value.findings:
            yield Finding(path=(), message=finding.message, place=place)
        return
    try:
        path = _place_value(document, name, value.data[""])
    except _Refused as refused:
        yield Finding(path=(), message=str(refused), place=place)
        return
    _move_places(document, path, value, place)
    for finding in value.findings:
        yield Finding(path=path + finding.path[1:], message=finding.message, place=place)


def _place_value(document: Document, name: str, value: Data) -> Path:
    parts = [quoted or plain for quoted, plain in _PART.findall(name)]
    path: Path = ()
    here: Data = document.data
    while parts:
        part = _index(here, parts.pop(0), path) if isinstance(here, list) else _key(path, parts)
        path = (*path, part)
        here = _descend(here, part, value, last=not parts, path=path)
    return path


def _key(path: Path, parts: list[str]) -> str:
    """The next key; where keys are free, all that is left is one key (``gpt-4.1``)."""
    if is_free_mapping(path):
        key = ".".join(parts)
        parts.clear()
        return key
    key = parts.pop(0)
    known = known_keys(path)
    if key not in known:
        whole = ".".join(str(part) for part in (*path, key))
        near = did_you_mean(key, known)
        homes = homes_of(key)
        if not near and homes:
            near = f" (did you mean `{homes[0]}`?)"
        raise _Refused(f"there is no field `{whole}`{near}")
    return key


def _index(here: list[Data], part: str, path: Path) -> int:
    name = ".".join(str(p) for p in path)
    if not _INDEX.fullmatch(part):
        raise _Refused(f"`{name}` is a list; write `{name}.0` for its first item, not {part}")
    index = int(part)
    if index > len(here):
        raise _Refused(f"`{name}` has {len(here)} items; {index} is beyond the next free one")
    return index


def _descend(here: Data, part: str | int, value: Data, *, last: bool, path: Path) -> Data:
    """Put the value where the path ends, else step down, making what is not there yet."""
    if isinstance(here, list) and isinstance(part, int):
        if part == len(here):
            here.append(None)
        below = value if last else _opened(here[part], path)
        here[part] = below
    elif isinstance(here, dict) and isinstance(part, str):
        below = value if last else _opened(here.get(part), path)
        here[part] = below
    else:
        name = ".".join(str(p) for p in path[:-1])
        raise _Refused(f"`{name}` is {shown(here)} and has no fields; set `{name}` itself")
    return below


def _opened(below: Data, path: Path) -> Data:
    if path in _LENGTHS and below is not None and not isinstance(below, dict | list):
        return {"mean": below}
    if below is None:
        return [] if not known_keys(path) and not is_free_mapping(path) else {}
    return below


def _move_places(document: Document, path: Path, value: Document, place: Place) -> None:
    """What stood at ``path`` or below it in the file no longer does."""
    for old in [p for p in document.values if p[: len(path)] == path]:
        del document.values[old]
        document.keys.pop(old, None)
    document.findings[:] = [f for f in document.findings if f.path[: len(path)] != path]
    document.unread -= {p for p in document.unread if p[: len(path)] == path}
    document.unread |= {path + below[1:] for below in value.unread}
    for end in range(1, len(path)):
        document.values.setdefault(path[:end], place)
    for below in value.values:
        document.values[path + below[1:]] = place

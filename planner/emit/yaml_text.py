"""A plan's block of a stack's configuration as YAML text, the same bytes for the same plan.

All text is quoted: unquoted, Pulumi's reader takes a hash such as ``1e234567`` for a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

__all__ = ["yaml_lines"]

_INDENT = "  "
# A day of hours to a line.
_PER_LINE = 24
_WIDTH = 96
_SIXTEEN_BITS = 0xFFFF
# What YAML 1.1 takes for booleans and nothing.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_lines(value: Mapping[str, object], depth: int) -> Iterator[str]:
    """The lines of a mapping in block style, without line ends."""
    pad = _INDENT * depth
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield f"{pad}{_key(key)}:"
            yield from yaml_lines(cast("Mapping[str, object]", item), depth + 1)
        elif isinstance(item, list | tuple) and item:
            yield from _named_sequence(pad, _key(key), cast("Sequence[object]", item), depth + 1)
        else:
            yield f"{pad}{_key(key)}: {_scalar(cast('object', item))}"


def _named_sequence(outer: str, key: str, items: Sequence[object], depth: int) -> Iterator[str]:
    pad = _INDENT * depth
    if not any(isinstance(item, Mapping) for item in items):
        yield from _flow(f"{outer}{key}:", items, pad)
        return
    yield f"{outer}{key}:"
    for item in items:
        lines = list(yaml_lines(cast("Mapping[str, object]", item), depth + 1))
        yield f"{pad}- {lines[0].lstrip()}"
        yield from lines[1:]


def _flow(head: str, items: Sequence[object], pad: str) -> Iterator[str]:
    """On the key's own line where there is room, else a day of hours or one value to a line."""
    texts = [_scalar(item) for item in items]
    whole = f"{head} [{', '.join(texts)}]"
    if len(whole) <= _WIDTH:
        yield whole
        return
    per_line = _PER_LINE if len(texts) % _PER_LINE == 0 else 1
    yield f"{head} ["
    for first in range(0, len(texts), per_line):
        yield f"{pad}{', '.join(texts[first : first + per_line])},"
    # Deeper than the key, as YAML wants it of what continues a value.
    yield f"{pad}]"


def _key(key: str) -> str:
    letters = key.replace("-", "").replace("_", "")
    plain = letters.isalnum() and key.isascii() and key[0].isalpha()
    return key if plain and key.lower() not in _WORDS else _quoted(key)


def _scalar(value: object) -> str:
    """Text in double quotes, numbers and booleans as JSON has them, which is YAML."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    return f'"{"".join(_escaped(letter) for letter in text)}"'


def _escaped(letter: str) -> str:
    """As ASCII; YAML has, unlike JSON, one escape for letters beyond 16 bits."""
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isascii() and letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\u{code:04x}" if code <= _SIXTEEN_BITS else f"\\U{code:08x}"

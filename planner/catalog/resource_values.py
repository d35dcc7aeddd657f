"""Values of a Pulumi resource's inputs: what the engine hides, and numbers as they come.

Sources: pulumi sdk/go/common/resource/plugin/rpc.go (unknown values), resource/sig (secrets,
assets), read for engine 3.259.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import cast

__all__ = ["Hidden", "Unpriced", "Value", "flag", "items", "number", "readable", "text"]


class Hidden(Enum):
    """A value that the engine does not show."""

    UNKNOWN = "not known before the deployment"
    SECRET = "a secret"
    STRANGE = "no plain value"


# A JSON value of an input, with Hidden where the engine shows nothing.
Value = object

# One for each type a value may have.
_UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SECRET_TEXT = "[secret]"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_FLOAT_SIGNATURE = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
# Nothing the engine writes is deeper; deeper text would end the process.
_DEEPEST = 64


class Unpriced(Exception):
    """A price cannot be told; the message says why."""


def readable(value: Value, depth: int = 0) -> Value:
    """The value with unknowns and secrets as ``Hidden``, output values opened, dunder keys gone."""
    if depth > _DEEPEST:
        return Hidden.UNKNOWN
    if isinstance(value, str):
        if value in _UNKNOWNS:
            return Hidden.UNKNOWN
        if value == _SECRET_TEXT:
            return Hidden.SECRET
        # Bytes that are no text, as previews show them.
        return Hidden.STRANGE if value.startswith('b"') and value.endswith('"') else value
    if isinstance(value, float) and not math.isfinite(value):
        return Hidden.STRANGE
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Value], value)
        special = _signed(found, depth)
        if special is not None:
            return special
        return {k: readable(v, depth + 1) for k, v in found.items() if k != "__defaults"}
    if isinstance(value, list | tuple):
        return [readable(each, depth + 1) for each in cast(Sequence[Value], value)]
    return value


def _signed(value: Mapping[str, Value], depth: int) -> Value | None:
    """A secret or output value in the engine's own envelope; None for a plain object."""
    signature = value.get(_SIGNATURE)
    if signature == _SECRET:
        return Hidden.SECRET
    if signature == _OUTPUT:
        if value.get("secret") is True:
            return Hidden.SECRET
        return readable(value["value"], depth + 1) if "value" in value else Hidden.UNKNOWN
    return Hidden.STRANGE if _FLOAT_SIGNATURE in value else None


def text(inputs: Mapping[str, Value], name: str, default: str | None = None) -> str | None:
    """A text input, ``default`` where it is not set; Unpriced where it is hidden.

    Half characters, which no output can hold, become question marks.
    """
    value = _shown(inputs, name)
    if value is None:
        return default
    found = str(value)
    return found if found.isascii() else found.encode("utf-8", "replace").decode("utf-8")


def number(inputs: Mapping[str, Value], name: str, default: Decimal | None = None) -> Decimal:
    """A number input of zero or more; Unpriced where it is hidden, missing or no such number.

    Engines hand numbers on as floats or text (``8.0``, ``"8"``).
    """
    value = _shown(inputs, name)
    if value is None:
        if default is None:
            raise Unpriced(f"{name} is not set")
        return default
    found = _decimal(value)
    if found is None:
        raise Unpriced(f"{name} is no number")
    return found


def _decimal(value: Value) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    # Larger figures are typing errors whose digits would fill the memory.
    sane = found.is_finite() and found >= 0 and (not found or -12 <= found.adjusted() <= 15)
    return found if sane else None


def flag(inputs: Mapping[str, Value], name: str) -> bool:
    """A yes or no input, also as the text some types use; no where it is not set."""
    value = _shown(inputs, name)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def items(inputs: Mapping[str, Value], name: str) -> Sequence[Value]:
    """A list input, empty where it is not set; an object counts as a list of one."""
    value = _shown(inputs, name)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return cast(Sequence[Value], value)
    if isinstance(value, Mapping):
        return (cast(Value, value),)
    raise Unpriced(f"{name} is no list")


def _shown(inputs: Mapping[str, Value], name: str) -> Value:
    value = inputs.get(name)
    if isinstance(value, Hidden):
        raise Unpriced(f"{name} is {value.value}")
    return value

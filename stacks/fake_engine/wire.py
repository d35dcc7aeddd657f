"""Property values as they travel to the engine, and as plain JSON.

The marker strings are those of Pulumi's gRPC protocol (sdk/go/common/resource/properties.go).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["UNKNOWN", "Plain", "plain_properties"]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_MARK = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Properties without marks, and the JSON pointers of what was marked."""

    value: dict[str, Any]
    secrets: tuple[str, ...]
    unknowns: tuple[str, ...]


def plain_properties(struct: Any) -> Plain:
    """The fields of a protobuf Struct; whole numbers become int, since all arrive as floats."""
    marks: list[tuple[str, str]] = []
    value = {key: _plain(field, f"/{_escaped(key)}", marks) for key, field in _fields(struct)}
    return Plain(
        value=value,
        secrets=tuple(sorted({at for kind, at in marks if kind == "secret"})),
        unknowns=tuple(sorted({at for kind, at in marks if kind == "unknown"})),
    )


def _fields(struct: Any) -> Iterator[tuple[str, Any]]:
    return iter(sorted(struct.fields.items()))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _plain(value: Any, at: str, marks: list[tuple[str, str]]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_struct(value.struct_value, at, marks)
    if kind == "list_value":
        items = enumerate(value.list_value.values)
        return [_plain(item, f"{at}/{index}", marks) for index, item in items]
    if kind == "number_value":
        number = value.number_value
        return int(number) if math.isfinite(number) and number == int(number) else number
    if kind == "string_value":
        if value.string_value == UNKNOWN:
            marks.append(("unknown", at))
        return value.string_value
    return value.bool_value if kind == "bool_value" else None


def _plain_struct(struct: Any, at: str, marks: list[tuple[str, str]]) -> Any:
    fields: Mapping[str, Any] = struct.fields
    mark = fields[_MARK].string_value if _MARK in fields else ""
    if mark in (_SECRET, _OUTPUT):
        if mark == _SECRET or ("secret" in fields and fields["secret"].bool_value):
            marks.append(("secret", at))
        if "value" not in fields:
            marks.append(("unknown", at))
            return UNKNOWN
        return _plain(fields["value"], at, marks)
    if mark == _RESOURCE:
        return _plain(fields["id"], at, marks) if "id" in fields else fields["urn"].string_value
    inner = {
        key: _plain(field, f"{at}/{_escaped(key)}", marks)
        for key, field in _fields(struct)
        if key != _MARK
    }
    if mark in (_ASSET, _ARCHIVE):
        return {"$asset" if mark == _ASSET else "$archive": inner}
    return inner

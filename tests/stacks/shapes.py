"""What a Pulumi input becomes in an AWS request, and whether AWS's own model allows it.

The provider's inputs are AWS's parameters under other names: camelCase, plurals for lists, tags
and dimensions as maps, single-item lists flattened. ``to_request`` undoes that with botocore's
model of the operation, and ``violations`` holds the result against the enums, patterns, ranges
and required members in that model.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import botocore.session

from planner.emit.capture import UNKNOWN

__all__ = ["Call", "input_shape", "to_request", "violations"]

_PAIRS = (("Key", "Value"), ("key", "value"), ("Name", "Value"), ("TagKey", "TagValue"))


@dataclass(frozen=True, kw_only=True)
class Call:
    """The request that creates a resource of one type.

    ``rename`` maps a Pulumi key, at any depth, to the member's name; ``ignore`` has the inputs
    that this request does not carry; ``arrange`` brings the inputs into the request's form where
    names are not enough.
    """

    service: str
    operation: str
    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    arrange: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def input_shape(call: Call) -> Any:
    """botocore's model of the request."""
    return _model(call.service).operation_model(call.operation).input_shape


def to_request(call: Call, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The request's parameters, and the inputs that have no place in it."""
    arranged = call.arrange(inputs) if call.arrange is not None else inputs
    kept = {k: v for k, v in arranged.items() if k not in call.ignore and v is not None}
    lost: list[str] = []
    return _structure(kept, input_shape(call), call.rename, "", lost), lost


def _structure(
    value: Mapping[str, Any], shape: Any, rename: Mapping[str, str], at: str, lost: list[str]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, inner in value.items():
        member = _member(key, shape, rename)
        if member is None:
            lost.append(f"{at}/{key}")
        elif inner is not None:
            made[member] = _value(inner, shape.members[member], rename, f"{at}/{key}", lost)
    return made


def _member(key: str, shape: Any, rename: Mapping[str, str]) -> str | None:
    if rename.get(key) in shape.members:
        return rename[key]
    by_plain = {_bare(name): name for name in shape.members}
    for form in (key, *_singulars(key), f"{key}s", f"{key}es"):
        if _bare(form) in by_plain:
            return by_plain[_bare(form)]
    return None


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _singulars(key: str) -> Iterator[str]:
    for ending, replacement in (("ies", "y"), ("es", ""), ("s", "")):
        if key.endswith(ending):
            yield key[: -len(ending)] + replacement


def _value(value: Any, shape: Any, rename: Mapping[str, str], at: str, lost: list[str]) -> Any:
    kind = shape.type_name
    if value == UNKNOWN:
        return value
    if kind == "structure" and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if kind == "structure" and isinstance(value, Mapping):
        return _structure(value, shape, rename, at, lost)
    if kind == "list":
        items = _items(value, shape)
        return [
            _value(item, shape.member, rename, f"{at}/{n}", lost) for n, item in enumerate(items)
        ]
    if kind == "map" and isinstance(value, Mapping):
        return {k: _value(v, shape.value, rename, f"{at}/{k}", lost) for k, v in value.items()}
    return _scalar(value, kind)


def _items(value: Any, shape: Any) -> Sequence[Any]:
    if not isinstance(value, Mapping):
        return value if isinstance(value, list) else [value]
    members = getattr(shape.member, "members", {})
    for key, content in _PAIRS:
        if {key, content} <= members.keys():
            return [{key: k, content: v} for k, v in value.items()]
    return [value]


def _scalar(value: Any, kind: str) -> Any:
    """Text that stands for a number or a truth value, as some of the provider's inputs have it."""
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "long") and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind in ("double", "float") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    return value


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


def violations(value: Any, shape: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """(place, what AWS would say) for everything the model forbids; unknown values may be all."""
    kind = shape.type_name
    if value == UNKNOWN:
        return
    allowed = _TYPES.get(kind)
    wrong_type = allowed is not None and not isinstance(value, allowed)
    if wrong_type or (kind not in ("boolean", "timestamp") and isinstance(value, bool)):
        yield at, f"{value!r} is not of type {kind}"
        return
    yield from _own_violations(value, shape, at)
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield at, f"{name} is missing"
        for key, inner in value.items():
            if key in shape.members:
                yield from violations(inner, shape.members[key], f"{at}/{key}")
            else:
                yield at, f"{key} is not a member"
    elif kind == "list":
        for number, item in enumerate(value):
            yield from violations(item, shape.member, f"{at}/{number}")
    elif kind == "map":
        for key, inner in value.items():
            yield from violations(key, shape.key, f"{at}/{key}")
            yield from violations(inner, shape.value, f"{at}/{key}")


def _own_violations(value: Any, shape: Any, at: str) -> Iterator[tuple[str, str]]:
    limits = shape.metadata
    if limits.get("enum") and value not in limits["enum"]:
        yield at, f"{value!r} is none of {', '.join(limits['enum'])}"
    size = _size(value)
    if size is not None and "min" in limits and size < limits["min"]:
        yield at, f"{value!r} is below the least of {limits['min']}"
    if size is not None and "max" in limits and size > limits["max"]:
        yield at, f"{_short(value)} is above the most of {limits['max']}"
    pattern = limits.get("pattern")
    if pattern is not None and isinstance(value, str) and not _fits(pattern, value):
        yield at, f"{_short(value)} does not match {pattern}"


def _size(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int | float) else len(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _fits(pattern: str, value: str) -> bool:
    # Python's re has no Unicode classes; \w stands in for them. Java's escapes that it lacks.
    plain = pattern.replace(r"\p{Print}", "[ -~]").replace(r"\z", r"\Z")
    plain = re.sub(r"\\p\{\w+\}", r"\\w\\s", plain)
    try:
        return re.fullmatch(plain, value, re.DOTALL) is not None
    except re.error:
        return True

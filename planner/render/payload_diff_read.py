"""A comparison read back from its JSON, as data from a stranger: checked field by field.

Whoever posts a comment reads a file that an untrusted run made; nothing in it is believed but its
form.
"""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from planner.errors import InputError
from planner.render.payload_diff_types import DIFF_SCHEMA_VERSION, DiffReportView

__all__ = ["read_diff_report"]

_LARGEST_BYTES = 16 * 1024 * 1024
_MOST_ITEMS = 50_000
_LONGEST_TEXT = 20_000
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,40})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A report that carries a comment's marker would pass for a comment.
_MARKER = "planner:cost-diff"


def read_diff_report(text: str, name: str) -> DiffReportView:
    """The report in ``text``; InputError naming the field, when it is not one as published."""
    if len(text) > _LARGEST_BYTES:
        raise InputError(f"{name}: larger than 16 MiB, which no comparison is")
    if _MARKER in text:
        raise InputError(f"{name}: holds the marker of a comment; a comparison does not")
    try:
        document = cast(object, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}: not JSON ({error}); make it with `planner diff --output json=FILE`"
        ) from None
    if not isinstance(document, dict):
        raise InputError(f"{name}: no comparison; make it with `planner diff --output json=FILE`")
    fields = cast("dict[str, object]", document)
    version = fields.get("schema_version")
    if isinstance(version, bool) or version != DIFF_SCHEMA_VERSION:
        raise InputError(
            f"{name}: schema_version is {str(version)[:40]}, this planner reads "
            f"{DIFF_SCHEMA_VERSION}; make the file again with `planner diff`"
        )
    try:
        return cast(DiffReportView, _value(fields, DiffReportView, ""))
    except _Wrong as wrong:
        raise InputError(f"{name}: {wrong}; make the file again with `planner diff`") from None


class _Wrong(ValueError):
    """A field that is not what it has to be."""


def _wrong(path: str, wanted: str) -> _Wrong:
    return _Wrong(f"{path or 'the document'} is no {wanted}")


def _value(value: object, hint: Any, path: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _optional(value, get_args(hint), path)
    if origin is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            raise _wrong(path, f"{' or '.join(map(str, get_args(hint)))}")
        return value
    if origin is tuple:
        return _items(value, get_args(hint)[0], path)
    if hasattr(hint, "_fields"):
        return _named(value, hint, path)
    return _plain(value, hint, path)


def _optional(value: object, hints: Sequence[Any], path: str) -> Any:
    """The reports have no other union than one with null."""
    if value is None and type(None) in hints:
        return None
    inner = next(hint for hint in hints if hint is not type(None))
    return _value(value, inner, path)


def _items(value: object, hint: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(path, "list")
    items = cast("list[object]", value)
    if len(items) > _MOST_ITEMS:
        raise _wrong(path, f"list of at most {_MOST_ITEMS:,}")
    return tuple(_value(item, hint, f"{path}[{place}]") for place, item in enumerate(items))


def _named(value: object, view: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, "object")
    given, hints = cast("dict[str, object]", value), _hints(view)
    unknown, missing = sorted(given.keys() - hints.keys()), sorted(hints.keys() - given.keys())
    if unknown or missing:
        what = f"unknown key `{unknown[0][:60]}`" if unknown else f"no key `{missing[0]}`"
        raise _Wrong(f"{path or 'the document'} has {what}")
    dot = f"{path}." if path else ""
    return view(**{key: _value(given[key], hint, f"{dot}{key}") for key, hint in hints.items()})


@cache
def _hints(view: type) -> dict[str, Any]:
    return get_type_hints(view)


def _plain(value: object, hint: Any, path: str) -> Any:
    if hint is Decimal:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return Decimal(value)
        raise _wrong(path, "decimal number as text")
    if hint is date:
        return _day(value, path)
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            raise _wrong(path, "number")
        return float(value)
    if hint is str and isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise _wrong(path, f"text of at most {_LONGEST_TEXT:,} characters")
    if type(value) is not hint:
        raise _wrong(
            path,
            {"str": "text", "int": "whole number", "bool": "true or false"}.get(
                hint.__name__, hint.__name__
            ),
        )
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _day(value: object, path: str) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _wrong(path, "day such as 2026-12-31")

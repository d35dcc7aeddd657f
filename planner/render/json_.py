"""Report objects as JSON text: sorted keys, money as text, no NaN and no infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from planner.money import usd_text

__all__ = ["Json", "json_text", "json_with", "jsonable"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# Whole floats beyond this are no longer exact, so they keep their float form.
_LARGEST_EXACT = 2**53


def jsonable(value: object) -> Json:
    """``value`` in JSON types.

    Named tuples and dataclasses become objects, ``Decimal`` decimal text, dates ISO text;
    ValueError for a float that JSON has no form for, TypeError for any other type.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return usd_text(value)
        case float():
            return _number(value)
        case date():
            return value.isoformat()
        case Mapping():
            items = cast(Mapping[str, object], value)
            return {key: jsonable(item) for key, item in items.items()}
        case _ if (names := _field_names(value)) is not None:
            return {name: jsonable(getattr(value, name)) for name in names}
        case Sequence():
            return [jsonable(item) for item in cast(Sequence[object], value)]
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def _field_names(value: object) -> Sequence[str] | None:
    """Names of the fields of a named tuple or dataclass."""
    if isinstance(value, tuple):
        return getattr(cast(object, value), "_fields", None)
    return [each.name for each in fields(value)] if is_dataclass(value) else None


def json_text(value: object) -> str:
    """The file or stream form: two blanks of indentation, sorted keys, a final newline."""
    return json.dumps(jsonable(value), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def json_with(report: object, *, explain: Sequence[object]) -> str:
    """A report as JSON text, with the key ``explain`` when there is something in it."""
    whole = jsonable(report)
    if explain and isinstance(whole, dict):
        whole["explain"] = jsonable(explain)
    return json_text(whole)


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError("a number of the report is not finite; use None and a reason")
    whole = value.is_integer() and abs(value) < _LARGEST_EXACT
    return int(value) if whole else value

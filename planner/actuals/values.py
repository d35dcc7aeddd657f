"""Values of a row, read strictly: what is not clearly a number, a time or money is refused.

A row is a mapping from JSON, CSV or Parquet: a value may be of its own type or text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from planner.actuals.types import RowError

__all__ = [
    "MONEY_STEP",
    "MOST_TOKENS",
    "YEARS",
    "Row",
    "as_list",
    "as_row",
    "choice",
    "count",
    "first",
    "flag",
    "instant",
    "json_value",
    "mapping",
    "milliseconds",
    "money",
    "number",
    "optional_count",
    "shown",
    "text",
]

# Any: the values are the user's own; the functions here check them.
Row = Mapping[str, Any]

# Money in a store is DECIMAL(24,12): a cache read at $0.003 per 1M tokens is $3e-9 a token.
MONEY_STEP = Decimal("1E-12")
_MONEY_LIMIT = Decimal("1E12")
# A month of a large platform is below 1e15 tokens; beyond is a wrong field (a time, an id).
MOST_TOKENS = 10**15
# First and last year that a time may be in.
YEARS = (2015, 2200)
# Names and ids are short; what is longer is content in a wrong column, which is never stored.
_LONGEST_TEXT = 300
_PLAIN_WORD = re.compile(r"[\w.:+\-/]{1,40}")
# Seconds since 1970 are below 1e11 until the year 5138; then milli-, micro- and nanoseconds.
_EPOCH_SCALES = ((1e11, 1), (1e14, 10**3), (1e17, 10**6), (1e20, 10**9))
_MICROSECOND = 10**6


def as_row(value: Any) -> Row | None:
    """A mapping with text keys; None for anything else."""
    return cast(Row, value) if isinstance(value, Mapping) else None


def as_list(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def shown(value: Any) -> str:
    """A value for a message, which is stored: one short word, or only what kind of value it is."""
    if isinstance(value, Mapping | list | tuple):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'}"
    if isinstance(value, str) and not _PLAIN_WORD.fullmatch(value):
        return f"text of {len(value)} characters" if value.strip() else "empty"
    return repr(value)[:40]


def first(row: Row, *names: str) -> tuple[str, Any]:
    """The first name whose value is given (not None, not empty text), with it; else None."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return name, value
    return names[0], None


def text(row: Row, *names: str, default: str = "") -> str:
    """A name or an id of the first name given; RowError for what is too long to be one."""
    for name in names:
        value = row.get(name)
        if value is None or value == "":
            continue
        if type(value) is not str and isinstance(value, Mapping | list | tuple):
            raise RowError(name, f"is {shown(value)}, not text")
        word = str(value).strip()
        if len(word) > _LONGEST_TEXT or not word.isprintable():
            raise RowError(name, f"is text of {len(word)} characters, not a name or an id")
        return word or default
    return default


def optional_count(row: Row, *names: str) -> int | None:
    """A whole number of zero or more; None when no name is given. RowError for another value."""
    for name in names:
        value = row.get(name)
        if value is None or value == "":
            continue
        if type(value) is int and 0 <= value <= MOST_TOKENS:
            return value
        return _count(name, value)
    return None


def count(row: Row, *names: str) -> int:
    """As ``optional_count``, 0 when no name is given."""
    return optional_count(row, *names) or 0


def _count(name: str, value: Any) -> int:
    if type(value) is int:
        whole = value
    else:
        exact = _decimal(name, value, "a whole number")
        whole = int(exact) if exact == exact.to_integral_value() else None
    if whole is None:
        raise RowError(name, f"is {shown(value)}, not a whole number")
    if whole < 0:
        raise RowError(name, f"is {shown(value)}, below zero")
    if whole > MOST_TOKENS:
        raise RowError(name, f"is {shown(value)}, more than any count can be")
    return whole


def number(row: Row, *names: str) -> float | None:
    """A finite number of zero or more; None when no name is given."""
    name, value = first(row, *names)
    if value is None:
        return None
    found = float(_decimal(name, value, "a number"))
    if found < 0:
        raise RowError(name, f"is {shown(value)}, below zero")
    return found


def milliseconds(row: Row, *names: str, per_unit: float = 1.0) -> float | None:
    """A duration in ms; ``per_unit`` is how many ms one unit of the value is."""
    value = number(row, *names)
    return None if value is None else value * per_unit


def money(row: Row, *names: str, divisor: int = 1) -> Decimal | None:
    """USD at 12 decimals, negative for credits; None when no name is given.

    A float is taken by its shortest decimal text. ``divisor`` 100 is for cents.
    """
    name, value = first(row, *names)
    if value is None:
        return None
    amount = _decimal(name, value, "an amount") / divisor
    if abs(amount) >= _MONEY_LIMIT:
        raise RowError(name, f"is {shown(value)}, more than any amount can be")
    return amount.quantize(MONEY_STEP)


def _decimal(name: str, value: Any, wanted: str) -> Decimal:
    """The exact decimal of a number or its text; RowError for anything else, NaN or infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise RowError(name, f"is {shown(value)}, not {wanted}")
    plain = value.strip() if isinstance(value, str) else repr(value)
    try:
        exact = value if isinstance(value, Decimal) else Decimal(plain)
    except InvalidOperation:
        raise RowError(name, f"is {shown(value)}, not {wanted}") from None
    # Above 1e30 the next arithmetic would only overflow elsewhere.
    if not exact.is_finite() or exact.adjusted() > 30 or "_" in plain:
        raise RowError(name, f"is {shown(value)}, not {wanted}")
    return exact


def flag(row: Row, *names: str) -> bool:
    """True for true, "true", "True", 1, "1", "yes"; False for their opposites and when absent."""
    name, value = first(row, *names)
    word = str(value).strip().lower()
    if word in ("none", "false", "0", "no", "null", "f"):
        return False
    if word in ("true", "1", "yes", "t"):
        return True
    raise RowError(name, f"is {shown(value)}, not true or false")


def choice(row: Row, name: str, known: Sequence[str], default: str) -> str:
    """One of the known words in lower case; RowError naming them for another."""
    word = text(row, name).lower()
    if not word:
        return default
    if word not in known:
        raise RowError(name, f"is {shown(word)}, not one of {', '.join(known)}")
    return word


def instant(row: Row, *names: str) -> datetime:
    """A moment in UTC: ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970.

    Text without a zone is UTC, as every source here writes it. RowError when none is given.
    """
    name, value = first(row, *names)
    if value is None:
        raise RowError(name, "is missing: every row needs its time")
    moment = _instant(name, value)
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise RowError(name, f"is in the year {moment.year}: look for a wrong time")
    return moment


def _instant(name: str, value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            return _utc(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, str) and not _is_number(value):
            return _utc(datetime.fromisoformat(_iso(value)))
        return _since_1970(_decimal(name, value, "a time"))
    except (ValueError, OverflowError) as error:
        if isinstance(error, RowError):
            raise
        raise RowError(name, f"is {shown(value)}, not a time") from None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _iso(value: str) -> str:
    """ISO 8601 as Python 3.11 takes it: ` UTC` and ` +0000 UTC` of databases are zones, too."""
    plain = value.strip().removesuffix(" UTC").rstrip()
    return plain if len(plain) > 9 else "not a time"


def _is_number(value: str) -> bool:
    return value.strip().replace(".", "", 1).isdigit() and len(value.strip()) >= 9


def _since_1970(amount: Decimal) -> datetime:
    for limit, scale in _EPOCH_SCALES:
        if abs(amount) < limit:
            microseconds = int(amount * _MICROSECOND) // scale
            seconds, rest = divmod(microseconds, _MICROSECOND)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    raise ValueError


def json_value(value: Any) -> Any:
    """The value of text that holds JSON (a column of a CSV); anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def mapping(row: Row, *names: str) -> Row:
    """A nested mapping, also as JSON text or as the pairs of a Parquet map; {} when absent."""
    name, value = first(row, *names)
    value = json_value(value)
    if value is None:
        return {}
    found = as_row(value)
    if found is not None:
        return found
    pairs = as_list(value)
    if pairs and all(isinstance(pair, tuple) for pair in pairs):
        return {str(key): item for key, item in pairs}
    raise RowError(name, f"is {shown(value)}, not a mapping")

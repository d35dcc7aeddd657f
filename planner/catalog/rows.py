"""AWS price rows as they lie in a snapshot file: checked, normalised, read back and written."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Literal, cast, get_args

from planner.catalog.types import PriceRow, Purchase
from planner.money import usd, usd_text

__all__ = [
    "KINDS",
    "PURCHASES",
    "ROW_FIELDS",
    "Kind",
    "RawRow",
    "RowKey",
    "checked_row",
    "iso_date",
    "price_row",
    "raw_row",
    "row_key",
]

Kind = Literal["instance", "service"]
# One fact: the fields below, text or null.
RawRow = dict[str, str | None]
RowKey = tuple[str, str, str, str]

KINDS: tuple[Kind, ...] = get_args(Kind)
PURCHASES: tuple[str, ...] = get_args(Purchase)
ROW_FIELDS = (
    "kind",
    "region",
    "item",
    "purchase",
    "unit",
    "usd",
    "source",
    "observed",
    "licence_note",
    "reason_null",
)

_FIELDS = frozenset(ROW_FIELDS)
_REQUIRED_TEXT = ("region", "item", "unit", "source")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_MOST_DIGITS = 12
# Price text that needs no normalising: no exponent, no needless zeros.
_PLAIN_PRICE = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{0,11}[1-9])?")


def row_key(row: RawRow) -> RowKey:
    """What a row is the price of: kind, region, item, purchase; unique in a snapshot."""
    return cast(RowKey, (row["kind"], row["region"], row["item"], row["purchase"]))


def checked_row(raw: object) -> RawRow:
    """The row with its price in normal form; ValueError saying which field is wrong and why."""
    if not isinstance(raw, dict):
        raise ValueError("not an object with the fields of a price row")
    fields = cast(dict[str, object], raw)
    if fields.keys() != _FIELDS:
        raise ValueError(_wrong_fields(fields))
    for name, value in fields.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is {value!r}, not text or null")
    row = cast(RawRow, fields)
    for name in _REQUIRED_TEXT:
        if not row[name]:
            raise ValueError(f"{name} is empty")
    if row["licence_note"] is None:
        raise ValueError("licence_note is null, not text")
    _check_place(row)
    _check_price(row)
    try:
        iso_date(row["observed"])
    except ValueError as error:
        raise ValueError(f"observed is {error}") from None
    return row


def _wrong_fields(fields: dict[str, object]) -> str:
    missing, unknown = sorted(_FIELDS - fields.keys()), sorted(fields.keys() - _FIELDS)
    if missing:
        return f"without {', '.join(missing)}"
    return f"with unknown {', '.join(unknown)}"


def _check_place(row: RawRow) -> None:
    if row["kind"] not in KINDS:
        raise ValueError(f"kind is {row['kind']!r}, not instance or service")
    if row["purchase"] not in PURCHASES or (
        row["kind"] == "service" and row["purchase"] != "on_demand"
    ):
        raise ValueError(f"purchase is {row['purchase']!r}, not a way to buy a {row['kind']}")
    if not _is_region(cast(str, row["region"])):
        raise ValueError(f"region is {row['region']!r}, not like us-east-1")


def _check_price(row: RawRow) -> None:
    text = row["usd"]
    if text is None:
        if not row["reason_null"]:
            raise ValueError("usd is null without a reason_null")
        return
    if row["reason_null"] is not None:
        raise ValueError("usd has a price and reason_null says it is unknown")
    if not _PLAIN_PRICE.fullmatch(text):
        row["usd"] = _plain_price(text)


def _plain_price(text: str) -> str:
    value = usd(text)
    # Beyond these the text is a typing error, and its digits would fill the memory.
    if value and not -_MOST_DIGITS <= value.adjusted() < _MOST_DIGITS:
        raise ValueError(f"not a price: {text!r}")
    return usd_text(value) if value else "0"


@lru_cache(maxsize=256)
def _is_region(text: str) -> bool:
    return _REGION.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def iso_date(text: str | None) -> date | None:
    """The day of ``2026-11-21``; None for None; ValueError for anything else."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r}, not a day like 2026-11-21")


def price_row(row: RawRow) -> PriceRow:
    """The typed form of a checked row."""
    text = row["usd"]
    return PriceRow(
        kind=cast(Kind, row["kind"]),
        region=cast(str, row["region"]),
        item=cast(str, row["item"]),
        purchase=cast(str, row["purchase"]),
        unit=cast(str, row["unit"]),
        usd=None if text is None else usd(text),
        source=cast(str, row["source"]),
        observed=iso_date(row["observed"]),
        licence_note=cast(str, row["licence_note"]),
        reason_null=row["reason_null"],
    )


def raw_row(row: PriceRow) -> RawRow:
    """The form of a row that goes into a file."""
    return {
        "kind": row.kind,
        "region": row.region,
        "item": row.item,
        "purchase": row.purchase,
        "unit": row.unit,
        "usd": None if row.usd is None else usd_text(row.usd),
        "source": row.source,
        "observed": None if row.observed is None else row.observed.isoformat(),
        "licence_note": row.licence_note,
        "reason_null": row.reason_null,
    }

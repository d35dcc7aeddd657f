"""One price fact: what makes it sound, and its normal form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from planner.catalog.rows import checked_row, price_row, raw_row
from tests.catalog.price_support import raw


def test_a_sound_row_becomes_a_typed_one_and_back() -> None:
    row = price_row(checked_row(raw()))
    assert (row.usd, row.observed, row.item) == (Decimal("1.861"), date(2026, 1, 21), "g6e.xlarge")
    assert raw_row(row) == raw()


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("1.0060", "1.006"),
        ("1.0", "1"),
        ("10", "10"),
        ("1e-2", "0.01"),
        ("0.00", "0"),
        ("007", "7"),
    ],
)
def test_a_price_has_one_form(written: str, normal: str) -> None:
    assert checked_row(raw(usd=written))["usd"] == normal


def test_an_unknown_price_keeps_its_reason() -> None:
    row = price_row(checked_row(raw(usd=None, reason_null="not sold")))
    assert (row.usd, row.reason_null) == (None, "not sold")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"usd": None}, "usd is null without a reason_null"),
        ({"reason_null": "unknown"}, "reason_null says it is unknown"),
        ({"usd": "-1"}, "not a price: '-1'"),
        ({"usd": "NaN"}, "not a price: 'NaN'"),
        ({"usd": "1,5"}, "not a price: '1,5'"),
        ({"usd": "1e999999999"}, "not a price: '1e999999999'"),
        ({"usd": "1e-999999999"}, "not a price: '1e-999999999'"),
        ({"kind": "gpu"}, "kind is 'gpu'"),
        ({"purchase": "spot"}, "purchase is 'spot'"),
        ({"kind": "service", "purchase": "ri_1y_no_upfront"}, "not a way to buy a service"),
        ({"region": "Virginia"}, "region is 'Virginia'"),
        ({"item": ""}, "item is empty"),
        ({"source": None}, "source is empty"),
        ({"licence_note": None}, "licence_note is null"),
        ({"observed": "early 2026"}, "observed is 'early 2026', not a day"),
        ({"observed": "2026-02-30"}, "observed is '2026-02-30', not a day"),
        ({"observed": "20260121"}, "observed is '20260121', not a day"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, str | None], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked_row(raw(**change))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([], "not an object"),
        ({}, "without item, kind"),
        ({**raw(), "price": "1"}, "with unknown price"),
        ({**raw(), "usd": 1.861}, "usd is 1.861, not text or null"),
    ],
)
def test_another_shape_is_refused(row: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked_row(row)

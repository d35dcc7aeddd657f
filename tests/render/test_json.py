"""Report objects as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from planner.render.json_ import json_text, json_with, jsonable


@dataclass(frozen=True, slots=True)
class _Part:
    usd: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class _Whole:
    z: tuple[_Part, ...]
    a: float | None
    b: bool


WHOLE = _Whole(z=(_Part(Decimal("10.50"), date(2026, 11, 21)),), a=None, b=True)


def test_money_is_decimal_text_and_dates_are_iso() -> None:
    assert jsonable(WHOLE) == {
        "z": [{"usd": "10.5", "day": "2026-11-21"}],
        "a": None,
        "b": True,
    }


def test_keys_are_sorted_and_the_text_ends_in_one_newline() -> None:
    text = json_text(WHOLE)
    assert list(json.loads(text)) == ["a", "b", "z"]
    assert text.endswith("}\n")


def test_money_keeps_all_its_digits() -> None:
    assert jsonable(Decimal("1234567890123.000000000001")) == "1234567890123.000000000001"
    assert jsonable(Decimal("1E+3")) == "1000"


def test_whole_numbers_have_no_decimal_point() -> None:
    assert json.dumps(jsonable(300_000.0)) == "300000"
    assert json.dumps(jsonable(0.25)) == "0.25"
    assert json.dumps(jsonable(2.0**60)) == "1.152921504606847e+18"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_hold_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        jsonable(value)


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(TypeError, match="complex"):
        jsonable(1j)


def test_an_explanation_is_added_only_when_there_is_one() -> None:
    assert "explain" not in json.loads(json_with(WHOLE, explain=()))
    assert json.loads(json_with(WHOLE, explain=(WHOLE,)))["explain"][0]["b"] is True

"""Values of rows: what is clearly a number, a time or money, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from planner.actuals.tokens import CacheWrites, split, split_exclusive
from planner.actuals.types import RowError
from planner.actuals.values import (
    flag,
    instant,
    json_value,
    mapping,
    money,
    number,
    optional_count,
    shown,
    text,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), ("5", 5), (5.0, 5), ("5.0", 5), ("1e3", 1000), (None, None), ("", None), (0, 0)],
)
def test_counts(value: Any, expected: int | None) -> None:
    assert optional_count({"n": value}, "n") == expected


@pytest.mark.parametrize(
    "value",
    [-1, 1.5, "1.5", "five", True, float("nan"), "Infinity", "1_000", 10**16, [], {}, "1e99"],
)
def test_what_is_no_count_is_refused(value: Any) -> None:
    with pytest.raises(RowError) as caught:
        optional_count({"n": value}, "n")
    assert caught.value.field == "n"


def test_the_first_name_that_is_given_counts() -> None:
    assert optional_count({"a": None, "b": "", "c": 3, "d": 4}, "a", "b", "c", "d") == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.1", "0.1"),
        (0.1, "0.1"),
        (0.029417487185572785, "0.029417487186"),
        ("3e-9", "0.000000003"),
        (-2, "-2"),
        (Decimal("1.5"), "1.5"),
    ],
)
def test_money_is_exact_to_twelve_decimals(value: Any, expected: str) -> None:
    assert money({"m": value}, "m") == Decimal(expected)


def test_cents_are_hundredths() -> None:
    assert money({"m": "123.45"}, "m", divisor=100) == Decimal("1.2345")


@pytest.mark.parametrize("value", ["12,5", "1e12", "NaN", True, "$1", []])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(RowError):
        money({"m": value}, "m")


_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:00:00",
        "2026-11-20 12:00:00.000000000",
        "2026-11-20 12:00:00 UTC",
        "2026-11-20T13:00:00+01:00",
        1795176000,
        1795176000.0,
        "1795176000",
        1795176000 * 10**3,
        1795176000 * 10**6,
        str(1795176000 * 10**9),
        datetime(2026, 11, 20, 12),
        datetime(2026, 11, 20, 13, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_times_are_utc_in_any_form(value: Any) -> None:
    assert instant({"t": value}, "t") == _NOON


def test_a_day_is_its_midnight() -> None:
    assert instant({"t": date(2026, 11, 20)}, "t") == datetime(2026, 11, 20, tzinfo=UTC)
    assert instant({"t": "2026-11-20"}, "t") == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, "", "noon", "2026-13-01T00:00:00Z", "20261120", 0, -5, 10**22, True, "1e400", [], 5.5e8],
)
def test_what_is_no_time_of_our_days_is_refused(value: Any) -> None:
    with pytest.raises(RowError):
        instant({"t": value}, "t")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("True", True), ("None", False), (None, False), (1, True), ("", False), ("false", False)],
)
def test_flags(value: Any, expected: bool) -> None:
    assert flag({"f": value}, "f") is expected


def test_a_flag_of_another_word_is_refused() -> None:
    with pytest.raises(RowError):
        flag({"f": "perhaps"}, "f")


@pytest.mark.parametrize("value", ["a" * 301, "two\nlines", "\ud800", {}, []])
def test_text_that_cannot_be_a_name_is_refused(value: Any) -> None:
    with pytest.raises(RowError):
        text({"t": value}, "t")


def test_negative_and_endless_durations_are_refused() -> None:
    for value in (-1, "inf"):
        with pytest.raises(RowError):
            number({"n": value}, "n")


def test_a_mapping_may_be_json_text_or_pairs_of_parquet() -> None:
    for value in ({"a": 1}, '{"a": 1}', [("a", 1)]):
        assert mapping({"m": value}, "m") == {"a": 1}
    assert mapping({}, "m") == {}
    with pytest.raises(RowError):
        mapping({"m": "a: 1"}, "m")


def test_json_that_is_too_deep_stays_text() -> None:
    deep = "[" * 100_000
    assert json_value(deep) == deep


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gpt-4o", "'gpt-4o'"),
        ("Dear Ms X, ", "text of 11 characters"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        (" ", "empty"),
    ],
)
def test_a_message_quotes_words_and_never_content(value: Any, expected: str) -> None:
    assert shown(value) == expected


# --- Token buckets -------------------------------------------------------------------------------


def test_a_logical_input_is_split_into_disjoint_buckets() -> None:
    fields = split(
        logical_input=1000,
        output=50,
        read=600,
        writes=CacheWrites(m5=100, total=150),
        reasoning=20,
        total=1050,
    )
    assert fields["uncached_input_tokens"] == 250
    assert fields["cache_write_5m_tokens"] == 100
    assert fields["cache_write_unknown_tokens"] == 50
    assert fields["reasoning_tokens"] == 20


def test_a_cache_larger_than_its_input_is_not_clamped_to_nothing() -> None:
    with pytest.raises(RowError) as caught:
        split(logical_input=100, output=5, read=600)
    assert (caught.value.field, caught.value.tokens) == ("input_tokens", 105)


def test_reasoning_beyond_the_output_and_wrong_totals_are_refused() -> None:
    with pytest.raises(RowError, match="reasoning"):
        split_exclusive(uncached_input=1, output=5, reasoning=6)
    with pytest.raises(RowError, match="total says 7"):
        split_exclusive(uncached_input=1, output=5, total=7)


def test_parts_of_written_tokens_beyond_their_total_are_refused() -> None:
    with pytest.raises(RowError):
        split_exclusive(uncached_input=1, output=1, writes=CacheWrites(m5=3, h1=3, total=5))

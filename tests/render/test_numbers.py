"""Numbers in words: every expected text is written by hand from the rule beside it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.render import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "$0.00"),
        ("0.004", "< $0.01"),
        ("0.005", "$0.01"),
        ("1234.5", "$1,234.50"),
        ("10055", "$10,055.00"),
        ("2.345", "$2.35"),
        ("1e9", "$1,000,000,000.00"),
        ("-12.5", "-$12.50"),
        ("-0.001", "> -$0.01"),
    ],
)
def test_money_has_cents_and_zero_only_when_it_is(value: str, shown: str) -> None:
    assert numbers.money(Decimal(value)) == shown


def test_an_unknown_price_is_never_zero() -> None:
    assert numbers.money(None) == "no price"
    assert numbers.unit_price(None) == "no price"
    assert numbers.per_request(None) == "no price"
    assert numbers.money_in_words(None) == "no price"
    assert numbers.percent(None) == "–"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("99.99", "$99.99"),
        ("100", "$100"),
        ("1234.49", "$1,234"),
        ("1234.5", "$1,235"),
        ("0.5", "$0.50"),
        ("-250.6", "-$251"),
    ],
)
def test_a_sentence_has_whole_dollars_from_a_hundred(value: str, shown: str) -> None:
    assert numbers.money_in_words(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2.5", "$2.50"),
        ("10", "$10.00"),
        ("0.15", "$0.15"),
        ("0.1234", "$0.1234"),
        ("0.12345", "$0.1235"),
        ("47.8809", "$47.88"),
        ("975", "$975"),
        ("975.26", "$975.3"),
        ("12345.67", "$12,346"),
        ("0.035", "$0.035"),
        ("0.00875", "$0.00875"),
        ("0.00000000012", "$0.0000000001"),
        ("0.00000000001", "< $0.0000000001"),
        ("0", "$0.00"),
    ],
)
def test_unit_prices_keep_their_digits(value: str, shown: str) -> None:
    assert numbers.unit_price(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        # R8: $10,055 / 300,000
        ("0.0335166666", "$0.03352"),
        ("0.00325", "$0.00325"),
        ("0.0002", "$0.00020"),
        ("0.000058", "$0.000058"),
        ("0.0000123456", "$0.00001235"),
        ("0", "$0.00"),
    ],
)
def test_cost_per_request_has_five_decimals(value: str, shown: str) -> None:
    assert numbers.per_request(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (Fraction(975, 10055), "9.7 %"),
        (Fraction(380, 10055), "3.8 %"),
        (Fraction(8000, 10055), "79.6 %"),
        (Fraction(700, 10055), "7.0 %"),
        (0.0, "0.0 %"),
        (Decimal("12.34"), "1,234.0 %"),
        (0.00049, "0.0 %"),
        (0.0005, "0.1 %"),
    ],
)
def test_a_percentage_has_one_decimal(share: Fraction | Decimal | float, shown: str) -> None:
    assert numbers.percent(share) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        # 1361 / 10975 = 12.40 %
        ("10975", "12336", "+$1,361.00 (+12.4 %)"),
        ("200", "150", "-$50.00 (-25.0 %)"),
        ("0", "5", "+$5.00 (new)"),
        ("0", "0", "+$0.00"),
        ("5", "0", "-$5.00 (-100.0 %)"),
        ("-4", "-5", "-$1.00 (-25.0 %)"),
    ],
)
def test_a_change_is_always_signed(before: str, after: str, shown: str) -> None:
    assert numbers.money_delta(Decimal(before), Decimal(after)) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [("41.4", "41x"), ("8.04", "8.0x"), ("1", "1.0x"), ("0.254", "0.25x"), ("1234.5", "1,235x")],
)
def test_a_ratio_has_the_digits_that_matter(ratio: str, shown: str) -> None:
    assert numbers.multiple(Decimal(ratio)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(300_000, "300,000"), (Decimal("628931"), "628,931"), (999.5, "999.5"), (0.25, "0.25")],
)
def test_volumes_are_whole_when_large(value: int | Decimal | float, shown: str) -> None:
    assert numbers.volume(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1157407, "0.116"), (3.4722, "3.47"), (1234.5, "1,235"), (0.0, "0"), (12.0, "12.0")],
)
def test_rates_have_three_digits(value: float, shown: str) -> None:
    assert numbers.rate(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(812.4, "812 ms"), (9999.0, "9,999 ms"), (10_000.0, "10.0 s")]
)
def test_times_are_milliseconds_below_ten_seconds(value: float, shown: str) -> None:
    assert numbers.duration_ms(value) == shown


@given(st.decimals(min_value="0.01", max_value="1e12", places=4))
def test_money_shown_is_within_half_a_cent(value: Decimal) -> None:
    shown = Decimal(numbers.money(value).replace("$", "").replace(",", ""))
    assert abs(shown - value) <= Decimal("0.005")


@given(st.decimals(min_value="0.1", max_value="1e9", places=6))
def test_unit_prices_shown_are_within_half_of_the_fourth_digit(value: Decimal) -> None:
    shown = Decimal(numbers.unit_price(value).replace("$", "").replace(",", ""))
    assert abs(shown - value) <= value * Decimal("0.0005")

"""Plain scalars: values made from their text, and the spellings that readers disagree about."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario.scalars import Data, Scalar, number_hint, resolve, shown, value_at


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("0.1", Decimal("0.1")),
        (".5", Decimal("0.5")),
        ("5.", Decimal("5")),
        ("1.0e+6", Decimal("1000000")),
        ("-0.0", Decimal("0")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("gpt-6-luna", "gpt-6-luna"),
        ("2027-01-01", "2027-01-01"),
        ("-", "-"),
        (".", "."),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_plain_scalar_has_the_value_its_text_shows(text: str, value: Scalar) -> None:
    resolved = resolve(text)
    assert (resolved.value, type(resolved.value)) == (value, type(value))
    assert resolved.problem is None


def test_a_number_is_exact_and_shown_without_an_exponent() -> None:
    # As a float 0.1 would be 0.1000000000000000055.
    assert str(resolve("0.1").value) == "0.1"
    assert str(resolve("1.0e+6").value) == "1000000"


# The middle column is what YAML 1.1 makes of the text; PyYAML confirms it below.
_TRAPS = [
    ("on", True, "true"),
    ("Off", False, "false"),
    ("yes", True, "true"),
    ("NO", False, "false"),
    ("12:30", 750, "750"),
    ("1:30:00", 5400, "5400"),
    ("010", 8, "8"),
    ("-0777", -511, "511"),
    ("1_000", 1000, "1000"),
]


@pytest.mark.parametrize(("text", "made", "named"), _TRAPS)
def test_an_ambiguous_spelling_names_what_yaml_makes_of_it(
    text: str, made: object, named: str
) -> None:
    assert yaml.safe_load(text) == made
    problem = resolve(text).problem
    assert problem is not None
    assert problem.startswith(text)
    assert named in problem
    assert "write" in problem


@pytest.mark.parametrize("text", ["0x1F", "0b11", ".inf", "-.INF", ".nan", "9" * 29, "1.0e+400"])
def test_a_number_that_is_no_figure_is_a_problem(text: str) -> None:
    resolved = resolve(text)
    assert resolved.value is None
    assert resolved.problem is not None


def test_a_very_long_number_is_refused_without_being_computed() -> None:
    # int() of 5,000 digits raises ValueError in Python 3.11.
    assert "5000 digits" in (resolve("9" * 5000).problem or "")
    assert resolve("1.0e+" + "9" * 5000).problem is not None
    assert resolve("1:" + "59:" * 500 + "59").problem is not None


@given(st.text(max_size=40))
def test_any_text_resolves_to_a_value_or_a_problem(text: str) -> None:
    resolved = resolve(text)
    assert resolved.value is None or resolved.problem is None


@given(st.integers(-(10**20), 10**20))
def test_whole_numbers_come_back(number: int) -> None:
    assert resolve(str(number)).value == number


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10", "write 10 without quotes"),
        ("1e6", "YAML takes 1e6 as text; write 1000000"),
        ("1.5e3", "YAML takes 1.5e3 as text; write 1500"),
        ("1.5e+3", "write 1.5e+3 without quotes"),
        ("10,000", "write 10000 without separators"),
        ("1'000'000", "write 1000000 without separators"),
        ("0,5", "write 0.5 with a point"),
        ("08", "write 8 without the leading zero"),
        ("10%", "write 0.1 for 10%"),
        ("12.5 %", "write 0.125 for 12.5 %"),
        ("500ms", "write 500 alone, in the unit that the key names"),
        ("$5", "write 5 alone, in the unit that the key names"),
        ("ten", None),
        ("1e99", None),
        ("9" * 100, None),
    ],
)
def test_text_that_looks_like_a_number_gets_a_hint(text: str, hint: str | None) -> None:
    assert number_hint(text) == hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ten", '"ten"'),
        (True, "true"),
        (None, "nothing"),
        ({}, "a mapping"),
        ([1], "a list"),
        (Decimal("0.10"), "0.10"),
    ],
)
def test_values_are_quoted_as_the_file_shows_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_text_is_cut() -> None:
    assert shown("x" * 100) == '"' + "x" * 57 + '..."'


def test_a_path_leads_to_its_value_or_to_nothing() -> None:
    data: Data = {"a": [{"b": 1}]}
    assert value_at(data, ("a", 0, "b")) == 1
    assert value_at(data, ()) is data
    assert value_at(data, ("a", 1)) is None
    assert value_at(data, ("a", "b")) is None
    assert value_at(data, ("a", 0, "b", "c")) is None

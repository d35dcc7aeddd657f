"""Tables: numbers line up and are never cut; names shorten; columns go."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.render.blocks import Column, Grid, Row
from planner.render.numbers import money
from planner.render.tables import display_width, shorten_names, table_lines

NAME = Column(header="name", is_name=True)
COST = Column(header="cost", align="decimal")


def test_numbers_stand_on_their_decimal_point() -> None:
    grid = Grid.of((NAME, COST), [("a", "$1,234.50"), ("b", "$0.03352"), ("c", "–")])
    assert table_lines(grid, 100) == [
        "name          cost",
        "----  ------------",
        "a     $1,234.50",
        "b         $0.03352",
        "c                –",
    ]


def test_signs_and_floors_do_not_move_the_point() -> None:
    grid = Grid.of((COST,), [("≥ $10.00",), ("< $0.01",), ("$5",), ("-$7.5",)])
    assert table_lines(grid, 100)[2:] == ["≥ $10.00", " < $0.01", "   $5", "  -$7.5"]


def test_percentages_line_up_with_their_unit() -> None:
    grid = Grid.of((Column(header="share", align="decimal"),), [("9.7 %",), ("100 %",), ("–",)])
    assert table_lines(grid, 100)[2:] == ["  9.7 %", "100 %", "      –"]


def test_a_total_has_a_rule_above() -> None:
    grid = Grid(
        columns=(NAME, COST), rows=(Row(("a", "$1.00")), Row(("total", "$1.00"), is_total=True))
    )
    assert table_lines(grid, 100)[3] == "-----  -----"


def test_columns_are_dropped_by_priority_and_counted() -> None:
    columns = (
        Column(header="kept"),
        Column(header="second", priority=1),
        Column(header="first to go", priority=2),
    )
    grid = Grid.of(columns, [("12345", "67890", "12345")])
    assert table_lines(grid, 14) == [
        "kept   second",
        "-----  ------",
        "12345  67890",
        "1 column hidden, use --wide",
    ]
    assert table_lines(grid, 6)[-1] == "2 columns hidden, use --wide"
    assert "hidden" not in table_lines(grid, None)[-1]


def test_names_are_shortened_before_columns_go() -> None:
    columns = (NAME, Column(header="cost", align="decimal", priority=1))
    grid = Grid.of(columns, [("provider/some-very-long-model-name", "$12.00")])
    assert table_lines(grid, 40)[2] == "provider/some-v..long-model-name  $12.00"


def test_different_names_stay_different() -> None:
    names = ["openai/gpt-6-luna-eu-west", "openai/gpt-6-lunb-eu-west", "short"]
    # The first two would both read openai/..eu-west at 16 columns.
    assert shorten_names(names, 16) == names
    assert shorten_names(["one/very/long/name/a", "short"], 11) == ["one/..ame/a", "short"]


def test_running_text_wraps_into_further_lines() -> None:
    columns = (Column(header="a"), Column(header="text", wraps=True))
    grid = Grid.of(columns, [("x", "one two three four five six seven")])
    assert table_lines(grid, 30)[2:] == ["x  one two three four five six", "   seven"]


def test_a_word_longer_than_its_column_goes_on_at_a_separator() -> None:
    columns = (Column(header="text", wraps=True), COST)
    grid = Grid.of(columns, [("see owner/very-long-model-name-of-theirs (bf16)", "$1.00")])
    assert table_lines(grid, 33)[2:] == [
        "see owner/very-long-model-  $1.00",
        "name-of-theirs (bf16)",
    ]


def test_a_word_without_a_separator_stays_whole() -> None:
    columns = (Column(header="text", wraps=True), COST)
    grid = Grid.of(columns, [("see " + "x" * 30, "$1.00")])
    assert table_lines(grid, 20)[2:] == ["see" + " " * 27 + "  $1.00", "x" * 30]


def test_headers_of_running_text_wrap_too() -> None:
    column = Column(header="a header of several long words here", wraps=True)
    assert table_lines(Grid.of((column,), [("x",)]), 24)[:2] == [
        "a header of several long",
        "words here",
    ]


def test_wide_characters_take_two_columns() -> None:
    assert display_width("日本") == 4
    grid = Grid.of((NAME, COST), [("日本", "$1.00"), ("ab", "$2.00")])
    assert table_lines(grid, 100)[2:] == ["日本  $1.00", "ab    $2.00"]


@given(
    st.lists(st.decimals(min_value=0, max_value="1e15", places=2), min_size=1, max_size=6),
    st.integers(5, 60),
)
def test_every_number_is_there_in_full_at_any_width(values: list[Decimal], width: int) -> None:
    shown = [money(value) for value in values]
    columns = (NAME, COST, Column(header="again", align="decimal", priority=1))
    lines = table_lines(Grid.of(columns, [("x" * 30, each, each) for each in shown]), width)
    for line, each in zip(lines[2:], shown, strict=False):
        assert each in line


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_grid_that_can_give_way_stays_inside_the_width(width: int) -> None:
    columns = (
        NAME,
        COST,
        Column(header="why", wraps=True, priority=1),
        Column(header="more", align="decimal", priority=2),
    )
    rows = [("a-name-that-is-long " * 2, "$1.00", "several words " * 6, "$2.00")] * 3
    assert max(map(len, table_lines(Grid.of(columns, rows), width))) <= width

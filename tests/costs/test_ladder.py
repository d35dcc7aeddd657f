"""Searches over counts, against looking at every count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planner.costs.ladder import largest, steps


@given(turn=st.integers(0, 300), most=st.integers(1, 200))
def test_the_largest_count_for_which_it_holds(turn: int, most: int) -> None:
    assert largest(lambda count: count <= turn, most) == min(turn, most)


@given(turn=st.integers(0, 10_000))
def test_few_counts_are_looked_at(turn: int) -> None:
    asked: list[int] = []

    def holds(count: int) -> bool:
        asked.append(count)
        return count <= turn

    assert largest(holds, 100_000) == turn
    assert len(asked) <= 2 * turn.bit_length() + 2


@given(turns=st.lists(st.integers(1, 60), max_size=6), first=st.integers(1, 30))
def test_values_in_a_row_are_those_of_every_count(turns: list[int], first: int) -> None:
    def value(count: int) -> int:
        return sum(count > turn for turn in turns)

    found = [each for number, each in steps(first, 60, value) for _ in range(number)]
    assert found == [value(count) for count in range(first, 61)]


def test_no_count_is_nothing() -> None:
    assert list(steps(5, 4, str)) == []

"""Step times between grid points, and mixed steps made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.profiles import ProfileSteps
from planner.serving.profiles.steps import between
from planner.serving.steps import StepTimes
from tests.serving.profiles.support import profile

_STEPS = ProfileSteps(profile())

_GRID = [[3.0, 4.0, 7.0], [5.0, 9.0, 9.5], [5.0, 30.0, 31.0]]
_ROWS, _COLUMNS = (1, 2, 8), (10, 20, 80)


def test_a_profile_is_a_provider_of_step_times() -> None:
    # Type checked: the search takes anything of this shape.
    steps: StepTimes = _STEPS
    assert steps.decode_ms(1, 100) > 0


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_a_grid_point_comes_back_exactly(row: int, column: int) -> None:
    assert between(_ROWS, _COLUMNS, _GRID, _ROWS[row], _COLUMNS[column]) == _GRID[row][column]


def test_half_way_is_the_mean_of_four_corners() -> None:
    # (3 + 4 + 5 + 9) / 4
    assert between(_ROWS, _COLUMNS, _GRID, 1.5, 15) == pytest.approx(5.25)


@given(st.floats(1, 8), st.floats(10, 80))
def test_between_points_a_time_lies_between_their_times(row: float, column: float) -> None:
    assert 3.0 <= between(_ROWS, _COLUMNS, _GRID, row, column) <= 31.0


def test_beyond_the_axis_the_last_line_goes_on() -> None:
    # Row 8 from 80 on: (31 - 30) / (80 - 20) a column; row axis: (31 - 9.5) / 6 a row.
    assert between(_ROWS, _COLUMNS, _GRID, 8, 140) == pytest.approx(32.0)
    assert between(_ROWS, _COLUMNS, _GRID, 14, 80) == pytest.approx(52.5)


def test_below_the_axis_its_first_value_holds() -> None:
    assert between(_ROWS, _COLUMNS, _GRID, 0.2, 3) == 3.0


@given(st.floats(1, 8), st.floats(100, 4000))
def test_decode_follows_the_law_the_grid_was_made_of(b: float, length: float) -> None:
    assert _STEPS.decode_ms(b, length) == pytest.approx(5.0 + b + b * length / 1000)


def test_a_step_without_prefill_is_a_decode_step() -> None:
    assert _STEPS.mixed_ms(0, 0, 4, 500) == _STEPS.decode_ms(4, 500)


def test_a_mixed_step_adds_prefill_past_and_the_cache_of_decoding() -> None:
    # 500 tokens that attend to 1,250 on average have a past of 1,000: beside 4 sequences at 1,000
    # P(504) = 5.04, P(500 | 1000) - P(500 | 0) = 0.5, D(4, 1000) - D(4, 1) = 4 - 0.4.
    assert _STEPS.mixed_ms(500, 1250, 4, 1000) == pytest.approx(5.04 + 0.5 + 3.6)


def test_several_short_prompts_cost_less_attention_than_one_long_one() -> None:
    # 8 prompts of 1,000 attend to 500 each, one of 8,000 to 4,000: 3,500 past tokens less for
    # 8,000 tokens, at 1 ms per million pairs.
    one = _STEPS.mixed_ms(8000, 4000, 0, 0)
    assert one - _STEPS.mixed_ms(8000, 500, 0, 0) == pytest.approx(28.0)


def test_prefill_alone_needs_no_decoding_sequence() -> None:
    assert _STEPS.mixed_ms(1000, 500, 0, 0) == pytest.approx(_STEPS.prefill_ms(1000))


@given(
    st.lists(st.tuples(st.floats(0.5, 12), st.sampled_from([1.0, 90.0, 700.0, 5e4])), min_size=2)
)
def test_a_time_does_not_depend_on_what_was_asked_before(asked: list[tuple[float, float]]) -> None:
    subject = profile()
    steps = ProfileSteps(subject)
    for sequences, context in asked:
        assert steps.decode_ms(sequences, context) == between(
            subject.decode_sequences,
            subject.decode_context_tokens,
            subject.decode_ms,
            sequences,
            context,
        )

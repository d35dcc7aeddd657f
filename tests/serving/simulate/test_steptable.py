"""Many decode steps at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.simulate.steptable import TIME_TOLERANCE_MS, DecodeLines, steps_until
from tests.serving.simulate.support import Straight


def _total(steps: int, first: float, slope: float) -> float:
    return sum(first + slope * number for number in range(steps))


@given(
    gap=st.floats(0.0, 5e3),
    first=st.floats(0.5, 100.0),
    slope=st.one_of(st.just(0.0), st.just(1e-14), st.floats(0.0, 1.0)),
)
def test_the_fewest_steps_that_reach_over_a_gap(gap: float, first: float, slope: float) -> None:
    steps = steps_until(gap, first, slope)
    assert steps >= 1
    assert _total(steps, first, slope) >= gap - 2.0 * TIME_TOLERANCE_MS
    if steps > 1:
        assert _total(steps - 1, first, slope) < gap


@pytest.mark.parametrize(("gap", "steps"), [(0.0, 1), (10.0, 1), (10.1, 2), (30.0, 3), (30.1, 4)])
def test_a_gap_that_steps_fill_exactly_takes_no_step_more(gap: float, steps: int) -> None:
    assert steps_until(gap, 10.0, 0.0) == steps


def test_growing_steps_are_counted_by_hand() -> None:
    # 10, 12, 14, 16: sums 10, 22, 36, 52.
    assert [steps_until(gap, 10.0, 2.0) for gap in (22.0, 22.1, 36.0, 51.0)] == [2, 3, 3, 4]


def test_lines_pass_through_the_step_times() -> None:
    steps = Straight(base_ms=5.0, per_sequence_ms=1.0, per_context_token_ms=0.01)
    lines = DecodeLines(steps, host_ms_per_sequence=0.5, slowdown=2.0)
    first, slope, valid = lines.at(4, 100.25)
    # (5 + 4·(1 + 1.0025) + 4·0.5)·2, and 4 · 0.01 · 2 more a step.
    assert first == pytest.approx(30.02)
    assert slope == pytest.approx(0.08)
    # Contexts 100.25 … 127.25 lie before the bend at 128, and 128 itself may be used.
    assert valid == 28


def test_step_times_are_asked_for_once() -> None:
    class Counting(Straight):
        asked = 0

        def decode_ms(self, sequences: float, context_tokens: float) -> float:
            self.asked += 1
            return super().decode_ms(sequences, context_tokens)

    steps = Counting()
    lines = DecodeLines(steps, host_ms_per_sequence=0.0, slowdown=1.0)
    for context in (64.0, 70.0, 127.9):
        lines.at(3, context)
    assert steps.asked == 2


@pytest.mark.parametrize(
    ("context", "valid"),
    # Lines of 64 tokens up to 1,024, then of 128 up to 2,048, of 2,048 from 16,384 on.
    [(959.5, 1), (960.0, 65), (1024.0, 129), (2047.0, 2), (2048.0, 257), (16_500.0, 1933)],
)
def test_lines_are_longer_at_longer_contexts(context: float, valid: int) -> None:
    lines = DecodeLines(Straight(), host_ms_per_sequence=0.0, slowdown=1.0)
    assert lines.at(2, context)[2] == valid

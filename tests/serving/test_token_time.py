"""Time per output token at a percentile: by hand where nothing varies, and its laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.batching import Replica, largest_sequences, state_at
from planner.serving.lengths import Lengths
from planner.serving.token_time import falling_root, tpot_ms
from tests.serving.support import lengths_with, replica
from tests.serving.test_batching import RoundSteps


def _tpot(subject: Replica, sequences: float, percentile: float = 0.95) -> float:
    return tpot_ms(subject, state_at(subject, sequences), percentile)


def _with(lengths: Lengths) -> Replica:
    return replace(replica(RoundSteps(), kv_cache_tokens=1e9), lengths=lengths)


def test_one_output_token_has_no_time_per_output_token() -> None:
    assert _tpot(replica(output_tokens=1.0), 0.5) == 0.0


def test_an_idle_engine_takes_a_step_of_one_sequence() -> None:
    subject = replace(replica(RoundSteps()), host_ms_per_sequence=0.0)
    assert _tpot(subject, 1e-9) == pytest.approx(10.1, rel=1e-3)


def test_prompts_of_nothing_leave_the_variation_of_the_number() -> None:
    # One token a prompt; 50 decode, a request sees 51: 15.1 ms. Averaged over a stay the number has
    # variance 50·(1/(1 − G) − 1/3 − G/10), G = 0.1·50 ÷ 15.1 = 0.331: 56.4, 0.1 ms each: 0.751 ms,
    # 1.645 of them above the mean at the 95th percentile.
    subject = replace(replica(RoundSteps(), input_tokens=1.0), host_ms_per_sequence=0.0)
    assert _tpot(subject, 50.0) == pytest.approx(15.1 + 1.645 * 0.751, rel=0.01)


def test_a_request_never_sees_more_than_all_slots() -> None:
    # 52 slots, all taken most of the time: 10 + 0.1·52, prompts of one token.
    subject = replica(RoundSteps(), input_tokens=1.0, max_num_seqs=52)
    crowded = replace(subject, host_ms_per_sequence=0.0)
    assert _tpot(crowded, 51.0, 0.99) == pytest.approx(15.2, rel=0.005)


def test_short_answers_vary_most() -> None:
    # A quarter of the answers has a tenth of the tokens: the 95th percentile is theirs.
    even = lengths_with([(1.0, 2000, 400)])
    uneven = lengths_with([(0.25, 2000, 40), (0.75, 2000, 520)])
    assert even.output_tokens == uneven.output_tokens
    assert _tpot(_with(uneven), 30.0) > _tpot(_with(even), 30.0) * 1.02


def test_answers_of_one_token_do_not_count() -> None:
    # They have no time per token, and one step each.
    some = lengths_with([(0.5, 100, 1), (0.5, 100, 300)])
    assert _tpot(_with(some), 1e-6) == pytest.approx(10.1 + 0.04, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.01, 0.98),
    st.floats(0.01, 0.98),
    st.sampled_from([(1100.0, 210.0), (12_000.0, 340.0), (2050.0, 28.0), (1270.0, 1530.0)]),
    st.sampled_from([1.0, 2.0]),
)
def test_more_load_is_never_faster(
    load: float, other: float, lengths: tuple[float, float], cv: float
) -> None:
    subject = replica(input_tokens=lengths[0], output_tokens=lengths[1], cv=cv)
    top = largest_sequences(subject)
    near, far = (_tpot(subject, share * top) for share in sorted((load, other)))
    assert far >= near * (1 - 5e-3)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.9), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_a_higher_percentile_is_never_shorter(load: float, one: float, two: float) -> None:
    subject = replica()
    sequences = load * largest_sequences(subject)
    near, far = (_tpot(subject, sequences, p) for p in sorted((one, two)))
    assert far >= near * (1 - 1e-6)


@given(st.floats(0.01, 99.0), st.floats(0.01, 100.0))
def test_the_root_is_found_from_any_guess(root: float, guess: float) -> None:
    found = falling_root(lambda value: (root - value) * 0.3, guess, 100.0)
    assert found == pytest.approx(root, rel=1e-4, abs=1e-4)


def test_without_a_root_the_end_is_taken() -> None:
    assert falling_root(lambda _: 1.0, 3.0, 10.0) == pytest.approx(10.0)
    assert falling_root(lambda _: -1.0, 3.0, 10.0) == pytest.approx(0.0, abs=0.1)

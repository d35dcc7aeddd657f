"""How many sequences fit, by hand and by law."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.lengths import Lengths, fixed_lengths
from planner.serving.places import Limits, Places, cache_tokens_for, places_of
from tests.serving.support import lengths_with

_LENGTHS = fixed_lengths(1000.0, 200.0)

prompts = st.floats(1.0, 20_000.0)
answers = st.floats(1.0, 2_000.0)


def _places(
    *,
    seats: int = 256,
    budget: int = 8192,
    cache: float = 400_000.0,
    lengths: Lengths = _LENGTHS,
) -> Places:
    return places_of(
        lengths,
        Limits(max_num_seqs=seats, max_num_batched_tokens=budget, kv_cache_tokens=cache),
    )


def test_each_slot_holds_one_sequence() -> None:
    assert _places().slots == 256.0
    # 1,000 tokens at 500 − 40 a step: two steps more than the first, beside 200 of the answer.
    assert _places(seats=40, budget=500).slots == pytest.approx(40 / (1 + 2 / 200))


def test_a_step_holds_decoded_tokens_and_prompts() -> None:
    # 5.995 tokens a request and step: 0.995 decoded, 5 of its prompt.
    assert _places(budget=600).step == pytest.approx(600 / 5.995)


def test_the_cache_holds_what_sequences_hold_on_average() -> None:
    # 1,000 + 200/2 and half a block of 15 tokens in 199 of 200 steps, 1,200 in the first one;
    # half a prompt lies idle: (12,000 − 500) ÷ (1,107.5·0.995 + 6).
    assert _places(cache=12_000.0).cache == pytest.approx(11_500 / (1107.5 * 0.995 + 6), rel=1e-9)


def test_long_prompts_leave_more_of_the_cache_idle() -> None:
    even = lengths_with([(1.0, 1000, 200)])
    uneven = lengths_with([(0.9, 500, 200), (0.1, 5500, 200)])
    assert even.context_tokens == pytest.approx(uneven.context_tokens)
    assert (
        _places(cache=50_000.0, lengths=uneven).cache < _places(cache=50_000.0, lengths=even).cache
    )


def test_one_sequence_that_fits_is_held() -> None:
    assert _places(cache=1200.0).cache == pytest.approx(1.0)
    assert _places(cache=600.0).cache == pytest.approx(0.5)


def test_the_smallest_bound_counts() -> None:
    found = _places(cache=60_000.0)
    assert found.most == found.held == found.cache
    assert found.cache_bound
    assert not _places().cache_bound
    assert _places(budget=600).most == _places(budget=600).step < _places(budget=600).held


@given(prompts, answers, st.floats(1.0, 500.0))
def test_a_cache_made_for_some_sequences_holds_them(
    prompt: float, answer: float, sequences: float
) -> None:
    lengths = fixed_lengths(prompt, answer)
    cache = cache_tokens_for(lengths, sequences)
    assert _places(budget=10**9, cache=cache, lengths=lengths).cache == pytest.approx(
        sequences, rel=1e-6
    )


@given(prompts, answers, st.floats(1e3, 1e6), st.floats(1.0, 10.0))
def test_a_larger_cache_never_holds_less(
    prompt: float, answer: float, cache: float, factor: float
) -> None:
    lengths = fixed_lengths(prompt, answer)
    small, large = (_places(cache=c, lengths=lengths) for c in (cache, cache * factor))
    assert large.cache >= small.cache * (1 - 1e-9)


@given(prompts, answers, st.integers(1, 512), st.integers(1, 512))
def test_more_slots_never_hold_less(prompt: float, answer: float, one: int, two: int) -> None:
    lengths = fixed_lengths(prompt, answer)
    few, many = (_places(seats=seats, lengths=lengths) for seats in sorted((one, two)))
    assert many.held >= few.held * (1 - 1e-9)


@given(prompts, answers, st.floats(1e3, 1e6))
def test_what_is_held_on_average_fits_into_the_cache(
    prompt: float, answer: float, cache: float
) -> None:
    lengths = fixed_lengths(prompt, answer)
    found = _places(cache=cache, lengths=lengths).cache
    if found > 1.0:
        assert found * lengths.context_tokens <= cache

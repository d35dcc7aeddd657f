"""The steady state of continuous batching, by hand on steps of round times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.batching import Replica, largest_sequences, state_at
from tests.serving.support import replica


@dataclass(frozen=True)
class RoundSteps:
    """10 ms a step, 0.1 ms a sequence, 0.01 ms a prompt token."""

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        return 10.0 + 0.1 * sequences

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return 10.0 + 0.1 * sequences + 0.01 * prefill_tokens


def _round(**changes: float) -> Replica:
    plain = replica(RoundSteps(), **changes)  # type: ignore[arg-type]
    return replace(plain, host_ms_per_sequence=0.0)


def test_state_by_hand() -> None:
    # 20 sequences, 1,000 prompt tokens for 200 output tokens: 100 prompt tokens a step, so one
    # step in ten has a chunk of 1,000. Steps: 12 and 22 ms, 13 on average.
    state = state_at(_round(), 20.0)
    assert state.chunk_tokens == 1000.0
    assert state.mixed_share == pytest.approx(0.1)
    assert (state.decode_step_ms, state.mixed_step_ms) == pytest.approx((12.0, 22.0))
    assert state.mean_step_ms == pytest.approx(13.0)
    assert state.rate_rps == pytest.approx(20 / (13.0 * 200) * 1e3)


def test_many_prompts_share_a_chunk() -> None:
    # 400 sequences: 2,000 prompt tokens a step, taken in by every step.
    state = state_at(_round(max_num_seqs=512), 400.0)
    assert (state.chunk_tokens, state.mixed_share) == (2000.0, 1.0)


def test_a_chunk_leaves_room_for_the_decoded_tokens() -> None:
    state = state_at(_round(input_tokens=50_000.0, max_num_batched_tokens=2048), 48.0)
    assert state.chunk_tokens == 2000.0


def test_the_host_works_for_every_sequence() -> None:
    state = state_at(replace(_round(), host_ms_per_sequence=0.05), 20.0)
    assert state.decode_step_ms == pytest.approx(13.0)


def test_a_slowdown_stretches_every_step() -> None:
    state = state_at(replace(_round(), slowdown=2.0), 20.0)
    assert state.mean_step_ms == pytest.approx(26.0)
    assert state.rate_rps == pytest.approx(state_at(_round(), 20.0).rate_rps / 2)


def test_less_than_one_sequence_takes_the_step_of_one() -> None:
    assert state_at(_round(), 0.01).decode_step_ms == pytest.approx(10.1)


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 256.0),
        ({"kv_cache_tokens": 12_000.0}, 10.0),
        # 6 tokens a request and step: 5 of its prompt, 1 decoded.
        ({"max_num_batched_tokens": 600}, 100.0),
    ],
)
def test_sequences_are_bounded_by_slots_cache_and_step(
    changes: dict[str, float], most: float
) -> None:
    assert largest_sequences(_round(**changes)) == pytest.approx(most)


@given(st.floats(0.1, 256.0), st.floats(20.0, 8_000.0), st.floats(1.0, 2_000.0))
def test_tokens_are_conserved(sequences: float, prompt: float, answer: float) -> None:
    subject = _round(input_tokens=prompt, output_tokens=answer)
    state = state_at(subject, min(sequences, largest_sequences(subject)))
    taken_in = state.mixed_share * state.chunk_tokens / state.mean_step_ms
    assert taken_in == pytest.approx(state.rate_per_ms * prompt, rel=1e-6)

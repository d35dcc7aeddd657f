"""The steady state of continuous batching, by hand on steps of round times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.batching import Replica, largest_sequences, state_at
from tests.serving.support import LLAMA_70B, gpu, lengths_with, replica, steps


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


@dataclass(frozen=True)
class FreeTokens(RoundSteps):
    """The first 1,500 tokens of a step cost nothing, the others 0.01 ms."""

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        beyond = max(prefill_tokens - 1500.0, 0.0)
        return 10.0 + 0.1 * sequences + 0.01 * beyond


def _round(**changes: float) -> Replica:
    plain = replica(RoundSteps(), **changes)  # type: ignore[arg-type]
    return replace(plain, host_ms_per_sequence=0.0)


def test_state_by_hand() -> None:
    # 20 sequences, 19.9 of them decoding; a request sees them and itself. Prompts of 1,000 tokens
    # cost 10 ms, 20 ÷ 200 of them come per token: 1 ms. 10 + 0.1·20.9 + 1 = 13.09, of which
    # 7.6 % are prompts: 1 ÷ (1 − 0.076) − 1 = 0.083 sequences more, 0.008 ms. The own prompt's
    # step lets in 0.076 more, 0.77 ms over 199 tokens: 0.004 ms.
    state = state_at(_round(), 20.0)
    assert state.decode_step_ms == pytest.approx(11.99)
    assert state.prompt_ms == pytest.approx(10.0, rel=1e-3)
    assert state.mean_step_ms == pytest.approx(13.102, abs=0.002)
    assert state.rate_rps == pytest.approx(20 / (13.102 * 200) * 1e3, rel=2e-4)
    # Little: 20 = rate · 200 tokens · time per token.
    assert state.rate_per_ms * 200 * state.mean_step_ms == pytest.approx(20.0)


def test_a_full_engine_shows_nobody_more_than_its_slots() -> None:
    # 64 slots, 63.68 decoding, and 64/200 prompts a step: 10 + 0.1·64 + 10·0.32.
    state = state_at(_round(max_num_seqs=64), 64.0)
    assert state.wait_chance == 1.0
    assert state.mean_step_ms == pytest.approx(10 + 6.368 + 3.2, rel=1e-3)


def test_two_prompts_in_a_step_cost_more_than_one_in_each_of_two() -> None:
    # A prompt of 1,000 is free alone, two take 5 ms: the work is that of their random number.
    subject = replace(replica(FreeTokens(), output_tokens=400.0), host_ms_per_sequence=0.0)
    few, many = state_at(subject, 4.0), state_at(subject, 200.0)
    assert few.prompt_ms < 0.05
    # Half a prompt a step on average: P(2) = 7.6 %, P(3) = 1.3 %, P(4) = 0.2 % (Poisson), for 5,
    # 15 and 25 ms, a little more since prompts stretch steps: 0.6 ms a step, 1.2 a prompt.
    assert many.prompt_ms == pytest.approx(1.2, rel=0.25)


def test_prompts_beyond_a_step_take_whole_chunks() -> None:
    # 50,000 tokens at 2,000 a step: 25 chunks of 20 ms.
    state = state_at(_round(input_tokens=50_000.0, max_num_batched_tokens=2048), 1.0)
    assert state.prompt_ms == pytest.approx(500.0, rel=0.01)
    assert state.full_step_ms == pytest.approx(10.1 + 0.01 * 2047, rel=1e-3)


def test_the_host_works_for_every_sequence() -> None:
    state = state_at(replace(_round(), host_ms_per_sequence=0.05), 20.0)
    assert state.decode_step_ms == pytest.approx(11.99 + 0.05 * 19.9)


def test_a_slowdown_stretches_every_step() -> None:
    plain, slow = state_at(_round(), 20.0), state_at(replace(_round(), slowdown=2.0), 20.0)
    assert slow.mean_step_ms == pytest.approx(2 * plain.mean_step_ms)
    assert slow.rate_rps == pytest.approx(plain.rate_rps / 2)


def test_less_than_one_sequence_takes_the_step_of_one() -> None:
    state = state_at(_round(), 1e-6)
    assert state.decode_step_ms == pytest.approx(10.1)
    assert state.mean_step_ms == pytest.approx(10.1, rel=1e-3)


def test_a_fixed_number_in_flight_has_no_chance_company() -> None:
    # 20 in flight: 19.9 decode at any time, and a prompt comes with every tenth token.
    state = state_at(replace(_round(), arrival_cv2=0.0), 20.0)
    assert state.mean_step_ms == pytest.approx(11.99 + 1.0, rel=0.01)


def test_companions_are_decoded_together() -> None:
    # Gaps of ca² = 4 bring up to three more: 0.1 ms each, and their prompts.
    plain, bursty = state_at(_round(), 20.0), state_at(replace(_round(), arrival_cv2=4.0), 20.0)
    assert bursty.dispersion == pytest.approx(3.86, abs=0.03)
    assert bursty.mean_step_ms - plain.mean_step_ms == pytest.approx(0.1 * 2.86, rel=0.6)


def test_companions_of_long_answers_are_met_by_few() -> None:
    # Half the answers are over after a tenth of the others' time: E[min] ÷ E[O] = 0.55.
    mixed = lengths_with([(0.5, 1000, 40), (0.5, 1000, 400)])
    assert mixed.overlap == pytest.approx((0.75 * 40 + 0.25 * 400) / 220)
    subject = replace(_round(), arrival_cv2=4.0)
    uneven = replace(subject, lengths=mixed)
    assert state_at(uneven, 20.0).dispersion < state_at(subject, 20.0).dispersion


def test_a_full_cache_computes_prompts_again() -> None:
    # 40 places of cache and 256 slots: every token freed is taken by a prompt too early, so
    # 200 + 1,000 tokens are computed for each answer of 1,000.
    subject = _round(input_tokens=200.0, output_tokens=1000.0, kv_cache_tokens=29_000.0)
    state = state_at(subject, largest_sequences(subject))
    assert state.prompts * 200.0 / state.sequences * 1000.0 == pytest.approx(1200.0, rel=0.01)


lengths = st.tuples(st.floats(20.0, 8_000.0), st.floats(2.0, 2_000.0))
shares = st.floats(0.001, 1.0)


@settings(max_examples=80, deadline=None)
@given(lengths, shares, st.sampled_from([0.0, 1.0, 4.0, 9.0]))
def test_prompts_take_the_share_of_time_they_need(
    tokens: tuple[float, float], share: float, arrival_cv2: float
) -> None:
    plain = _round(input_tokens=tokens[0], output_tokens=tokens[1])
    subject = replace(plain, arrival_cv2=arrival_cv2)
    state = state_at(subject, share * largest_sequences(subject))
    # 0.01 ms a token, however they are cut.
    assert state.prompt_ms == pytest.approx(0.01 * tokens[0], rel=0.02)
    assert state.rate_per_ms * state.prompt_ms < 1.0


@settings(max_examples=60, deadline=None)
@given(
    lengths,
    st.sampled_from(["L4", "L40S", "H100", "B200"]),
    shares,
    shares,
    st.sampled_from([1.0, 4.0]),
)
def test_more_load_never_lowers_utilisation(
    tokens: tuple[float, float], device: str, one: float, other: float, arrival_cv2: float
) -> None:
    subject = replica(
        steps(accelerator=gpu(device)), input_tokens=tokens[0], output_tokens=tokens[1]
    )
    subject = replace(subject, arrival_cv2=arrival_cv2)
    top = largest_sequences(subject)
    low, high = (state_at(subject, share * top) for share in sorted((one, other)))
    assert high.rate_rps >= low.rate_rps * (1 - 0.02)


@settings(max_examples=60, deadline=None)
@given(lengths, shares, st.sampled_from([1.0, 4.0]))
def test_a_step_takes_between_one_sequence_and_a_full_chunk(
    tokens: tuple[float, float], share: float, arrival_cv2: float
) -> None:
    subject = replica(
        steps(LLAMA_70B, tensor_parallel_size=4), input_tokens=tokens[0], output_tokens=tokens[1]
    )
    subject = replace(subject, arrival_cv2=arrival_cv2)
    state = state_at(subject, share * largest_sequences(subject))
    shortest = state_at(subject, 1e-9).decode_step_ms
    assert shortest * (1 - 1e-9) <= state.mean_step_ms
    assert state.decode_step_ms <= state.mixed_step_ms <= state.full_step_ms * (1 + 1e-9)
    crowded = state.seen_ms + state.full_step_ms - state.decode_step_ms
    assert state.mean_step_ms <= crowded * (1 + 1e-9)

"""Percentiles of TTFT and TPOT in a steady state."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.batching import Replica, largest_sequences, state_at
from planner.serving.latency import Latency, latency_at
from planner.serving.operating import operating_at
from tests.serving.support import gpu, replica, slo, steps
from tests.serving.test_batching import RoundSteps


def _latency(subject: Replica, sequences: float, percentile: float = 0.95) -> Latency:
    full = state_at(subject, largest_sequences(subject))
    state = state_at(subject, sequences)
    return latency_at(subject, state, full, ttft_percentile=percentile, tpot_percentile=percentile)


def test_an_idle_engine_takes_front_end_and_prompt() -> None:
    subject = replace(replica(RoundSteps()), host_ms_per_sequence=0.0)
    found = _latency(subject, 1e-9)
    # 30 ms + one step with 1,000 prompt tokens; then a step of one sequence for each token.
    assert found.ttft_ms == pytest.approx(30.0 + 20.0)
    assert found.tpot_ms == pytest.approx(10.1)


def test_a_long_prompt_takes_several_steps() -> None:
    subject = replace(
        replica(RoundSteps(), input_tokens=10_000.0, max_num_batched_tokens=4096),
        host_ms_per_sequence=0.0,
    )
    # Three steps of 3,333 tokens.
    assert _latency(subject, 1e-9).ttft_ms == pytest.approx(30.0 + 3 * (10.0 + 100.0 / 3))


def test_the_prompt_at_the_percentile_counts() -> None:
    plain = replica()
    long = replace(plain, lengths=replace(plain.lengths, input_at_percentile=8000.0))
    assert _latency(long, 1e-6).ttft_ms > 3 * _latency(plain, 1e-6).ttft_ms


def test_a_request_waits_for_the_rest_of_the_step_under_way() -> None:
    # Prompts of one token: every step takes 12 ms for 20 sequences, and nothing else varies worth
    # a microsecond. Half of it on average, 95 % of it at the percentile, 1 ms more by gamma scores.
    subject = replace(replica(RoundSteps(), input_tokens=1.0), host_ms_per_sequence=0.0)
    assert _latency(subject, 20.0).ttft_ms == pytest.approx(30.0 + 0.95 * 12.0 + 12.01, abs=1.3)


def test_a_prompt_attends_to_the_cached_prefix_before_it() -> None:
    plain = replica()
    cached = replace(plain, lengths=replace(plain.lengths, cached_tokens=60_000.0))
    # 1,000 tokens attending to 60,000 more, 524,288 FLOPs a pair, on 0.7 x 989 TFLOPS.
    longer = 1000 * 60_000 * 524_288 / (0.7 * 989e9)
    difference = _latency(cached, 1e-9).ttft_ms - _latency(plain, 1e-9).ttft_ms
    assert difference == pytest.approx(longer, rel=1e-6)


def test_one_output_token_has_no_time_per_output_token() -> None:
    assert _latency(replica(output_tokens=1.0), 0.5).tpot_ms == 0.0


def test_time_per_output_token_lies_between_a_lone_step_and_a_full_chunk() -> None:
    subject = replica(steps(accelerator=gpu("L4")), input_tokens=1100.0, kv_cache_tokens=25_000.0)
    found = _latency(subject, 8.0)
    state = state_at(subject, 8.0)
    assert state.decode_step_ms < state.mean_step_ms < found.tpot_ms < state.full_step_ms


def test_ttft_is_endless_when_every_slot_is_always_taken() -> None:
    subject = replica(kv_cache_tokens=12_000.0)
    assert math.isinf(_latency(subject, largest_sequences(subject)).ttft_ms)


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
    low, high = sorted((load, other))
    near, far = _latency(subject, low * top), _latency(subject, high * top)
    assert far.ttft_ms >= near.ttft_ms * (1 - 1e-6)
    assert far.tpot_ms >= near.tpot_ms * (1 - 1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.9), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_a_higher_percentile_is_never_shorter(load: float, one: float, two: float) -> None:
    subject = replica()
    sequences = load * largest_sequences(subject)
    low, high = sorted((one, two))
    near, far = _latency(subject, sequences, low), _latency(subject, sequences, high)
    assert far.ttft_ms >= near.ttft_ms * (1 - 1e-6)
    assert far.tpot_ms >= near.tpot_ms * (1 - 1e-6)


def test_bursts_make_both_longer() -> None:
    plain, bursty = replica(), replica(cv=2.0)
    for sequences in (5.0, 40.0):
        near, far = _latency(plain, sequences), _latency(bursty, sequences)
        assert far.ttft_ms > near.ttft_ms
        assert far.tpot_ms > near.tpot_ms


# From iteration-level simulations of 24,000 requests on the same step times: Llama 3.1 8B,
# 400,000 tokens of cache, 8,192 tokens a step, at half of capacity. Lengths, variation of gaps,
# requests per second, and the 95th percentiles.
_SIMULATED = [
    ((1100.0, 210.0), 1.0, 9.25, 102.7, 14.78),
    ((12_000.0, 340.0), 1.0, 0.77, 708.9, 24.77),
    ((2050.0, 28.0), 1.0, 9.17, 208.3, 27.27),
    ((1270.0, 1530.0), 1.0, 1.41, 80.0, 13.55),
    ((1100.0, 210.0), 2.0, 9.25, 240.6, 19.82),
    ((1270.0, 1530.0), 2.0, 1.41, 165.5, 16.42),
]


@pytest.mark.parametrize(("lengths", "cv", "rate_rps", "ttft_ms", "tpot_ms"), _SIMULATED)
def test_both_are_near_a_simulation(
    lengths: tuple[float, float], cv: float, rate_rps: float, ttft_ms: float, tpot_ms: float
) -> None:
    subject = replica(input_tokens=lengths[0], output_tokens=lengths[1], cv=cv)
    found = operating_at(subject, rate_rps, slo())
    assert found.ttft_ms == pytest.approx(ttft_ms, rel=0.15)
    assert found.tpot_ms == pytest.approx(tpot_ms, rel=0.06)

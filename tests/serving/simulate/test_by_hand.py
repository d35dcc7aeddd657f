"""Small runs whose every step was worked out on paper."""

from __future__ import annotations

import pytest

from planner.serving.simulate import WHOLE, Workload, burst, closed_loop, simulate
from tests.serving.simulate.support import Straight, engine, equal, request


def test_three_requests_share_an_engine_for_two() -> None:
    """A step takes 10 ms, 1 ms a decoded sequence and 0.5 ms a prompt token; 32 tokens fit.

    5 ms: 32 tokens of A, 26 ms. 31 ms: 8 of A and 8 of B, 18 ms; both have their first token at
    49 ms, and C has no place. 49 ms: A and B decode, 12 ms; B ends at 61 ms. Then A decodes beside
    the 4 tokens of C, 13 ms, and both end at 74 ms.
    """
    workload = Workload(
        requests=(request(40, 3, 0.0), request(8, 2, 10.0), request(4, 1, 12.0)),
        arrivals="open_loop",
    )
    steps = Straight(base_ms=10.0, per_sequence_ms=1.0, per_prompt_token_ms=0.5)
    limits = engine(max_num_seqs=2, max_num_batched_tokens=32, front_end_ms=5.0)
    result = simulate(workload, steps, limits, cutoff=WHOLE)
    assert result.timeline.first_token_ms == (49.0, 49.0, 74.0)
    assert result.timeline.finish_ms == (74.0, 61.0, 74.0)
    assert result.ttft_ms.values == (39.0, 49.0, 62.0)
    assert result.e2e_ms.values == (51.0, 62.0, 74.0)
    # (74 − 49) ÷ 2 and (61 − 49) ÷ 1; C has one token only.
    assert result.tpot_ms.values == (12.0, 12.5)
    assert (result.steps, result.output_tokens, result.computed_tokens) == (4, 6, 55)
    assert result.makespan_s == pytest.approx(0.074)
    assert result.busy_share == pytest.approx(69.0 / 74.0)
    # Two decoded sequences, then one; no decode in the two steps before.
    assert result.mean_batch == pytest.approx(3.0 / 4.0)
    assert result.request_rps == pytest.approx(3.0 / 0.074)
    assert result.output_tokens_per_s == pytest.approx(6.0 / 0.074)
    assert (result.peak_sequences, result.peak_step_tokens) == (2, 32)


def test_the_younger_of_two_is_sent_back_when_the_cache_is_full() -> None:
    """Four blocks of 4 tokens; two requests of 4 + 6 tokens, 10 ms a step.

    Step 1 takes both prompts in, steps 2 to 5 decode to 8 tokens each, which is all four blocks.
    Step 6 would need two more: B goes, 8 tokens are lost, and A ends at 60 ms. Step 7 computes
    B's 4 prompt tokens and 5 output tokens anew and gives its last token at 70 ms.
    """
    limits = engine(max_num_batched_tokens=32, kv_cache_tokens=16, block_tokens=4)
    result = simulate(burst(equal(2, 4, 6)), Straight(base_ms=10.0), limits)
    assert result.timeline.first_token_ms == (10.0, 10.0)
    assert result.timeline.finish_ms == (60.0, 70.0)
    assert result.timeline.preemptions == (0, 1)
    assert result.lost_tokens == 8
    # 8 prompt tokens, 8 decoded beside each other, 1 of A alone, 9 of B again.
    assert result.computed_tokens == 26
    assert result.peak_kv_tokens == 16


def test_a_prompt_waits_until_all_of_it_fits_into_the_cache() -> None:
    """Six blocks of 4 tokens: A holds one to begin with and three at its end, B needs five.

    A: prompt in step 1, tokens 2 to 9 in steps 2 to 9, over at 90 ms; B could enter beside one
    block of A, but A takes its second in the very step it would. B: step 10.
    """
    limits = engine(max_num_batched_tokens=32, kv_cache_tokens=24, block_tokens=4)
    workload = Workload(requests=(request(4, 9), request(20, 1, 1.0)), arrivals="open_loop")
    result = simulate(workload, Straight(base_ms=10.0), limits)
    assert result.timeline.finish_ms == (90.0, 100.0)
    assert result.preemptions == 0


def test_the_context_of_a_decode_step_counts_its_own_token() -> None:
    """1 ms a token of context: a prompt of 10 is followed by steps of 11, 12 and 13 ms."""
    steps = Straight(base_ms=0.0, per_context_token_ms=1.0, per_prompt_token_ms=1.0)
    result = simulate(burst((request(10, 4),)), steps, engine())
    assert result.timeline.first_token_ms == (10.0,)
    assert result.timeline.finish_ms == (10.0 + 11.0 + 12.0 + 13.0,)


def test_prompt_tokens_attend_to_what_came_before_them() -> None:
    """1 ms a pair: chunks of 8 and 4 tokens have 8·4 pairs, then 4·(8 + 2)."""
    steps = Straight(base_ms=0.0, per_pair_ms=1.0)
    result = simulate(burst((request(12, 1),)), steps, engine(max_num_batched_tokens=8))
    assert result.timeline.first_token_ms == (32.0 + 40.0,)


def test_host_time_is_added_for_each_sequence_and_slowed_down_too() -> None:
    """Two prompts: 10 + 2·3 ms, and the same for two decoded sequences; all twice as slow."""
    limits = engine(host_ms_per_sequence=3.0, slowdown=2.0, front_end_ms=7.0)
    result = simulate(burst(equal(2, 4, 2)), Straight(base_ms=10.0), limits)
    assert result.timeline.first_token_ms == (39.0, 39.0)
    assert result.timeline.finish_ms == (71.0, 71.0)


def test_a_closed_loop_sends_the_next_request_when_one_ends() -> None:
    """One in flight, 5 ms to the engine, two steps of 10 ms each."""
    workload = Workload(requests=equal(3, 4, 2), arrivals="closed_loop", in_flight=1)
    result = simulate(workload, Straight(base_ms=10.0), engine(front_end_ms=5.0))
    assert result.timeline.arrival_ms == (0.0, 25.0, 50.0)
    assert result.timeline.finish_ms == (25.0, 50.0, 75.0)


def test_a_closed_loop_starts_over_its_ramp() -> None:
    """Two in flight, the second after 50 ms; each takes 20 ms, so the first slot comes round first.

    Sent at 0, 20, 40 and 60 in one slot, at 50 and 70 in the other.
    """
    workload = closed_loop(equal(6, 4, 2), in_flight=2, ramp_ms=100.0)
    result = simulate(workload, Straight(base_ms=10.0), engine(), cutoff=WHOLE)
    assert result.timeline.arrival_ms == (0.0, 20.0, 40.0, 50.0, 60.0, 70.0)

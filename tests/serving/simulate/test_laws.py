"""What must hold for every run."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.batching import Limits, Replica
from planner.serving.lengths import lengths_of
from planner.serving.queueing import full_state
from planner.serving.simulate import (
    WHOLE,
    Engine,
    SimRequest,
    SimResult,
    Workload,
    burst,
    closed_loop,
    draw_requests,
    open_loop,
    simulate,
)
from tests.serving.simulate.support import Straight, demand, engine, equal, request

_CHAT = demand(("0.3", 120, 60), ("0.5", 300, 150), ("0.2", 700, 300))
_STEPS = Straight(
    base_ms=8.0, per_sequence_ms=0.05, per_context_token_ms=5e-5, per_prompt_token_ms=0.02
)
_ENGINE = engine(
    max_num_seqs=32, max_num_batched_tokens=1024, kv_cache_tokens=40_000, front_end_ms=20.0
)

_SOME = settings(max_examples=50)


@st.composite
def _runs(draw: st.DrawFn) -> tuple[Workload, Engine]:
    count = draw(st.integers(1, 25))
    gaps = draw(st.lists(st.floats(0.0, 300.0), min_size=count, max_size=count))
    moment, requests = 0.0, list[SimRequest]()
    for gap in gaps:
        moment += gap
        prefix = draw(st.sampled_from([None, 0, 1]))
        requests.append(
            request(
                draw(st.integers(1, 200)),
                draw(st.integers(1, 80)),
                moment,
                prefix=prefix,
                prefix_tokens=64 if prefix is not None else 0,
            )
        )
    limits = engine(
        max_num_seqs=draw(st.integers(1, 8)),
        max_num_batched_tokens=draw(st.integers(8, 256)),
        kv_cache_tokens=draw(st.integers(288, 1200)),
        prefix_caching=draw(st.booleans()),
        front_end_ms=draw(st.sampled_from([0.0, 25.0])),
    )
    workload = Workload(requests=tuple(requests), arrivals="open_loop")
    if draw(st.booleans()):
        workload = closed_loop(requests, in_flight=draw(st.integers(1, 10)))
    return workload, limits


def _of(run: tuple[Workload, Engine], steps: Straight = _STEPS) -> SimResult:
    workload, limits = run
    return simulate(workload, steps, limits, cutoff=WHOLE)


@_SOME
@given(_runs())
def test_every_request_is_served_in_full(run: tuple[Workload, Engine]) -> None:
    result = _of(run)
    # The smallest cache holds the longest request: 279 tokens, 18 blocks of 16.
    assert (result.completed, result.refused) == (len(run[0].requests), 0)
    assert result.output_tokens == sum(r.output_tokens for r in run[0].requests)


@_SOME
@given(_runs())
def test_computed_tokens_are_those_needed_and_those_lost(run: tuple[Workload, Engine]) -> None:
    result = _of(run)
    needed = sum(r.input_tokens + r.output_tokens - 1 for r in run[0].requests)
    assert result.computed_tokens == needed - result.cached_tokens + result.lost_tokens


@_SOME
@given(_runs())
def test_no_limit_of_the_engine_is_ever_exceeded(run: tuple[Workload, Engine]) -> None:
    steps = replace(_STEPS)
    result, limits = _of(run, steps), run[1]
    assert result.peak_kv_tokens <= limits.kv_cache_tokens
    assert result.peak_sequences <= limits.max_num_seqs
    assert result.peak_step_tokens <= limits.max_num_batched_tokens
    assert steps.most_sequences <= limits.max_num_seqs
    assert steps.most_tokens <= limits.max_num_batched_tokens


@_SOME
@given(_runs())
def test_the_engine_works_whenever_a_request_is_there(run: tuple[Workload, Engine]) -> None:
    result = _of(run)
    ends = zip(result.timeline.arrival_ms, result.timeline.finish_ms, strict=True)
    present = sorted((start + run[1].front_end_ms, end) for start, end in ends)
    busy, until = 0.0, -math.inf
    for start, end in present:
        busy += max(end - max(start, until), 0.0)
        until = max(until, end)
    assert result.busy_share * result.window_s * 1e3 == pytest.approx(busy, abs=1e-3)


@_SOME
@given(_runs())
def test_first_tokens_come_in_the_order_of_arrival(run: tuple[Workload, Engine]) -> None:
    first = _of(run).timeline.first_token_ms
    assert list(first) == sorted(first)


@_SOME
@given(_runs())
def test_nothing_is_sent_back_while_the_cache_has_room(run: tuple[Workload, Engine]) -> None:
    workload, limits = run
    # Every place taken by the longest request, and both prefixes kept.
    room = limits.max_num_seqs * 288 + 2 * 64
    result = _of((workload, replace(limits, kv_cache_tokens=room)))
    assert (result.preemptions, result.lost_tokens) == (0, 0)


@_SOME
@given(_runs())
def test_a_request_sent_back_leaves_a_cache_that_was_full(run: tuple[Workload, Engine]) -> None:
    result = _of(run)
    if result.preemptions:
        # The next step needed at most one block more for each sequence.
        spare = run[1].max_num_seqs * run[1].block_tokens
        assert result.peak_kv_tokens > run[1].kv_cache_tokens - spare - run[1].block_tokens


@_SOME
@given(_runs())
def test_no_request_is_faster_than_alone(run: tuple[Workload, Engine]) -> None:
    workload, limits = run
    if limits.prefix_caching:
        return
    result = _of(run)
    for number, single in enumerate(workload.requests):
        alone = _of((burst((single,)), limits))
        took = result.timeline.finish_ms[number] - result.timeline.arrival_ms[number]
        assert took >= alone.timeline.finish_ms[0] - 1e-6


def test_throughput_is_never_above_places_over_the_shortest_step() -> None:
    requests = draw_requests(_CHAT, 600, seed=3)
    mean = sum(r.output_tokens for r in requests) / len(requests)
    for places in (1, 4, 16):
        limits = replace(_ENGINE, max_num_seqs=places)
        result = simulate(closed_loop(requests, in_flight=3 * places), _STEPS, limits)
        assert result.request_rps <= places / (_STEPS.base_ms * mean) * 1e3


def test_a_full_engine_with_free_prompts_serves_places_over_step_and_length() -> None:
    """Each request takes a place for as many steps as it has output tokens: 8 ÷ (5 ms · 20)."""
    result = simulate(
        closed_loop(equal(800, 16, 20), in_flight=8),
        Straight(base_ms=5.0),
        engine(max_num_seqs=8, max_num_batched_tokens=256),
    )
    assert result.request_rps == pytest.approx(80.0, rel=0.01)
    assert result.busy_share == pytest.approx(1.0)


def test_a_full_engine_serves_what_the_analytic_model_says() -> None:
    mixed = draw_requests(_CHAT, 2500, seed=1)
    result = simulate(closed_loop(mixed, in_flight=64), _STEPS, _ENGINE)
    replica = Replica(
        steps=_STEPS,
        lengths=lengths_of(_CHAT, ttft_percentile=95),
        limits=Limits(max_num_seqs=32, max_num_batched_tokens=1024, kv_cache_tokens=40_000.0),
        arrival_cv2=1.0,
        host_ms_per_sequence=0.0,
        front_end_ms=20.0,
    )
    assert result.request_rps == pytest.approx(full_state(replica).rate_rps, rel=0.03)


def test_more_load_never_lowers_utilisation() -> None:
    requests = draw_requests(_CHAT, 800, seed=5)
    runs = [
        simulate(open_loop(requests, rate_rps=rate, seed=5), _STEPS, _ENGINE, capacity_rps=20.0)
        for rate in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    ]
    busy = [round(result.busy_share, 9) for result in runs]
    load = [result.load_share or 0.0 for result in runs]
    batch = [result.mean_batch for result in runs]
    assert busy == sorted(busy)
    assert load == sorted(load)
    assert batch == sorted(batch)


def test_at_light_load_the_first_token_takes_front_end_and_prompt() -> None:
    """One request a minute never meets another: 20 + 8 + 0.02 · 100 ms."""
    lonely = Workload(
        requests=tuple(request(100, 50, 60_000.0 * n) for n in range(20)), arrivals="open_loop"
    )
    result = simulate(lonely, _STEPS, _ENGINE)
    assert result.ttft_ms.values == pytest.approx([30.0] * len(result.ttft_ms.values))


def test_one_place_and_one_token_is_a_queue_with_poisson_arrivals_and_equal_service() -> None:
    """Mean wait ρ·D ÷ (2·(1 − ρ)) (Pollaczek-Khinchine): D = 10 ms, ρ = 0.6 gives 7.5 ms."""
    limits = engine(max_num_seqs=1)
    workload = open_loop(equal(30_000, 16, 1), rate_rps=60.0, seed=11)
    result = simulate(workload, Straight(base_ms=10.0), limits)
    assert result.ttft_ms.mean == pytest.approx(17.5, rel=0.04)
    assert result.busy_share == pytest.approx(0.6, rel=0.02)


def test_requests_in_flight_are_rate_times_stay() -> None:
    requests = draw_requests(_CHAT, 1500, seed=2)
    result = simulate(closed_loop(requests, in_flight=20), _STEPS, _ENGINE)
    assert result.e2e_ms.mean is not None
    assert result.request_rps * result.e2e_ms.mean / 1e3 == pytest.approx(20.0, rel=0.03)


def test_the_same_seed_gives_the_same_result_and_another_one_does_not() -> None:
    def run(seed: int) -> SimResult:
        requests = draw_requests(_CHAT, 300, seed=seed)
        return simulate(open_loop(requests, rate_rps=5.0, seed=seed), _STEPS, _ENGINE)

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert run(1).seed == 1

"""The largest load inside an objective, and its laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.batching import Replica, largest_sequences, state_at
from planner.serving.latency import latency_at
from planner.serving.queueing import Load, Objective, full_state, largest_load
from tests.serving.support import LLAMA_70B, gpu, replica, steps

_FREE = Objective(
    ttft_ms=None, ttft_percentile=0.95, tpot_ms=None, tpot_percentile=0.95, max_utilisation=1.0
)
_few = settings(max_examples=40, deadline=None)

prompts = st.floats(50.0, 20_000.0)
answers = st.floats(2.0, 2_000.0)
slots = st.integers(1, 512)
devices = st.sampled_from(["L4", "L40S", "A100-80GB", "H100", "B200"])


def _rate(load: Load) -> float:
    return 0.0 if load.state is None else load.state.rate_rps


def _replica(
    device: str, prompt: float, answer: float, seats: int = 256, cache: float = 60_000.0
) -> Replica:
    return replica(
        steps(accelerator=gpu(device)),
        input_tokens=prompt,
        output_tokens=answer,
        max_num_seqs=seats,
        kv_cache_tokens=cache,
    )


def test_without_objectives_the_limit_on_utilisation_binds() -> None:
    subject = replica()
    load = largest_load(subject, replace(_FREE, max_utilisation=0.85))
    assert load.state is not None
    assert load.state.rate_rps == pytest.approx(0.85 * load.full.rate_rps, rel=1e-3)


def test_the_objective_that_binds_is_met_just_so() -> None:
    tpot = largest_load(replica(), replace(_FREE, tpot_ms=15.0))
    assert tpot.state is not None
    assert tpot.latency.tpot_ms == pytest.approx(15.0, rel=1e-3)
    assert tpot.latency.tpot_ms <= 15.0
    ttft = largest_load(replica(), replace(_FREE, ttft_ms=150.0))
    assert ttft.state is not None
    assert ttft.latency.ttft_ms == pytest.approx(150.0, rel=1e-3)
    assert ttft.latency.ttft_ms <= 150.0


def test_an_objective_that_an_idle_engine_misses_is_named_with_its_numbers() -> None:
    load = largest_load(replica(), replace(_FREE, tpot_ms=5.0, ttft_ms=40.0))
    assert load.state is None
    assert load.reason is not None
    assert load.reason.startswith("TPOT p95 8 ms > 5 ms, TTFT p95 ")
    assert load.reason.endswith("> 40 ms with no load")


def test_the_latencies_are_those_of_the_load() -> None:
    subject = replica()
    load = largest_load(subject, replace(_FREE, ttft_ms=150.0))
    assert load.state is not None
    assert load.latency == latency_at(
        subject, load.state, load.full, ttft_percentile=0.95, tpot_percentile=0.95
    )


@_few
@given(devices, prompts, answers, slots)
def test_capacity_is_never_above_all_sequences_by_the_shortest_step(
    device: str, prompt: float, answer: float, seats: int
) -> None:
    subject = _replica(device, prompt, answer, seats)
    shortest = state_at(subject, 1e-9).decode_step_ms
    most = largest_sequences(subject) / (shortest * answer) * 1e3
    assert full_state(subject).rate_rps <= most * (1 + 1e-9)


@_few
@given(devices, prompts, answers, slots, slots)
def test_more_slots_never_lower_capacity(
    device: str, prompt: float, answer: float, one: int, two: int
) -> None:
    few, many = sorted((one, two))
    # With room in the cache: a full one computes prompts again.
    low, high = (full_state(_replica(device, prompt, answer, seats, 1e9)) for seats in (few, many))
    assert high.rate_rps >= low.rate_rps * 0.99


@_few
@given(devices, prompts, answers, st.floats(25_000.0, 500_000.0), st.floats(1.0, 4.0))
def test_a_larger_cache_never_lowers_capacity(
    device: str, prompt: float, answer: float, cache: float, factor: float
) -> None:
    low, high = (
        full_state(_replica(device, prompt, answer, 10**6, tokens))
        for tokens in (cache, cache * factor)
    )
    assert high.rate_rps >= low.rate_rps * (1 - 5e-3)


@_few
@given(devices, prompts, answers, st.floats(60.0, 20_000.0), st.floats(1.0, 10.0))
def test_a_looser_ttft_never_lowers_the_load(
    device: str, prompt: float, answer: float, ttft_ms: float, looser: float
) -> None:
    subject = _replica(device, prompt, answer)
    strict = largest_load(subject, replace(_FREE, ttft_ms=ttft_ms))
    loose = largest_load(subject, replace(_FREE, ttft_ms=ttft_ms * looser))
    assert _rate(loose) >= _rate(strict) * (1 - 1e-3)


@_few
@given(devices, prompts, answers, st.floats(5.0, 500.0), st.floats(1.0, 10.0))
def test_a_looser_tpot_never_lowers_the_load(
    device: str, prompt: float, answer: float, tpot_ms: float, looser: float
) -> None:
    subject = _replica(device, prompt, answer)
    strict = largest_load(subject, replace(_FREE, tpot_ms=tpot_ms))
    loose = largest_load(subject, replace(_FREE, tpot_ms=tpot_ms * looser))
    assert _rate(loose) >= _rate(strict) * (1 - 1e-3)


@_few
@given(devices, prompts, answers, st.floats(1.0, 4.0), st.floats(100.0, 5_000.0))
def test_a_slower_replica_never_carries_more(
    device: str, prompt: float, answer: float, slowdown: float, ttft_ms: float
) -> None:
    subject = _replica(device, prompt, answer)
    objective = replace(_FREE, ttft_ms=ttft_ms, tpot_ms=80.0)
    slow = largest_load(replace(subject, slowdown=slowdown), objective)
    fast = largest_load(subject, objective)
    assert _rate(fast) >= _rate(slow) * (1 - 1e-3)


@_few
@given(devices, prompts, answers, st.floats(1.0, 4.0), st.floats(100.0, 5_000.0))
def test_starting_from_a_similar_answer_changes_nothing(
    device: str, prompt: float, answer: float, slowdown: float, ttft_ms: float
) -> None:
    subject = _replica(device, prompt, answer)
    objective = replace(_FREE, ttft_ms=ttft_ms, max_utilisation=0.85)
    fast, slow = subject, replace(subject, slowdown=slowdown)
    for here, there in ((fast, slow), (slow, fast)):
        alone = largest_load(here, objective)
        started = largest_load(here, objective, near=largest_load(there, objective))
        assert _rate(started) == pytest.approx(_rate(alone), rel=5e-3)


def test_a_full_engine_has_every_place_taken() -> None:
    full = full_state(replica(max_num_seqs=32))
    assert full.sequences == 32.0
    assert full.free_share == 0.0


def test_bursts_lower_the_load_that_meets_a_ttft() -> None:
    objective = replace(_FREE, ttft_ms=200.0)
    assert _rate(largest_load(replica(cv=2.0), objective)) < _rate(
        largest_load(replica(), objective)
    )


def test_a_small_cache_lowers_the_load() -> None:
    subject = replica(steps(LLAMA_70B, tensor_parallel_size=4))
    small = replace(subject, limits=replace(subject.limits, kv_cache_tokens=20_000.0))
    objective = replace(_FREE, max_utilisation=0.85)
    assert _rate(largest_load(small, objective)) < _rate(largest_load(subject, objective)) / 2

"""Jumping over steps gives what playing every step and every sequence one by one gives."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.serving.simulate import (
    Engine,
    SimRequest,
    SimResult,
    Workload,
    burst,
    closed_loop,
    simulate,
)
from tests.serving.simulate.naive import Naive
from tests.serving.simulate.support import Straight, engine, equal, request

# Multiples of 1/64 ms add up without rounding, so that ties are ties for both.
_SIXTEENTHS = st.integers(0, 64).map(lambda n: n / 16.0)


@st.composite
def _steps(draw: st.DrawFn) -> Straight:
    return Straight(
        base_ms=draw(st.integers(1, 200)) / 8.0,
        per_sequence_ms=draw(_SIXTEENTHS),
        per_context_token_ms=draw(st.integers(0, 16)) / 64.0,
        per_prompt_token_ms=draw(_SIXTEENTHS),
        per_pair_ms=draw(st.integers(0, 8)) / 64.0,
    )


@st.composite
def _requests(draw: st.DrawFn) -> list[SimRequest]:
    count = draw(st.integers(1, 12))
    moment, found = 0.0, list[SimRequest]()
    for _ in range(count):
        moment += draw(st.sampled_from([0.0, 0.0, 1.0, 7.5, 60.0, 333.0, 2000.0]))
        prompt = draw(st.integers(1, 90))
        prefix = draw(st.sampled_from([None, None, 0, 1]))
        found.append(
            request(
                prompt,
                draw(st.integers(1, 60)),
                moment,
                prefix=prefix,
                prefix_tokens=draw(st.sampled_from([16, 40])) if prefix is not None else 0,
            )
        )
    return found


@st.composite
def _workloads(draw: st.DrawFn) -> Workload:
    requests = tuple(draw(_requests()))
    kind = draw(st.sampled_from(["open", "closed", "burst"]))
    if kind == "closed":
        ramp = draw(st.sampled_from([0.0, 100.0, 4000.0]))
        return closed_loop(requests, in_flight=draw(st.integers(1, 6)), ramp_ms=ramp)
    if kind == "burst":
        return burst(requests)
    return Workload(requests=requests, arrivals="open_loop")


@st.composite
def _engines(draw: st.DrawFn) -> Engine:
    slots = draw(st.integers(1, 6))
    return engine(
        max_num_seqs=slots,
        max_num_batched_tokens=draw(st.integers(slots, 70)),
        # The longest request takes 149 tokens: some caches refuse it, some hold one or two.
        kv_cache_tokens=draw(st.sampled_from([96, 160, 176, 208, 256, 400, 10_000])),
        host_ms_per_sequence=draw(st.sampled_from([0.0, 0.25])),
        front_end_ms=draw(st.sampled_from([0.0, 30.0])),
        slowdown=draw(st.sampled_from([1.0, 2.0])),
        prefix_caching=draw(st.booleans()),
        block_tokens=draw(st.sampled_from([1, 4, 16])),
    )


def _same(found: SimResult, naive: Naive) -> None:
    for number, sequence in enumerate(naive.sequences):
        first, finish = found.timeline.first_token_ms[number], found.timeline.finish_ms[number]
        if sequence.finish_ms < 0.0:
            assert math.isnan(first)
            assert math.isnan(finish)
            continue
        assert found.timeline.arrival_ms[number] == pytest.approx(naive.arrival_ms[number])
        assert first == pytest.approx(sequence.first_ms, abs=1e-6)
        assert finish == pytest.approx(sequence.finish_ms, abs=1e-6)
    assert found.timeline.preemptions == tuple(s.preemptions for s in naive.sequences)
    assert found.lost_tokens == sum(s.lost for s in naive.sequences)
    assert found.cached_tokens == sum(s.found for s in naive.sequences)
    assert found.computed_tokens == naive.computed
    assert found.steps == naive.step_count


@settings(max_examples=300)
@given(workload=_workloads(), steps=_steps(), limits=_engines())
# A full cache, found by hand: two sequences grow until the younger one must go.
@example(workload=burst(equal(2, 60, 60)), steps=Straight(), limits=engine(kv_cache_tokens=160))
def test_every_request_sees_the_same_times(
    workload: Workload, steps: Straight, limits: Engine
) -> None:
    naive = Naive(workload, steps, limits).run()
    if not any(s.finish_ms >= 0.0 for s in naive.sequences):
        return
    _same(simulate(workload, steps, limits), naive)


def test_long_answers_beside_each_other_see_the_same_times() -> None:
    workload = Workload(
        requests=(request(300, 900), request(20, 700, 333.0), request(2000, 1200, 5000.0)),
        arrivals="open_loop",
    )
    steps = Straight(per_context_token_ms=1.0 / 1024.0, per_prompt_token_ms=0.125)
    limits = engine(max_num_batched_tokens=512)
    _same(simulate(workload, steps, limits), Naive(workload, steps, limits).run())


class _Bent:
    """Decode times bend at 512 tokens of context, as a sliding window's do."""

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        return 4.0 + sequences * min(context_tokens, 512.0) / 512.0

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return self.decode_ms(sequences, context_tokens) + prefill_tokens / 32.0


def test_bends_at_multiples_of_64_tokens_are_followed_exactly() -> None:
    workload = closed_loop((request(400, 300), request(100, 700), request(600, 200)), in_flight=2)
    limits = engine(max_num_batched_tokens=256)
    _same(simulate(workload, _Bent(), limits), Naive(workload, _Bent(), limits).run())

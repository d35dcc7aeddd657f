"""A run cut short misses the objectives that the whole run misses, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.simulate import SimResult, Workload, burst, open_loop, simulate
from planner.serving.simulate.misses import Bound, Bounds
from tests.serving.simulate.support import Straight, engine, equal, request

_STEPS = Straight(base_ms=10.0, per_sequence_ms=0.5, per_prompt_token_ms=0.1)
_ENGINE = engine(max_num_seqs=8, max_num_batched_tokens=128)


def _missed(result: SimResult, bounds: Bounds) -> list[bool]:
    found = ((result.ttft_ms, bounds.ttft), (result.tpot_ms, bounds.tpot))
    return [
        bound is not None and (sample.at(bound.percentile) or 0.0) > bound.allowed_ms
        for sample, bound in found
    ]


def _bounds(percentile: float, ttft_ms: float | None, tpot_ms: float | None) -> Bounds:
    def bound(allowed_ms: float | None) -> Bound | None:
        return None if allowed_ms is None else Bound(percentile=percentile, allowed_ms=allowed_ms)

    return Bounds(ttft=bound(ttft_ms), tpot=bound(tpot_ms))


@settings(max_examples=200)
@given(
    count=st.integers(1, 120),
    rate_rps=st.sampled_from([1.0, 10.0, 20.0, 25.0, 30.0, 60.0]),
    percentile=st.sampled_from([50.0, 90.0, 95.0, 99.0]),
    ttft_ms=st.sampled_from([None, 11.0, 25.0, 60.0, 200.0, 1000.0]),
    tpot_ms=st.sampled_from([None, 10.6, 12.0, 13.5, 16.0]),
)
def test_the_same_is_missed_as_at_the_end(
    count: int, rate_rps: float, percentile: float, ttft_ms: float | None, tpot_ms: float | None
) -> None:
    requests = [request(20 + n % 7, 1 + n % 40) for n in range(count)]
    workload = open_loop(requests, rate_rps=rate_rps, seed=1)
    bounds = _bounds(percentile, ttft_ms, tpot_ms)
    whole = simulate(workload, _STEPS, _ENGINE)
    cut = simulate(workload, _STEPS, _ENGINE, bounds=bounds)
    assert any(_missed(cut, bounds)) is any(_missed(whole, bounds))
    if not any(_missed(whole, bounds)):
        assert cut == whole


def test_a_run_that_misses_by_far_ends_early() -> None:
    # 8 places of about 16 ms x 30 tokens serve 17 requests a second: the queue of 60 grows.
    workload = open_loop(equal(1000, 20, 30), rate_rps=60.0, seed=1)
    cut = simulate(workload, _STEPS, _ENGINE, bounds=_bounds(95.0, 500.0, None))
    assert cut.steps < 0.5 * simulate(workload, _STEPS, _ENGINE).steps
    assert cut.refused == 0


def test_requests_outside_the_window_are_not_counted() -> None:
    # All wait for the first step but the one that is alone: 3 of 4 past the bound, 1 counts.
    late = [request(20, 1, 1000.0 * n) for n in range(17)]
    crowd = [request(128, 1, 20_000.0)] * 3
    workload = Workload(requests=(*late, *crowd), arrivals="open_loop")
    bounds = _bounds(50.0, 30.0, None)
    assert simulate(workload, _STEPS, _ENGINE, bounds=bounds).completed == 20


def test_where_all_come_at_once_the_run_is_played_to_its_end() -> None:
    workload = burst(equal(100, 20, 30))
    bounds = _bounds(95.0, 1.0, None)
    assert simulate(workload, _STEPS, _ENGINE, bounds=bounds).completed < 100
    together = Workload(requests=workload.requests, arrivals="open_loop")
    assert simulate(together, _STEPS, _ENGINE, bounds=bounds).completed == 100


@pytest.mark.parametrize(
    ("percentile", "count", "misses"),
    # Of 101 requests the 95th percentile is the 96th smallest: with 6 past the bound it is one of
    # them. Of 2 the median lies between both, above the smaller. One more each, for rounding.
    [(95.0, 101, 7), (50.0, 2, 3), (50.0, 3, 3), (99.0, 1, 2)],
)
def test_so_many_misses_decide(percentile: float, count: int, misses: int) -> None:
    assert Bound(percentile=percentile, allowed_ms=1.0).misses(count) == misses

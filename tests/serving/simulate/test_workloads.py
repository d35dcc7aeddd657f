"""Lengths drawn from a demand, and the ways requests come."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from planner.demand.types import Demand, SharedPrefixDemand, TraceWindow
from planner.errors import InputError
from planner.serving.simulate import (
    SimRequest,
    Workload,
    burst,
    closed_loop,
    draw_requests,
    open_loop,
    replay,
    replica_workload,
)
from tests.serving.simulate.support import demand, engine, equal, request


def _gaps(workload: Workload) -> list[float]:
    moments = [0.0, *(r.arrival_ms for r in workload.requests)]
    return [late - soon for soon, late in pairwise(moments)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_bucket_comes_as_often_as_its_share_says(seed: int) -> None:
    drawn = draw_requests(demand(("0.5", 10, 1), ("0.3", 20, 2), ("0.2", 30, 3)), 1000, seed=seed)
    counts = Counter((r.input_tokens, r.output_tokens) for r in drawn)
    assert set(counts) == {(10, 1), (20, 2), (30, 3)}
    for lengths, wanted in (((10, 1), 500), ((20, 2), 300), ((30, 3), 200)):
        assert abs(counts[lengths] - wanted) <= 1


def test_buckets_come_in_random_order() -> None:
    drawn = draw_requests(demand(("0.5", 10, 1), ("0.5", 20, 2)), 1000, seed=1)
    changes = sum(a != b for a, b in pairwise(drawn))
    # Of 999 neighbours half differ, give or take four standard deviations.
    assert 435 < changes < 565


def test_lengths_are_whole_tokens_and_at_least_one() -> None:
    drawn = draw_requests(demand(("1", 0, 0)), 3, seed=1)
    assert drawn == (SimRequest(input_tokens=1, output_tokens=1),) * 3


def test_shared_prefixes_are_spread_over_the_requests() -> None:
    shared = SharedPrefixDemand(tokens=Decimal("99.7"), distinct_prefixes=4, ttl_s=300)
    drawn = draw_requests(demand(("1", 500, 10), prefix=shared), 1000, seed=1)
    counts = Counter(r.prefix for r in drawn)
    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 200
    assert {r.prefix_tokens for r in drawn} == {99}


@pytest.mark.parametrize("cv", [0.5, 1.0, 3.0])
def test_gaps_have_the_rate_and_the_variation_asked_for(cv: float) -> None:
    workload = open_loop(equal(60_000, 1, 1), rate_rps=4.0, seed=2, interarrival_cv=cv)
    gaps = _gaps(workload)
    mean = statistics.fmean(gaps)
    # Four standard errors: 250 ms · cv ÷ √60,000.
    assert mean == pytest.approx(250.0, abs=4.0 * cv)
    assert statistics.pstdev(gaps) / mean == pytest.approx(cv, rel=0.05)


def test_arrivals_without_variation_are_evenly_spaced() -> None:
    workload = open_loop(equal(4, 1, 1), rate_rps=10.0, seed=1, interarrival_cv=0.0)
    assert [r.arrival_ms for r in workload.requests] == [100.0, 200.0, 300.0, 400.0]


def test_another_rate_stretches_the_same_gaps() -> None:
    slow = open_loop(equal(50, 1, 1), rate_rps=2.0, seed=9)
    fast = open_loop(equal(50, 1, 1), rate_rps=8.0, seed=9)
    assert _gaps(slow) == pytest.approx([4.0 * gap for gap in _gaps(fast)])


def test_a_prefix_stays_with_its_request() -> None:
    one = request(50, 5, prefix=3, prefix_tokens=32)
    (sent,) = open_loop([one], rate_rps=1.0, seed=1).requests
    assert (sent.prefix, sent.prefix_tokens) == (3, 32)


def test_a_trace_is_replayed_at_its_own_times() -> None:
    workload = replay([0.0, 0.5, 2.0], [(10, 5), (0, 0), (30, 7)])
    assert [r.arrival_ms for r in workload.requests] == [0.0, 500.0, 2000.0]
    # An empty prompt or answer still takes a step.
    assert [(r.input_tokens, r.output_tokens) for r in workload.requests] == [
        (10, 5),
        (1, 1),
        (30, 7),
    ]
    assert workload.seed is None


def test_a_burst_comes_at_once() -> None:
    workload = burst([request(1, 1, 50.0), request(1, 1, 99.0)])
    assert [r.arrival_ms for r in workload.requests] == [0.0, 0.0]


def test_a_request_without_tokens_is_refused() -> None:
    with pytest.raises(InputError, match="request 1: 5 input and 0 output tokens"):
        burst([request(5, 5), request(5, 0)])


def test_arrivals_must_be_in_order() -> None:
    with pytest.raises(InputError, match="back in time"):
        Workload(requests=(request(1, 1, 5.0), request(1, 1, 4.0)), arrivals="open_loop")


def test_a_closed_loop_needs_someone_in_it() -> None:
    with pytest.raises(InputError, match="in_flight 0"):
        closed_loop(equal(1, 1, 1), in_flight=0)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_an_open_loop_needs_a_rate(rate: float) -> None:
    with pytest.raises(InputError, match="rate"):
        open_loop(equal(1, 1, 1), rate_rps=rate, seed=1)


def test_an_engine_takes_a_token_of_each_sequence_in_a_step() -> None:
    with pytest.raises(InputError, match="max_num_seqs 65 and max_num_batched_tokens 64"):
        engine(max_num_seqs=65, max_num_batched_tokens=64)


@pytest.mark.parametrize("parts", [1, 2, 8])
@pytest.mark.parametrize("cv", [0.0, 0.5, 3.0])
def test_a_part_of_a_stream_varies_as_random_splitting_says(cv: float, parts: int) -> None:
    """Squared variation 1 + (ca² − 1) ÷ n (Whitt 1983), at the same rate for each part."""
    requests = equal(40_000, 10, 10)
    gaps = _gaps(open_loop(requests, rate_rps=5.0, seed=3, interarrival_cv=cv, parts=parts))
    mean = statistics.fmean(gaps)
    assert mean == pytest.approx(200.0, rel=0.04)
    found = statistics.pvariance(gaps) / mean**2
    assert found == pytest.approx(1.0 + (cv * cv - 1.0) / parts, rel=0.12, abs=1e-9)


def test_parts_of_a_poisson_stream_are_one() -> None:
    requests = equal(100, 10, 10)
    whole = open_loop(requests, rate_rps=5.0, seed=3)
    assert open_loop(requests, rate_rps=5.0, seed=3, parts=7) == whole


def _traced(*, lengths: bool = True) -> Demand:
    """Ten requests in 20 s, two of them close together; the busiest minute at 0.5 a second."""
    seconds = (0.0, 2.0, 4.0, 6.0, 6.5, 10.0, 12.0, 14.0, 16.0, 18.0)
    window = TraceWindow(
        seconds=seconds,
        duration_s=20.0,
        lengths=tuple((100 + n, 10 + n) for n in range(10)) if lengths else None,
        busiest_minute_rps=0.5,
    )
    return replace(demand(("1", 77, 7)), trace_window=window)


def test_a_trace_comes_at_its_own_times_at_its_own_rate() -> None:
    played = replica_workload(_traced(), load_rps=0.5, replicas=1, count=10, seed=1)
    assert [r.arrival_ms for r in played.requests[3:6]] == [6000.0, 6500.0, 10_000.0]
    assert [(r.input_tokens, r.output_tokens) for r in played.requests[3:5]] == [
        (103, 13),
        (104, 14),
    ]


def test_a_trace_is_gone_through_again_until_there_are_enough() -> None:
    played = replica_workload(_traced(), load_rps=0.5, replicas=1, count=25, seed=1)
    assert len(played.requests) == 25
    assert played.requests[13].arrival_ms == 26_000.0
    assert played.requests[13].input_tokens == 103


def test_more_load_than_the_trace_had_makes_its_time_go_faster() -> None:
    played = replica_workload(_traced(), load_rps=2.0, replicas=1, count=10, seed=1)
    assert played.requests[5].arrival_ms == 2500.0


def test_replicas_share_the_requests_of_a_trace_at_random() -> None:
    """Of a service four times the trace's rate, one of four replicas gets a quarter."""
    played = replica_workload(_traced(), load_rps=2.0, replicas=4, count=4000, seed=1)
    assert played.requests[-1].arrival_ms / 4000 == pytest.approx(2000.0, rel=0.05)
    # Every request of the stretch has its turn.
    assert len({r.input_tokens for r in played.requests}) == 10
    assert played == replica_workload(_traced(), load_rps=2.0, replicas=4, count=4000, seed=1)
    assert played != replica_workload(_traced(), load_rps=2.0, replicas=4, count=4000, seed=2)


def test_a_trace_without_lengths_takes_those_of_the_demand() -> None:
    played = replica_workload(_traced(lengths=False), load_rps=0.5, replicas=1, count=10, seed=1)
    assert {(r.input_tokens, r.output_tokens) for r in played.requests} == {(77, 7)}
    assert played.requests[4].arrival_ms == 6500.0


def test_requests_of_a_trace_have_the_shared_prefixes_of_the_demand() -> None:
    shared = SharedPrefixDemand(tokens=Decimal(64), distinct_prefixes=3, ttl_s=300)
    traced = replace(_traced(), shared_prefix=shared)
    played = replica_workload(traced, load_rps=0.5, replicas=1, count=200, seed=1)
    assert {r.prefix for r in played.requests} == {0, 1, 2}


def test_without_a_trace_arrivals_are_those_of_the_demand() -> None:
    bursty = demand(("1", 77, 7), cv=3.0)
    played = replica_workload(bursty, load_rps=8.0, replicas=4, count=50, seed=1)
    drawn = draw_requests(bursty, 50, seed=1)
    assert played == open_loop(drawn, rate_rps=2.0, seed=1, interarrival_cv=3.0, parts=4)

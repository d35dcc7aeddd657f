"""Figures of a run: which part of it counts, and how they are taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError
from planner.serving.simulate import (
    STEADY,
    WHOLE,
    Cutoff,
    Sample,
    Workload,
    burst,
    closed_loop,
    simulate,
)
from tests.serving.simulate.support import Straight, engine, equal, request

_STEPS = Straight(base_ms=10.0)


def _every_100_ms(count: int) -> Workload:
    return Workload(
        requests=tuple(request(4, 2, 100.0 * n) for n in range(count)), arrivals="open_loop"
    )


def test_the_first_and_the_last_arrivals_do_not_count() -> None:
    result = simulate(
        _every_100_ms(100), _STEPS, engine(), cutoff=Cutoff(warm_up_share=0.2, drain_share=0.1)
    )
    assert result.measured == 70
    # From the arrival of request 20 to that of request 90.
    assert result.window_s == pytest.approx(7.0)
    assert result.offered_rps == pytest.approx(10.0)
    assert result.request_rps == pytest.approx(10.0)
    assert result.output_tokens_per_s == pytest.approx(20.0)
    assert result.busy_share == pytest.approx(0.2)
    # One step of two decodes one sequence.
    assert result.mean_batch == pytest.approx(0.5)
    assert result.completed == 100


def test_a_cut_off_leaves_a_slow_start_out() -> None:
    # 50 requests at once, then one every 100 ms, which is no load at all.
    late = tuple(request(4, 2, 10_000.0 + 100.0 * n) for n in range(150))
    workload = Workload(requests=equal(50, 4, 2) + late, arrivals="open_loop")
    limits = engine(max_num_seqs=1)
    cut = simulate(workload, _STEPS, limits, cutoff=Cutoff(warm_up_share=0.25))
    whole = simulate(workload, _STEPS, limits, cutoff=WHOLE)
    assert cut.ttft_ms.at(99) == pytest.approx(10.0)
    # The last of 50 waits for 49 others, 20 ms each.
    assert whole.ttft_ms.values[-1] == pytest.approx(990.0)


def test_an_open_loop_is_cut_by_itself_and_a_burst_is_not() -> None:
    open_run = simulate(_every_100_ms(100), _STEPS, engine())
    assert open_run.measured == 80
    assert open_run == simulate(_every_100_ms(100), _STEPS, engine(), cutoff=STEADY)
    assert simulate(burst(equal(100, 4, 2)), _STEPS, engine()).measured == 100


def test_a_burst_is_measured_to_its_last_token() -> None:
    # Eight at a time, two steps of 10 ms each.
    result = simulate(burst(equal(16, 4, 2)), _STEPS, engine())
    assert result.makespan_s == pytest.approx(0.04)
    assert result.window_s == pytest.approx(0.04)
    assert result.request_rps == pytest.approx(400.0)


def test_a_window_without_length_becomes_the_whole_run() -> None:
    # All arrive together, so that the first and the last that count do too.
    workload = Workload(requests=equal(100, 4, 2), arrivals="open_loop")
    assert simulate(workload, _STEPS, engine()).measured == 100


def test_tpot_is_of_requests_with_a_second_token() -> None:
    result = simulate(burst((request(4, 1), request(4, 3))), _STEPS, engine())
    assert result.tpot_ms.values == (10.0,)
    assert len(result.ttft_ms.values) == 2


def test_without_a_second_token_there_is_no_tpot() -> None:
    result = simulate(burst(equal(3, 4, 1)), _STEPS, engine())
    assert result.tpot_ms.mean is None
    assert result.tpot_ms.at(95) is None


def test_load_is_told_where_the_capacity_is_known() -> None:
    assert simulate(_every_100_ms(50), _STEPS, engine()).load_share is None
    known = simulate(_every_100_ms(50), _STEPS, engine(), capacity_rps=40.0)
    assert known.load_share == pytest.approx(0.25)


@pytest.mark.parametrize("in_flight", [None, 2])
def test_requests_longer_than_the_cache_are_refused_and_counted(in_flight: int | None) -> None:
    requests = (request(4, 2), request(90, 8), request(4, 2))
    workload = burst(requests) if in_flight is None else closed_loop(requests, in_flight=in_flight)
    result = simulate(workload, _STEPS, engine(kv_cache_tokens=96), cutoff=WHOLE)
    assert (result.requests, result.completed, result.refused, result.measured) == (3, 2, 1, 2)
    assert len(result.e2e_ms.values) == 2


def test_a_refused_request_makes_way_though_the_engine_is_busy() -> None:
    # One place, taken for 100 ms; the second is refused at 50 ms, and the third sent then.
    requests = (request(4, 10), request(90, 8), request(4, 1))
    workload = closed_loop(requests, in_flight=2, ramp_ms=100.0)
    limits = engine(max_num_seqs=1, kv_cache_tokens=96)
    result = simulate(workload, _STEPS, limits, cutoff=WHOLE)
    assert result.timeline.arrival_ms == (0.0, 50.0, 50.0)
    assert result.timeline.finish_ms[2] == pytest.approx(110.0)


def test_a_request_that_just_fits_is_served() -> None:
    # The last output token is never stored: 90 + 7 − 1 = 96.
    result = simulate(burst((request(90, 7),)), _STEPS, engine(kv_cache_tokens=96))
    assert (result.completed, result.refused) == (1, 0)
    assert result.peak_kv_tokens == 96


def test_a_cache_too_small_for_anything_is_an_error() -> None:
    with pytest.raises(InputError, match="none of 2 requests fits into a cache of 16 tokens"):
        simulate(burst(equal(2, 20, 2)), _STEPS, engine(kv_cache_tokens=16))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0.0, 100.0))
def test_percentiles_are_those_of_numpy(values: list[float], percentile: float) -> None:
    found = Sample.of(values).at(percentile)
    assert found == pytest.approx(float(np.percentile(values, percentile)), abs=1e-6)


def test_the_mean_is_that_of_the_values() -> None:
    assert Sample.of([3.0, 1.0, 5.0]).mean == pytest.approx(3.0)

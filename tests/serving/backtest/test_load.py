"""The load of a row as the simulator gets it."""

from __future__ import annotations

import math
from statistics import fmean, pstdev

import pytest

from planner.catalog.hardware import accelerators
from planner.serving.backtest.engine import limits_of
from planner.serving.backtest.load import workload_of
from planner.serving.simulate import STEADY, WHOLE
from tests.serving.backtest.support import row


def test_a_closed_loop_sends_ten_requests_a_slot_with_all_slots_filled_at_once() -> None:
    workload, cutoff = workload_of(row(load=16.0))
    assert (workload.arrivals, workload.in_flight, workload.ramp_ms) == ("closed_loop", 16, 0.0)
    assert len(workload.requests) == 160
    assert cutoff == WHOLE


def test_a_large_closed_loop_has_fewer_generations_but_four() -> None:
    assert len(workload_of(row(load=1024.0))[0].requests) == 5000
    assert len(workload_of(row(load=2048.0))[0].requests) == 4 * 2048


def test_poisson_arrivals_of_unknown_number_are_a_long_run_without_its_ends() -> None:
    workload, cutoff = workload_of(row(load_kind="open", load=4.0))
    assert (workload.arrivals, len(workload.requests), cutoff) == ("open_loop", 2000, STEADY)
    # 2,000 gaps of 250 ms.
    assert workload.requests[-1].arrival_ms == pytest.approx(500_000, rel=0.1)


def test_a_run_of_stated_size_is_played_whole() -> None:
    notes = "finite ~500-prompt run: throughput includes ramp/tail"
    workload, cutoff = workload_of(row(load_kind="open", load=4.0, notes=notes))
    assert (len(workload.requests), cutoff) == (500, WHOLE)


def test_a_burst_comes_at_once() -> None:
    workload, _ = workload_of(row(load_kind="burst", load=100.0))
    assert (workload.arrivals, len(workload.requests)) == ("burst", 100)
    assert {request.arrival_ms for request in workload.requests} == {0.0}


def test_fixed_lengths_are_all_the_same() -> None:
    requests = workload_of(row())[0].requests
    assert {(request.input_tokens, request.output_tokens) for request in requests} == {(1000, 200)}


def test_spread_lengths_lie_between_their_ends_with_the_rows_mean() -> None:
    requests = workload_of(row(load=64.0, spread=(0.8, 1.2)))[0].requests
    lengths = [request.input_tokens for request in requests]
    assert fmean(lengths) == pytest.approx(1000, rel=0.001)
    assert 780 < min(lengths) < 850
    assert 1150 < max(lengths) < 1220


def test_conversation_lengths_have_a_heavy_tail_with_the_rows_mean() -> None:
    notes = "cmd: vllm serve x ShareGPT lengths (heavy tailed)"
    requests = workload_of(row(load_kind="burst", load=1000.0, notes=notes))[0].requests
    lengths = [request.output_tokens for request in requests]
    assert fmean(lengths) == pytest.approx(200, rel=0.01)
    # Somewhat below the 1.1 drawn with, because the tail is cut.
    assert 0.8 < pstdev(lengths) / fmean(lengths) < 1.1


def test_the_engines_defaults_depend_on_the_gpu() -> None:
    small = limits_of(row(load_kind="burst"), accelerators()["A100-80GB"])
    large = limits_of(row(load_kind="burst"), accelerators()["H100"])
    assert (small.max_num_seqs, small.max_num_batched_tokens) == (256, 2048)
    assert (large.max_num_seqs, large.max_num_batched_tokens) == (1024, 8192)


def test_flags_in_the_notes_are_set() -> None:
    notes = (
        "cmd: vllm serve x --max-num-batched-tokens 4096 --max-num-seqs=64 "
        "--gpu-memory-utilization 0.95 --kv-cache-dtype fp8"
    )
    found = limits_of(row(load_kind="burst", notes=notes), accelerators()["A100-80GB"])
    assert (found.max_num_seqs, found.max_num_batched_tokens) == (64, 4096)
    assert math.isclose(found.gpu_memory_utilization, 0.95)
    assert found.kv_cache_dtype == "fp8"


def test_a_closed_loop_has_a_slot_for_each_request_in_flight() -> None:
    found = limits_of(row(load=512.0), accelerators()["A100-80GB"])
    assert found.max_num_seqs == 512

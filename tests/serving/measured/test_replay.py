"""Runs through the queue model: the slowdown by hand, and that it reproduces the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.serving.batching import largest_sequences, state_at
from planner.serving.measured.replay import Point, decoded_together, is_saturated, point_of, replay
from planner.serving.measured.rows import shipped_rows, shipped_runs
from planner.serving.measured.scale import run_replica
from planner.serving.measured.scaled import ScaledSteps, slowdown_at
from planner.serving.measured.types import Run
from planner.serving.queueing import full_state
from planner.serving.roofline import RooflineProvider
from tests.serving.measured.support import LinearSteps, question, run

_RUNS = tuple(
    {
        found.id: found
        for row in shipped_rows()
        for found in shipped_runs([row["model"]])
        if found.load_kind != "burst"
    }.values()
)
_CLOSED = [found for found in _RUNS if found.load_kind == "closed"]


def test_slowdown_of_a_run_with_little_load_by_hand() -> None:
    # 2 requests/s · 200 tokens · 24 ms = 9.6 sequences (Little), 9.55 of them decoding. A request
    # sees them and itself, and 9 % of a further one that prompts let in: host 0.04 ms a sequence,
    # so 10 + 0.1·10.64 = 11.06 ms. A prompt takes 20.04 ms, 9.6/200 of them come per token: 0.96,
    # and 0.01 for those its own step lets in: 12.03 ms.
    slow = run(load_kind="open", load=2.0, output_tokens_per_s=400.0, tpot_ms=24.0)
    replica = replace(run_replica(question(), LinearSteps(), slow), host_ms_per_sequence=0.04)
    point = point_of(replica, slow)
    assert point is not None
    assert point.sequences == pytest.approx(9.6)
    assert point.slowdown == pytest.approx(24.0 / 12.03, rel=1e-3)


def test_slowdown_of_a_closed_loop_by_hand() -> None:
    # One in flight: a step takes that of one sequence, 10.1 ms, and 30.1 with the prompt of 1,000.
    alone = run(load=1.0, output_tokens=2.0, output_tokens_per_s=10.0, tpot_ms=None)
    replica = run_replica(question(), LinearSteps(), alone)
    point = point_of(replica, alone)
    assert point is not None
    # 1 request stays 200 ms; 30 of them are the front end's.
    state = state_at(replica, point.sequences)
    assert (state.decode_step_ms, state.mixed_step_ms) == pytest.approx((10.1, 30.1), rel=0.05)
    assert point.slowdown == pytest.approx(170.0 / (1.5 * state.mixed_step_ms + state.mean_step_ms))
    assert point.sequences == pytest.approx(point.slowdown * state.mean_step_ms / 200.0)


def test_a_saturated_run_is_compared_with_the_largest_rate() -> None:
    full = run(load_kind="open", load=50.0, output_tokens_per_s=1500.0)
    replica = run_replica(question(), LinearSteps(), full)
    point = point_of(replica, full)
    assert point is not None
    assert point.slowdown == pytest.approx(full_state(replica).rate_rps * 200.0 / 1500.0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"load_kind": "burst", "load": 1000.0}, True),
        # 10 requests/s came out.
        ({"load_kind": "open", "load": 10.5}, False),
        ({"load_kind": "open", "load": 10.6}, True),
    ],
)
def test_saturated_is_putting_out_less_than_95_percent(
    changes: dict[str, object], expected: bool
) -> None:
    assert is_saturated(run(**changes)) is expected


def test_sequences_decoded_together_by_little() -> None:
    assert decoded_together(run()) == pytest.approx(60.0)


def test_a_run_faster_than_the_way_to_the_engine_has_no_slowdown() -> None:
    # One in flight and 200 tokens in 25 ms, of which the front end takes 30.
    quick = run(load=1.0, output_tokens_per_s=8000.0, tpot_ms=None)
    assert point_of(run_replica(question(), LinearSteps(), quick), quick) is None


def test_a_run_that_was_made_did_fit() -> None:
    # Llama 70B in fp8 on one H200 leaves room for some 37 of these by the sum; 60 were decoded.
    made = run(input_tokens=1000.0, output_tokens=8000.0, tpot_ms=30.0)
    asked = question("meta-llama/Llama-3.3-70B-Instruct", "H200", precision="fp8")
    held = largest_sequences(run_replica(asked, LinearSteps(), made))
    assert held == pytest.approx(60.0, rel=1e-3)
    unknown = replace(made, tpot_ms=None)
    assert largest_sequences(run_replica(asked, LinearSteps(), unknown)) < 60.0


def test_slots_follow_the_requests_in_flight() -> None:
    many = run(load=512.0, tpot_ms=None)
    assert run_replica(question(), LinearSteps(), many).limits.max_num_seqs == 512
    assert run_replica(question(), LinearSteps(), run()).limits.max_num_seqs == 256


def test_slowdown_between_runs_lies_on_a_line_over_the_logarithm() -> None:
    points = (Point(sequences=4.0, slowdown=1.2), Point(sequences=64.0, slowdown=0.8))
    assert slowdown_at(points, 1.0) == 1.2
    # 16 is half way from 4 to 64 in powers of two.
    assert slowdown_at(points, 16.0) == pytest.approx(1.0)
    assert slowdown_at(points, 64.0) == pytest.approx(0.8)
    assert slowdown_at(points, 500.0) == 0.8


def test_the_hosts_part_is_scaled_once() -> None:
    half = (Point(sequences=1.0, slowdown=0.5),)
    scaled = ScaledSteps(base=LinearSteps(), points=half, host_ms_per_sequence=0.04)
    # Base and host 10 + 0.1·100 = 20 ms; half of it less the host's 4 ms, which come on top.
    assert scaled.decode_ms(100.0, 500.0) == pytest.approx(6.0)
    assert scaled.mixed_ms(1000.0, 500.0, 100.0, 500.0) == pytest.approx(16.0)
    never_below = (Point(sequences=1.0, slowdown=0.05),)
    scaled = ScaledSteps(base=LinearSteps(), points=never_below, host_ms_per_sequence=0.04)
    assert scaled.decode_ms(100.0, 500.0) == 0.0


def _reproduced(measured: Run) -> tuple[float, float]:
    """Throughput and TPOT of the scaled model ÷ measured."""
    asked = question(
        measured.model,
        measured.accelerator,
        tensor_parallel_size=measured.tensor_parallel_size,
        precision=measured.precision,
    )
    base = RooflineProvider().answer(asked)
    assert base is not None
    replica = run_replica(asked, base.steps, measured)
    point = point_of(replica, measured)
    assert point is not None, measured.id
    scaled = ScaledSteps(
        base=base.steps, points=(point,), host_ms_per_sequence=replica.host_ms_per_sequence
    )
    found = replay(replace(replica, steps=scaled), measured)
    assert measured.tpot_ms is not None
    return (
        found.output_tokens_per_s / measured.output_tokens_per_s,
        found.tpot_ms / measured.tpot_ms,
    )


def test_every_shipped_closed_loop_reproduces_its_own_throughput() -> None:
    assert len(_CLOSED) == 95
    for measured in _CLOSED:
        assert _reproduced(measured)[0] == pytest.approx(1.0, abs=0.01), measured.id


def test_every_shipped_open_loop_reproduces_its_throughput_or_its_time_per_token() -> None:
    opened = [found for found in _RUNS if found.load_kind == "open"]
    assert len(opened) == 28
    for measured in opened:
        throughput, tpot = _reproduced(measured)
        if is_saturated(measured):
            assert throughput == pytest.approx(1.0, abs=0.01), measured.id
        else:
            # 500 requests at 5/s end with a tail: 3 % less came out than arrived.
            assert tpot == pytest.approx(1.0, abs=0.03), measured.id

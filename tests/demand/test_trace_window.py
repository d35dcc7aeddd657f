"""The busiest stretch of a trace, as a simulator replays it."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.demand.trace import TraceRows, read_trace
from planner.demand.trace_window import WINDOW_REQUESTS, trace_window
from planner.scenario.workload import Trace


def _rows(per_minute: list[int]) -> TraceRows:
    """So many requests in each minute, evenly; the k-th request of all has k + 1 input tokens."""
    seconds = [
        60.0 * minute + 60.0 * place / count
        for minute, count in enumerate(per_minute)
        for place in range(count)
    ]
    lengths = tuple((number + 1, 7) for number in range(len(seconds)))
    return TraceRows(file="t.csv", seconds=tuple(seconds), requests=lengths, first_at=None)


def test_the_busiest_minute_lies_in_the_middle_of_the_window() -> None:
    # 20 minutes of 300, the eleventh of 500: requests 3,000 to 3,499, and 1,000 on either side.
    window = trace_window(_rows([300] * 10 + [500] + [300] * 9), own_lengths=True)
    assert window is not None
    assert len(window.seconds) == WINDOW_REQUESTS
    assert window.lengths is not None
    assert (window.lengths[0], window.lengths[-1]) == ((2001, 7), (4500, 7))
    assert window.busiest_minute_rps == pytest.approx(500 / 60)
    # From request 2,000 (6 min 40 s) to where request 4,500 is (14 min 20 s).
    assert window.seconds[0] == 0.0
    assert window.duration_s == pytest.approx(860.0 - 400.0)


def test_at_an_end_of_the_trace_the_window_reaches_further_the_other_way() -> None:
    window = trace_window(_rows([500] + [300] * 10), own_lengths=True)
    assert window is not None
    assert window.lengths is not None
    assert (window.lengths[0][0], window.lengths[-1][0]) == (1, 2500)
    last = trace_window(_rows([300] * 10 + [500]), own_lengths=True)
    assert last is not None
    assert last.lengths is not None
    assert (last.lengths[0][0], last.lengths[-1][0]) == (1001, 3500)
    # After the last request comes a mean gap, as if the next were there.
    gap = last.seconds[-1] / 2499
    assert last.duration_s == pytest.approx(last.seconds[-1] + gap)


def test_a_minute_of_more_requests_than_the_window_is_taken_whole() -> None:
    window = trace_window(_rows([100, 4000, 100]), own_lengths=True)
    assert window is not None
    assert len(window.seconds) == 4000
    assert window.busiest_minute_rps == pytest.approx(4000 / 60)


def test_a_trace_of_fewer_requests_is_the_window() -> None:
    window = trace_window(_rows([400, 700, 300]), own_lengths=True)
    assert window is not None
    assert len(window.seconds) == 1400


def test_a_trace_too_small_to_speak_for_a_workload_gives_none() -> None:
    assert trace_window(_rows([999]), own_lengths=True) is None


def test_lengths_of_the_scenario_take_the_place_of_those_of_the_trace() -> None:
    window = trace_window(_rows([1200]), own_lengths=False)
    assert window is not None
    assert window.lengths is None


def test_the_shipped_conversation_trace_has_its_peak_in_the_window(root: Path) -> None:
    rows = read_trace(Trace(file="AzureLLMInferenceTrace_conv.csv"), root / "scenarios" / "traces")
    window = trace_window(rows, own_lengths=True)
    assert window is not None
    # Published: 19,366 requests in an hour, the busiest minute 1.54 times the mean one.
    assert window.busiest_minute_rps == pytest.approx(1.54 * 19_366 / 3_501, rel=0.01)
    assert len(window.seconds) == 2500

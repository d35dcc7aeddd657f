"""The busiest stretch of a trace, request by request, for a simulator to replay."""

from __future__ import annotations

from collections import Counter

from planner.demand.trace import FEWEST_ROWS, TraceRows
from planner.demand.types import TraceWindow

__all__ = ["WINDOW_REQUESTS", "trace_window"]

# Enough for percentiles of the requests that count, warm-up and drain besides.
WINDOW_REQUESTS = 2_500
_SECONDS_PER_MINUTE = 60


def trace_window(rows: TraceRows, *, own_lengths: bool) -> TraceWindow | None:
    """The busiest minute and as many requests on either side as make ``WINDOW_REQUESTS``.

    The whole trace where it has fewer; None where it is too small to speak for a workload.
    ``own_lengths``: the scenario takes its lengths from the trace too. Minutes are counted from
    the first request, as for the burst inside the hour.
    """
    seconds, count = rows.seconds, len(rows.seconds)
    if count < FEWEST_ROWS:
        return None
    minutes = Counter(int(second // _SECONDS_PER_MINUTE) for second in seconds)
    busiest = min(minutes, key=lambda minute: (-minutes[minute], minute))
    first = sum(number for minute, number in minutes.items() if minute < busiest)
    size = min(max(WINDOW_REQUESTS, minutes[busiest]), count)
    start = min(max(first - (size - minutes[busiest]) // 2, 0), count - size)
    end = start + size
    gap = (seconds[end - 1] - seconds[start]) / (size - 1)
    after = seconds[end] if end < count else seconds[end - 1] + gap
    return TraceWindow(
        seconds=tuple(second - seconds[start] for second in seconds[start:end]),
        duration_s=after - seconds[start],
        lengths=rows.requests[start:end] if own_lengths else None,
        busiest_minute_rps=minutes[busiest] / _SECONDS_PER_MINUTE,
    )

"""When requests reach an engine's queue."""

from __future__ import annotations

import math
from bisect import insort

from planner.serving.simulate.types import Engine, Workload

__all__ = ["Queueing"]


class Queueing:
    """Requests on their way, ``front_end_ms`` long, to the engine.

    ``arrived`` of them, in their order, have reached it; ``arrival_ms`` is filled in then. The next
    one does at ``next_ms``, infinite when none is on its way.
    """

    __slots__ = (
        "_closed",
        "_count",
        "_front_end_ms",
        "_sent_ms",
        "arrival_ms",
        "arrived",
        "next_ms",
    )

    def __init__(self, workload: Workload, engine: Engine, arrival_ms: list[float]) -> None:
        self.arrival_ms = arrival_ms
        self.arrived = 0
        self._front_end_ms = engine.front_end_ms
        self._closed = workload.arrivals == "closed_loop"
        self._count = len(workload.requests)
        if self._closed:
            first = min(workload.in_flight or 0, self._count)
            self._sent_ms = [workload.ramp_ms * number / first for number in range(first)]
        else:
            self._sent_ms = [request.arrival_ms for request in workload.requests]
        self.next_ms = self._next_ms()

    def ended(self, clock_ms: float) -> None:
        """A request has left: in a closed loop the next one is sent, perhaps amid the ramp."""
        if self._closed and len(self._sent_ms) < self._count:
            insort(self._sent_ms, clock_ms, lo=self.arrived)
            self.next_ms = self._next_ms()

    def take(self) -> int:
        """Let the next request in."""
        request = self.arrived
        self.arrival_ms[request] = self._sent_ms[request]
        self.arrived += 1
        self.next_ms = self._next_ms()
        return request

    def _next_ms(self) -> float:
        if self.arrived == len(self._sent_ms):
            return math.inf
        return self._sent_ms[self.arrived] + self._front_end_ms

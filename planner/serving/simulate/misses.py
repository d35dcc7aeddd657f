"""Objectives that a run misses for certain, known before its end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.serving.simulate.types import Workload

__all__ = ["Bound", "Bounds", "Misses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """At most ``allowed_ms`` at a percentile, 0 to 100, of the requests that count."""

    percentile: float
    allowed_ms: float

    def misses(self, count: int) -> int:
        """So many of at most ``count`` requests past it, and the others cannot mend the percentile.

        One more than the rank asks for, which rounding may move.
        """
        return count - int(self.percentile / 100.0 * (count - 1)) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """On the time to first token, and per token of answers with two or more."""

    ttft: Bound | None = None
    tpot: Bound | None = None


class Misses:
    """Counts the requests of ``counted`` that are past the bounds."""

    __slots__ = ("_counted", "_late", "_outputs", "_slow", "_tpot_ms", "_ttft_ms")

    def __init__(self, workload: Workload, counted: range, bounds: Bounds) -> None:
        ttft, tpot = bounds.ttft, bounds.tpot
        self._counted = counted
        self._outputs = [request.output_tokens for request in workload.requests]
        self._ttft_ms = math.inf if ttft is None else ttft.allowed_ms
        self._tpot_ms = math.inf if tpot is None else tpot.allowed_ms
        # What is left until a bound is missed.
        self._late = 0 if ttft is None else ttft.misses(len(counted))
        self._slow = 0 if tpot is None else tpot.misses(len(counted))

    def decided(self, request: int, arrival_ms: float, first_ms: float, finish_ms: float) -> bool:
        """Whether a bound is missed for certain, now that this request is done."""
        if request not in self._counted:
            return False
        more = self._outputs[request] - 1
        if more and (finish_ms - first_ms) / more > self._tpot_ms:
            self._slow -= 1
            if not self._slow:
                return True
        if first_ms - arrival_ms <= self._ttft_ms:
            return False
        self._late -= 1
        return not self._late

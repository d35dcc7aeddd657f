"""What the analytic model says of a replica at a given load."""

from __future__ import annotations

from dataclasses import dataclass

from planner.scenario.economics import Slo
from planner.serving.batching import Replica, State, state_at
from planner.serving.latency import latency_at
from planner.serving.queueing import full_state

__all__ = ["MOST_PREDICTABLE", "Operating", "operating_at"]

# Above this utilisation a small error of capacity is a large one of TTFT: published estimators are
# off by 60 to 90 % there (aiconfigurator's bundled sample of 1,328 vLLM runs, 2026-11).
MOST_PREDICTABLE = 0.85
_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """A replica at ``rate_rps``; ``full_rps`` is the most it does with every slot taken.

    Times are those at the percentiles of the service level, None where there is no steady state.
    """

    rate_rps: float
    full_rps: float
    ttft_ms: float | None
    tpot_ms: float | None

    @property
    def utilisation(self) -> float:
        """Load ÷ the most the replica does."""
        return self.rate_rps / self.full_rps

    @property
    def predicts_ttft(self) -> bool:
        """Whether a time to first token means anything at this load."""
        return self.utilisation <= MOST_PREDICTABLE


def operating_at(replica: Replica, rate_rps: float, slo: Slo) -> Operating:
    """Both percentiles at a rate; ``replica`` with the slowdown it is judged at."""
    full = full_state(replica)
    if rate_rps >= full.rate_rps:
        return Operating(rate_rps=rate_rps, full_rps=full.rate_rps, ttft_ms=None, tpot_ms=None)
    latency = latency_at(
        replica,
        _state_with(replica, rate_rps, full),
        full,
        ttft_percentile=slo.ttft_percentile / 100.0,
        tpot_percentile=slo.tpot_percentile / 100.0,
    )
    return Operating(
        rate_rps=rate_rps,
        full_rps=full.rate_rps,
        ttft_ms=latency.ttft_ms,
        tpot_ms=latency.tpot_ms,
    )


def _state_with(replica: Replica, rate_rps: float, full: State) -> State:
    """The fewest sequences that serve a rate, by bisection: the rate grows with them."""
    low, high = 0.0, full.sequences
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if state_at(replica, middle).rate_rps < rate_rps:
            low = middle
        else:
            high = middle
    return state_at(replica, high)

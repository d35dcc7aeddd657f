"""How many replicas keep a service level, for answers that do not show how they keep it.

Many scenarios differ in their volume alone: each asks about the same replica at another rate.
Requests and gaps are the same random numbers at every rate, gaps stretched by it, so that more load
never helps. Rates that are known to hold, or to miss, then answer for those below, or above. Chance
blurs the rate where it turns by less than half a percent (30 replicas of generated and shipped
scenarios, scanned in steps of 0.2 %); nearer than that, each rate is simulated by itself, so that
the answer is that of ``check_capacity`` and does not depend on what was asked before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.serving.identity import Same
from planner.serving.queueing import full_state
from planner.serving.simulate.check import Share, check_capacity
from planner.serving.simulate.confirm import confirm, engine_of
from planner.serving.types import ServingOption

__all__ = ["Enough", "Turn", "enough_replicas"]

# Known rates answer for others this far away, and further.
_BLUR = 1.005
# From the second question on, a rate as much beyond is simulated too: it answers for the next ones.
_BEYOND = 1.02
_REPLICAS_KEPT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Enough:
    """Replicas to add, the fewest that were tried and do; or the reason why none do."""

    extra_replicas: int
    reason: str | None


class Turn:
    """What is known of the rate at which a replica no longer keeps its service level."""

    __slots__ = ("_held_rps", "_missed_rps", "_simulated")

    def __init__(self) -> None:
        self._held_rps, self._missed_rps = 0.0, math.inf
        self._simulated: dict[float, bool] = {}

    def holds(self, rate_rps: float, simulated: Callable[[float], bool]) -> bool:
        """Whether it does at this rate; ``simulated`` is asked where that is not known."""
        if rate_rps * _BLUR <= self._held_rps:
            return True
        if rate_rps >= self._missed_rps * _BLUR:
            return False
        if rate_rps in self._simulated:
            return self._simulated[rate_rps]
        first = not self._simulated
        held = self._learn(rate_rps, simulated)
        beyond = rate_rps * _BEYOND if held else rate_rps / _BEYOND
        if not first and self._held_rps < beyond < self._missed_rps:
            self._learn(beyond, simulated)
        return held

    def _learn(self, rate_rps: float, simulated: Callable[[float], bool]) -> bool:
        held = self._simulated[rate_rps] = simulated(rate_rps)
        if held:
            self._held_rps = max(self._held_rps, rate_rps)
        else:
            self._missed_rps = min(self._missed_rps, rate_rps)
        return held


@lru_cache(maxsize=_REPLICAS_KEPT)
def _turn_of(*key: object) -> Turn:
    """One and the same for equal keys."""
    return Turn()


def enough_replicas(
    serving: ServingOption, demand: Demand, slo: Slo, shares: Mapping[int, Share], *, seed: int
) -> Enough | None:
    """``check_capacity`` without its figures: how many of ``shares`` a candidate needs more.

    None where nothing is known of the replica's step times.
    """
    if serving.capacity is None or serving.capacity.replica is None:
        return None
    if demand.trace_window is not None or demand.interarrival_cv != 1.0:
        # How arrivals come then depends on how many replicas share them.
        check = check_capacity(serving, demand, slo, shares, seed=seed)
        return (
            None
            if check is None
            else Enough(extra_replicas=check.extra_replicas, reason=check.reason)
        )
    replica = serving.capacity.replica
    engine = engine_of(serving, replica)

    def simulated(rate_rps: float) -> bool:
        return confirm(
            replica.steps,
            engine,
            demand,
            slo,
            load_rps=rate_rps,
            replicas=1,
            seed=seed,
            capacity_rps=full_state(replica).rate_rps,
            to_the_end=False,
        ).held

    turn = _turn_of(Same(replica), engine, demand.buckets, demand.shared_prefix, repr(slo), seed)
    for extra in sorted(shares):
        if turn.holds(shares[extra].rate_rps, simulated):
            return Enough(extra_replicas=extra, reason=None)
    return Enough(extra_replicas=max(shares), reason=_missed(shares))


def _missed(shares: Mapping[int, Share]) -> str:
    numbers = sorted({share.replicas for share in shares.values()})
    some = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return f"misses the service level in simulation, with {some} working replicas"

"""A candidate judged twice at the load it is bought for: by formulas, and step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.serving.batching import Replica
from planner.serving.identity import Same
from planner.serving.operating import Operating, operating_at
from planner.serving.queueing import full_state
from planner.serving.simulate.confirm import (
    LEAST_REQUESTS,
    Confirmation,
    confirm,
    confirm_with_replicas,
    engine_of,
)
from planner.serving.simulate.types import Engine
from planner.serving.types import ServingOption
from planner.serving.waits import split_cv2

__all__ = ["CapacityCheck", "Share", "check_capacity"]

# Counted requests of a run that may only find an objective missed by far.
_SCOUT_REQUESTS = 400
_RUNS_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The busiest moment of a fleet: ``load_rps`` on ``replicas``, without the spare."""

    load_rps: float
    replicas: int

    @property
    def rate_rps(self) -> float:
        """Of one replica."""
        return self.load_rps / self.replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityCheck:
    """Both answers, at the lower edge of the throughput band.

    ``share`` is the load with ``extra_replicas`` added, the fewest that the simulator confirmed,
    or the most that were tried. ``attempts`` are its runs, fewest replicas first, where another one
    follows only as far as it took to miss an objective; ``analytic`` and the last of them are about
    the same replica.
    """

    share: Share
    extra_replicas: int
    analytic: Operating
    attempts: tuple[Confirmation, ...]

    @property
    def simulated(self) -> Confirmation:
        """The run that decided."""
        return self.attempts[-1]

    @property
    def held(self) -> bool:
        """Whether the simulator confirms the candidate."""
        return self.simulated.held

    @property
    def reason(self) -> str | None:
        """What was missed with how many replicas; None when it is confirmed."""
        if self.held:
            return None
        first, last = self.attempts[0], self.simulated
        number = f"{first.replicas}"
        if last.replicas > first.replicas:
            number = f"{first.replicas} to {last.replicas}"
        return f"{last.reason}, with {number} working replicas"


def check_capacity(
    serving: ServingOption,
    demand: Demand,
    slo: Slo,
    shares: Mapping[int, Share],
    *,
    seed: int,
) -> CapacityCheck | None:
    """Simulate a candidate, with more replicas where that is needed.

    ``shares`` are the busiest moments with 0, 1 … replicas more, as many as may be tried. None
    where nothing is known of the replica's step times, as for capacities that were given.
    """
    if serving.capacity is None or serving.capacity.replica is None:
        return None
    replica = serving.capacity.replica
    engine, full_rps = engine_of(serving, replica), full_state(replica).rate_rps

    def attempt(
        extra: int, requests: int = LEAST_REQUESTS, *, to_the_end: bool = True
    ) -> Confirmation:
        asked = _Asked(
            replica=Same(replica),
            engine=engine,
            demand=demand,
            level=repr(slo),
            share=_on_one(shares[extra], demand),
            seed=seed,
            requests=requests,
            capacity_rps=full_rps,
            to_the_end=to_the_end,
            slo=slo,
        )
        return replace(_confirmed(asked), replicas=shares[extra].replicas)

    tried = confirm_with_replicas(
        attempt,
        sorted(shares),
        probe=lambda extra: attempt(extra, to_the_end=False),
        scout=lambda extra: attempt(extra, _SCOUT_REQUESTS),
    )
    extra = tried[-1][0]
    cv2 = split_cv2(demand.interarrival_cv**2, shares[extra].replicas)
    return CapacityCheck(
        share=shares[extra],
        extra_replicas=extra,
        analytic=operating_at(replace(replica, arrival_cv2=cv2), shares[extra].rate_rps, slo),
        attempts=tuple(confirmation for _, confirmation in tried),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a run depends on; ``level`` stands for ``slo``."""

    replica: Same[Replica]
    engine: Engine
    demand: Demand
    level: str
    share: Share
    seed: int
    requests: int
    capacity_rps: float
    to_the_end: bool
    slo: Slo = field(compare=False)


def _on_one(share: Share, demand: Demand) -> Share:
    """The same run on one replica: part of a Poisson stream is one, however many share it."""
    if demand.trace_window is not None or demand.interarrival_cv != 1.0:
        return share
    return Share(load_rps=share.rate_rps, replicas=1)


# Bases of hybrids are checked at the same full load, however they are bought.
@lru_cache(maxsize=_RUNS_KEPT)
def _confirmed(asked: _Asked) -> Confirmation:
    replica = asked.replica.value
    return confirm(
        replica.steps,
        asked.engine,
        asked.demand,
        asked.slo,
        load_rps=asked.share.load_rps,
        replicas=asked.share.replicas,
        seed=asked.seed,
        requests=asked.requests,
        capacity_rps=asked.capacity_rps,
        to_the_end=asked.to_the_end,
    )

"""Whether a replica keeps its service level, by simulation at the lower edge of the band.

The analytic model picks; this confirms the pick. Where the level is missed, more replicas are
tried, and where they do not help it is the next candidate's turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.serving.batching import Replica
from planner.serving.simulate.misses import Bound, Bounds
from planner.serving.simulate.run import STEADY, simulate
from planner.serving.simulate.types import Engine, Sample, SimResult
from planner.serving.simulate.workloads import replica_workload
from planner.serving.steps import StepTimes
from planner.serving.types import ServingOption

__all__ = [
    "LEAST_REQUESTS",
    "Check",
    "Confirmation",
    "confirm",
    "confirm_with_replicas",
    "engine_of",
]

LEAST_REQUESTS = 2_000
# So far past an objective, a few hundred requests are enough to tell.
_BY_FAR = 1.3
# Fewer possible numbers of replicas than that are checked one by one.
_WORTH_SCOUTING = 3
# Completions ÷ arrivals below which the queue grows without end; above it is chance.
_KEEPS_UP = 0.9
# Requests beyond ``max_model_len``, the 99th percentiles of input and output, are no engine's to
# serve; in a cache that just holds that length they may be refused here.
_REFUSED_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One objective: ``found_ms`` at a percentile against ``allowed_ms``."""

    metric: Literal["TTFT", "TPOT"]
    percentile: int
    found_ms: float
    allowed_ms: float

    @property
    def held(self) -> bool:
        """Within the objective."""
        return self.found_ms <= self.allowed_ms

    @property
    def missed_by_far(self) -> bool:
        """Beyond doubt past the objective."""
        return self.found_ms > _BY_FAR * self.allowed_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What one replica did under its share of the load; ``reason`` None when all is held."""

    rate_rps: float
    replicas: int
    checks: tuple[Check, ...]
    result: SimResult
    reason: str | None

    @property
    def held(self) -> bool:
        """Whether objectives are kept, next to no request is refused, and the queue holds."""
        return self.reason is None

    @property
    def missed_by_far(self) -> bool:
        """Whether more requests could not change that an objective is missed."""
        return any(check.missed_by_far for check in self.checks)


def engine_of(option: ServingOption, replica: Replica) -> Engine:
    """The engine of one replica of a candidate, with the overheads and slowdown it is sized at."""
    return Engine(
        max_num_seqs=option.max_num_seqs,
        max_num_batched_tokens=option.max_num_batched_tokens,
        kv_cache_tokens=option.kv_cache_tokens,
        host_ms_per_sequence=replica.host_ms_per_sequence,
        front_end_ms=replica.front_end_ms,
        slowdown=replica.slowdown,
        prefix_caching=option.prefix_caching,
        warm_prefixes=True,
    )


def confirm(
    steps: StepTimes,
    engine: Engine,
    demand: Demand,
    slo: Slo,
    *,
    load_rps: float,
    replicas: int,
    seed: int,
    requests: int = LEAST_REQUESTS,
    capacity_rps: float | None = None,
    to_the_end: bool = True,
) -> Confirmation:
    """Simulate one of ``replicas`` that share ``load_rps`` at random, and check the service level.

    Every step takes ``engine.slowdown`` of its predicted time, as in the analytic model.
    ``requests`` are counted ones; more are simulated around them. ``capacity_rps`` is what the
    result's ``load_share`` refers to. Not ``to_the_end``, the run stops where an objective is
    missed for certain: that it is not held is then all that it says.
    """
    counted = 1.0 - STEADY.warm_up_share - STEADY.drain_share
    workload = replica_workload(
        demand,
        load_rps=load_rps,
        replicas=replicas,
        count=math.ceil(requests / counted),
        seed=seed,
    )
    result = simulate(
        workload,
        steps,
        engine,
        cutoff=STEADY,
        capacity_rps=capacity_rps,
        bounds=None if to_the_end else _bounds(slo),
    )
    checks = tuple(_checks(result, slo))
    return Confirmation(
        rate_rps=load_rps / replicas,
        replicas=replicas,
        checks=checks,
        result=result,
        reason=_reason(result, checks),
    )


def _bounds(slo: Slo) -> Bounds:
    def bound(percentile: int, allowed_ms: Decimal | None) -> Bound | None:
        if allowed_ms is None:
            return None
        return Bound(percentile=percentile, allowed_ms=float(allowed_ms))

    return Bounds(
        ttft=bound(slo.ttft_percentile, slo.ttft_ms), tpot=bound(slo.tpot_percentile, slo.tpot_ms)
    )


def _checks(result: SimResult, slo: Slo) -> list[Check]:
    found: list[Check] = []
    wanted: tuple[tuple[Literal["TTFT", "TPOT"], int, Sample, Decimal | None], ...] = (
        ("TTFT", slo.ttft_percentile, result.ttft_ms, slo.ttft_ms),
        ("TPOT", slo.tpot_percentile, result.tpot_ms, slo.tpot_ms),
    )
    for metric, percentile, sample, allowed in wanted:
        at_percentile = sample.at(percentile)
        # Where no answer has a second token there is no TPOT to bound.
        if allowed is not None and at_percentile is not None:
            found.append(
                Check(
                    metric=metric,
                    percentile=percentile,
                    found_ms=at_percentile,
                    allowed_ms=float(allowed),
                )
            )
    return found


def _reason(result: SimResult, checks: tuple[Check, ...]) -> str | None:
    if result.refused > _REFUSED_SHARE * result.requests:
        return f"{result.refused:,} of {result.requests:,} requests are longer than the KV cache"
    if result.request_rps < _KEEPS_UP * result.offered_rps:
        return (
            f"the queue grows: {result.request_rps:,.2f} requests/s done of "
            f"{result.offered_rps:,.2f} offered"
        )
    for check in checks:
        if not check.held:
            # 100.3 ms against 100 ms: whole milliseconds would say that 100 is more than 100.
            digits = 0 if check.found_ms >= check.allowed_ms + 1 else 2
            return (
                f"{check.metric} p{check.percentile} {check.found_ms:,.{digits}f} ms > "
                f"{check.allowed_ms:,.0f} ms in simulation"
            )
    return None


def confirm_with_replicas(
    check: Callable[[int], Confirmation],
    tries: Sequence[int],
    *,
    probe: Callable[[int], Confirmation],
    scout: Callable[[int], Confirmation],
) -> tuple[tuple[int, Confirmation], ...]:
    """Check with the fewest replicas more that are enough, of ``tries`` (ascending).

    All attempts with their number of replicas more, ascending, the first that held or else the
    last. More replicas never do worse, and ``scout`` is a shorter check: what it finds missed by
    far is not checked in full, and where that holds for the most replicas, nor are fewer. None
    more is always checked in full. ``probe`` is the full check of a number that may be too small:
    it has not to say by how much.
    """
    attempts: dict[int, Confirmation] = {}
    if tries[0] == 0:
        attempts[0] = check(0) if len(tries) == 1 else probe(0)
        if attempts[0].held or len(tries) == 1:
            return tuple(attempts.items())
        tries = tries[1:]
    most = tries[-1]
    last, in_full = scout(most), False
    if not (last.held or last.missed_by_far):
        last, in_full = check(most), True
    if not last.held:
        return (*attempts.items(), (most, last))
    for extra in tries[_far_too_few(scout, tries) :]:
        if extra < most:
            attempts[extra] = probe(extra)
        else:
            attempts[extra] = last if in_full else check(extra)
        if attempts[extra].held:
            break
    return tuple(attempts.items())


def _far_too_few(scout: Callable[[int], Confirmation], tries: Sequence[int]) -> int:
    """How many of ``tries`` are surely too few, by halving; the last of them is not."""
    few, plausible = 0, len(tries) - 1
    while plausible - few >= _WORTH_SCOUTING:
        middle = (few + plausible) // 2
        if scout(tries[middle]).missed_by_far:
            few = middle + 1
        else:
            plausible = middle
    return few

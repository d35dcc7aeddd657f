"""Whether a replica keeps its service level, by simulation at the lower edge of the band.

The analytic model picks; this confirms the pick. Where the level is missed, one replica more is
tried, at most three times, and then it is the next candidate's turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.serving.constants import constants
from planner.serving.simulate.run import STEADY, simulate
from planner.serving.simulate.types import Engine, Sample, SimResult
from planner.serving.simulate.workloads import draw_requests, open_loop
from planner.serving.steps import StepTimes
from planner.serving.types import ServingOption

__all__ = ["Check", "Confirmation", "confirm", "confirm_with_replicas", "engine_of"]

LEAST_REQUESTS = 2_000
MOST_EXTRA_REPLICAS = 3
# Completions ÷ arrivals below which the queue grows without end; above it is chance.
_KEEPS_UP = 0.9


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
        """Whether every objective is kept, no request refused, and the queue does not grow."""
        return self.reason is None


def engine_of(option: ServingOption, *, prefix_caching: bool) -> Engine:
    """The engine of one replica of a candidate, with the overheads of ``constants.yaml``."""
    return Engine(
        max_num_seqs=option.max_num_seqs,
        max_num_batched_tokens=option.max_num_batched_tokens,
        kv_cache_tokens=option.kv_cache_tokens,
        host_ms_per_sequence=constants().host_overhead_ms_per_sequence,
        front_end_ms=constants().front_end_ms,
        prefix_caching=prefix_caching,
    )


def confirm(
    steps: StepTimes,
    engine: Engine,
    demand: Demand,
    slo: Slo,
    *,
    load_rps: float,
    replicas: int,
    band_low: float,
    seed: int,
    requests: int = LEAST_REQUESTS,
    capacity_rps: float | None = None,
) -> Confirmation:
    """Simulate one of ``replicas`` that share ``load_rps`` evenly, and check the service level.

    As in the analytic model every step takes 1 ÷ ``band_low`` of its predicted time, and a
    replica's arrivals vary as the demand's do (``interarrival_cv``). ``requests`` are counted ones;
    more are simulated around them.
    """
    slow = replace(engine, slowdown=engine.slowdown / band_low)
    rate = load_rps / replicas
    counted = 1.0 - STEADY.warm_up_share - STEADY.drain_share
    drawn = draw_requests(demand, math.ceil(requests / counted), seed=seed)
    workload = open_loop(drawn, rate_rps=rate, seed=seed, interarrival_cv=demand.interarrival_cv)
    result = simulate(workload, steps, slow, cutoff=STEADY, capacity_rps=capacity_rps)
    checks = tuple(_checks(result, slo))
    return Confirmation(
        rate_rps=rate,
        replicas=replicas,
        checks=checks,
        result=result,
        reason=_reason(result, checks),
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
    if result.refused:
        return f"{result.refused:,} of {result.requests:,} requests are longer than the KV cache"
    if result.request_rps < _KEEPS_UP * result.offered_rps:
        return (
            f"the queue grows: {result.request_rps:,.2f} requests/s done of "
            f"{result.offered_rps:,.2f} offered"
        )
    for check in checks:
        if not check.held:
            return (
                f"{check.metric} p{check.percentile} {check.found_ms:,.0f} ms > "
                f"{check.allowed_ms:,.0f} ms in simulation"
            )
    return None


def confirm_with_replicas(
    check: Callable[[int], Confirmation], replicas: int
) -> tuple[Confirmation, ...]:
    """Check with so many replicas, then with one more each time, until it is held.

    All attempts in order, at most four. The last one tells: held, with its number of replicas, or
    not, and it is the next candidate's turn.
    """
    attempts: list[Confirmation] = []
    for number in range(replicas, replicas + MOST_EXTRA_REPLICAS + 1):
        attempts.append(check(number))
        if attempts[-1].held:
            break
    return tuple(attempts)

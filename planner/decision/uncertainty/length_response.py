"""How much less a replica sustains when requests get longer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.costs import Option
from planner.demand import Demand
from planner.demand.types import LengthStats
from planner.money import usd_from_float
from planner.scenario.economics import Slo

if TYPE_CHECKING:
    from planner.decision.uncertainty.draws import Floats, World
    from planner.demand.types import LengthBucket
    from planner.serving.batching import Replica
    from planner.serving.identity import Same

__all__ = [
    "NO_RESPONSE",
    "LengthResponse",
    "capacity_ratio",
    "length_response",
    "with_lengths",
]

# Lengths this much shorter and longer are judged; in between and beyond the logarithms are linear.
_SHORTER, _LONGER = 0.85, 1.176
# What is left of a replica that no longer meets the service level at all.
_NOTHING = 0.02
_REPLICAS_KEPT = 512


@dataclass(frozen=True, slots=True)
class LengthResponse:
    """Elasticities of a replica's capacity: (below, above) the given mean of input and output."""

    input_tokens: tuple[float, float] = (0.0, 0.0)
    output_tokens: tuple[float, float] = (0.0, 0.0)

    def factor(self, world: World) -> Floats | float:
        """Capacity relative to that at the given lengths, in each case."""
        import numpy as np

        total: Floats | float = 0.0
        for name, (below, above) in (
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
        ):
            if name in world.columns:
                longer = np.log(world.columns[name])
                total = total + np.where(longer < 0.0, below, above) * longer
        return 1.0 if isinstance(total, float) else np.exp(total)


NO_RESPONSE = LengthResponse()


def length_response(option: Option, demand: Demand, slo: Slo) -> LengthResponse:
    """Judged by the queue model at the middle of the throughput band; none where nothing was
    modelled.
    """
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is None or capacity.replica is None:
        return NO_RESPONSE
    from planner.serving.identity import Same

    asked = _Asked(
        replica=Same(capacity.replica),
        middle=math.sqrt(capacity.band_low * capacity.band_high),
        buckets=demand.buckets,
        level=repr(slo),
        demand=demand,
        slo=slo,
    )
    return _response(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A replica and lengths, which many scenarios have in common; their volumes do not matter."""

    replica: Same[Replica]
    middle: float
    buckets: tuple[LengthBucket, ...]
    level: str
    demand: Demand = field(compare=False)
    slo: Slo = field(compare=False)


@lru_cache(maxsize=_REPLICAS_KEPT)
def _response(asked: _Asked) -> LengthResponse:
    demand, slo = asked.demand, asked.slo
    replica = replace(asked.replica.value, slowdown=1.0 / asked.middle)
    base = _rate(replica, slo)
    if base <= 0.0:
        return NO_RESPONSE

    def slope(*, inputs: float = 1.0, outputs: float = 1.0) -> float:
        changed = _with_lengths(replica, with_lengths(demand, inputs, outputs), slo)
        ratio = max(_rate(changed, slo) / base, _NOTHING)
        return math.log(ratio) / math.log(inputs * outputs)

    return LengthResponse(
        input_tokens=(slope(inputs=_SHORTER), slope(inputs=_LONGER)),
        output_tokens=(slope(outputs=_SHORTER), slope(outputs=_LONGER)),
    )


def capacity_ratio(
    option: Option, demand: Demand, slo: Slo, *, inputs: float = 1.0, outputs: float = 1.0
) -> float:
    """What a replica sustains with lengths so many times as long, relative to the given ones.

    1 where nothing was modelled; never below a fiftieth.
    """
    judged = _judged(option, slo)
    if judged is None:
        return 1.0
    replica, base = judged
    changed = _with_lengths(replica, with_lengths(demand, inputs, outputs), slo)
    return max(_rate(changed, slo) / base, _NOTHING)


def _judged(option: Option, slo: Slo) -> tuple[Replica, float] | None:
    """The replica at the middle of the throughput band, and the rate it sustains."""
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is None or capacity.replica is None:
        return None
    middle = math.sqrt(capacity.band_low * capacity.band_high)
    replica = replace(capacity.replica, slowdown=1.0 / middle)
    base = _rate(replica, slo)
    return (replica, base) if base > 0.0 else None


def with_lengths(demand: Demand, inputs: float, outputs: float) -> Demand:
    """The same requests with all inputs and all outputs so many times as long."""
    into, out = usd_from_float(inputs), usd_from_float(outputs)
    return replace(
        demand,
        buckets=tuple(
            replace(
                each, input_tokens=each.input_tokens * into, output_tokens=each.output_tokens * out
            )
            for each in demand.buckets
        ),
        input_tokens=_stretched(demand.input_tokens, into),
        output_tokens=_stretched(demand.output_tokens, out),
    )


def _stretched(stats: LengthStats, factor: Decimal) -> LengthStats:
    times = float(factor)
    return LengthStats(
        mean=stats.mean * factor,
        p50=stats.p50 * times,
        p95=stats.p95 * times,
        p99=stats.p99 * times,
        maximum=stats.maximum * times,
    )


def _with_lengths(replica: Replica, demand: Demand, slo: Slo) -> Replica:
    from planner.serving.lengths import lengths_of

    cached = replica.lengths.cached_tokens
    lengths = lengths_of(demand, ttft_percentile=slo.ttft_percentile, cached_tokens=cached)
    return replace(replica, lengths=lengths)


def _rate(replica: Replica, slo: Slo) -> float:
    from planner.serving.queueing import Objective, largest_load

    objective = Objective(
        ttft_ms=None if slo.ttft_ms is None else float(slo.ttft_ms),
        ttft_percentile=slo.ttft_percentile / 100.0,
        tpot_ms=None if slo.tpot_ms is None else float(slo.tpot_ms),
        tpot_percentile=slo.tpot_percentile / 100.0,
        max_utilisation=float(slo.max_utilisation),
    )
    state = largest_load(replica, objective).state
    return 0.0 if state is None else state.rate_rps

"""Requests and their arrivals: drawn from a demand with a seed, or replayed from a trace."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate

from planner.demand.types import Demand
from planner.errors import InputError
from planner.serving.simulate.types import SimRequest, Workload
from planner.units import MS_PER_S

__all__ = ["burst", "closed_loop", "draw_requests", "open_loop", "replay"]


def draw_requests(demand: Demand, count: int, *, seed: int) -> tuple[SimRequest, ...]:
    """Requests with the joint lengths of a demand's buckets and its shared prefixes.

    Each bucket comes as often as its share says, to within one, in random order: the means of the
    drawn lengths are those of the demand, whatever the seed.
    """
    source = random.Random(f"lengths {seed}")
    edges = list(accumulate(float(bucket.share) for bucket in demand.buckets))
    edges[-1] = math.inf
    lengths: list[tuple[int, int]] = []
    place = 0
    for number in range(count):
        while (number + 0.5) / count >= edges[place]:
            place += 1
        bucket = demand.buckets[place]
        lengths.append((_tokens(bucket.input_tokens), _tokens(bucket.output_tokens)))
    source.shuffle(lengths)
    shared = demand.shared_prefix
    if shared is None:
        return tuple(SimRequest(input_tokens=i, output_tokens=o) for i, o in lengths)
    return tuple(
        SimRequest(
            input_tokens=prompt,
            output_tokens=output,
            prefix=source.randrange(shared.distinct_prefixes),
            prefix_tokens=int(shared.tokens),
        )
        for prompt, output in lengths
    )


def _tokens(mean: Decimal) -> int:
    return max(round(mean), 1)


def open_loop(
    requests: Sequence[SimRequest], *, rate_rps: float, seed: int, interarrival_cv: float = 1.0
) -> Workload:
    """Requests at independent gamma-distributed gaps: Poisson at a coefficient of variation of 1.

    The same seed gives the same gaps at every rate, stretched by it.
    """
    if not rate_rps > 0.0:
        raise InputError(f"rate {rate_rps} requests/s: an open loop needs a rate above 0")
    source = random.Random(f"arrivals {seed}")
    gap_ms = MS_PER_S / rate_rps
    moments = accumulate(_gaps(source, interarrival_cv))
    return Workload(
        requests=tuple(
            _at(request, moment * gap_ms)
            for request, moment in zip(requests, moments, strict=False)
        ),
        arrivals="open_loop",
        seed=seed,
    )


def _gaps(source: random.Random, variation: float) -> Iterator[float]:
    """Gaps with mean 1."""
    shape = 1.0 / (variation * variation) if variation else math.inf
    while True:
        if math.isinf(shape):
            yield 1.0
        elif shape == 1.0:
            yield source.expovariate(1.0)
        else:
            yield source.gammavariate(shape, 1.0 / shape)


def closed_loop(
    requests: Sequence[SimRequest],
    *,
    in_flight: int,
    ramp_ms: float = 0.0,
    seed: int | None = None,
) -> Workload:
    """So many requests under way at any time: the next starts when one ends.

    The first ones start evenly over ``ramp_ms``. Requests of one length that start together stay
    together for ever, prompts with prompts; a ramp of about one request's time spreads them as
    chance does in a real run.
    """
    return Workload(
        requests=tuple(requests),
        arrivals="closed_loop",
        in_flight=in_flight,
        ramp_ms=ramp_ms,
        seed=seed,
    )


def burst(requests: Sequence[SimRequest], *, seed: int | None = None) -> Workload:
    """All requests at once."""
    return Workload(
        requests=tuple(_at(request, 0.0) for request in requests), arrivals="burst", seed=seed
    )


def replay(seconds: Sequence[float], lengths: Sequence[tuple[int, int]]) -> Workload:
    """A trace: seconds since its start, in order, and (input, output) tokens of each request."""
    return Workload(
        requests=tuple(
            SimRequest(
                arrival_ms=moment * MS_PER_S,
                input_tokens=max(prompt, 1),
                output_tokens=max(output, 1),
            )
            for moment, (prompt, output) in zip(seconds, lengths, strict=True)
        ),
        arrivals="open_loop",
    )


def _at(request: SimRequest, arrival_ms: float) -> SimRequest:
    return SimRequest(
        input_tokens=request.input_tokens,
        output_tokens=request.output_tokens,
        arrival_ms=arrival_ms,
        prefix=request.prefix,
        prefix_tokens=request.prefix_tokens,
    )

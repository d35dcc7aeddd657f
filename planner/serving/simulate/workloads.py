"""Requests and their arrivals: drawn from a demand with a seed, or replayed from a trace.

Replicas share the service's arrivals at random: each request goes to one of n with equal chance, so
that between two requests of a replica as many gaps of the whole stream pass as tosses to a success
of chance 1 ÷ n. A router that sends to the least busy replica does better.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, repeat

from planner.demand.types import Demand, TraceWindow
from planner.errors import InputError
from planner.serving.simulate.types import SimRequest, Workload
from planner.units import MS_PER_S

__all__ = [
    "burst",
    "closed_loop",
    "draw_requests",
    "open_loop",
    "replay",
    "replica_workload",
]


# One demand is played at many loads and on many kinds of hardware, in two lengths of run.
@lru_cache(maxsize=4)
def draw_requests(demand: Demand, count: int, *, seed: int) -> tuple[SimRequest, ...]:
    """Requests with the joint lengths of a demand's buckets and its shared prefixes.

    Each bucket comes as often as its share says, to within one, in random order: the means of the
    drawn lengths are those of the demand, whatever the seed.
    """
    source = random.Random(f"lengths {seed}")
    edges = list(accumulate(float(bucket.share) for bucket in demand.buckets))
    edges[-1] = math.inf
    tokens = [(_tokens(b.input_tokens), _tokens(b.output_tokens)) for b in demand.buckets]
    lengths: list[tuple[int, int]] = []
    place = 0
    for number in range(count):
        while (number + 0.5) / count >= edges[place]:
            place += 1
        lengths.append(tokens[place])
    source.shuffle(lengths)
    return _requests(lengths, repeat(0.0), demand, source)


def _requests(
    lengths: Iterable[tuple[int, int]],
    moments_ms: Iterable[float],
    demand: Demand,
    source: random.Random,
) -> tuple[SimRequest, ...]:
    """Requests of these lengths at these moments, each with one of the demand's shared prefixes."""
    shared = demand.shared_prefix
    if shared is None:
        return tuple(
            SimRequest(input_tokens=prompt, output_tokens=output, arrival_ms=moment)
            for (prompt, output), moment in zip(lengths, moments_ms, strict=False)
        )
    return tuple(
        SimRequest(
            input_tokens=prompt,
            output_tokens=output,
            arrival_ms=moment,
            prefix=source.randrange(shared.distinct_prefixes),
            prefix_tokens=int(shared.tokens),
        )
        for (prompt, output), moment in zip(lengths, moments_ms, strict=False)
    )


def _tokens(mean: Decimal) -> int:
    return max(round(mean), 1)


def replica_workload(
    demand: Demand, *, load_rps: float, replicas: int, count: int, seed: int
) -> Workload:
    """``count`` requests of one of ``replicas`` that share ``load_rps``, the peak of a demand.

    Where the demand has a stretch of a trace around its busiest minute, time is scaled so that this
    minute comes at ``load_rps``. The stretch is gone through again, with other tosses, until there
    are enough. Else gaps are independent, and vary as those of the demand.
    """
    window = demand.trace_window
    if window is not None:
        speed = load_rps / window.busiest_minute_rps
        return _from_window(demand, window, speed=speed, parts=replicas, count=count, seed=seed)
    return open_loop(
        draw_requests(demand, count, seed=seed),
        rate_rps=load_rps / replicas,
        seed=seed,
        interarrival_cv=demand.interarrival_cv,
        parts=replicas,
    )


def _from_window(
    demand: Demand, window: TraceWindow, *, speed: float, parts: int, count: int, seed: int
) -> Workload:
    source = random.Random(f"trace {seed}")
    places: list[int] = []
    moments: list[float] = []
    number = -1
    for _ in range(count):
        number += _tosses(source, 1.0 / parts)
        passes, place = divmod(number, len(window.seconds))
        places.append(place)
        seconds = passes * window.duration_s + window.seconds[place]
        moments.append(seconds / speed * MS_PER_S)
    if window.lengths is None:
        drawn = draw_requests(demand, count, seed=seed)
        requests = tuple(_at(request, ms) for request, ms in zip(drawn, moments, strict=True))
    else:
        found = (window.lengths[place] for place in places)
        lengths = ((max(i, 1), max(o, 1)) for i, o in found)
        requests = _requests(lengths, moments, demand, source)
    return Workload(requests=requests, arrivals="open_loop", seed=seed)


def open_loop(
    requests: Sequence[SimRequest],
    *,
    rate_rps: float,
    seed: int,
    interarrival_cv: float = 1.0,
    parts: int = 1,
) -> Workload:
    """Requests at independent gamma-distributed gaps: Poisson at a coefficient of variation of 1.

    With ``parts`` it is one of so many parts of a stream with gaps of that variation, each at
    ``rate_rps``. The same seed gives the same gaps at every rate, stretched by it.
    """
    if not rate_rps > 0.0:
        raise InputError(f"rate {rate_rps} requests/s: an open loop needs a rate above 0")
    source = random.Random(f"arrivals {seed}")
    gap_ms = MS_PER_S / rate_rps
    moments = accumulate(_gaps(source, interarrival_cv, parts))
    return Workload(
        requests=tuple(
            _at(request, moment * gap_ms)
            for request, moment in zip(requests, moments, strict=False)
        ),
        arrivals="open_loop",
        seed=seed,
    )


def _gaps(source: random.Random, variation: float, parts: int) -> Iterator[float]:
    """Gaps of one part, with mean 1. Part of a Poisson stream is a Poisson stream."""
    shape = 1.0 / (variation * variation) if variation else math.inf
    while True:
        if shape == 1.0:
            yield source.expovariate(1.0)
            continue
        passed = _tosses(source, 1.0 / parts)
        if math.isinf(shape):
            yield passed / parts
        else:
            yield source.gammavariate(shape * passed, 1.0 / (shape * parts))


def _tosses(source: random.Random, chance: float) -> int:
    """Tosses up to the first success."""
    if chance >= 1.0:
        return 1
    return 1 + int(math.log(1.0 - source.random()) / math.log1p(-chance))


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

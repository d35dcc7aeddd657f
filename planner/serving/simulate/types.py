"""What a simulated engine is given and what it reports."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from planner.errors import InputError

__all__ = [
    "Arrivals",
    "Cutoff",
    "Engine",
    "Sample",
    "SimRequest",
    "SimResult",
    "Timeline",
    "Workload",
]

Arrivals = Literal["open_loop", "closed_loop", "burst"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimRequest:
    """One request. ``arrival_ms`` is not read in a closed loop.

    ``prefix`` names the prompt prefix it shares with others, ``prefix_tokens`` of its input.
    """

    input_tokens: int
    output_tokens: int
    arrival_ms: float = 0.0
    prefix: int | None = None
    prefix_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Requests and how they come.

    Open loop: each at its ``arrival_ms``, in that order. Closed loop: in the order given, so that
    ``in_flight`` of them are under way at any time, once the first ones have been sent evenly over
    ``ramp_ms``. Burst: all at 0. ``seed`` is what they were drawn with, None for a trace.
    """

    requests: tuple[SimRequest, ...]
    arrivals: Arrivals
    in_flight: int | None = None
    ramp_ms: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        for number, request in enumerate(self.requests):
            if request.input_tokens < 1 or request.output_tokens < 1:
                raise InputError(
                    f"request {number}: {request.input_tokens} input and {request.output_tokens} "
                    "output tokens; a simulated request has at least one of each"
                )
        if self.arrivals == "closed_loop" and (self.in_flight or 0) < 1:
            raise InputError(f"in_flight {self.in_flight}: a closed loop needs 1 or more")
        moments = [request.arrival_ms for request in self.requests]
        if self.arrivals == "open_loop" and any(late < soon for soon, late in pairwise(moments)):
            raise InputError("arrival_ms goes back in time; sort the requests by it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Limits and overheads of one replica's engine.

    ``kv_cache_tokens`` holds running requests and shared prefixes, in blocks of ``block_tokens``.
    ``host_ms_per_sequence`` is added to a step for each sequence in it, ``front_end_ms`` to the way
    of each request into the engine. ``slowdown`` multiplies every step, host included, as in
    ``planner.serving.batching``: 1 ÷ edge of the throughput band. ``warm_prefixes``: shared
    prefixes are stored at the start already, as many as fill half of the cache.
    """

    max_num_seqs: int
    max_num_batched_tokens: int
    kv_cache_tokens: int
    host_ms_per_sequence: float
    front_end_ms: float
    slowdown: float = 1.0
    prefix_caching: bool = False
    warm_prefixes: bool = False
    block_tokens: int = 16

    def __post_init__(self) -> None:
        if not 1 <= self.max_num_seqs <= self.max_num_batched_tokens:
            raise InputError(
                f"max_num_seqs {self.max_num_seqs:,} and max_num_batched_tokens "
                f"{self.max_num_batched_tokens:,}: an engine starts only with 1 ≤ max_num_seqs ≤ "
                "max_num_batched_tokens; change one of them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """Which part of a run counts as steady: without the first and the last share of the arrivals.

    The last ones are simulated like the others, so that those before them meet their full load.
    """

    warm_up_share: float = 0.0
    drain_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Observed values of one quantity, ascending."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Sample:
        """The values in order."""
        return cls(tuple(sorted(values)))

    @property
    def mean(self) -> float | None:
        """None without a value."""
        return math.fsum(self.values) / len(self.values) if self.values else None

    def at(self, percentile: float) -> float | None:
        """The value at a percentile from 0 to 100, on straight lines between ranks; or None."""
        if not self.values:
            return None
        place = percentile / 100.0 * (len(self.values) - 1)
        below = int(place)
        above = min(below + 1, len(self.values) - 1)
        low, high = self.values[below], self.values[above]
        return low + (high - low) * (place - below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What happened to each request, in the order of arrival; NaN where it was refused."""

    arrival_ms: tuple[float, ...]
    first_token_ms: tuple[float, ...]
    finish_ms: tuple[float, ...]
    preemptions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimResult:
    """A simulated run.

    Rates, ``busy_share`` and ``mean_batch`` (sequences decoded in a mean step) belong to the
    window from the first to the last arrival that counts, latencies to the requests that arrived in
    it; tokens, preemptions and peaks to the whole run.

    ``load_share`` is offered rate ÷ the capacity given, else None. ``refused`` requests could never
    fit in the cache. ``computed_tokens`` went through the model, prompts and outputs;
    ``cached_tokens`` were found in the prefix cache; ``lost_tokens`` had been computed and were
    thrown away by preemptions. ``tpot_ms`` is (E2E − TTFT) ÷ (output tokens − 1) of requests with
    two or more.
    """

    seed: int | None
    requests: int
    completed: int
    refused: int
    measured: int
    window_s: float
    offered_rps: float
    request_rps: float
    output_tokens_per_s: float
    busy_share: float
    load_share: float | None
    mean_batch: float
    steps: int
    makespan_s: float
    ttft_ms: Sample
    tpot_ms: Sample
    e2e_ms: Sample
    preemptions: int
    computed_tokens: int
    output_tokens: int
    cached_tokens: int
    lost_tokens: int
    peak_sequences: int
    peak_step_tokens: int
    peak_kv_tokens: int
    timeline: Timeline

"""A simulated run and its figures."""

from __future__ import annotations

from planner.errors import InputError
from planner.serving.simulate.misses import Bounds, Misses
from planner.serving.simulate.record import Mark, Run
from planner.serving.simulate.scheduler import Scheduler
from planner.serving.simulate.types import (
    Cutoff,
    Engine,
    Sample,
    SimResult,
    Timeline,
    Workload,
)
from planner.serving.steps import StepTimes
from planner.units import MS_PER_S

__all__ = ["STEADY", "WHOLE", "simulate"]

STEADY = Cutoff(warm_up_share=0.15, drain_share=0.05)
WHOLE = Cutoff()


def simulate(
    workload: Workload,
    steps: StepTimes,
    engine: Engine,
    *,
    cutoff: Cutoff | None = None,
    capacity_rps: float | None = None,
    bounds: Bounds | None = None,
) -> SimResult:
    """Play a workload on one replica, engine step by engine step.

    ``cutoff`` defaults to the whole run for a burst and to ``STEADY`` otherwise. ``capacity_rps``
    is what ``load_share`` refers to. With ``bounds`` the run ends where one of them is missed for
    certain: its figures are of the part played, and miss it too. The answer depends on the
    arguments only. InputError when no request fits into the cache.
    """
    count = len(workload.requests)
    if cutoff is None:
        cutoff = WHOLE if workload.arrivals == "burst" else STEADY
    first = int(count * cutoff.warm_up_share)
    last = count - int(count * cutoff.drain_share)
    misses = None if bounds is None else Misses(workload, range(first, last), bounds)
    run = Scheduler(workload, steps, engine, marks=(first, last), misses=misses).simulate()
    if not run.completed:
        raise InputError(
            f"none of {count:,} requests fits into a cache of {engine.kv_cache_tokens:,} tokens; "
            "use more memory or shorter requests"
        )
    start, end = run.marks[first], run.marks.get(last, run.marks[count])
    if first == 0:
        start = _start(run)
    if end.clock_ms <= start.clock_ms:
        if bounds is not None:
            # Other requests count than the bounds were counted on.
            return simulate(workload, steps, engine, cutoff=cutoff, capacity_rps=capacity_rps)
        first, last, start, end = 0, count, _start(run), run.marks[count]
    return _result(workload, engine, run, capacity_rps, range(first, last), start, end)


def _start(run: Run) -> Mark:
    """The moment of the first arrival, with nothing done yet."""
    return Mark(run.arrival_ms[0], 0, 0, 0, 0.0, 0, 0)


def _result(
    workload: Workload,
    engine: Engine,
    run: Run,
    capacity_rps: float | None,
    window: range,
    start: Mark,
    end: Mark,
) -> SimResult:
    count = len(workload.requests)
    seconds = (end.clock_ms - start.clock_ms) / MS_PER_S
    offered = (end.arrived - start.arrived) / seconds
    measured = [i for i in window if run.finish_ms[i] >= 0.0]
    steps = end.steps - start.steps
    ttft = Sample.of(run.first_token_ms[i] - run.arrival_ms[i] for i in measured)
    e2e = Sample.of(run.finish_ms[i] - run.arrival_ms[i] for i in measured)
    return SimResult(
        seed=workload.seed,
        requests=count,
        completed=run.completed,
        refused=run.refused,
        measured=len(measured),
        window_s=seconds,
        offered_rps=offered,
        request_rps=(end.completed - start.completed) / seconds,
        output_tokens_per_s=(end.output_tokens - start.output_tokens) / seconds,
        # Steps added up one by one may come out a rounding error longer than the clock.
        busy_share=min((end.busy_ms - start.busy_ms) / MS_PER_S / seconds, 1.0),
        load_share=offered / capacity_rps if capacity_rps else None,
        mean_batch=(end.decoded - start.decoded) / steps if steps else 0.0,
        steps=run.marks[count].steps,
        makespan_s=(run.marks[count].clock_ms - run.arrival_ms[0]) / MS_PER_S,
        ttft_ms=ttft,
        tpot_ms=_tpot(workload, run, measured),
        e2e_ms=e2e,
        preemptions=sum(run.preemptions),
        computed_tokens=run.computed_tokens,
        output_tokens=run.output_tokens,
        cached_tokens=run.cached_tokens,
        lost_tokens=run.lost_tokens,
        peak_sequences=run.peak_sequences,
        peak_step_tokens=run.peak_step_tokens,
        peak_kv_tokens=run.peak_blocks * engine.block_tokens,
        timeline=Timeline(
            arrival_ms=tuple(run.arrival_ms),
            first_token_ms=tuple(run.first_token_ms),
            finish_ms=tuple(run.finish_ms),
            preemptions=tuple(run.preemptions),
        ),
    )


def _tpot(workload: Workload, run: Run, measured: list[int]) -> Sample:
    requests = workload.requests
    return Sample.of(
        (run.finish_ms[i] - run.first_token_ms[i]) / (requests[i].output_tokens - 1)
        for i in measured
        if requests[i].output_tokens > 1
    )

"""What one GPU kind at one tensor-parallel degree can do for a workload: fit, speed, load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.catalog.types import Accelerator, ModelCard
from planner.demand import capacity_needed_rps
from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.serving.batching import Limits, Replica
from planner.serving.calibration import calibration
from planner.serving.constants import constants
from planner.serving.lengths import Lengths, lengths_of, reusable_prefix_tokens
from planner.serving.memory import MemoryFit, fit_memory, sequence_bytes, split_reason
from planner.serving.precision import Weights, resolve_weights
from planner.serving.queueing import Load, Objective, largest_load
from planner.serving.steps import Answer, Provider, Question, ask
from planner.serving.types import Capacity
from planner.serving.waits import split_cv2, square_root_staffing

__all__ = ["Job", "Outcome", "outcome_of"]

_FLOPS_PER_PARAM = 2.0
_FP8_SCALE = 0.5
# Enough to settle the number of replicas that share bursty arrivals within one or two.
_ROUNDS_OF_SPLITTING = 6
_MOST_REPLICAS = 10_000
# Lower end of the rule: fewer free slots than that are worth a word.
_STAFFING_BETA = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked of every piece of hardware. ``max_model_len`` and lengths in tokens."""

    option: SelfHostOption
    demand: Demand
    slo: Slo
    card: ModelCard
    max_model_len: int
    lengths: Lengths
    providers: Sequence[Provider]

    @property
    def kv_scale(self) -> float:
        """Bytes of a cache element ÷ 2."""
        return _FP8_SCALE if self.option.limits.kv_cache_dtype == "fp8" else 1.0

    @property
    def peak_rps(self) -> float:
        """What all replicas together must hold in the first month."""
        return capacity_needed_rps(self.demand, self.demand.requests_per_month)

    @property
    def objective(self) -> Objective:
        """The service level in the queue model's units."""
        slo = self.slo
        return Objective(
            ttft_ms=None if slo.ttft_ms is None else float(slo.ttft_ms),
            ttft_percentile=slo.ttft_percentile / 100.0,
            tpot_ms=None if slo.tpot_ms is None else float(slo.tpot_ms),
            tpot_percentile=slo.tpot_percentile / 100.0,
            max_utilisation=float(slo.max_utilisation),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``capacity``, or None with the reason. Bytes are per GPU, cache tokens per replica."""

    precision: str
    weights_bytes: float = 0.0
    kv_cache_tokens: int = 0
    capacity: Capacity | None = None
    reason: str | None = None


def outcome_of(job: Job, gpu: Accelerator, *, mem_mib: int, tensor_parallel_size: int) -> Outcome:
    """Capacity of a replica on ``tensor_parallel_size`` GPUs with ``mem_mib`` each by EC2."""
    degree = tensor_parallel_size
    reason = _hopeless(job, gpu, degree)
    weights = resolve_weights(job.card, gpu, job.option.precision)
    if reason is not None or isinstance(weights, str):
        return Outcome(precision=job.option.precision, reason=reason or str(weights))
    fit = _fit(job, min(mem_mib, gpu.mem_mib), degree, weights)
    held = _cache_tokens(job, fit, degree)
    base = Outcome(
        precision=weights.precision, weights_bytes=fit.weights_bytes, kv_cache_tokens=int(held)
    )
    if fit.reason is not None:
        return replace(base, reason=fit.reason)
    question = Question(
        card=job.card,
        accelerator=gpu,
        tensor_parallel_size=degree,
        weights=weights,
        kv_scale=job.kv_scale,
        input_tokens=job.lengths.input_tokens,
        output_tokens=job.lengths.output_tokens,
    )
    answer = ask(question, job.providers)
    if answer is None:
        return replace(base, reason=_no_data(gpu))
    return _loaded(job, question, answer, base, held)


def _hopeless(job: Job, gpu: Accelerator, degree: int) -> str | None:
    """What no amount of memory or speed can mend."""
    if not gpu.servable:
        return _no_data(gpu)
    wanted = job.demand.input_tokens.p99 + job.demand.output_tokens.p99
    if wanted > job.card.max_context_tokens:
        return (
            f"p99 input + p99 output {wanted:,.0f} tokens > {job.card.max_context_tokens:,} "
            f"context of {job.card.id}"
        )
    if job.option.limits.kv_cache_dtype == "fp8" and gpu.tflops_fp8 is None:
        return f"{gpu.name} has no fp8: kv_cache_dtype fp8 is not supported"
    split = split_reason(job.card, degree)
    return None if split is None else f"tensor parallel {degree}: {split}"


def _no_data(gpu: Accelerator) -> str:
    return f"no data: no serving model for {gpu.name}"


def _fit(job: Job, mem_mib: int, degree: int, weights: Weights) -> MemoryFit:
    limits = job.option.limits
    return fit_memory(
        job.card,
        weights_bytes=weights.total_bytes,
        gpu_mem_mib=mem_mib,
        gpu_memory_utilization=float(limits.gpu_memory_utilization),
        max_num_batched_tokens=limits.max_num_batched_tokens,
        tensor_parallel_size=degree,
        longest_sequence_tokens=job.max_model_len,
        kv_scale=job.kv_scale,
    )


def _cache_tokens(job: Job, fit: MemoryFit, degree: int) -> float:
    """Tokens the replica's cache holds in sequences of mean length."""
    tokens = job.lengths.sequence_tokens
    each = sequence_bytes(job.card, tokens, tensor_parallel_size=degree, kv_scale=job.kv_scale)
    return fit.kv_bytes / each * tokens


def _loaded(job: Job, question: Question, answer: Answer, base: Outcome, held: float) -> Outcome:
    """Capacity at the lower edge, the middle and the upper edge of the band."""
    replica, note = _replica(job, question, answer, held)
    band, objective = answer.band, job.objective
    replica, low = _among_replicas(job, replace(replica, slowdown=1.0 / band.low))
    if low.state is None:
        edge = f"at {band.low:g} of predicted speed, the lower band edge"
        return replace(base, reason=f"{low.reason} {edge}")
    mid, high = (
        largest_load(replace(replica, slowdown=1.0 / factor), objective, near=low)
        for factor in (1.0, band.high)
    )
    ceiling = _most_rps(question, replica.lengths)
    warnings = (*question.weights.warnings, *answer.warnings, *((note,) if note else ()))
    slots = int(low.full.sequences)
    wanted = square_root_staffing(low.state.sequences, _STAFFING_BETA)
    if wanted > slots:
        warnings += (
            f"{low.state.sequences:.1f} of {slots} sequences in use: waits grow fast with bursts",
        )
    if _rate(high) > ceiling:
        warnings += (f"capped at {ceiling:.2f} requests/s, the GPUs' peak FLOPs",)
    capacity = Capacity(
        low_rps=min(low.state.rate_rps, ceiling),
        mid_rps=min(_rate(mid), ceiling),
        high_rps=min(_rate(high), ceiling),
        ttft_ms=low.latency.ttft_ms,
        tpot_ms=low.latency.tpot_ms,
        concurrency=low.state.sequences,
        provider=answer.provider,
        band_low=band.low,
        band_high=band.high,
        source_ids=answer.source_ids,
        warnings=warnings,
        replica=replica,
    )
    return replace(base, capacity=capacity)


def _among_replicas(job: Job, replica: Replica) -> tuple[Replica, Load]:
    """The largest load of one of as many replicas as the peak needs, and the replica at it.

    They share the arrivals, so each sees milder bursts than the service does. Their number is
    found by trying, from that for Poisson arrivals up; never more are assumed than are needed.
    """
    whole = replica.arrival_cv2
    smooth = replace(replica, arrival_cv2=min(whole, 1.0))
    found = smooth, largest_load(smooth, job.objective)
    if whole <= 1.0 or found[1].state is None:
        return found
    parts = enough = _needed(job, found[1])
    for _ in range(_ROUNDS_OF_SPLITTING):
        split = replace(replica, arrival_cv2=split_cv2(whole, parts))
        load = largest_load(split, job.objective, near=found[1])
        needed = _needed(job, load)
        if needed < parts:
            parts = (enough + parts) // 2
            continue
        found, enough = (split, load), parts
        if needed == parts:
            break
        parts = (parts + needed + 1) // 2
    return found


def _needed(job: Job, load: Load) -> int:
    """Replicas that hold the peak when each sustains this load."""
    rate = _rate(load)
    return max(math.ceil(job.peak_rps / rate), 1) if rate > 0.0 else _MOST_REPLICAS


def _rate(load: Load) -> float:
    return load.state.rate_rps if load.state is not None else 0.0


def _replica(
    job: Job, question: Question, answer: Answer, held: float
) -> tuple[Replica, str | None]:
    """The replica with its share of cached prompts, and what was assumed about them."""
    limits, demand, lengths = job.option.limits, job.demand, job.lengths
    note = None
    if limits.prefix_caching and demand.shared_prefix is not None:
        cached, note = reusable_prefix_tokens(
            demand.shared_prefix,
            job.card,
            kv_cache_tokens=held,
            longest_sequence_tokens=job.max_model_len,
        )
        if cached:
            lengths = lengths_of(
                demand, ttft_percentile=job.slo.ttft_percentile, cached_tokens=cached
            )
            held -= cached * demand.shared_prefix.distinct_prefixes
    replica = Replica(
        steps=answer.steps,
        lengths=lengths,
        limits=Limits(
            max_num_seqs=limits.max_num_seqs,
            max_num_batched_tokens=limits.max_num_batched_tokens,
            kv_cache_tokens=held,
        ),
        arrival_cv2=demand.interarrival_cv**2,
        host_ms_per_sequence=calibration().host_ms(question.accelerator.name),
        front_end_ms=constants().front_end_ms,
    )
    return replica, note


def _most_rps(question: Question, lengths: Lengths) -> float:
    """Requests a second whose multiplications alone take every peak FLOP of the GPUs."""
    tokens = lengths.input_tokens + lengths.output_tokens
    flops = _FLOPS_PER_PARAM * question.card.active_params * tokens
    return question.tensor_parallel_size * question.weights.peak_tflops * 1e12 / flops

"""Every instance type and tensor-parallel degree for one model, with what each can serve.

The capacity of a replica depends on the GPU and the degree only, so it is computed once for each
pair and shared by all sizes of an instance family. The instance's own memory is no bound (see
``memory``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from planner.catalog.types import Accelerator, InstanceType, ModelCard
from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.serving.capacity import Job, Outcome, outcome_of
from planner.serving.lengths import lengths_of, longest_sequence_tokens
from planner.serving.measured import ShippedRowsProvider, own_runs_provider
from planner.serving.profiles import ProfileProvider, ProfileStore
from planner.serving.roofline import RooflineProvider
from planner.serving.steps import Provider
from planner.serving.types import ServingOption

__all__ = ["PROVIDERS", "providers_with", "serving_options"]

# Asked in this order; the first that has data answers, and its name goes with the answer.
_MODELS: tuple[Provider, ...] = (ProfileProvider(), RooflineProvider())
PROVIDERS: tuple[Provider, ...] = (ShippedRowsProvider(rest=_MODELS), *_MODELS)
# What these found is kept; others are made anew for each scenario.
_SHIPPED = PROVIDERS

_DEGREES = (1, 2, 4, 8)

# Outcomes by GPU, its memory by EC2, and degree; kept in the process for so many workloads.
_Known = dict[tuple[Accelerator, int, int], Outcome]
_JOBS_KEPT = 64


def providers_with(profiles: Path | None) -> tuple[Provider, ...]:
    """``PROVIDERS``, with a folder of one's own profiles asked before the shipped ones."""
    if profiles is None:
        return PROVIDERS
    models = (ProfileProvider(ProfileStore.of(profiles)), *_MODELS)
    return (ShippedRowsProvider(rest=models), *models)


def serving_options(
    option: SelfHostOption,
    demand: Demand,
    slo: Slo,
    region: str,
    *,
    instances: Sequence[InstanceType],
    accelerators: Mapping[str, Accelerator],
    card: ModelCard,
    providers: Sequence[Provider] = PROVIDERS,
    measured: Path | None = None,
) -> tuple[ServingOption, ...]:
    """All candidates for an option, sorted by instance type and degree, infeasible ones included.

    ``instances`` are the types to be had in ``region``; types the option names that are not among
    them come back with that reason. ``measured`` is the user's own benchmark file or folder, asked
    before all ``providers``; InputError when it cannot be used for the option.
    """
    if measured is not None:
        own = own_runs_provider(
            option,
            card,
            measured,
            instances=instances,
            accelerators=accelerators,
            rest=providers,
        )
        providers = (own, *providers)
    job = Job(
        option=option,
        demand=demand,
        slo=slo,
        card=card,
        max_model_len=min(longest_sequence_tokens(demand), card.max_context_tokens),
        lengths=lengths_of(demand, ttft_percentile=slo.ttft_percentile),
        providers=providers,
    )
    offered = {instance.name: instance for instance in instances}
    wanted = offered if option.instance_types == "any" else set(option.instance_types)
    known = _known_of(job) if providers is _SHIPPED else _Known()
    found: list[ServingOption] = []
    for name in sorted(wanted):
        instance = offered.get(name)
        if instance is None:
            found.append(_not_offered(job, name, region))
            continue
        for degree in _degrees(option, instance):
            outcome = _outcome(job, instance, degree, accelerators, known)
            found.append(_candidate(job, instance, degree, outcome))
    return tuple(found)


def _known_of(job: Job) -> _Known:
    """What was found before for the same but for the volume: many scenarios share it.

    Capacity follows from lengths and objectives. Only where arrivals vary more than by chance does
    it depend on how many replicas share them.
    """
    demand = job.demand
    if demand.interarrival_cv <= 1.0:
        nothing = Decimal(0)
        demand = replace(
            demand,
            requests_per_month=nothing,
            mean_rps=0.0,
            growth_per_month=nothing,
            assumptions=(),
        )
    option = job.option
    return _kept(demand, repr(job.slo), option.precision, repr(option.limits), job.card)


@lru_cache(maxsize=_JOBS_KEPT)
def _kept(demand: Demand, slo: str, precision: str, limits: str, card: ModelCard) -> _Known:
    """One and the same for equal arguments."""
    return {}


def _degrees(option: SelfHostOption, instance: InstanceType) -> Sequence[int]:
    """Degrees asked for that the instance has GPUs for; the least one asked for if none is."""
    asked = sorted(option.tensor_parallel_sizes or _DEGREES)
    return [degree for degree in asked if degree <= instance.accelerator_count] or asked[:1]


def _outcome(
    job: Job,
    instance: InstanceType,
    degree: int,
    accelerators: Mapping[str, Accelerator],
    known: _Known,
) -> Outcome:
    """The outcome for an instance's GPUs, computed unless ``known`` has it."""
    count, gpu = instance.accelerator_count, accelerators.get(instance.accelerator)
    if degree > count:
        return Outcome(
            precision=job.option.precision,
            reason=f"tensor parallel {degree} needs {degree} GPUs, {instance.name} has {count}",
        )
    if gpu is None:
        return Outcome(
            precision=job.option.precision, reason=f"no data: {instance.accelerator} is not known"
        )
    key = (gpu, instance.accelerator_mem_mib, degree)
    if key not in known:
        known[key] = outcome_of(
            job, gpu, mem_mib=instance.accelerator_mem_mib, tensor_parallel_size=degree
        )
    return known[key]


def _candidate(job: Job, instance: InstanceType, degree: int, outcome: Outcome) -> ServingOption:
    limits = job.option.limits
    return ServingOption(
        model_id=job.option.model,
        precision=outcome.precision,
        kv_cache_dtype=limits.kv_cache_dtype,
        instance_type=instance.name,
        accelerator=instance.accelerator,
        tensor_parallel_size=degree,
        replicas_per_instance=instance.accelerator_count // degree,
        max_model_len=job.max_model_len,
        max_num_seqs=limits.max_num_seqs,
        max_num_batched_tokens=limits.max_num_batched_tokens,
        weights_bytes=outcome.weights_bytes,
        kv_cache_tokens=outcome.kv_cache_tokens,
        capacity=outcome.capacity,
        reason=outcome.reason,
        # A layer that keeps a state instead of a cache has no prefix to share.
        prefix_caching=limits.prefix_caching and not job.card.state_bytes_per_sequence,
    )


def _not_offered(job: Job, name: str, region: str) -> ServingOption:
    limits = job.option.limits
    return ServingOption(
        model_id=job.option.model,
        precision=job.option.precision,
        kv_cache_dtype=limits.kv_cache_dtype,
        instance_type=name,
        accelerator="",
        tensor_parallel_size=1,
        replicas_per_instance=0,
        max_model_len=job.max_model_len,
        max_num_seqs=limits.max_num_seqs,
        max_num_batched_tokens=limits.max_num_batched_tokens,
        weights_bytes=0.0,
        kv_cache_tokens=0,
        capacity=None,
        reason=f"{name} is not offered in {region}",
    )

"""The whole report of ``planner capacity``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from planner import __version__
from planner.catalog import Catalog
from planner.decision.capacity import CapacityOffer
from planner.demand import Demand, capacity_needed_rps
from planner.money import usd_from_float
from planner.render.payload_context import catalog_view
from planner.render.payload_types import SCHEMA_VERSION, AssumptionView, PricesView
from planner.scenario import Assumption, Scenario
from planner.serving import ServingOption

__all__ = [
    "CapacityOptionView",
    "CapacityQuestionView",
    "CapacityReport",
    "PriceRangeView",
    "RateRangeView",
    "capacity_report",
]


class CapacityQuestionView(NamedTuple):
    """What was asked. A limit that is null was not set.

    ``requests_per_s`` is the mean rate to hold and ``peak_requests_per_s`` its busiest minute;
    both are null when no rate was given. ``own_config`` and ``own_profiles`` are folders,
    ``measured`` a benchmark file or folder.
    """

    model: str
    precision: str
    region: str
    instance_types: tuple[str, ...]
    tensor_parallel_sizes: tuple[int, ...] | None
    input_tokens_mean: float
    input_tokens_p95: float
    output_tokens_mean: float
    output_tokens_p95: float
    interarrival_cv: float
    ttft_ms: float | None
    ttft_percentile: int
    tpot_ms: float | None
    tpot_percentile: int
    max_utilisation: float
    engine: str
    max_num_seqs: int
    max_num_batched_tokens: int
    gpu_memory_utilization: float
    kv_cache_dtype: str
    prefix_caching: bool
    measured: str | None
    own_profiles: str | None
    own_config: str | None
    requests_per_s: float | None
    peak_requests_per_s: float | None
    redundancy: str | None


class RateRangeView(NamedTuple):
    """A rate at the lower edge of the band, at the predicted speed, at the upper edge."""

    low: float
    expected: float
    high: float


class PriceRangeView(NamedTuple):
    """A price over the band of capacity: the low price is that of the high rate."""

    low: Decimal
    expected: Decimal
    high: Decimal


class CapacityOptionView(NamedTuple):
    """One instance type at one tensor-parallel degree; figures are null where it is infeasible.

    Rates, latencies, cache and weights are of one replica, ``instance_requests_per_s`` of all
    replicas of an instance at the expected rate. Replicas are sized on the low rate, and the
    latencies are those at it; ``saturated_requests_per_s`` is what the engine does at most,
    whatever the latencies. ``usd_per_1m_tokens`` is at full use: every replica at its expected
    rate in every hour, no spare. ``usd_per_hour_of_instances`` pays for all of ``instances``.
    """

    instance_type: str
    accelerator: str
    tensor_parallel_size: int
    replicas_per_instance: int
    feasible: bool
    reason: str | None
    precision: str
    kv_cache_dtype: str
    provider: str | None
    band_low: float | None
    band_high: float | None
    source_ids: tuple[str, ...]
    requests_per_s: float | None
    requests_per_s_range: RateRangeView | None
    instance_requests_per_s: float | None
    output_tokens_per_s: float | None
    output_tokens_per_s_range: RateRangeView | None
    saturated_requests_per_s: float | None
    sequences_decoded_together: float | None
    ttft_ms: float | None
    ttft_reason: str | None
    tpot_ms: float | None
    weights_bytes_per_gpu: float | None
    kv_cache_tokens: int | None
    max_model_len: int
    usd_per_hour: Decimal | None
    usd_per_hour_reason: str | None
    usd_per_1m_tokens: Decimal | None
    usd_per_1m_tokens_range: PriceRangeView | None
    replicas: int | None
    instances: int | None
    usd_per_hour_of_instances: Decimal | None
    warnings: tuple[str, ...]


class CapacityReport(NamedTuple):
    """What each instance type serves, cheapest per token first, infeasible ones last."""

    schema_version: int
    planner_version: str
    question: CapacityQuestionView
    options: tuple[CapacityOptionView, ...]
    assumptions: tuple[AssumptionView, ...]
    prices: PricesView


def capacity_report(
    scenario: Scenario,
    demand: Demand,
    catalog: Catalog,
    offers: Sequence[CapacityOffer],
    *,
    sized: bool,
    written_at: Callable[[str], str | None],
) -> CapacityReport:
    """The report; ``written_at`` gives the option that set a path of the scenario, or None."""
    return CapacityReport(
        schema_version=SCHEMA_VERSION,
        planner_version=__version__,
        question=_question(scenario, demand, sized=sized),
        options=tuple(_option(offer, demand) for offer in offers),
        assumptions=tuple(
            _assumption(each, written_at) for each in demand.assumptions if _concerns(each, sized)
        ),
        prices=_prices(catalog, offers),
    )


def _prices(catalog: Catalog, offers: Sequence[CapacityOffer]) -> PricesView:
    """Which prices, and when those of the offers that can serve were seen."""
    view = catalog_view(catalog)
    rows = [o.price for o in offers if o.price is not None and o.usd_per_1m_tokens is not None]
    days = [row.observed for row in rows if row.observed is not None]
    if not days:
        return view
    return view._replace(oldest_observed=min(days), newest_observed=max(days))


# What the capacity of one replica rests on, and what only the size of a fleet does.
_ONE_REPLICA = (
    "workload.input_tokens",
    "workload.output_tokens",
    "workload.trace",
    "workload.shared_prefix",
)
_FLEET = ("workload.requests_per_day", "workload.traffic", "workload.deferrable_share")


def _concerns(assumption: Assumption, sized: bool) -> bool:
    wanted = (*_ONE_REPLICA, *_FLEET) if sized else _ONE_REPLICA
    return assumption.path.startswith(wanted)


def _assumption(assumption: Assumption, written_at: Callable[[str], str | None]) -> AssumptionView:
    return AssumptionView(
        path=assumption.path,
        value=assumption.value,
        origin=assumption.origin,
        source=assumption.source,
        mark=assumption.mark,
        written_at=written_at(assumption.path),
        set_path=assumption.path,
    )


def _question(scenario: Scenario, demand: Demand, *, sized: bool) -> CapacityQuestionView:
    option, slo = scenario.options.selfhost[0], scenario.slo
    limits, asked = option.limits, option.instance_types
    peak = capacity_needed_rps(demand, demand.requests_per_month)
    degrees = option.tensor_parallel_sizes
    return CapacityQuestionView(
        model=option.model,
        precision=option.precision,
        region=option.region or scenario.region,
        instance_types=("any",) if asked == "any" else tuple(asked),
        tensor_parallel_sizes=None if degrees is None else tuple(degrees),
        input_tokens_mean=float(demand.input_tokens.mean),
        input_tokens_p95=_twelve(demand.input_tokens.p95),
        output_tokens_mean=float(demand.output_tokens.mean),
        output_tokens_p95=_twelve(demand.output_tokens.p95),
        interarrival_cv=_twelve(demand.interarrival_cv),
        ttft_ms=_float(slo.ttft_ms),
        ttft_percentile=slo.ttft_percentile,
        tpot_ms=_float(slo.tpot_ms),
        tpot_percentile=slo.tpot_percentile,
        max_utilisation=float(slo.max_utilisation),
        engine=limits.engine,
        max_num_seqs=limits.max_num_seqs,
        max_num_batched_tokens=limits.max_num_batched_tokens,
        gpu_memory_utilization=float(limits.gpu_memory_utilization),
        kv_cache_dtype=limits.kv_cache_dtype,
        prefix_caching=limits.prefix_caching,
        measured=option.measured,
        own_profiles=option.profiles,
        own_config=option.config,
        requests_per_s=_twelve(demand.mean_rps) if sized else None,
        peak_requests_per_s=_twelve(peak) if sized else None,
        redundancy=slo.redundancy if sized else None,
    )


def _option(offer: CapacityOffer, demand: Demand) -> CapacityOptionView:
    serving, capacity, spread = offer.serving, offer.serving.capacity, offer.usd_per_1m_tokens
    rates = _rates(serving)
    tokens = float(demand.output_tokens.mean)
    price = None if offer.price is None else offer.price.usd
    return CapacityOptionView(
        instance_type=serving.instance_type,
        accelerator=serving.accelerator,
        tensor_parallel_size=serving.tensor_parallel_size,
        replicas_per_instance=serving.replicas_per_instance,
        feasible=capacity is not None,
        reason=serving.reason,
        precision=serving.precision,
        kv_cache_dtype=serving.kv_cache_dtype,
        provider=None if capacity is None else capacity.provider,
        band_low=None if capacity is None else capacity.band_low,
        band_high=None if capacity is None else capacity.band_high,
        source_ids=() if capacity is None else capacity.source_ids,
        requests_per_s=None if rates is None else rates.expected,
        requests_per_s_range=rates,
        instance_requests_per_s=None
        if rates is None
        else _twelve(rates.expected * serving.replicas_per_instance),
        output_tokens_per_s=None if rates is None else _twelve(rates.expected * tokens),
        output_tokens_per_s_range=None
        if rates is None
        else RateRangeView(*(_twelve(rate * tokens) for rate in rates)),
        saturated_requests_per_s=_maybe_twelve(offer.saturated_rps),
        sequences_decoded_together=None if capacity is None else _twelve(capacity.concurrency),
        ttft_ms=_maybe_twelve(offer.ttft_ms),
        ttft_reason=offer.ttft_reason,
        tpot_ms=None if capacity is None else _twelve(capacity.tpot_ms),
        # Nothing was summed up where a replica was not even looked at.
        weights_bytes_per_gpu=_twelve(serving.weights_bytes) if serving.weights_bytes else None,
        kv_cache_tokens=serving.kv_cache_tokens if serving.weights_bytes else None,
        max_model_len=serving.max_model_len,
        usd_per_hour=price,
        usd_per_hour_reason=None if offer.price is None else offer.price.reason_null,
        usd_per_1m_tokens=None if spread is None else spread.expected,
        usd_per_1m_tokens_range=None
        if spread is None
        else PriceRangeView(low=spread.low, expected=spread.expected, high=spread.high),
        replicas=offer.replicas,
        instances=offer.instances,
        usd_per_hour_of_instances=None
        if price is None or offer.instances is None
        else price * offer.instances,
        warnings=() if capacity is None else capacity.warnings,
    )


def _rates(serving: ServingOption) -> RateRangeView | None:
    capacity = serving.capacity
    if capacity is None:
        return None
    return RateRangeView(
        low=_twelve(capacity.low_rps),
        expected=_twelve(capacity.mid_rps),
        high=_twelve(capacity.high_rps),
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _maybe_twelve(value: float | None) -> float | None:
    return None if value is None else _twelve(value)


def _twelve(value: float) -> float:
    """The float nearest to 12 significant digits: the last bits depend on the machine."""
    return float(usd_from_float(value))

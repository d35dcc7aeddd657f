"""What the simulator said of an option's replicas, beside what they were sized on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from planner.costs import Option
from planner.decision import Recommendation
from planner.demand import Demand
from planner.money import usd_from_float
from planner.scenario.economics import Slo

if TYPE_CHECKING:
    from planner.serving.simulate import CapacityCheck, Sample

__all__ = [
    "AnalyticView",
    "CapacityCheckView",
    "PercentilesView",
    "SimulatedView",
    "capacity_check_view",
]


class PercentilesView(NamedTuple):
    """Of one quantity over the requests that count; null where no request has it.

    ``slo`` is the percentile that the service level bounds.
    """

    slo: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class AnalyticView(NamedTuple):
    """By formulas, at the percentiles of the service level.

    ``ttft_ms`` is null where it cannot be predicted; the view above it says why.
    """

    utilisation: float
    ttft_ms: float | None
    tpot_ms: float | None


class SimulatedView(NamedTuple):
    """Step by step. ``utilisation`` is offered load ÷ the most a replica does, ``busy_share`` the
    time with any request in it. ``requests`` counted, of ``requests_played``.

    ``arrivals``: the ``trace``'s own, or gaps by chance: ``poisson``, or ``gamma`` with
    ``interarrival_cv`` for the service as a whole.
    """

    utilisation: float
    busy_share: float
    requests_per_s: float
    output_tokens_per_s: float
    ttft_ms: PercentilesView | None
    tpot_ms: PercentilesView
    preemptions: int
    requests: int
    requests_played: int
    refused: int
    seed: int
    arrivals: Literal["trace", "poisson", "gamma"]
    interarrival_cv: float


class CapacityCheckView(NamedTuple):
    """One replica at the busiest moment of the horizon, at the lower edge of the throughput band.

    ``*_limit_ms`` are the bounds of the service level, null where it sets none.
    ``load_rps`` is shared by ``working_replicas``: ``replicas_added`` on account of the simulator
    are among them, the spare is not. Steps take 1 ÷ ``band_low`` of the predicted time.
    ``ttft_not_predicted`` is the reason for times to first token that are null.
    """

    load_rps: float
    working_replicas: int
    replicas_added: int
    replica_rps: float
    band_low: float
    ttft_percentile: int
    ttft_limit_ms: float | None
    tpot_percentile: int
    tpot_limit_ms: float | None
    ttft_not_predicted: str | None
    analytic: AnalyticView
    simulated: SimulatedView


def capacity_check_view(recommendation: Recommendation, option: Option) -> CapacityCheckView | None:
    """The check of an option; None for an API and for capacities that were given."""
    check, serving, slo = option.check, option.serving, recommendation.scenario.slo
    if check is None or serving is None or serving.capacity is None:
        return None
    from planner.serving.operating import MOST_PREDICTABLE

    analytic = check.analytic
    predicted = analytic.predicts_ttft
    return CapacityCheckView(
        load_rps=_twelve(check.share.load_rps),
        working_replicas=check.share.replicas,
        replicas_added=check.extra_replicas,
        replica_rps=_twelve(check.share.rate_rps),
        band_low=serving.capacity.band_low,
        ttft_percentile=slo.ttft_percentile,
        ttft_limit_ms=None if slo.ttft_ms is None else float(slo.ttft_ms),
        tpot_percentile=slo.tpot_percentile,
        tpot_limit_ms=None if slo.tpot_ms is None else float(slo.tpot_ms),
        ttft_not_predicted=None
        if predicted
        else f"utilisation {analytic.utilisation:.2f} is above {MOST_PREDICTABLE:.2f}",
        analytic=AnalyticView(
            utilisation=_twelve(analytic.utilisation),
            ttft_ms=_known(analytic.ttft_ms) if predicted else None,
            tpot_ms=_known(analytic.tpot_ms),
        ),
        simulated=_simulated(check, recommendation.demand, slo, with_ttft=predicted),
    )


def _simulated(check: CapacityCheck, demand: Demand, slo: Slo, *, with_ttft: bool) -> SimulatedView:
    from planner.costs.confirming import CONFIRM_SEED

    result = check.simulated.result
    drawn: Literal["poisson", "gamma"] = "poisson" if demand.interarrival_cv == 1.0 else "gamma"
    return SimulatedView(
        utilisation=_twelve(result.load_share or 0.0),
        busy_share=_twelve(result.busy_share),
        requests_per_s=_twelve(result.request_rps),
        output_tokens_per_s=_twelve(result.output_tokens_per_s),
        ttft_ms=_percentiles(result.ttft_ms, slo.ttft_percentile) if with_ttft else None,
        tpot_ms=_percentiles(result.tpot_ms, slo.tpot_percentile),
        preemptions=result.preemptions,
        requests=result.measured,
        requests_played=result.requests,
        refused=result.refused,
        seed=CONFIRM_SEED,
        arrivals=drawn if demand.trace_window is None else "trace",
        interarrival_cv=_twelve(demand.interarrival_cv),
    )


def _percentiles(sample: Sample, slo: int) -> PercentilesView:
    return PercentilesView(*(_known(sample.at(percentile)) for percentile in (slo, 50, 90, 95, 99)))


def _known(value: float | None) -> float | None:
    return None if value is None else _twelve(value)


def _twelve(value: float) -> float:
    """12 significant digits: the last bits of a float depend on the machine."""
    return float(usd_from_float(value))

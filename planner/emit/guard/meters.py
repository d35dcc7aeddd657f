"""The two ways money is watched: what is paid by use, and instances by the hour.

A meter gives its spend in USD a period as metrics and one expression ``s``, and its requests as
``r``; alarms of all kinds of stack are made of these. A hybrid has both meters, since a runaway
of its small API part would be lost in the sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from planner.emit.guard import metrics
from planner.emit.guard.data import thresholds
from planner.emit.guard.inputs import GuardPlan
from planner.emit.guard.types import Expression, MetricRef, Query
from planner.emit.guard.week import floored, larger_of_offsets, no_less_than_hour_before

__all__ = ["Meter", "decimal_text", "meters_of"]

_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Metered spend and its plan.

    ``spend(period_s)`` ends in a query ``s``, ``requests(period_s)`` in ``r``. ``planned_usd``
    and ``planned_requests`` are of each UTC hour, the larger of both offsets where the zone has
    summer time; ``noisy`` is false where spend is instances, which do not scatter.
    ``anomaly`` is the one metric that stands for the spend; ``shown_...`` is the plan itself,
    as the dashboard draws it.
    """

    name: str
    prefix: str
    spend: Callable[[int], tuple[Query, ...]]
    requests: Callable[[int], tuple[Query, ...]]
    anomaly: Callable[[int], MetricRef]
    planned_usd: tuple[float, ...]
    planned_requests: tuple[float, ...]
    noisy_requests: tuple[float, ...]
    noisy: bool
    shown_usd: tuple[float, ...]
    shown_requests: tuple[float, ...]


class _ByUse(TypedDict):
    planned_usd: tuple[float, ...]
    planned_requests: tuple[float, ...]
    noisy_requests: tuple[float, ...]
    noisy: bool
    shown_usd: tuple[float, ...]
    shown_requests: tuple[float, ...]


def meters_of(plan: GuardPlan) -> tuple[Meter, ...]:
    """The meters that the kind of stack has."""
    if plan.kind == "api_gateway":
        return (_gateway(plan),)
    if plan.kind == "bedrock":
        return (_bedrock(plan),)
    if plan.kind == "vllm_gpu":
        return (_gpu(plan, prefix=""),)
    return (_gateway(plan), _gpu(plan, prefix="gpu-"))


def decimal_text(value: float) -> str:
    """A factor for metric math, which has no exponents: nine significant digits."""
    return f"{Decimal(f'{value:.9g}'):f}"


def _gateway(plan: GuardPlan) -> Meter:
    def spend(period_s: int) -> tuple[Query, ...]:
        return (metrics.gateway("s", "SpendUSD", period_s),)

    def requests(period_s: int) -> tuple[Query, ...]:
        return (metrics.gateway("r", "Requests", period_s),)

    return Meter(
        name="gateway",
        prefix="",
        spend=spend,
        requests=requests,
        anomaly=lambda period_s: metrics.gateway("s", "SpendUSD", period_s),
        **_by_use(plan),
    )


def _bedrock(plan: GuardPlan) -> Meter:
    def spend(period_s: int) -> tuple[Query, ...]:
        queries: list[Query] = []
        terms: list[str] = []
        for number, model in enumerate(plan.models, start=1):
            queries += metrics.tokens_of(number, period_s)
            terms.append(f"i{number}*{decimal_text(model.usd_per_input_token)}")
            terms.append(f"o{number}*{decimal_text(model.usd_per_output_token)}")
        return (*queries, Expression(id="s", text="+".join(terms), label="USD"))

    def requests(period_s: int) -> tuple[Query, ...]:
        counts = [metrics.invocations(n, period_s) for n in range(1, len(plan.models) + 1)]
        total = "+".join(each.id for each in counts)
        return (*counts, Expression(id="r", text=total, label="requests"))

    return Meter(
        name="bedrock",
        prefix="",
        spend=spend,
        requests=requests,
        anomaly=lambda period_s: metrics.tokens_of(1, period_s)[1],
        **_by_use(plan),
    )


def _by_use(plan: GuardPlan) -> _ByUse:
    """The plan of a meter whose spend follows requests."""
    usd = _zoned(plan, plan.api_usd_utc)
    requests = _zoned(plan, plan.requests_utc)
    if plan.api_share < 1:
        slack = thresholds().overflow_slack_share * _usd_per_request(plan)
        usd = tuple(each + slack * n for each, n in zip(usd, requests, strict=True))
    return {
        "planned_usd": usd,
        "planned_requests": requests,
        "noisy_requests": tuple(n * plan.api_share for n in requests),
        "noisy": True,
        "shown_usd": plan.api_usd_utc,
        "shown_requests": plan.requests_utc,
    }


def _usd_per_request(plan: GuardPlan) -> float:
    """Of those that go to the API."""
    requests = math.fsum(plan.requests_utc) * plan.api_share
    return math.fsum(plan.api_usd_utc) / requests if requests else 0.0


def _gpu(plan: GuardPlan, *, prefix: str) -> Meter:
    gpu = plan.gpu
    assert gpu is not None
    factor = decimal_text(gpu.usd_per_instance_hour / _MINUTES_PER_HOUR)

    def spend(period_s: int) -> tuple[Query, ...]:
        count = metrics.instances("g", period_s)
        return (count, Expression(id="s", text=f"g*{factor}", label="USD"))

    def requests(period_s: int) -> tuple[Query, ...]:
        return (metrics.balancer_requests("r", period_s),)

    by_hour = _zoned(plan, gpu.instances_by_hour_utc)
    usd = [n * gpu.usd_per_instance_hour for n in no_less_than_hour_before(by_hour)]
    return Meter(
        name="gpu",
        prefix=prefix,
        spend=spend,
        requests=requests,
        anomaly=lambda period_s: metrics.instances("g", period_s),
        planned_usd=floored(usd, thresholds().floor_share),
        planned_requests=_zoned(plan, plan.requests_utc),
        noisy_requests=plan.requests_utc,
        noisy=False,
        shown_usd=tuple(n * gpu.usd_per_instance_hour for n in gpu.instances_by_hour_utc),
        shown_requests=plan.requests_utc,
    )


def _zoned(plan: GuardPlan, hourly: tuple[float, ...]) -> tuple[float, ...]:
    return larger_of_offsets(hourly, plan.timezone, plan.start_month)

"""What thresholds are made from: the part of a plan that alarms look at, as floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.emit.serving_plan import ServingPlan

__all__ = ["GpuFigures", "GuardPlan", "ModelPrice", "guard_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """A Bedrock model whose tokens are metered, USD a token."""

    model_id: str
    usd_per_input_token: float
    usd_per_output_token: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFigures:
    """The instances of a plan; where some may be bought dearer (spot), at the dearer price."""

    instances_by_hour_utc: tuple[float, ...]
    min_instances: int
    max_instances: int
    usd_per_instance_hour: float
    breakeven_tokens_per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPlan:
    """A plan as its alarms see it. Weeks are 168 hours in UTC, Monday 00:00 first.

    ``api_usd_utc`` is the planned spend that is metered by use, which ``api_share`` of the
    requests causes; ``cap_day_usd`` and ``cap_month_usd`` are the gateway's hard caps, None
    without a gateway.
    """

    stack_id: str
    kind: Literal["vllm_gpu", "api_gateway", "bedrock", "hybrid"]
    timezone: str
    start_month: str
    headroom_ratio: float
    api_usd_utc: tuple[float, ...]
    requests_utc: tuple[float, ...]
    tokens_per_request: float
    models: tuple[ModelPrice, ...] = ()
    gpu: GpuFigures | None = None
    cap_day_usd: float | None = None
    cap_month_usd: float | None = None
    api_share: float = 1.0


def guard_plan(plan: ServingPlan) -> GuardPlan:
    """The figures of ``plan`` that alarms are made from."""
    spend = plan.spend
    return GuardPlan(
        stack_id=plan.stack_id,
        kind=plan.kind,
        timezone=plan.timezone,
        start_month=spend.months[0].month,
        headroom_ratio=float(spend.headroom_ratio),
        api_usd_utc=tuple(float(usd) for usd in spend.api_usage_hourly_usd_utc),
        requests_utc=tuple(float(n) for n in spend.requests_by_hour_utc),
        tokens_per_request=float(spend.tokens_per_request),
        models=tuple(
            ModelPrice(
                model_id=each.model,
                usd_per_input_token=float(each.usd_per_1m_input_tokens) / 1e6,
                usd_per_output_token=float(each.usd_per_1m_output_tokens) / 1e6,
            )
            for each in plan.bedrock
        ),
        gpu=_gpu(plan),
        cap_day_usd=None if plan.gateway is None else float(plan.gateway.cap_day_usd),
        cap_month_usd=None if plan.gateway is None else float(plan.gateway.cap_month_usd),
        api_share=_api_share(plan),
    )


def _api_share(plan: ServingPlan) -> float:
    """The share of the requests that leaves for a provider."""
    if plan.gateway is None:
        return 1.0
    routes = plan.gateway.routes
    return sum(float(each.planned_share) for each in routes if each.provider != "selfhost")


def _gpu(plan: ServingPlan) -> GpuFigures | None:
    gpu = plan.gpu
    if gpu is None:
        return None
    hours = gpu.instances_by_hour_utc or (float(gpu.mean_instances),) * 168
    price = gpu.most_usd_per_instance_hour if gpu.purchase == "spot" else gpu.usd_per_instance_hour
    breakeven = plan.spend.breakeven_tokens_per_hour
    return GpuFigures(
        instances_by_hour_utc=tuple(float(n) for n in hours),
        min_instances=gpu.min_instances,
        max_instances=gpu.max_instances,
        usd_per_instance_hour=float(price),
        breakeven_tokens_per_hour=None if breakeven is None else float(breakeven),
    )

"""What is drilled: the plan's figures, and the alarms and budgets that watch it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.decision import Plan
from planner.drill.model import traffic_figure
from planner.emit.guard import AlarmSpec, BudgetSpec, CompositeSpec, GuardPlan

__all__ = ["Noise", "Subject", "Watch", "noise_of"]

# Standard normal quantile of one minute in a week.
_ONE_MINUTE_IN_A_WEEK = 3.72


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What looks at the spend, as registered."""

    alarms: tuple[AlarmSpec, ...]
    composites: tuple[CompositeSpec, ...]
    budgets: tuple[BudgetSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How planned traffic scatters.

    ``burst_shape`` is of the gamma distribution of a minute's rate around its hour's, None where
    the rate is steady; ``cost_cv`` is of a single request's cost; ``day_cv`` of whole days.
    """

    burst_shape: float | None
    cost_cv: float
    day_cv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A plan under drill.

    ``aws_usd_utc`` is the planned AWS bill of each UTC hour; ``api_on_aws`` says whether what is
    metered by use is on it.
    """

    guard: GuardPlan
    noise: Noise
    aws_usd_utc: tuple[float, ...]
    api_on_aws: bool


def noise_of(plan: Plan) -> Noise:
    """From the scenario's burst and lengths; what it does not say is assumed."""
    demand: Mapping[str, Any] = plan.content["demand"]
    weights = [float(weight) for weight in demand["hour_weights_utc"]]
    busiest = float(demand["mean_rps"]) * max(weights)
    burst = float(demand["peak_rps"]) / busiest if busiest else 1.0
    workload: Mapping[str, Any] = plan.content["scenario"].get("workload", {})
    lengths: list[Mapping[str, Any] | float | None] = [
        workload.get(field) for field in ("input_tokens", "output_tokens")
    ]
    given = [
        float(each["cv"])
        for each in lengths
        if isinstance(each, Mapping) and each.get("cv") is not None
    ]
    return Noise(
        burst_shape=_burst_shape(burst),
        cost_cv=max(given) if given else traffic_figure("request_cost_cv"),
        day_cv=traffic_figure("day_to_day_cv"),
    )


def _burst_shape(burst: float) -> float | None:
    """Shape of the gamma of mean 1 whose busiest minute of a week is ``burst``, by bisection.

    Wilson and Hilferty's approximation of its quantile (PNAS 17, 1931).
    """
    if burst <= 1.0:
        return None
    low, high = 1e-2, 1e6
    for _ in range(100):
        shape = math.sqrt(low * high)
        ninth = 1 / (9 * shape)
        quantile = (1 - ninth + _ONE_MINUTE_IN_A_WEEK * math.sqrt(ninth)) ** 3
        low, high = (shape, high) if quantile > burst else (low, shape)
    return math.sqrt(low * high)

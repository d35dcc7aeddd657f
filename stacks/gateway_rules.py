"""The plan's gateway part as the rules that the function reads, and the limits around it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from config import ConfigError
from planner.emit.serving_plan import GatewayPart, GatewayRoute, GpuPart, ServingPlan

__all__ = [
    "SELFHOST",
    "concurrent_executions",
    "in_flight_by_hour",
    "paid_providers",
    "rules_json",
    "throttle",
    "waf_limit",
]

SELFHOST = "selfhost"
# Systems Manager user guide: a standard parameter holds 4 KB; advanced ones are charged for good.
_MOST_RULES_BYTES = 4096
# DynamoDB developer guide: a partition takes 1,000 write units a second; reserve and settle are
# two on the same counter, and half as much again is kept for bursts.
_WRITES_PER_S = 1000
_WRITES_PER_REQUEST = 2
_BURST = 1.5
# AWS WAF developer guide: a rate-based rule counts at least 10.
_LEAST_WAF_LIMIT = 10
WAF_WINDOW_S = 60
_MICRO = Decimal(1_000_000)


def rules_json(plan: ServingPlan) -> str:
    """What is written into the parameter; ConfigError when that is too small for it."""
    part = plan.gateway
    assert part is not None
    bound = None if plan.gpu is None else in_flight_by_hour(part, plan.gpu)
    rules: dict[str, Any] = {
        "stack": plan.stack_id,
        "providers": {each.id: each.base_url for each in part.providers if each.id != SELFHOST},
        "routes": [_route(route) for route in part.routes],
        "caps": {
            "month_microusd": _microusd(part.cap_month_usd),
            "day_microusd": _microusd(part.cap_day_usd),
            "shards": _shards(float(part.peak_rps)),
        },
        "max_output_tokens": part.max_output_tokens,
        **({} if part.exact_cache_ttl_s is None else {"exact_cache_ttl_s": part.exact_cache_ttl_s}),
        **({} if bound is None else {"selfhost_in_flight": bound}),
    }
    text = json.dumps(rules, separators=(",", ":"), sort_keys=True)
    if len(text.encode()) > _MOST_RULES_BYTES:
        raise ConfigError(
            f"the gateway's rules are {len(text.encode())} bytes and a parameter holds "
            f"{_MOST_RULES_BYTES}; plan with fewer than {len(part.routes)} routes"
        )
    return text


def _route(route: GatewayRoute) -> dict[str, Any]:
    cached, most = route.usd_per_1m_cached_tokens, route.most_input_tokens
    return {
        "name": route.name,
        "provider": route.provider,
        "model": route.model,
        "in": f"{route.usd_per_1m_input_tokens:f}",
        "out": f"{route.usd_per_1m_output_tokens:f}",
        **({} if cached is None else {"cached": f"{cached:f}"}),
        **({} if most is None else {"most_input_tokens": most}),
    }


def _microusd(usd: Decimal) -> int:
    """Whole micro-dollars, rounded down: a cap is not passed."""
    return int((usd * _MICRO).to_integral_value(ROUND_FLOOR))


def _shards(peak_rps: float) -> int:
    """Counter items that the caps are divided over."""
    return max(1, math.ceil(peak_rps * _WRITES_PER_REQUEST * _BURST / _WRITES_PER_S))


def in_flight_by_hour(part: GatewayPart, gpu: GpuPart) -> int | list[int] | None:
    """Requests the own GPUs hold at once: one figure, or by hour of the week in UTC.

    Without a bound in the plan it is the sequences the engine decodes together; None when it is
    told no limit either. More would wait in the engine's queue.
    """
    each = part.selfhost_in_flight_per_replica or _max_num_seqs(gpu.engine_args)
    if each is None:
        return None
    if gpu.instances_by_hour_utc is None:
        return gpu.min_instances * gpu.replicas_per_instance * each
    return [count * gpu.replicas_per_instance * each for count in gpu.instances_by_hour_utc]


def _max_num_seqs(engine_args: Sequence[str]) -> int | None:
    flag = "--max-num-seqs"
    for index, text in enumerate(engine_args):
        if text.startswith(f"{flag}="):
            return int(text.partition("=")[2])
        if text == flag:
            return int(engine_args[index + 1])
    return None


def paid_providers(part: GatewayPart) -> tuple[str, ...]:
    """Providers that are not the stack's own GPUs, each with a secret of its own."""
    return tuple(each.id for each in part.providers if each.id != SELFHOST)


def concurrent_executions(part: GatewayPart, headroom: float) -> int:
    """Function instances: planned peak times mean duration, and four standard deviations of it,
    since requests come at random."""
    mean = float(part.peak_rps) * float(part.mean_request_s) * headroom
    return max(2, math.ceil(mean + 4 * math.sqrt(mean)))


def throttle(part: GatewayPart, headroom: float) -> tuple[float, int]:
    """Requests per second, and at once, above which API Gateway answers 429."""
    rate = max(1.0, math.ceil(float(part.peak_rps) * headroom * 100) / 100)
    return rate, concurrent_executions(part, headroom)


def waf_limit(part: GatewayPart, headroom: float) -> int:
    """Requests of one address in the window: all clients may share one behind NAT."""
    rate, burst = throttle(part, headroom)
    return max(_LEAST_WAF_LIMIT, math.ceil(rate * WAF_WINDOW_S) + burst)

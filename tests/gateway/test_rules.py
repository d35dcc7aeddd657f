"""From a plan to the rules the function reads, and the limits around it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from planner.emit.serving_plan import GatewayPart, GpuPart, ServingPlan
from stacks.gateway_lambda.rules import parse_rules
from tests.stacks.program_path import config, gateway_rules
from tests.stacks.sample_plans import sample_plan


def _with(plan: ServingPlan, **changes: Any) -> ServingPlan:
    assert plan.gateway is not None
    return plan.model_copy(update={"gateway": plan.gateway.model_copy(update=changes)})


def _gateway(plan: ServingPlan) -> GatewayPart:
    assert plan.gateway is not None
    return plan.gateway


def _gpu(plan: ServingPlan) -> GpuPart:
    assert plan.gpu is not None
    return plan.gpu


def test_the_function_reads_what_the_stack_writes() -> None:
    plan = _with(sample_plan("api_gateway"), exact_cache_ttl_s=60)
    rules = parse_rules(gateway_rules.rules_json(plan))
    part = _gateway(plan)
    assert rules.stack == plan.stack_id
    assert [(r.name, r.provider, r.model) for r in rules.routes] == [
        (r.name, r.provider, r.model) for r in part.routes
    ]
    first, planned = rules.routes[0], part.routes[0]
    assert first.usd_per_1m_input_tokens == planned.usd_per_1m_input_tokens
    assert first.usd_per_1m_output_tokens == planned.usd_per_1m_output_tokens
    assert rules.caps.month_microusd == part.cap_month_usd * 1_000_000
    assert rules.caps.day_microusd == part.cap_day_usd * 1_000_000
    assert rules.max_output_tokens == part.max_output_tokens
    assert rules.exact_cache_ttl_s == 60


def test_without_a_price_for_cached_input_it_costs_as_much_as_fresh() -> None:
    plan = sample_plan("api_gateway")
    route = _gateway(plan).routes[0].model_copy(update={"usd_per_1m_cached_tokens": None})
    rules = parse_rules(gateway_rules.rules_json(_with(plan, routes=(route,))))
    assert rules.routes[0].usd_per_1m_cached_tokens == route.usd_per_1m_input_tokens


def test_a_cap_is_rounded_down() -> None:
    plan = _with(sample_plan("api_gateway"), cap_month_usd=Decimal("1.2345678"))
    assert parse_rules(gateway_rules.rules_json(plan)).caps.month_microusd == 1_234_567


@pytest.mark.parametrize(
    # Two writes a request on one counter, 1,000 write units a second, half as much again.
    ("peak_rps", "shards"),
    [("1", 1), ("333", 1), ("334", 2), ("1000", 3)],
)
def test_counters_are_divided_where_one_would_be_too_busy(peak_rps: str, shards: int) -> None:
    plan = _with(sample_plan("api_gateway"), peak_rps=peak_rps)
    assert parse_rules(gateway_rules.rules_json(plan)).caps.shards == shards


def test_rules_that_do_not_fit_a_parameter_stop_the_preview() -> None:
    plan = sample_plan("api_gateway")
    routes = _gateway(plan).routes * 60
    with pytest.raises(config.ConfigError, match="4096"):
        gateway_rules.rules_json(_with(plan, routes=routes))


def test_the_rules_of_every_kind_of_plan_fit() -> None:
    for kind in ("api_gateway", "hybrid"):
        assert len(gateway_rules.rules_json(sample_plan(kind)).encode()) <= 4096


def test_the_own_gpus_hold_what_their_replicas_decode_together_in_each_hour() -> None:
    plan = sample_plan("hybrid")
    gpu = _gpu(plan).model_copy(
        update={
            "engine_args": ("--max-num-seqs", "64"),
            "replicas_per_instance": 2,
            "instances_by_hour_utc": (1,) * 100 + (3,) * 68,
        }
    )
    found = gateway_rules.in_flight_by_hour(_gateway(plan), gpu)
    assert found == [128] * 100 + [384] * 68


def test_a_bound_of_the_plan_wins() -> None:
    plan = _with(sample_plan("hybrid"), selfhost_in_flight_per_replica=10)
    gpu = _gpu(plan).model_copy(
        update={"instances_by_hour_utc": None, "min_instances": 3, "replicas_per_instance": 1}
    )
    assert gateway_rules.in_flight_by_hour(_gateway(plan), gpu) == 30


def test_without_any_bound_there_is_none() -> None:
    plan = sample_plan("hybrid")
    gpu = _gpu(plan).model_copy(update={"engine_args": ()})
    assert gateway_rules.in_flight_by_hour(_gateway(plan), gpu) is None


@pytest.mark.parametrize(
    # mean = rps x s x headroom; and four standard deviations, the square root of it.
    ("rps", "seconds", "expected"),
    [("0.01", "1", 2), ("10", "10", 140), ("100", "1", 140)],
)
def test_instances_are_reserved_for_the_peak_and_its_chance(
    rps: str, seconds: str, expected: int
) -> None:
    part = _gateway(_with(sample_plan("api_gateway"), peak_rps=rps, mean_request_s=seconds))
    assert gateway_rules.concurrent_executions(part, 1.0) == expected


def test_all_clients_may_share_one_address() -> None:
    part = _gateway(_with(sample_plan("api_gateway"), peak_rps="10", mean_request_s="1"))
    # 13 a second for a minute, and the 28 that may come at once: 13 + 4 x 3.6.
    assert gateway_rules.throttle(part, 1.3) == (13.0, 28)
    assert gateway_rules.waf_limit(part, 1.3) == 780 + 28


def test_a_small_gateway_still_has_the_least_that_waf_counts() -> None:
    part = _gateway(_with(sample_plan("api_gateway"), peak_rps="0.001", mean_request_s="1"))
    assert gateway_rules.waf_limit(part, 1.0) >= 10

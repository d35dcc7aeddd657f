"""The graphs that the tests of this folder look at, each made once."""

from __future__ import annotations

import functools
from typing import Any

from planner.emit.capture import CapturedGraph, capture
from planner.emit.serving_plan import ServingPlan
from tests.stacks.sample_plans import sample_plan

__all__ = ["VARIANTS", "graph", "plan_of"]

# Name -> kind, changes of the plan, stack config.
VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "vllm_gpu": ("vllm_gpu", {}, {}),
    "api_gateway": ("api_gateway", {}, {}),
    "bedrock": ("bedrock", {}, {}),
    "hybrid": ("hybrid", {}, {}),
    "spot": (
        "vllm_gpu",
        {
            "arm": "selfhost_spot",
            "gpu__purchase": "spot",
            "gpu__usd_per_instance_hour": "0.90",
            "gpu__on_demand_base_instances": 0,
            "gpu__rolling_update": "gap",
        },
        {},
    ),
    "endpoints": (
        "vllm_gpu",
        {
            "network": {"zones": 2, "way_out": "endpoints"},
            "gpu__image": {
                "uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "ab" * 32,
                "compressed_bytes": 9_000_000_000,
                "mirrored": True,
            },
        },
        {"llm-serving:weightsReady": "true"},
    ),
    "own_network": (
        "vllm_gpu",
        {
            "network": None,
            "deployment": {
                "name_prefix": "team-a",
                "tags": {"owner": "ml-platform"},
                "vpc_id": "vpc-0123456789abcdef0",
                "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
                "client_security_group_ids": ["sg-0123456789abcdef0"],
                "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/x",
                "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/y",
                "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/boundary",
            },
        },
        {},
    ),
    "committed": (
        "vllm_gpu",
        {
            "arm": "selfhost_ri_1y",
            "gpu__purchase": "ri_1y_no_upfront",
            "spend__committed": True,
            "spend__budget_monthly_usd": "900",
        },
        {"llm-serving:costAnomalyMonitor": "true", "llm-serving:activateCostTags": "true"},
    ),
}


def plan_of(variant: str) -> ServingPlan:
    """The plan of a variant."""
    kind, changes, _ = VARIANTS[variant]
    return sample_plan(kind, **changes)


@functools.cache
def graph(variant: str, *, dry_run: bool = False) -> CapturedGraph:
    """What the program registers for a variant, on a given day."""
    config = {"llm-serving:asOf": "2026-11-22", **VARIANTS[variant][2]}
    return capture(plan_of(variant), config=config, dry_run=dry_run)

"""Small plans of each kind, written by hand: what the program is tested with beside real ones."""

from __future__ import annotations

from typing import Any

from planner.emit.serving_plan import ServingPlan

__all__ = ["KINDS", "sample_plan"]

KINDS = ("vllm_gpu", "api_gateway", "bedrock", "hybrid")
_HOURS = 168
_ARMS = {
    "vllm_gpu": "selfhost_ondemand",
    "api_gateway": "api_frontier",
    "bedrock": "api_bedrock",
    "hybrid": "hybrid",
}

_DIGEST = "sha256:" + "ab" * 32

_GPU: dict[str, Any] = {
    "model": "llama-3.1-8b-instruct",
    "served_model_name": "llama-3.1-8b",
    "instance_type": "g6e.xlarge",
    "gpus_per_instance": 1,
    "tensor_parallel_size": 1,
    "replicas_per_instance": 1,
    "purchase": "on_demand",
    "min_instances": 1,
    "max_instances": 3,
    "on_demand_base_instances": 1,
    "instances_by_hour_utc": [1] * 8 + [2] * 10 + [1] * (_HOURS - 18),
    "mean_instances": "1.06",
    "usd_per_instance_hour": "1.861",
    "most_usd_per_instance_hour": "1.861",
    "image": {
        "uri": f"public.ecr.aws/deep-learning-containers/vllm@{_DIGEST}",
        "compressed_bytes": 9_000_000_000,
    },
    "agent_image": {
        "uri": f"public.ecr.aws/cloudwatch-agent/cloudwatch-agent@{_DIGEST}",
        "compressed_bytes": 120_000_000,
    },
    "weights": {
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "prefix": "weights/llama-3.1-8b-instruct",
        "revision": "0e9e39f249a16976918f6564b8830bc894c89659",
        "bytes": 16_060_000_000,
    },
    "replica_memory_mib": 24_576,
    "shared_memory_mib": 0,
    "root_volume_gb": 100,
    "engine_args": ["--max-model-len", "8192", "--max-num-seqs", "64"],
    "engine_environment": {"VLLM_MAX_N_SEQUENCES": "64"},
    "grace_s": 900,
    "longest_generation_s": 120,
    "waiting_per_replica_target": "4",
    "rolling_update": "spare_host",
    "zones": 1,
}

_GATEWAY: dict[str, Any] = {
    "providers": [{"id": "openai", "base_url": "https://api.openai.com/v1"}],
    "routes": [
        {
            "name": "gpt-4.1-mini",
            "provider": "openai",
            "model": "gpt-4.1-mini",
            "usd_per_1m_input_tokens": "0.40",
            "usd_per_1m_cached_tokens": "0.10",
            "usd_per_1m_output_tokens": "1.60",
            "planned_share": "1",
        }
    ],
    "peak_rps": "5",
    "mean_request_s": "4",
    "memory_mb": 512,
    "cap_month_usd": "1200",
    "cap_day_usd": "80",
    "max_output_tokens": 4096,
}

_BEDROCK = [
    {
        "model": "anthropic.claude-haiku-4-5-20251001-v1:0",
        "usd_per_1m_input_tokens": "1.00",
        "usd_per_1m_output_tokens": "5.00",
    }
]


def _spend(kind: str) -> dict[str, Any]:
    # Days of 20 USD: 1 USD an hour from 8 to 18 UTC, else 0.71 or 0.72.
    day = ["0.71"] * 8 + ["1.00"] * 10 + ["0.72"] * 6
    hours = day * 7
    paid_to_providers = kind in ("api_gateway", "hybrid")
    return {
        "hourly_usd_utc": hours,
        "api_usage_hourly_usd_utc": ["0"] * _HOURS if kind == "vllm_gpu" else hours,
        "day_usd": "20.00",
        "months": [
            {
                "month": f"2026-{month:02d}",
                "requests": str(300_000 + 1_000 * month),
                "aws_billed_usd": f"{600 + month}.25",
                "provider_billed_usd": f"{500 + month}.10" if paid_to_providers else "0",
            }
            for month in range(1, 13)
        ],
        "unit_cost_usd_per_1k_requests": "2.00",
        "requests_by_hour_utc": ["400"] * _HOURS,
        "tokens_per_request": "700",
        "headroom_ratio": "1.3",
        "breakeven_tokens_per_hour": None if kind in ("api_gateway", "bedrock") else "5200000",
        "notify_emails": ["ops@example.com"],
    }


def sample_plan(kind: str, **changes: Any) -> ServingPlan:
    """A plan of ``kind``; ``changes`` replace whole fields, or with ``gpu__x`` one of a part."""
    gpu, gateway = dict(_GPU), dict(_GATEWAY)
    spend = _spend(kind)
    own: dict[str, Any] = {}
    for name, value in changes.items():
        part, _, inner = name.partition("__")
        if inner:
            {"gpu": gpu, "gateway": gateway, "spend": spend}[part][inner] = value
        else:
            own[name] = value
    if kind == "hybrid":
        gateway["in_vpc"] = True
        gateway["providers"] = [
            *gateway["providers"],
            {"id": "selfhost", "base_url": "http://selfhost.invalid/v1"},
        ]
        gateway["routes"] = [
            {
                "name": "llama-3.1-8b",
                "provider": "selfhost",
                "model": "llama-3.1-8b",
                "usd_per_1m_input_tokens": "0",
                "usd_per_1m_output_tokens": "0",
                "planned_share": "0.9",
            },
            {**gateway["routes"][0], "planned_share": "0.1"},
        ]
    document: dict[str, Any] = {
        "plan_hash": "p-0123456789ab",
        "stack_id": f"sample-{kind.replace('_', '-')}",
        "scenario_id": "sample",
        "kind": kind,
        "arm": _ARMS[kind],
        "region": "us-east-1",
        "timezone": "Europe/Berlin",
        "price_snapshot": {"id": "sample", "date": "2026-11-01", "sha256": "0" * 64},
        "deployment": {
            "tags": {"cost-centre": "4711"},
            "client_cidrs": ["10.0.0.0/8"] if kind in ("vllm_gpu", "hybrid") else [],
        },
        "spend": spend,
        "fixed_cost_monthly_usd": "0",
    }
    if kind in ("vllm_gpu", "hybrid"):
        document |= {"gpu": gpu, "network": {"zones": 1, "way_out": "nat"}}
    if kind in ("api_gateway", "hybrid"):
        document["gateway"] = gateway
    if kind == "bedrock":
        document["bedrock"] = _BEDROCK
    return ServingPlan.model_validate({**document, **own})

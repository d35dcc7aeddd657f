"""The causes a change of cost is split into, and which fields of a scenario belong to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["ARM", "FACTORS", "FIELDS", "MINOR_FIRST", "OPTION_FIELDS", "Factor"]

Factor = Literal[
    "request volume",
    "input length",
    "output length",
    "workload trace",
    "traffic shape",
    "cache share",
    "batch and compression",
    "overheads",
    "horizon and month length",
    "own prices and discounts",
    "other settings",
    "service level",
    "region",
    "engine settings",
    "pinned replicas",
    "purchase option",
    "model and route mix",
    "switch of arm",
]
ARM: Factor = "switch of arm"

# In the order in which they are told; those that only make sense together stand last.
FACTORS: tuple[Factor, ...] = (
    "request volume",
    "input length",
    "output length",
    "workload trace",
    "traffic shape",
    "cache share",
    "batch and compression",
    "overheads",
    "horizon and month length",
    "own prices and discounts",
    "other settings",
    "service level",
    "region",
    "engine settings",
    "pinned replicas",
    "purchase option",
    "model and route mix",
    "switch of arm",
)

# Put together first where there are too many to split.
MINOR_FIRST: tuple[Factor, ...] = (
    "other settings",
    "horizon and month length",
    "own prices and discounts",
    "traffic shape",
    "service level",
    "region",
    "engine settings",
    "pinned replicas",
    "batch and compression",
    "purchase option",
    "overheads",
    "cache share",
    "output length",
    "input length",
    "model and route mix",
    "workload trace",
    "switch of arm",
    "request volume",
)

# (section, field) of the scenario; section "" is the top. Fields that no cost depends on (id,
# description, budget, actuals, drill, uncertainty, sources) are not here.
FIELDS: Mapping[tuple[str, str], Factor] = {
    ("workload", "requests_per_day"): "request volume",
    ("workload", "growth_per_month"): "request volume",
    ("workload", "input_tokens"): "input length",
    ("workload", "output_tokens"): "output length",
    ("workload", "trace"): "workload trace",
    ("workload", "traffic"): "traffic shape",
    ("", "timezone"): "traffic shape",
    ("workload", "shared_prefix"): "cache share",
    ("levers", "exact_cache"): "cache share",
    ("levers", "semantic_cache"): "cache share",
    ("workload", "deferrable_share"): "batch and compression",
    ("levers", "compress"): "batch and compression",
    ("levers", "multi_item"): "batch and compression",
    ("", "tco"): "overheads",
    ("", "horizon"): "horizon and month length",
    ("", "conventions"): "horizon and month length",
    ("", "starts_on"): "horizon and month length",
    ("prices", "overrides"): "own prices and discounts",
    ("prices", "discounts"): "own prices and discounts",
    ("prices", "credits"): "own prices and discounts",
    ("", "quality"): "other settings",
    ("", "deployment"): "other settings",
    ("", "slo"): "service level",
    ("", "region"): "region",
    ("limits", "data_residency"): "region",
    ("limits", "max_instances"): "engine settings",
    ("limits", "vcpu_quota"): "engine settings",
    ("levers", "baseline"): "model and route mix",
    ("levers", "route"): "model and route mix",
}

# Fields of an option's entry; those not here choose the model.
OPTION_FIELDS: Mapping[str, Factor] = {
    "region": "region",
    "endpoint": "region",
    "quality": "other settings",
    "limits": "engine settings",
    "instance_types": "engine settings",
    "tensor_parallel_sizes": "engine settings",
    "max_instances": "engine settings",
    "cold_start_s": "engine settings",
    "measured": "engine settings",
    "profiles": "engine settings",
    "fixed_replicas": "pinned replicas",
    "purchase": "purchase option",
    "scaling": "purchase option",
    "savings_plan": "purchase option",
    "spot": "purchase option",
    "fixed_monthly_usd": "own prices and discounts",
    "marginal_usd_per_1m_tokens": "own prices and discounts",
    "marginal_usd_per_request": "own prices and discounts",
    "capacity_requests_per_month": "own prices and discounts",
}

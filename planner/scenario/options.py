"""``options``: the deployments to compare."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from planner.scenario.fields import (
    IsoDate,
    OptionName,
    Positive,
    PositiveCount,
    PositiveShare,
    Region,
    Section,
    Sha256,
    Share,
    ShortText,
    Source,
    TensorParallelSize,
    Usd,
)
from planner.scenario.scalars import shown

__all__ = [
    "ARMS",
    "ApiOption",
    "Arm",
    "EngineLimits",
    "ManualOption",
    "Options",
    "Quality",
    "SelfHostOption",
    "SpotPrice",
    "Weights",
]

Arm = Literal[
    "api_frontier",
    "api_same_weights",
    "api_bedrock",
    "selfhost_ondemand",
    "selfhost_ri_1y",
    "selfhost_spot",
    "hybrid",
]
ARMS: tuple[Arm, ...] = (
    "api_frontier",
    "api_same_weights",
    "api_bedrock",
    "selfhost_ondemand",
    "selfhost_ri_1y",
    "selfhost_spot",
    "hybrid",
)


def _any_one_or_list(value: Any) -> Any:
    given = value
    if not isinstance(given, str | list | None):
        raise ValueError(f"must be `any`, one EC2 type or a list of them, got {shown(given)}")
    return [value] if isinstance(value, str) and value != "any" else value


class Quality(Section):
    """How good the answers of this option are on the scenario's own metric."""

    score: Share = Field(description="Score on the metric of `quality.metric`.", examples=[0.93])
    source: Source = Field(
        description="Who measured it, on what, when.", examples=["own evaluation, 2026-10-12"]
    )


_QUALITY = [{"score": 0.93, "source": "own evaluation, 2026-10-12"}]


class ApiOption(Section):
    """A model behind an API, by provider and model id. Provider ``aws`` is Amazon Bedrock."""

    provider: ShortText = Field(
        description="Provider id; `aws` is Amazon Bedrock.", examples=["openai"]
    )
    model: ShortText = Field(
        description="Model id as sent to the provider.", examples=["gpt-6-luna"]
    )
    name: OptionName | None = Field(
        default=None, description="Shown in reports; default provider/model.", examples=["frontier"]
    )
    role: Literal["frontier", "same_weights"] = Field(
        default="frontier",
        description="`same_weights`: the same open weights as the self-hosted option.",
        examples=["frontier"],
    )
    region: Region | None = Field(
        default=None, description="Region of the endpoint.", examples=["us-east-1"]
    )
    endpoint: ShortText | None = Field(
        default=None, description="Deployment zone with its own price.", examples=["datazone-eu"]
    )
    quality: Quality | None = Field(
        default=None,
        description="Score of this option; required with a quality floor.",
        examples=_QUALITY,
    )


class EngineLimits(Section):
    """Engine and limits the capacity is computed for; the deployed engine gets the same ones."""

    engine: Literal["vllm"] = Field(
        default="vllm", description="Serving engine.", examples=["vllm"]
    )
    max_num_seqs: PositiveCount = Field(
        default=256, description="Sequences decoded together at most.", examples=[256]
    )
    max_num_batched_tokens: PositiveCount = Field(
        default=8192, description="Tokens in one engine step.", examples=[8192]
    )
    gpu_memory_utilization: PositiveShare = Field(
        default=Decimal("0.9"),
        description="Share of GPU memory the engine may use.",
        examples=[0.9],
    )
    kv_cache_dtype: Literal["auto", "fp8"] = Field(
        default="auto", description="Precision of the KV cache.", examples=["auto"]
    )
    prefix_caching: bool = Field(
        default=True, description="Reuse the KV cache of shared prefixes.", examples=[True]
    )


class Weights(Section):
    """Where the deployed service loads the weights from."""

    uri: ShortText = Field(description="S3 prefix.", examples=["s3://my-bucket/llama-3.1-8b/"])
    revision: ShortText | None = Field(
        default=None,
        description="Model revision (commit).",
        examples=["0e9e39f249a16976918f6564b8830bc894c89659"],
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="Hash of the weights' manifest.",
        examples=["0123456789abcdef" * 4],
    )


class SpotPrice(Section):
    """A spot price the user looked up, median over availability zones."""

    usd_per_hour: Positive = Field(description="Price of one instance.", examples=[0.79])
    source: Source = Field(description="Where it was read.", examples=["EC2 console, 7-day median"])
    observed: IsoDate = Field(description="Day it was read.", examples=["2026-11-20"])
    interruptions_per_instance_hour: Share | None = Field(
        default=None, description="Share of instance hours that end in a reclaim.", examples=[0.01]
    )


class SelfHostOption(Section):
    """An open-weight model served by vLLM on EC2 instances."""

    model: ShortText = Field(
        description="Hugging Face model id.", examples=["meta-llama/Llama-3.1-8B-Instruct"]
    )
    name: OptionName | None = Field(
        default=None, description="Shown in reports; default the model id.", examples=["own 8B"]
    )
    precision: Literal["native", "bf16", "fp8", "fp4", "int4"] = Field(
        default="native",
        description="Precision of the weights; native is that of the published ones.",
        examples=["native"],
    )
    instance_types: Annotated[
        Literal["any"] | list[ShortText],
        BeforeValidator(_any_one_or_list, json_schema_input_type=ShortText | list[ShortText]),
    ] = Field(
        default="any",
        description="EC2 types to consider, or any.",
        examples=[["g6e.xlarge"], "any"],
    )
    region: Region | None = Field(
        default=None, description="Default: the scenario's region.", examples=["us-east-1"]
    )
    purchase: list[Literal["on_demand", "ri_1y_no_upfront", "spot"]] = Field(
        default=["on_demand", "ri_1y_no_upfront"],
        min_length=1,
        description="Ways of buying the instances to compare.",
        examples=[["on_demand", "ri_1y_no_upfront"]],
    )
    tensor_parallel_sizes: list[TensorParallelSize] | None = Field(
        default=None,
        min_length=1,
        description="Tensor-parallel degrees to consider; default all.",
        examples=[[1, 2]],
    )
    limits: EngineLimits = Field(
        default_factory=lambda: EngineLimits(),
        description="Engine limits that capacity is computed for.",
        examples=[{"max_num_seqs": 256}],
    )
    max_instances: PositiveCount | None = Field(
        default=None, description="Never more than this many.", examples=[8]
    )
    fixed_replicas: PositiveCount | None = Field(
        default=None, description="Pins the number of replicas instead of sizing it.", examples=[2]
    )
    measured: ShortText | None = Field(
        default=None,
        description="Your own benchmark file; beats any modelled capacity.",
        examples=["measured/llama-8b-l40s.json"],
    )
    spot: SpotPrice | None = Field(
        default=None,
        description="A spot price; without one the spot arm is infeasible.",
        examples=[
            {
                "usd_per_hour": 0.79,
                "source": "EC2 console, 7-day median",
                "observed": "2026-11-20",
            }
        ],
    )
    weights: Weights | None = Field(
        default=None,
        description="Where the deployed service loads the weights from.",
        examples=[{"uri": "s3://my-bucket/llama-3.1-8b/"}],
    )
    quality: Quality | None = Field(
        default=None,
        description="Score of this option; required with a quality floor.",
        examples=_QUALITY,
    )


class ManualOption(Section):
    """A deployment priced by hand: a quote, an existing cluster, a textbook figure."""

    name: OptionName = Field(description="Shown in reports.", examples=["existing cluster"])
    arm: Arm = Field(description="The arm it stands for.", examples=["selfhost_ondemand"])
    fixed_monthly_usd: Usd = Field(description="Per capacity unit and month.", examples=[2000])
    marginal_usd_per_1m_tokens: Usd | None = Field(
        default=None, description="On input plus output tokens.", examples=[0.1]
    )
    marginal_usd_per_request: Usd | None = Field(
        default=None, description="On each request.", examples=[0.0001]
    )
    capacity_requests_per_month: Positive | None = Field(
        default=None,
        description="Requests one unit serves; more units are bought whole.",
        examples=[3000000],
    )
    max_units: PositiveCount | None = Field(
        default=None, description="Most units that can be had.", examples=[4]
    )
    redundancy: Literal["none", "n_plus_1"] = Field(
        default="none", description="One unit more than load needs, or none.", examples=["none"]
    )
    source: Source = Field(description="The quote or measurement.", examples=["quote, 2026-10-01"])
    quality: Quality | None = Field(
        default=None,
        description="Score of this option; required with a quality floor.",
        examples=_QUALITY,
    )


class Options(Section):
    """At least one option; the recommendation is the cheapest feasible of them."""

    api: list[ApiOption] = Field(
        default_factory=lambda: list[ApiOption](),
        description="Models behind an API.",
        examples=[[{"provider": "openai", "model": "gpt-6-luna"}]],
    )
    selfhost: list[SelfHostOption] = Field(
        default_factory=lambda: list[SelfHostOption](),
        description="Open-weight models on your own instances.",
        examples=[[{"model": "meta-llama/Llama-3.1-8B-Instruct"}]],
    )
    manual: list[ManualOption] = Field(
        default_factory=lambda: list[ManualOption](),
        description="Deployments priced by hand.",
        examples=[
            [
                {
                    "name": "existing cluster",
                    "arm": "selfhost_ondemand",
                    "fixed_monthly_usd": 2000,
                    "source": "quote, 2026-10-01",
                }
            ]
        ],
    )

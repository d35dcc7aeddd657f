"""``options``: the deployments to compare."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from planner.scenario.fields import (
    OptionName,
    Positive,
    PositiveCount,
    Region,
    Section,
    ShortText,
    Source,
    TensorParallelSize,
    Usd,
)
from planner.scenario.option_parts import (
    QUALITY_EXAMPLES,
    CustomModelImport,
    EngineLimits,
    Precision,
    Purchase,
    Quality,
    SavingsPlan,
    Scaling,
    SpotPrice,
    Variant,
    Weights,
)
from planner.scenario.scalars import shown

__all__ = [
    "ARMS",
    "ApiOption",
    "Arm",
    "CustomModelImport",
    "EngineLimits",
    "HybridOption",
    "ManualOption",
    "Options",
    "Precision",
    "Purchase",
    "Quality",
    "SavingsPlan",
    "Scaling",
    "SelfHostOption",
    "SpotPrice",
    "Variant",
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
    custom_model_import: CustomModelImport | None = Field(
        default=None,
        description="Own weights imported into Bedrock instead of a listed model.",
        examples=[
            {
                "usd_per_unit_minute": 0.0785,
                "units_per_copy": 2,
                "requests_per_s_per_copy": 3.5,
                "source": "Bedrock pricing page; own load test",
                "observed": "2026-11-20",
            }
        ],
    )
    quality: Quality | None = Field(
        default=None,
        description="Score of this option; required with a quality floor.",
        examples=QUALITY_EXAMPLES,
    )


class SelfHostOption(Section):
    """An open-weight model served by vLLM on EC2 instances."""

    model: ShortText = Field(
        description="Hugging Face model id.", examples=["meta-llama/Llama-3.1-8B-Instruct"]
    )
    name: OptionName | None = Field(
        default=None, description="Shown in reports; default the model id.", examples=["own 8B"]
    )
    precision: Precision = Field(
        default="native",
        description="Precision of the weights; native is that of the published ones.",
        examples=["native"],
    )
    variants: list[Variant] = Field(
        default_factory=lambda: list[Variant](),
        description="Other precisions of the same model, each an option of its own.",
        examples=[[{"precision": "fp8"}, {"precision": "int4"}]],
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
    purchase: list[Purchase] = Field(
        default=["on_demand", "ri_1y_no_upfront"],
        min_length=1,
        description="Ways of buying the instances to compare.",
        examples=[["on_demand", "ri_1y_no_upfront"]],
    )
    scaling: list[Scaling] = Field(
        default=["fixed"],
        min_length=1,
        description="`fixed`: sized for the peak all week; `hourly`: sized for each hour of the "
        "week, `cold_start_s` ahead.",
        examples=[["fixed", "hourly"]],
    )
    cold_start_s: Positive | None = Field(
        default=None,
        description="From asking for an instance to its first answer; default 684.",
        examples=[600],
    )
    savings_plan: SavingsPlan | None = Field(
        default=None,
        description="Rate and term of `purchase: savings_plan`.",
        examples=[
            {
                "percent_off": 28,
                "source": "Savings Plans page of the console",
                "observed": "2026-11-20",
            }
        ],
    )
    tensor_parallel_sizes: list[TensorParallelSize] | None = Field(
        default=None,
        min_length=1,
        description="Tensor-parallel degrees to consider; default all.",
        examples=[[1, 2]],
    )
    limits: EngineLimits = Field(
        default_factory=lambda: EngineLimits.unwritten(),
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
    profiles: ShortText | None = Field(
        default=None,
        description="Folder of your own profiles (`planner profiles build`), asked before the "
        "shipped ones.",
        examples=["profiles"],
    )
    config: ShortText | None = Field(
        default=None,
        description="Folder with the model's config.json, for a model of your own.",
        examples=["my-model"],
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
        examples=QUALITY_EXAMPLES,
    )


class HybridOption(Section):
    """Base load on own instances, what is above them at an API.

    The self-hosted model's engine limits, instance types and capacity apply.
    """

    name: OptionName | None = Field(
        default=None, description="Shown in reports; default made of both.", examples=["base + API"]
    )
    selfhost: OptionName = Field(
        description="Name (or model) of the self-hosted option.",
        examples=["meta-llama/Llama-3.1-8B-Instruct"],
    )
    overflow: OptionName | None = Field(
        default=None,
        description="Name of the API option that takes the rest; default the cheapest feasible "
        "one, of the same weights if there is one.",
        examples=["openai/gpt-6-luna"],
    )
    purchase: list[Literal["on_demand", "ri_1y_no_upfront", "savings_plan"]] = Field(
        default=["on_demand"],
        min_length=1,
        description="Ways of buying the instances to compare.",
        examples=[["on_demand"]],
    )
    scaling: list[Scaling] = Field(
        default=["fixed"],
        min_length=1,
        description="`fixed`: the same instances all week; `hourly`: on demand in the hours that "
        "pay, above what is committed.",
        examples=[["fixed", "hourly"]],
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
        examples=QUALITY_EXAMPLES,
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
    hybrid: list[HybridOption] = Field(
        default_factory=lambda: list[HybridOption](),
        description="Self-hosted options with an API for what is above them.",
        examples=[[{"selfhost": "meta-llama/Llama-3.1-8B-Instruct"}]],
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

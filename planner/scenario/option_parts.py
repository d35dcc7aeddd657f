"""Parts of options: quality, prices and ways of buying, engine limits, variants."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from planner.scenario.fields import (
    IsoDate,
    Percent,
    Positive,
    PositiveCount,
    PositiveShare,
    Section,
    Sha256,
    Share,
    ShortText,
    Source,
    TermYears,
    Usd,
)

__all__ = [
    "QUALITY_EXAMPLES",
    "CustomModelImport",
    "EngineLimits",
    "Precision",
    "Purchase",
    "Quality",
    "SavingsPlan",
    "Scaling",
    "SpotPrice",
    "Variant",
    "Weights",
]

Precision = Literal["native", "bf16", "fp8", "fp4", "int4"]
Purchase = Literal["on_demand", "ri_1y_no_upfront", "savings_plan", "spot"]
Scaling = Literal["fixed", "hourly"]


class Quality(Section):
    """How good the answers of this option are on the scenario's own metric."""

    score: Share = Field(description="Score on the metric of `quality.metric`.", examples=[0.93])
    source: Source = Field(
        description="Who measured it, on what, when.", examples=["own evaluation, 2026-10-12"]
    )


QUALITY_EXAMPLES = [{"score": 0.93, "source": "own evaluation, 2026-10-12"}]


class CustomModelImport(Section):
    """Own weights on Amazon Bedrock, billed by Custom Model Units in windows of 5 minutes."""

    usd_per_unit_minute: Positive = Field(
        description="Price of one Custom Model Unit for a minute.", examples=[0.0785]
    )
    units_per_copy: PositiveCount = Field(
        description="Custom Model Units of one copy, as Bedrock reports them for the model.",
        examples=[2],
    )
    requests_per_s_per_copy: Positive = Field(
        description="What one copy serves inside the service level, measured.", examples=[3.5]
    )
    storage_monthly_usd: Usd = Field(
        default=Decimal(0), description="Storage of the imported weights.", examples=[3.9]
    )
    source: Source = Field(
        description="Price page and load test.", examples=["Bedrock pricing page; own load test"]
    )
    observed: IsoDate = Field(description="Day the price was seen.", examples=["2026-11-20"])


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

    instance_type: ShortText | None = Field(
        default=None,
        description="EC2 type the price is of; default the only one of `instance_types`.",
        examples=["g6e.xlarge"],
    )
    usd_per_hour: Positive = Field(description="Price of one instance.", examples=[0.79])
    source: Source = Field(description="Where it was read.", examples=["EC2 console, 7-day median"])
    observed: IsoDate = Field(description="Day it was read.", examples=["2026-11-20"])
    interruptions_per_instance_hour: Share | None = Field(
        default=None, description="Share of instance hours that end in a reclaim.", examples=[0.01]
    )


class SavingsPlan(Section):
    """A Savings Plan rate the user was quoted, or the plan whose refreshed rates to use."""

    plan: Literal["compute", "ec2_instance"] = Field(
        default="compute",
        description="Which refreshed rates apply when `percent_off` is not given.",
        examples=["compute"],
    )
    term_years: TermYears = Field(default=1, description="Length of the term.", examples=[1])
    percent_off: Percent | None = Field(
        default=None, description="Discount off the on-demand price, 0 to 100.", examples=[28]
    )
    commitment_usd_per_hour: Positive | None = Field(
        default=None,
        description="A commitment already made; default: what the load is worth committing.",
        examples=[12.5],
    )
    source: Source | None = Field(
        default=None,
        description="Where `percent_off` was read; required with it.",
        examples=["Savings Plans page of the console"],
    )
    observed: IsoDate | None = Field(
        default=None,
        description="Day it was read; required with `percent_off`.",
        examples=["2026-11-20"],
    )


class Variant(Section):
    """The same model with weights of another precision, compared as an option of its own."""

    precision: Precision = Field(description="Precision of the weights.", examples=["fp8"])
    quality: Quality | None = Field(
        default=None,
        description="Score of this variant; required with a quality floor.",
        examples=QUALITY_EXAMPLES,
    )
    measured: ShortText | None = Field(
        default=None,
        description="Your own benchmark file of this variant.",
        examples=["measured/llama-8b-fp8-l40s.json"],
    )
    weights: Weights | None = Field(
        default=None,
        description="Where this variant's weights are.",
        examples=[{"uri": "s3://my-bucket/llama-3.1-8b-fp8/"}],
    )

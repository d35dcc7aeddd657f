"""``workload``: how many requests, how long, when, and what they share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from planner.scenario.fields import (
    CacheLifetime,
    Growth,
    NonNegative,
    Positive,
    PositiveCount,
    Ratio,
    Section,
    Share,
    ShortText,
    Tokens,
)

__all__ = [
    "LENGTH_PROFILES",
    "TRAFFIC_PROFILES",
    "SharedPrefix",
    "TokenLengths",
    "Trace",
    "Traffic",
    "Workload",
]

# Named shapes; their tables, with source and licence, are in planner/demand/data/.
LENGTH_PROFILES = (
    "azure_2023_conv",
    "azure_2023_code",
    "mooncake_conv",
    "mooncake_synth",
    "servegen_m_large",
    "servegen_m_mid",
    "servegen_m_small",
    "servegen_deepseek_r1",
)
TRAFFIC_PROFILES = (
    "flat",
    "servegen_m_large",
    "servegen_m_mid",
    "servegen_m_small",
    "servegen_deepseek_r1",
    "servegen_mm_image",
)

LengthProfile = Literal[
    "azure_2023_conv",
    "azure_2023_code",
    "mooncake_conv",
    "mooncake_synth",
    "servegen_m_large",
    "servegen_m_mid",
    "servegen_m_small",
    "servegen_deepseek_r1",
]
TrafficProfile = Literal[
    "flat",
    "servegen_m_large",
    "servegen_m_mid",
    "servegen_m_small",
    "servegen_deepseek_r1",
    "servegen_mm_image",
]


def _bare_number_is_mean(value: Any) -> Any:
    return {"mean": value} if isinstance(value, int | Decimal | str) else value


class TokenLengths(Section):
    """Tokens of one request: a mean, a distribution, a named profile, or counted from files.

    A bare number means ``{mean: number}``. ``mean`` alone gives every request that length;
    with ``cv`` (standard deviation ÷ mean) lengths are lognormal.
    """

    mean: Tokens | None = Field(
        default=None, description="Mean tokens per request.", examples=[500]
    )
    cv: Positive | None = Field(
        default=None, description="Coefficient of variation of a lognormal length.", examples=[1.2]
    )
    quantiles: dict[ShortText, Tokens] | None = Field(
        default=None,
        description="Measured quantiles, piecewise linear between them; p0 and p100 required.",
        examples=[{"p0": 10, "p50": 400, "p95": 2000, "p100": 8000}],
    )
    profile: LengthProfile | None = Field(
        default=None,
        description="Length quantiles of a public trace.",
        examples=["azure_2023_conv"],
    )
    files: list[ShortText] | None = Field(
        default=None,
        min_length=1,
        description="Prompt files (one request each; .jsonl: one a line), relative to the "
        "scenario, counted with tiktoken.",
        examples=[["prompts/classify.txt"]],
    )
    encoding: Literal["o200k_base", "cl100k_base"] = Field(
        default="o200k_base", description="Encoding used to count `files`.", examples=["o200k_base"]
    )
    scale: Positive | None = Field(
        default=None, description="Multiplies the lengths of a profile or of files.", examples=[1.1]
    )


LengthsField = Annotated[
    TokenLengths,
    BeforeValidator(_bare_number_is_mean, json_schema_input_type=Tokens | TokenLengths),
]


class Trace(Section):
    """A request log. Its lengths stay joint; its shape and rate are used unless given."""

    file: ShortText = Field(
        description="CSV or JSONL file, relative to the scenario.", examples=["traces/week.csv"]
    )
    timestamp_column: ShortText = Field(
        default="TIMESTAMP",
        description="Column of arrival times: ISO 8601, or s.",
        examples=["TIMESTAMP"],
    )
    input_column: ShortText = Field(
        default="ContextTokens",
        description="Column of input tokens, cached included.",
        examples=["ContextTokens"],
    )
    output_column: ShortText = Field(
        default="GeneratedTokens",
        description="Column of output tokens.",
        examples=["GeneratedTokens"],
    )
    allow_small: bool = Field(
        default=False,
        description="Accept fewer than 1,000 rows or constant gaps between requests.",
        examples=[False],
    )
    source: ShortText | None = Field(
        default=None,
        description="Origin and licence, shown in reports.",
        examples=["Azure LLM inference trace 2023, CC-BY-4.0"],
    )


class Traffic(Section):
    """When requests come within the week, and how they bunch within the hour."""

    profile: TrafficProfile | None = Field(
        default=None,
        description="Hourly shape of a public trace, or flat.",
        examples=["servegen_m_large"],
    )
    weights: list[NonNegative] | None = Field(
        default=None,
        description="24 (hours of a day) or 168 (hours of a week from Monday 00:00) relative "
        "rates in the scenario's timezone.",
        examples=[[1] * 8 + [4] * 10 + [2] * 6],
    )
    peak_to_mean: Ratio | None = Field(
        default=None, description="Stretches the shape to this busiest hour ÷ mean.", examples=[2.0]
    )
    burst_within_hour: Ratio | None = Field(
        default=None,
        description="Busiest minute ÷ mean of its hour.",
        examples=[1.5],
    )


class SharedPrefix(Section):
    """A prompt prefix that many requests share: what prompt caching can act on."""

    tokens: Tokens = Field(description="Length of the shared prefix in tokens.", examples=[1200])
    distinct_prefixes: PositiveCount = Field(
        default=1,
        description="How many different prefixes the requests spread over evenly.",
        examples=[1],
    )
    ttl_s: CacheLifetime = Field(
        default=300,
        description="Provider cache lifetime asked for; each hit renews it.",
        examples=[300],
    )


class Workload(Section):
    """The requests to be served."""

    requests_per_day: Positive | None = Field(
        default=None,
        description="Mean requests a day over a week, in the first month. With a trace: "
        "replaces the trace's own rate.",
        examples=[10000],
    )
    trace: Trace | None = Field(
        default=None,
        description="A request log to take lengths, shape and rate from.",
        examples=[{"file": "traces/week.csv"}],
    )
    input_tokens: LengthsField | None = Field(
        default=None, description="Input tokens per request, cached ones included.", examples=[500]
    )
    output_tokens: LengthsField | None = Field(
        default=None, description="Output tokens per request, reasoning included.", examples=[200]
    )
    traffic: Traffic = Field(
        default_factory=lambda: Traffic.unwritten(),
        description="When requests come within the week and the hour.",
        examples=[{"profile": "servegen_m_large", "burst_within_hour": 1.5}],
    )
    growth_per_month: Growth | None = Field(
        default=None,
        description="Compound growth of volume: 0.10 is +10 % a month.",
        examples=[0.05],
    )
    shared_prefix: SharedPrefix | None = Field(
        default=None,
        description="A prompt prefix that many requests share; part of the input tokens.",
        examples=[{"tokens": 1200}],
    )
    deferrable_share: Share | None = Field(
        default=None,
        description="Share of requests that may wait up to a day: batch prices, and work for "
        "quiet hours when self-hosted.",
        examples=[0.2],
    )
    source: ShortText | None = Field(
        default=None,
        description="Where these numbers come from.",
        examples=["gateway logs, 2026-10-01 to 2026-10-28"],
    )

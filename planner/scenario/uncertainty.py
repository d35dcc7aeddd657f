"""``uncertainty``: how far each input may lie from what the scenario says."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from planner.scenario.fields import PositiveShare, Ratio, Section, ShortText

__all__ = ["UNCERTAIN_INPUTS", "Band", "Uncertainty"]

UNCERTAIN_INPUTS = (
    "volume",
    "growth",
    "input_tokens",
    "output_tokens",
    "peak",
    "cache_hits",
    "throughput",
    "api_price",
    "gpu_price",
    "spot_price",
    "spot_interruptions",
    "labour",
)


class Band(Section):
    """The range an input lies in with 80 % probability, as multiples of its value."""

    low: PositiveShare = Field(
        default=Decimal(1),
        description="One in ten ends below this multiple; 1: never below.",
        examples=[0.8],
    )
    high: Ratio = Field(
        default=Decimal(1),
        description="One in ten ends above this multiple; 1: never above.",
        examples=[1.3],
    )
    source: ShortText | None = Field(
        default=None,
        description="Where the range comes from.",
        examples=["forecast against actuals of 2026"],
    )


_BAND = [{"low": 0.8, "high": 1.3}]


class Uncertainty(Section):
    """Ranges of your own; what is not given has a default range, shown in the report."""

    volume: Band | None = Field(
        default=None, description="Requests in the first month.", examples=_BAND
    )
    growth: Band | None = Field(
        default=None,
        description="The month's growth factor, 1 + growth_per_month.",
        examples=[{"low": 0.99, "high": 1.02}],
    )
    input_tokens: Band | None = Field(
        default=None, description="Mean input tokens of a request.", examples=_BAND
    )
    output_tokens: Band | None = Field(
        default=None, description="Mean output tokens of a request.", examples=_BAND
    )
    peak: Band | None = Field(
        default=None, description="Busiest hour ÷ mean.", examples=[{"low": 0.9, "high": 1.2}]
    )
    cache_hits: Band | None = Field(
        default=None,
        description="Requests that reach a shared prefix while it is cached: rate per prefix.",
        examples=[{"low": 0.5, "high": 2}],
    )
    throughput: Band | None = Field(
        default=None,
        description="What a replica sustains; default: the band of the serving answer.",
        examples=_BAND,
    )
    api_price: Band | None = Field(
        default=None,
        description="Token prices over the horizon.",
        examples=[{"low": 0.7, "high": 1}],
    )
    gpu_price: Band | None = Field(
        default=None,
        description="On-demand instance prices over the horizon.",
        examples=[{"low": 0.7, "high": 1}],
    )
    spot_price: Band | None = Field(default=None, description="Spot prices.", examples=_BAND)
    spot_interruptions: Band | None = Field(
        default=None,
        description="Rate of spot interruptions.",
        examples=[{"low": 0.5, "high": 2}],
    )
    labour: Band | None = Field(
        default=None,
        description="Engineering, quality and operational cost.",
        examples=[{"low": 0.7, "high": 1.5}],
    )

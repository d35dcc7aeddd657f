"""``slo``, ``tco``, ``prices``: what every option must meet, and what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from planner.scenario.fields import (
    Hours,
    IsoDate,
    Milliseconds,
    Percent,
    Percentile,
    PositiveShare,
    Region,
    Section,
    Share,
    ShortText,
    Source,
    Usd,
    Zones,
)

__all__ = [
    "ArmCosts",
    "CostItem",
    "Credit",
    "Discount",
    "Engineering",
    "Infrastructure",
    "InstancePriceOverride",
    "ItemCosts",
    "LlmPriceOverride",
    "Prices",
    "ServicePriceOverride",
    "Slo",
    "Tco",
]


class Slo(Section):
    """The service level every option must meet."""

    ttft_ms: Milliseconds | None = Field(
        default=None, description="Time to first token at `ttft_percentile`.", examples=[1000]
    )
    ttft_percentile: Percentile = Field(
        default=95, description="Percentile that `ttft_ms` bounds.", examples=[95]
    )
    tpot_ms: Milliseconds | None = Field(
        default=None,
        description="Time per output token after the first, at `tpot_percentile`.",
        examples=[50],
    )
    tpot_percentile: Percentile = Field(
        default=95, description="Percentile that `tpot_ms` bounds.", examples=[95]
    )
    availability: Share = Field(
        default=Decimal("0.99"), description="Stated target, shown in reports.", examples=[0.99]
    )
    redundancy: Literal["none", "n_plus_1", "zones"] = Field(
        default="n_plus_1",
        description="Self-hosted spare: none; one replica more than load needs; or that and at "
        "least one replica in each zone.",
        examples=["n_plus_1"],
    )
    zones: Zones = Field(
        default=2,
        description="Availability zones the network spans, and replicas with `zones`.",
        examples=[2],
    )
    max_utilisation: PositiveShare = Field(
        default=Decimal("0.85"),
        description="Headroom: load ÷ capacity never planned above this.",
        examples=[0.85],
    )


class CostItem(Section):
    """One line of cost per month."""

    name: ShortText = Field(description="What it is, as reports show it.", examples=["on-call"])
    monthly_usd: Usd = Field(description="Cost of the item.", examples=[500])
    source: ShortText | None = Field(
        default=None, description="Where the figure comes from.", examples=["contract, 2026-03-01"]
    )


class Infrastructure(Section):
    """Items beside the stack's own resources, or instead of them."""

    mode: Literal["add", "replace"] = Field(
        default="add",
        description="`replace`: these items are the whole infrastructure of API arms.",
        examples=["add"],
    )
    items: list[CostItem] = Field(
        default_factory=lambda: list[CostItem](),
        description="The items.",
        examples=[[{"name": "vector database", "monthly_usd": 300}]],
    )


class Engineering(Section):
    """People who build and run it, without on-call."""

    usd_per_hour: Usd = Field(description="Loaded cost of one hour of work.", examples=[100])
    hours_per_month: Hours = Field(description="Running work a month.", examples=[20])
    setup_hours: Hours = Field(
        default=Decimal(0), description="Work done once; spread over the horizon.", examples=[80]
    )
    source: ShortText | None = Field(
        default=None, description="Where the figures come from.", examples=["payroll, 2026"]
    )


class ItemCosts(Section):
    """A category given as items."""

    items: list[CostItem] = Field(
        min_length=1, description="The items.", examples=[[{"name": "on-call", "monthly_usd": 500}]]
    )


_ENGINEERING = [{"usd_per_hour": 100, "hours_per_month": 20}]
_ITEMS = [{"items": [{"name": "answer review", "monthly_usd": 700}]}]


class ArmCosts(Section):
    """Costs of one kind of arm, beside the common ones; engineering replaces the common one."""

    infrastructure: ItemCosts | None = Field(
        default=None, description="Further infrastructure of these arms.", examples=_ITEMS
    )
    engineering: Engineering | None = Field(
        default=None,
        description="Work on these arms, instead of the common one.",
        examples=_ENGINEERING,
    )
    quality: ItemCosts | None = Field(
        default=None, description="Further quality work on these arms.", examples=_ITEMS
    )
    operational: ItemCosts | None = Field(
        default=None, description="Further operations of these arms.", examples=_ITEMS
    )


class Tco(Section):
    """Total cost of ownership in five categories; the tokens and machines are computed.

    A category that is not given is unknown, not free: its total becomes a floor.
    """

    infrastructure: Infrastructure = Field(
        default_factory=lambda: Infrastructure.unwritten(),
        description="Infrastructure of every arm, beside what its stack has.",
        examples=_ITEMS,
    )
    engineering: Engineering | None = Field(
        default=None, description="Work on every arm, without on-call.", examples=_ENGINEERING
    )
    quality: ItemCosts | None = Field(
        default=None, description="Evaluation, review and correction of answers.", examples=_ITEMS
    )
    operational: ItemCosts | None = Field(
        default=None, description="On-call, incidents, compliance, training.", examples=_ITEMS
    )
    api: ArmCosts = Field(
        default_factory=lambda: ArmCosts.unwritten(),
        description="Costs of API arms only.",
        examples=[{"engineering": _ENGINEERING[0]}],
    )
    selfhost: ArmCosts = Field(
        default_factory=lambda: ArmCosts.unwritten(),
        description="Costs of self-hosted and hybrid arms only.",
        examples=[{"engineering": _ENGINEERING[0]}],
    )


class InstancePriceOverride(Section):
    """An instance price of your own."""

    kind: Literal["instance"] = Field(description="An instance price.", examples=["instance"])
    instance_type: ShortText = Field(description="EC2 type.", examples=["g6e.xlarge"])
    region: Region = Field(description="Where it applies.", examples=["us-east-1"])
    purchase: Literal["on_demand", "ri_1y_no_upfront"] = Field(
        default="on_demand", description="Way of buying it.", examples=["on_demand"]
    )
    usd_per_hour: Usd = Field(description="Price of one instance.", examples=[1.75])
    source: Source = Field(description="Document or page.", examples=["private pricing, 2026-03"])
    observed: IsoDate = Field(description="Day the price was seen.", examples=["2026-03-01"])


class ServicePriceOverride(Section):
    """An AWS service price of your own; `planner prices list --kind service` shows the items."""

    kind: Literal["service"] = Field(description="A service price.", examples=["service"])
    item: ShortText = Field(description="Item id of the price list.", examples=["alb_hour"])
    region: Region = Field(description="Where it applies.", examples=["us-east-1"])
    usd: Usd = Field(description="Price of one unit of the item.", examples=[0.0225])
    source: Source = Field(description="Document or page.", examples=["private pricing, 2026-03"])
    observed: IsoDate = Field(description="Day the price was seen.", examples=["2026-03-01"])


class LlmPriceOverride(Section):
    """A token price of your own: a quote or an enterprise agreement."""

    kind: Literal["llm"] = Field(description="A token price.", examples=["llm"])
    provider: ShortText = Field(description="Provider id.", examples=["openai"])
    model: ShortText = Field(description="Model id.", examples=["gpt-6-luna"])
    processing: Literal["standard", "batch"] = Field(
        default="standard", description="Way of processing.", examples=["standard"]
    )
    input_usd_per_1m_tokens: Usd = Field(description="Input tokens.", examples=[0.1])
    output_usd_per_1m_tokens: Usd = Field(description="Output tokens.", examples=[0.5])
    cache_read_usd_per_1m_tokens: Usd | None = Field(
        default=None, description="Input tokens read from the provider's cache.", examples=[0.01]
    )
    cache_write_usd_per_1m_tokens: Usd | None = Field(
        default=None, description="Input tokens written to the provider's cache.", examples=[0.125]
    )
    source: Source = Field(description="Document or page.", examples=["quote 8812, 2026-03"])
    observed: IsoDate = Field(description="Day the price was seen.", examples=["2026-03-01"])


PriceOverride = Annotated[
    InstancePriceOverride | ServicePriceOverride | LlmPriceOverride, Field(discriminator="kind")
]


class Discount(Section):
    """A percentage off list price; the most specific one applies."""

    provider: ShortText = Field(description="`aws` or an API provider id.", examples=["aws"])
    model: ShortText | None = Field(
        default=None, description="Only for this model.", examples=["gpt-6-luna"]
    )
    instance_type: ShortText | None = Field(
        default=None, description="Only for this EC2 type.", examples=["g6e.xlarge"]
    )
    percent: Percent = Field(description="Share taken off, 0 to 100.", examples=[12])
    source: Source = Field(description="The agreement.", examples=["enterprise agreement, 2026"])


class Credit(Section):
    """Money already granted, used up month by month until it ends."""

    provider: ShortText = Field(description="`aws` or an API provider id.", examples=["aws"])
    usd: Usd = Field(description="What is left of it.", examples=[10000])
    ends_on: IsoDate = Field(description="Last day it can be used.", examples=["2027-06-30"])
    source: Source = Field(description="Who granted it.", examples=["start-up programme, 2026"])


class Prices(Section):
    """Which prices to use, and what replaces them."""

    snapshot: ShortText | None = Field(
        default=None,
        description="Committed price snapshot, relative to the scenario.",
        examples=["planner.prices.json"],
    )
    overrides: list[PriceOverride] = Field(
        default_factory=lambda: list[PriceOverride](),
        description="Prices of your own, each with source and date.",
        examples=[
            [
                {
                    "kind": "instance",
                    "instance_type": "g6e.xlarge",
                    "region": "us-east-1",
                    "usd_per_hour": 1.75,
                    "source": "private pricing, 2026-03",
                    "observed": "2026-03-01",
                }
            ]
        ],
    )
    discounts: list[Discount] = Field(
        default_factory=lambda: list[Discount](),
        description="Percentages off list prices.",
        examples=[[{"provider": "aws", "percent": 12, "source": "enterprise agreement, 2026"}]],
    )
    credits: list[Credit] = Field(
        default_factory=lambda: list[Credit](),
        description="Money already granted.",
        examples=[
            [
                {
                    "provider": "aws",
                    "usd": 10000,
                    "ends_on": "2027-06-30",
                    "source": "start-up programme, 2026",
                }
            ]
        ],
    )

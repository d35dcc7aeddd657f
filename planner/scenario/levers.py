"""``levers``: what lowers the cost of the same workload before any deployment is chosen.

Prompt caching and batch prices need no entry here: `workload.shared_prefix` and
`workload.deferrable_share` say how far they can act.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from planner.scenario.economics import CostItem, Engineering
from planner.scenario.fields import (
    AnyCount,
    CallSize,
    Milliseconds,
    OptionName,
    PositiveCount,
    Region,
    Section,
    Share,
    ShortText,
    Source,
    Tokens,
    Usd,
)
from planner.scenario.options import Quality

__all__ = [
    "Basis",
    "CacheThreshold",
    "Compression",
    "Embedding",
    "ExactCache",
    "Levers",
    "LookupTime",
    "MultiItem",
    "Route",
    "RouteModel",
    "SemanticCache",
]

# An assumed lever is shown by `optimize` and does not count in `recommend`.
Basis = Literal["measured", "documented", "assumed"]


class _Lever(Section):
    """What every lever says: how its effect is known, and what the lever itself costs."""

    basis: Basis = Field(
        description="measured on this workload, documented for one like it, or assumed. An "
        "assumed lever is shown by `optimize` and does not count in `recommend`.",
        examples=["measured"],
    )
    source: Source = Field(
        description="Who measured it, on what, when; or the document.",
        examples=["replayed gateway logs, 2026-10-01 to 2026-10-28"],
    )
    usd_per_request: Usd = Field(
        default=Decimal(0),
        description="Cost of the lever on each request that comes to it: look-up, router.",
        examples=[0.00001],
    )
    items: list[CostItem] = Field(
        default_factory=lambda: list[CostItem](),
        description="What it costs a month beside that: a store, a licence.",
        examples=[[{"name": "vector store", "monthly_usd": 50}]],
    )
    engineering: Engineering | None = Field(
        default=None,
        description="Work on this lever alone.",
        examples=[{"usd_per_hour": 100, "hours_per_month": 2, "setup_hours": 40}],
    )


_QUALITY = [{"score": 0.93, "source": "own evaluation, 2026-10-12"}]


class RouteModel(Section):
    """A model that answers a share of the requests: one of a provider, or one priced by hand."""

    provider: ShortText | None = Field(
        default=None, description="Provider id; `aws` is Amazon Bedrock.", examples=["openai"]
    )
    model: ShortText | None = Field(
        default=None, description="Model id as sent to the provider.", examples=["gpt-4o-mini"]
    )
    region: Region | None = Field(
        default=None, description="Region of the endpoint.", examples=["us-east-1"]
    )
    endpoint: ShortText | None = Field(
        default=None, description="Deployment zone with its own price.", examples=["datazone-eu"]
    )
    usd_per_request: Usd | None = Field(
        default=None,
        description="Price by hand, instead of `provider` and `model`.",
        examples=[0.0005],
    )
    name: OptionName | None = Field(
        default=None, description="Shown in reports; default provider/model.", examples=["small"]
    )
    answered_share: Share = Field(
        description="Share of the requests that this model's answer is used for; all add up to 1.",
        examples=[0.6],
    )
    latency_ms: Milliseconds | None = Field(
        default=None, description="Mean time of one answer.", examples=[200]
    )
    quality: Quality | None = Field(
        default=None,
        description="Score on the requests it answers; required with a quality floor.",
        examples=_QUALITY,
    )


_MODELS = [
    {"provider": "openai", "model": "gpt-4o-mini", "answered_share": 0.6},
    {"provider": "openai", "model": "gpt-4o", "answered_share": 0.4},
]


class Route(_Lever):
    """Several models instead of one.

    A route sends each request to one model. A cascade asks the models in the order given, until
    an answer is good enough: all those before the one whose answer is used are paid too.
    """

    kind: Literal["route", "cascade"] = Field(
        default="route", description="One model each, or one after the other.", examples=["route"]
    )
    models: list[RouteModel] = Field(
        min_length=1, description="The models, for a cascade in order.", examples=[_MODELS]
    )
    latency_ms: Milliseconds | None = Field(
        default=None, description="Time the router takes on each request.", examples=[5]
    )


class Compression(_Lever):
    """Shorter prompts."""

    reduction_share: Share | None = Field(
        default=None,
        description="Share of the tokens taken away; without it 45 %, assumed.",
        examples=[0.3],
    )
    acts_on: Literal["all", "prefix", "rest"] = Field(
        default="all",
        description="All input tokens, those of `workload.shared_prefix`, or all but those.",
        examples=["all"],
    )


class ExactCache(_Lever):
    """Answers kept for requests that are the same to the letter."""

    hit_rate: Share = Field(description="Share of all requests it answers.", examples=[0.2])


class CacheThreshold(Section):
    """What a similarity threshold does, from a validation sample."""

    threshold: Share = Field(description="Cosine similarity that makes a hit.", examples=[0.9])
    hit_rate: Share = Field(
        description="Share answered of the requests that no exact match answered.", examples=[0.42]
    )
    false_hit_rate: Share = Field(
        description="Wrong answers as a share of what `false_hit_basis` says.", examples=[0.002]
    )
    sample_pairs: PositiveCount | None = Field(
        default=None, description="Pairs the false-hit rate was counted on.", examples=[1000]
    )
    sample_wrong: AnyCount | None = Field(
        default=None, description="Wrong ones among them.", examples=[2]
    )


class Embedding(Section):
    """The model that turns a request into the vector that is looked up."""

    usd_per_1m_tokens: Usd = Field(description="Price of its tokens.", examples=[0.02])
    tokens_per_request: Tokens | None = Field(
        default=None, description="Tokens embedded; default the mean input.", examples=[60]
    )
    source: Source = Field(description="Where the price is from.", examples=["price page, 2026-11"])


class LookupTime(Section):
    """The shortest and the longest time of a look-up."""

    low: Milliseconds = Field(description="Shortest.", examples=[5])
    high: Milliseconds = Field(description="Longest.", examples=[10])


def _bare_number_is_both(value: Any) -> Any:
    return {"low": value, "high": value} if isinstance(value, int | Decimal) else value


class SemanticCache(_Lever):
    """Answers kept for requests that mean the same; some it serves are wrong."""

    thresholds: list[CacheThreshold] | None = Field(
        default=None,
        min_length=1,
        description="What each threshold does, measured elsewhere; or give `pairs`.",
        examples=[[{"threshold": 0.95, "hit_rate": 0.42, "false_hit_rate": 0.002}]],
    )
    false_hit_basis: Literal["hits", "queries"] | None = Field(
        default=None,
        description="Whether `false_hit_rate` counts wrong answers among hits or among all "
        "queries; required with `thresholds`.",
        examples=["hits"],
    )
    pairs: ShortText | None = Field(
        default=None,
        description="CSV or JSONL of labelled pairs (`similarity`, `same`, and the texts `a` and "
        "`b` if the guard shall be judged), relative to the scenario.",
        examples=["cache/pairs.csv"],
    )
    duplicate_share: Share | None = Field(
        default=None,
        description="Share of requests that ask what was asked before; default: the share of "
        "`same` among the pairs, as if they were look-ups drawn from the logs.",
        examples=[0.35],
    )
    threshold: Share | None = Field(
        default=None,
        description="The threshold in use; default: the one with the largest net saving.",
        examples=[0.95],
    )
    usd_per_wrong_answer: Usd = Field(
        description="What one wrong answer costs: a refund, a call, a lost customer.",
        examples=[0.5],
    )
    false_hit_limit: Share | None = Field(
        default=None,
        description="Thresholds whose rate is not proved to stay below it (95 %) are out.",
        examples=[0.01],
    )
    guard: bool = Field(
        default=True,
        description="Different numbers, dates or negations force a miss.",
        examples=[True],
    )
    embedding: Embedding | None = Field(
        default=None,
        description="The embedding of each request that is looked up.",
        examples=[{"usd_per_1m_tokens": 0.02, "source": "price page, 2026-11"}],
    )
    lookup_ms: Annotated[
        LookupTime | None,
        BeforeValidator(
            _bare_number_is_both, json_schema_input_type=Milliseconds | LookupTime | None
        ),
    ] = Field(default=None, description="Time of a look-up.", examples=[{"low": 5, "high": 10}])


class MultiItem(_Lever):
    """Several deferrable requests in one prompt: what they share is sent once."""

    shared_tokens: Tokens = Field(
        description="Input tokens of a request that are the same in all of them.", examples=[180]
    )
    items_per_call: CallSize | None = Field(
        default=None,
        description="Requests in one call; default: the cheapest up to `max_items_per_call`.",
        examples=[10],
    )
    max_items_per_call: CallSize | None = Field(
        default=None,
        description="Most that one failed call may take with it; default 20.",
        examples=[20],
    )
    item_failure_share: Share = Field(
        default=Decimal(0), description="Share of items that come back unusable.", examples=[0.01]
    )
    retry: Literal["call", "item"] = Field(
        default="call",
        description="After a failure the whole call is done again, or the failed items alone.",
        examples=["call"],
    )


class Levers(Section):
    """Levers beside prompt caching and batch prices; all are optional."""

    baseline: OptionName | None = Field(
        default=None,
        description="The API option that savings are counted against, and that `route` stands "
        "in for; default: the cheapest without levers.",
        examples=["openai/gpt-4o"],
    )
    route: Route | None = Field(
        default=None,
        description="Several models instead of one.",
        examples=[{"models": _MODELS, "basis": "measured", "source": "router replay, 2026-10-12"}],
    )
    compress: Compression | None = Field(
        default=None,
        description="Shorter prompts.",
        examples=[
            {"reduction_share": 0.3, "basis": "measured", "source": "evaluation, 2026-10-12"}
        ],
    )
    exact_cache: ExactCache | None = Field(
        default=None,
        description="A cache for requests that are the same to the letter.",
        examples=[{"hit_rate": 0.2, "basis": "measured", "source": "gateway logs, 2026-10"}],
    )
    semantic_cache: SemanticCache | None = Field(
        default=None,
        description="A cache for requests that mean the same, behind the exact one.",
        examples=[
            {
                "pairs": "cache/pairs.csv",
                "usd_per_wrong_answer": 0.5,
                "basis": "measured",
                "source": "600 pairs of the logs, 2026-10",
            }
        ],
    )
    multi_item: MultiItem | None = Field(
        default=None,
        description="Several deferrable requests in one prompt.",
        examples=[{"shared_tokens": 180, "basis": "measured", "source": "evaluation, 2026-10-12"}],
    )

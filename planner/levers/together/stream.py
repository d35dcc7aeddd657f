"""The stream of requests that levers leave: how many, how long, in which parts."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from decimal import Decimal

from planner.demand.types import Demand, LengthStats
from planner.levers.batch import DEFAULT_MOST_ITEMS, ItemCost, Items, best_size, item_cost
from planner.levers.cache import ThresholdRates
from planner.levers.together.declared import Lever, reduction_share
from planner.scenario.levers import Levers, MultiItem

__all__ = [
    "Part",
    "Settings",
    "compressed",
    "grouped_size",
    "passing_share",
    "stream_parts",
    "thinned",
]

_TOKEN_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the levers are set to.

    ``semantic`` is the threshold in use; ``grouped`` the size of a multi-item call with its cost
    factors. Both are None without that lever.
    """

    given: Levers = field(default_factory=Levers)
    semantic: ThresholdRates | None = None
    grouped: ItemCost | None = None

    @property
    def exact_hit_rate(self) -> Decimal:
        """Share of all requests that an exact match answers."""
        return Decimal(0) if self.given.exact_cache is None else self.given.exact_cache.hit_rate

    @property
    def semantic_hit_rate(self) -> Decimal:
        """Share of the requests looked up that the semantic cache answers."""
        return Decimal(0) if self.semantic is None else self.semantic.hit_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the stream: ``share`` of the requests that reach a model, and their demand.

    The share of grouped requests is above their part of the stream by what is done again.
    """

    share: Decimal
    demand: Demand
    label: str = ""


def passing_share(settings: Settings, levers: AbstractSet[Lever]) -> Decimal:
    """Share of all requests that reach a model: (1 - h_exact) (1 - h_semantic)."""
    passing = Decimal(1)
    if "exact_cache" in levers:
        passing *= 1 - settings.exact_hit_rate
    if "semantic_cache" in levers:
        passing *= 1 - settings.semantic_hit_rate
    return passing


def compressed(demand: Demand, settings: Settings, levers: AbstractSet[Lever]) -> Demand:
    """The demand with shorter input: in every bucket, every percentile and the shared prefix."""
    compress = settings.given.compress
    if compress is None or "compress" not in levers:
        return demand
    shorter = _shorter(demand, settings)
    prefix = demand.shared_prefix
    if prefix is not None:
        prefix = replace(prefix, tokens=shorter(prefix.tokens))
    return replace(_with_input(demand, shorter), shared_prefix=prefix)


def _shorter(demand: Demand, settings: Settings) -> Callable[[Decimal], Decimal]:
    """Input tokens after compression of a text with the shared prefix in front."""
    compress = settings.given.compress
    assert compress is not None
    taken = reduction_share(compress)
    prefix = Decimal(0) if demand.shared_prefix is None else demand.shared_prefix.tokens

    def shorter(tokens: Decimal) -> Decimal:
        in_prefix = min(tokens, prefix)
        acted_on = {"all": tokens, "prefix": in_prefix, "rest": tokens - in_prefix}
        return tokens - acted_on[compress.acts_on] * taken

    return shorter


def _with_input(demand: Demand, change: Callable[[Decimal], Decimal]) -> Demand:
    """The demand with every input length changed."""
    buckets = tuple(
        replace(bucket, input_tokens=change(bucket.input_tokens)) for bucket in demand.buckets
    )
    mean = sum((bucket.share * bucket.input_tokens for bucket in buckets), Decimal(0))
    stats = demand.input_tokens

    def moved(tokens: float) -> float:
        return float(change(Decimal(str(tokens))))

    window = demand.trace_window
    if window is not None and window.lengths is not None:
        lengths = tuple((max(1, round(moved(sent))), got) for sent, got in window.lengths)
        window = replace(window, lengths=lengths)
    return replace(
        demand,
        buckets=buckets,
        input_tokens=LengthStats(
            mean=mean,
            p50=moved(stats.p50),
            p95=moved(stats.p95),
            p99=moved(stats.p99),
            maximum=moved(stats.maximum),
        ),
        trace_window=window,
    )


def thinned(demand: Demand, share: Decimal) -> Demand:
    """The demand of a share (0-1) of the requests, spread evenly over the week."""
    window = demand.trace_window
    if window is not None and share:
        # The same requests, further apart.
        slower = 1 / float(share)
        window = replace(
            window,
            seconds=tuple(at * slower for at in window.seconds),
            duration_s=window.duration_s * slower,
            busiest_minute_rps=window.busiest_minute_rps * float(share),
        )
    return replace(
        demand,
        requests_per_month=demand.requests_per_month * share,
        mean_rps=demand.mean_rps * float(share),
        trace_window=window,
    )


def stream_parts(
    demand: Demand, settings: Settings, levers: AbstractSet[Lever]
) -> tuple[Part, ...]:
    """The requests that reach a model, by how they are sent: alone, or several in one call.

    Without the lever `prompt_cache` no prefix is shared, without `batch` no request may wait.
    """
    base = compressed(demand, settings, levers)
    if "prompt_cache" not in levers:
        base = replace(base, shared_prefix=None)
    waiting = demand.deferrable_share
    size = settings.grouped
    if "multi_item" not in levers or size is None or not waiting:
        alone = waiting if "batch" in levers else Decimal(0)
        return (Part(share=Decimal(1), demand=replace(base, deferrable_share=alone)),)
    multi = settings.given.multi_item
    assert multi is not None
    again = size.redo_call_factor if multi.retry == "call" else size.redo_item_factor
    together = Part(
        share=waiting * again,
        demand=replace(
            _grouped(base, _shared_tokens(demand, settings, levers), size.items_per_call),
            deferrable_share=Decimal(1) if "batch" in levers else Decimal(0),
        ),
        label="grouped",
    )
    if waiting == 1:
        return (together,)
    return (
        Part(share=1 - waiting, demand=replace(base, deferrable_share=Decimal(0))),
        together,
    )


def _shared_tokens(demand: Demand, settings: Settings, levers: AbstractSet[Lever]) -> Decimal:
    """What all items of a call have in common, after compression."""
    multi = settings.given.multi_item
    assert multi is not None
    if settings.given.compress is None or "compress" not in levers:
        return multi.shared_tokens
    return _shorter(demand, settings)(multi.shared_tokens)


def _grouped(demand: Demand, shared: Decimal, items: int) -> Demand:
    """Each request with its part of the shared tokens; a call of its own kind shares no prefix."""

    def change(tokens: Decimal) -> Decimal:
        return (tokens - min(shared, tokens) * (items - 1) / items).quantize(_TOKEN_STEP)

    return replace(_with_input(demand, change), shared_prefix=None)


def grouped_size(multi: MultiItem, items: Items) -> ItemCost:
    """The size of a call: as given, else the cheapest up to the largest allowed."""
    if multi.items_per_call is not None:
        return item_cost(items, multi.items_per_call)
    return best_size(items, multi.max_items_per_call or DEFAULT_MOST_ITEMS)

"""Token prices that a report rests on, each with its source and the day it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from planner.catalog import Catalog, LlmQuote, LlmRef
from planner.catalog.api_ref import api_ref
from planner.catalog.types import LlmRate, Processing
from planner.demand import Demand
from planner.levers.together import Resolved, model_name
from planner.levers.together.pricing import route_ref
from planner.scenario import Scenario
from planner.scenario.levers import Levers, RouteModel
from planner.scenario.options import ManualOption

__all__ = [
    "AskedModel",
    "TokenPriceView",
    "TokenPricesView",
    "UsedPrices",
    "asked_by_levers",
    "token_price_views",
    "token_prices_view",
]


_Item = Literal["input", "output", "cache_read", "cache_write", "tokens", "request", "embedding"]


class TokenPriceView(NamedTuple):
    """One price of one model, from ``valid_from`` on; null prices: not paid so.

    ``condition`` names the requests or hours it holds for where there are several. ``observed`` is
    null where the scenario gives the price: its ``source`` says from when.
    """

    option: str
    model: str
    processing: Literal["standard", "batch"]
    item: _Item
    condition: str | None
    usd_per_1m: Decimal | None
    usd_per_request: Decimal | None
    source: str
    observed: date | None
    valid_from: date


class TokenPricesView(NamedTuple):
    """Which prices; ``snapshot`` is ``shipped`` or a path.

    ``oldest_observed`` and ``newest_observed`` are those of ``tokens``; null where none is dated.
    """

    as_of: date
    snapshot: str
    snapshot_sha256: str
    oldest_observed: date | None
    newest_observed: date | None
    tokens: tuple[TokenPriceView, ...]


class AskedModel(NamedTuple):
    """A model of the price data under the name that the report shows."""

    name: str
    ref: LlmRef


class UsedPrices(NamedTuple):
    """Which prices the requests can meet: for batches, for cached tokens, for their lengths."""

    batch: bool
    cached: bool
    longest_input_tokens: Decimal

    @staticmethod
    def by(demand: Demand, longer_by: Decimal = Decimal(0)) -> UsedPrices:
        """Those of a demand; ``longer_by`` is what its longest request may gain in tokens."""
        return UsedPrices(
            batch=bool(demand.deferrable_share),
            cached=demand.shared_prefix is not None,
            longest_input_tokens=max(b.input_tokens for b in demand.buckets) + longer_by,
        )


def token_prices_view(catalog: Catalog, tokens: Sequence[TokenPriceView]) -> TokenPricesView:
    """The prices of a report on tokens."""
    days = [each.observed for each in tokens if each.observed is not None]
    return TokenPricesView(
        as_of=catalog.as_of,
        snapshot=catalog.snapshot_name,
        snapshot_sha256=catalog.snapshot_sha256,
        oldest_observed=min(days, default=None),
        newest_observed=max(days, default=None),
        tokens=tuple(tokens),
    )


def token_price_views(
    catalog: Catalog,
    asked: Iterable[AskedModel],
    days: Sequence[date],
    used: UsedPrices,
) -> tuple[TokenPriceView, ...]:
    """Prices of models on the first of ``days``, and again where one has changed."""
    kinds: tuple[Processing, ...] = ("standard", "batch") if used.batch else ("standard",)
    return tuple(
        view
        for each in dict.fromkeys(asked)
        for processing in kinds
        for view in _over_time(catalog, each, days, processing, used)
    )


def _over_time(
    catalog: Catalog,
    asked: AskedModel,
    days: Sequence[date],
    processing: Processing,
    used: UsedPrices,
) -> Iterator[TokenPriceView]:
    before: list[TokenPriceView] = []
    for day in dict.fromkeys(days):
        quotes = catalog.llm_hourly_quotes(asked.ref, day, processing) or ()
        now = list(_on_a_day(asked, quotes, days[0], used))
        if now != before:
            yield from (view._replace(valid_from=day) for view in now)
            before = now


def _on_a_day(
    asked: AskedModel, quotes: Sequence[LlmQuote], day: date, used: UsedPrices
) -> Iterator[TokenPriceView]:
    """One view for each rate that some hour has."""
    hours: dict[TokenPriceView, int] = {}
    for quote in quotes:
        for view in _of(asked, quote, day, used):
            hours[view] = hours.get(view, 0) + 1
    for view, count in hours.items():
        some = f"{count} of {len(quotes)} hours" if count < len(quotes) else None
        words = [word for word in (view.condition, some) if word is not None]
        yield view._replace(condition=", ".join(words) or None)


def _of(
    asked: AskedModel, quote: LlmQuote, day: date, used: UsedPrices
) -> Iterator[TokenPriceView]:
    rates: list[tuple[_Item, LlmRate | None]] = [("input", quote.input), ("output", quote.output)]
    if used.cached and quote.processing == "standard":
        rates.append(("cache_read", quote.cache_read))
        rates.append(("cache_write", quote.cache_write))
    for item, rate in rates:
        for tier in rate or ():
            above = tier.above_input_tokens
            if above >= used.longest_input_tokens:
                continue
            yield TokenPriceView(
                option=asked.name,
                model=f"{quote.ref.provider}/{quote.resolved_id}",
                processing=quote.processing,
                item=item,
                condition=f"above {above:,} input tokens" if above >= 0 else None,
                usd_per_1m=tier.usd_per_1m_tokens,
                usd_per_request=None,
                source=quote.source,
                observed=quote.observed,
                valid_from=day,
            )


# --- Of a scenario's levers ----------------------------------------------------------------------


def asked_by_levers(resolved: Resolved) -> tuple[TokenPriceView, ...]:
    """Prices of the API options and of the models of a route, those by hand, and embeddings."""
    inputs = resolved.inputs
    given = resolved.settings.given
    days = inputs.months.priced_on
    listed = list(_listed(resolved, inputs.scenario))
    views = token_price_views(inputs.catalog, listed, days, UsedPrices.by(inputs.demand))
    return (*views, *_by_hand(resolved, given, days[0]))


def _listed(resolved: Resolved, scenario: Scenario) -> Iterator[AskedModel]:
    # The baseline first; the others are what it was compared with.
    for option in sorted(scenario.options.api, key=lambda each: each is not resolved.baseline):
        yield AskedModel(model_name(option), api_ref(option, scenario.region))
    route = resolved.settings.given.route
    for model in () if route is None else route.models:
        if model.usd_per_request is None:
            yield AskedModel(model_name(model), route_ref(model, scenario.region))


def _by_hand(resolved: Resolved, given: Levers, day: date) -> Iterator[TokenPriceView]:
    for option in resolved.inputs.scenario.options.manual:
        if option.arm.startswith("api_"):
            yield from _manual(option, day)
    if given.route is not None:
        yield from _routed_by_hand(given.route.models, given.route.source, day)
    cache = given.semantic_cache
    if cache is not None and cache.embedding is not None:
        hand = _hand("semantic cache", cache.embedding.source, day)
        yield hand._replace(item="embedding", usd_per_1m=cache.embedding.usd_per_1m_tokens)


def _manual(option: ManualOption, day: date) -> Iterator[TokenPriceView]:
    hand = _hand(option.name, option.source, day)
    if option.marginal_usd_per_1m_tokens is not None:
        yield hand._replace(usd_per_1m=option.marginal_usd_per_1m_tokens)
    if option.marginal_usd_per_request is not None:
        yield hand._replace(item="request", usd_per_request=option.marginal_usd_per_request)


def _routed_by_hand(
    models: Sequence[RouteModel], source: str, day: date
) -> Iterator[TokenPriceView]:
    for model in models:
        if model.usd_per_request is not None:
            hand = _hand(model_name(model), source, day)
            yield hand._replace(item="request", usd_per_request=model.usd_per_request)


def _hand(name: str, source: str, day: date) -> TokenPriceView:
    return TokenPriceView(
        option=name,
        model=name,
        processing="standard",
        item="tokens",
        condition=None,
        usd_per_1m=None,
        usd_per_request=None,
        source=source,
        observed=None,
        valid_from=day,
    )

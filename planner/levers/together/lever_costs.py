"""What levers themselves cost: look-ups, embeddings, stores, labour, wrong answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from planner.costs.inputs import PricingInputs
from planner.costs.terms import Fixed, PerRequest
from planner.costs.types import CostLine
from planner.levers.together.declared import ORDER, Lever
from planner.levers.together.stream import Settings, passing_share
from planner.money import usd_text
from planner.scenario.economics import CostItem, Engineering
from planner.scenario.levers import Levers, SemanticCache
from planner.units import TOKENS_PER_MTOK

__all__ = ["embedding_usd_per_request", "lever_cost_lines"]

_WORDS: dict[Lever, str] = {
    "route": "router",
    "compress": "compression",
    "exact_cache": "exact cache",
    "semantic_cache": "semantic cache",
    "multi_item": "multi-item calls",
}


def lever_cost_lines(
    inputs: PricingInputs, settings: Settings, levers: AbstractSet[Lever]
) -> tuple[CostLine, ...]:
    """Lines of every lever that is applied, over all requests; one without a setting is not."""
    off: set[Lever] = set()
    if settings.semantic is None:
        off.add("semantic_cache")
    if settings.grouped is None:
        off.add("multi_item")
    return tuple(
        line
        for lever in ORDER
        if lever in levers and lever in _WORDS and lever not in off
        for line in _of(lever, inputs, settings, levers)
    )


def _of(
    lever: Lever, inputs: PricingInputs, settings: Settings, levers: AbstractSet[Lever]
) -> Iterator[CostLine]:
    given = _given(lever, settings.given)
    if given is None:
        return
    usd_per_request, items, engineering, source = given
    reaching = _reaching(lever, inputs, settings, levers)
    if usd_per_request:
        yield _per_request(lever, "requests", usd_per_request, reaching, source)
    for item in items:
        yield _line(lever, item.name, item.monthly_usd, item.source or source)
    if engineering is not None:
        yield _labour(lever, engineering, inputs.scenario.horizon.months, source)
    if lever == "semantic_cache" and settings.given.semantic_cache is not None:
        yield from _semantic(settings.given.semantic_cache, inputs, settings, reaching)


def _given(
    lever: Lever, levers: Levers
) -> tuple[Decimal, Sequence[CostItem], Engineering | None, str] | None:
    settings = {
        "route": levers.route,
        "compress": levers.compress,
        "exact_cache": levers.exact_cache,
        "semantic_cache": levers.semantic_cache,
        "multi_item": levers.multi_item,
    }[lever]
    if settings is None:
        return None
    return settings.usd_per_request, settings.items, settings.engineering, settings.source


def _reaching(
    lever: Lever, inputs: PricingInputs, settings: Settings, levers: AbstractSet[Lever]
) -> Decimal:
    """Share of all requests that come to a lever: caches stand in front, exact match first."""
    if lever == "exact_cache":
        return Decimal(1)
    if lever == "semantic_cache":
        return passing_share(settings, levers & {"exact_cache"})
    passing = passing_share(settings, levers)
    return passing * inputs.demand.deferrable_share if lever == "multi_item" else passing


def embedding_usd_per_request(cache: SemanticCache, mean_input_tokens: Decimal) -> Decimal:
    """USD to embed one request that is looked up; the text as it came in, not compressed."""
    if cache.embedding is None:
        return Decimal(0)
    tokens = cache.embedding.tokens_per_request
    tokens = mean_input_tokens if tokens is None else tokens
    return tokens * cache.embedding.usd_per_1m_tokens / TOKENS_PER_MTOK


def _semantic(
    cache: SemanticCache, inputs: PricingInputs, settings: Settings, reaching: Decimal
) -> Iterator[CostLine]:
    if cache.embedding is not None:
        usd = embedding_usd_per_request(cache, inputs.demand.input_tokens.mean)
        yield _per_request("semantic_cache", "embeddings", usd, reaching, cache.embedding.source)
    rates = settings.semantic
    if rates is not None:
        share = rates.wrong_per_query
        yield CostLine(
            name="semantic cache: wrong answers",
            category="quality",
            billed_by="labour",
            driver="other",
            term=PerRequest(reaching * share * cache.usd_per_wrong_answer),
            formula=f"{usd_text(reaching * share)} of all requests x "
            f"${usd_text(cache.usd_per_wrong_answer)}",
            source=cache.source,
        )


def _per_request(lever: Lever, what: str, usd: Decimal, reaching: Decimal, source: str) -> CostLine:
    return CostLine(
        name=f"{_WORDS[lever]}: {what}",
        category="api_usage" if what == "embeddings" else "infrastructure",
        billed_by="other",
        driver="other",
        term=PerRequest(usd * reaching),
        formula=f"${usd_text(usd)} x {usd_text(reaching)} of all requests",
        source=source,
    )


def _line(lever: Lever, name: str, monthly_usd: Decimal, source: str) -> CostLine:
    return CostLine(
        name=f"{_WORDS[lever]}: {name}",
        category="infrastructure",
        billed_by="other",
        driver="other",
        term=Fixed(monthly_usd),
        formula=f"${usd_text(monthly_usd)} a month",
        source=source,
    )


def _labour(lever: Lever, work: Engineering, months: int, source: str) -> CostLine:
    hours = work.hours_per_month + work.setup_hours / months
    return CostLine(
        name=f"{_WORDS[lever]}: engineering",
        category="engineering",
        billed_by="labour",
        driver="labour",
        term=Fixed(hours * work.usd_per_hour),
        formula=f"({usd_text(work.hours_per_month)} + {usd_text(work.setup_hours)} ÷ {months}) "
        f"hours x ${usd_text(work.usd_per_hour)}",
        source=work.source or source,
    )

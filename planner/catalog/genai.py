"""The one door to genai-prices (MIT), which is imported inside functions only: 0.2 s.

Its conditional prices are evaluated by its own code at one moment of every span between two
dated changes and between two hours of the day, so that the rows here hold what it would answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from planner.catalog.llm_rows import LlmRow, flat_rate
from planner.catalog.types import LlmRate, Processing, RateTier

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import (
        ModelInfo,
        Provider,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

__all__ = [
    "NotATextModel",
    "build_rows",
    "find_model",
    "installed_version",
    "newest_change",
    "provider_ids",
    "snapshot",
]

_BATCH = {"processing": "batch"}
_MIDNIGHT = time(0, 0)
_ALL_DAY = 24 * 60


class NotATextModel(LookupError):
    """The model exists but is not priced by input and output tokens alone."""


def installed_version() -> str:
    """Version of the installed genai-prices: the only honest stamp of its data."""
    from importlib.metadata import version

    return version("genai-prices")


def snapshot() -> DataSnapshot:
    """The price data shipped inside genai-prices; nothing is fetched."""
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


def provider_ids() -> tuple[str, ...]:
    """Ids of every provider in the data, sorted."""
    return tuple(sorted(provider.id for provider in snapshot().providers))


def find_model(provider_id: str, model_ref: str) -> tuple[Provider, ModelInfo]:
    """The entry ``model_ref`` is priced by; LookupError when it has none.

    The provider id must be exact: genai-prices also matches parts of a name, and would price
    `azure-openai` by OpenAI's list without a word.
    """
    if provider_id.lower() not in provider_ids():
        raise LookupError(f"no provider {provider_id!r}")
    return snapshot().find_provider_model(model_ref, None, provider_id.lower(), None)


def newest_change(not_after: date) -> date:
    """Day of the newest dated price change up to ``not_after``: how fresh the data can be.

    The load time that genai-prices calls its timestamp says nothing about age.
    """
    return max(
        day
        for provider in snapshot().providers
        for model in provider.models
        for day in _change_days(model)
        if day <= not_after
    )


def build_rows(
    provider_id: str, model_ref: str, *, since: date, observed: date
) -> tuple[LlmRow, ...]:
    """Every price of one model from ``since`` on, standard and batch.

    LookupError when the model is not in the data, NotATextModel when it is no text model.
    A batch row needs an active batch variant on a model of the provider's own: a model borrowed
    from another provider's list brings that provider's batch price along, which is not for sale.
    """
    provider, model = find_model(provider_id, model_ref)
    owned = any(own is model for own in provider.models)
    head = LlmRow(
        provider=provider.id,
        model=model_ref,
        resolved_id=model.id,
        processing="standard",
        valid_from=since,
        input=(),
        output=(),
        source=f"genai-prices {installed_version()}",
        observed=observed,
        deprecated=bool(model.deprecated),
        notes=() if owned else (_borrowed_note(provider, model),),
    )
    kinds: tuple[Processing, ...] = ("standard", "batch") if owned else ("standard",)
    rows = [row for kind in kinds for row in _rows_of(model, replace(head, processing=kind))]
    if not any(row.processing == "standard" for row in rows):
        raise NotATextModel(f"{provider.id}/{model.id}")
    return tuple(rows)


def _borrowed_note(provider: Provider, model: ModelInfo) -> str:
    lender = next(p for p in snapshot().providers if any(m is model for m in p.models))
    return f"{provider.id} has no price of its own in the data: {lender.id}'s list price"


def _rows_of(model: ModelInfo, head: LlmRow) -> list[LlmRow]:
    """Rows of one processing, spans with the same prices joined."""
    by_span: list[list[LlmRow]] = []
    for start, end in _spans(model, head.valid_from):
        rows = _span_rows(model, replace(head, valid_from=start, valid_to=end))
        if by_span and _undated(by_span[-1]) == _undated(rows):
            by_span[-1] = [replace(row, valid_to=end) for row in by_span[-1]]
        else:
            by_span.append(rows)
    return [row for rows in by_span for row in rows]


def _undated(rows: Iterable[LlmRow]) -> list[LlmRow]:
    return [replace(row, valid_from=date.min, valid_to=None) for row in rows]


def _spans(model: ModelInfo, since: date) -> list[tuple[date, date | None]]:
    """Spans of dates between which no dated condition changes, from ``since`` on."""
    starts = [since, *sorted(day for day in _change_days(model) if day > since)]
    return list(zip(starts, [*starts[1:], None], strict=True))


def _span_rows(model: ModelInfo, head: LlmRow) -> list[LlmRow]:
    """Rows of one span of dates: one for each different price within the day."""
    edges = [0, *sorted(_change_minutes(model) - {0}), _ALL_DAY]
    windows: dict[_Rates, list[tuple[int, int]]] = {}
    for start, end in pairwise(edges):
        at = datetime.combine(head.valid_from, _MIDNIGHT, UTC) + timedelta(minutes=start)
        rates = _rates(model, at, head.processing)
        if rates is not None:
            windows.setdefault(rates, []).append((start, end))
    return [
        replace(
            head,
            input=rates.input,
            output=rates.output,
            cache_read=rates.cache_read,
            cache_write=rates.cache_write,
            cache_write_1h=rates.cache_write_1h,
            hours_utc=_joined(spans),
        )
        for rates, spans in windows.items()
    ]


def _joined(windows: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Neighbouring windows as one; none when they fill the day."""
    joined: list[tuple[int, int]] = []
    for start, end in windows:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return () if joined == [(0, _ALL_DAY)] else tuple(joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rates:
    input: LlmRate
    output: LlmRate
    cache_read: LlmRate | None
    cache_write: LlmRate | None
    cache_write_1h: LlmRate | None


def _rates(model: ModelInfo, at: datetime, processing: Processing) -> _Rates | None:
    """Rates at one moment; None when not sold then, or not by input and output tokens alone."""
    if processing == "batch" and not _sells_batch(model, at):
        return None
    price = model.get_prices(at, _BATCH if processing == "batch" else None)
    plain, output = _rate(price.input_mtok), _rate(price.output_mtok)
    # A fee per request (web search models) has no place in a price per token.
    if plain is None or output is None or price.requests_kcount is not None:
        return None
    return _Rates(
        input=plain,
        output=output,
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        cache_write_1h=_rate(price.cache_write_1h_mtok),
    )


def _sells_batch(model: ModelInfo, at: datetime) -> bool:
    return any(
        variant.when == _BATCH and (variant.constraint is None or variant.constraint.active(at))
        for variant in model.price_variants or ()
    )


def _rate(value: Decimal | TieredPrices | None) -> LlmRate | None:
    if value is None or isinstance(value, Decimal):
        return None if value is None else flat_rate(value)
    tiers = (
        RateTier(above_input_tokens=tier.start, usd_per_1m_tokens=tier.price)
        for tier in value.tiers
    )
    return (*flat_rate(value.base), *tiers)


def _constraints(model: ModelInfo) -> Iterator[StartDateConstraint | TimeOfDateConstraint]:
    dated = model.prices if isinstance(model.prices, list) else []
    for item in (*dated, *(model.price_variants or ())):
        if item.constraint is not None:
            yield item.constraint


def _change_days(model: ModelInfo) -> set[date]:
    from genai_prices.types import StartDateConstraint

    return {c.start_date for c in _constraints(model) if isinstance(c, StartDateConstraint)}


def _change_minutes(model: ModelInfo) -> set[int]:
    """Minutes after 00:00 UTC at which a time-of-day price begins or ends."""
    from genai_prices.types import TimeOfDateConstraint

    clocks = [
        clock
        for c in _constraints(model)
        if isinstance(c, TimeOfDateConstraint)
        for clock in (c.start_time, c.end_time)
    ]
    utc_clocks = [datetime.combine(date(1970, 1, 1), c) for c in clocks]
    aware = [c if c.tzinfo else c.replace(tzinfo=UTC) for c in utc_clocks]
    return {m.astimezone(UTC).hour * 60 + m.astimezone(UTC).minute for m in aware}

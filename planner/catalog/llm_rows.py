"""Resolved LLM price rows: the type, its JSON form, and quoting from rows alone.

A row holds one model's rates for one span of dates and, where the price depends on the hour,
for some hours of the day. Rows of one model and processing never overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from planner.catalog.types import LlmQuote, LlmRate, LlmRef, Processing, RateTier
from planner.errors import PriceFileError
from planner.money import usd, usd_text

__all__ = [
    "NO_CACHE_DISCOUNT",
    "LlmRow",
    "flat_rate",
    "has_hours",
    "parse_rows",
    "quote_from_rows",
    "row_from_json",
    "row_to_json",
    "scaled_rate",
    "utc",
]

NO_CACHE_DISCOUNT = "no cache discount: cached tokens cost the full input price"

_MINUTES_PER_DAY = 24 * 60
_RATES = ("input", "output", "cache_read", "cache_write", "cache_write_1h")


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmRow:
    """Rates of one model and processing from ``valid_from`` up to, not including, ``valid_to``.

    ``model`` is the id as sent to the provider, ``resolved_id`` the entry it was priced by.
    ``hours_utc`` lists the windows of the day, in minutes after 00:00 UTC, start included and end
    excluded; empty means all day. ``region`` and ``endpoint`` are those asked for, if any.
    """

    provider: str
    model: str
    resolved_id: str
    processing: Processing
    valid_from: date
    input: LlmRate
    output: LlmRate
    source: str
    observed: date
    region: str | None = None
    endpoint: str | None = None
    valid_to: date | None = None
    hours_utc: tuple[tuple[int, int], ...] = ()
    cache_read: LlmRate | None = None
    cache_write: LlmRate | None = None
    cache_write_1h: LlmRate | None = None
    deprecated: bool = False
    retires_on: date | None = None
    notes: tuple[str, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Whether ``day`` (UTC) lies in the span of the row."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def valid_at(self, at: datetime) -> bool:
        """Whether the row prices a request at this aware moment."""
        moment = utc(at)
        if not self.valid_on(moment.date()):
            return False
        minute = moment.hour * 60 + moment.minute
        return not self.hours_utc or any(start <= minute < end for start, end in self.hours_utc)


def utc(at: datetime) -> datetime:
    """``at`` in UTC; ValueError when it has no time zone, since prices change by UTC day."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: give an aware datetime")
    return at.astimezone(UTC)


def flat_rate(usd_per_1m_tokens: Decimal) -> LlmRate:
    """A rate that does not depend on the size of the request."""
    return (RateTier(above_input_tokens=-1, usd_per_1m_tokens=usd_per_1m_tokens),)


def scaled_rate(rate: LlmRate, factor: Decimal) -> LlmRate:
    """Every tier times ``factor``."""
    return tuple(
        RateTier(
            above_input_tokens=tier.above_input_tokens,
            usd_per_1m_tokens=tier.usd_per_1m_tokens * factor,
        )
        for tier in rate
    )


def has_hours(rows: Iterable[LlmRow], day: date, processing: Processing) -> bool:
    """Whether the price on ``day`` (UTC) depends on the hour."""
    return any(row.hours_utc for row in rows if row.processing == processing and row.valid_on(day))


def quote_from_rows(
    rows: Sequence[LlmRow], ref: LlmRef, at: datetime, processing: Processing
) -> LlmQuote | None:
    """The quote of the one row that holds at ``at``; None when none does (not sold then)."""
    found = next((r for r in rows if r.processing == processing and r.valid_at(at)), None)
    if found is None:
        return None
    return LlmQuote(
        ref=ref,
        resolved_id=found.resolved_id,
        processing=processing,
        at=at,
        input=found.input,
        output=found.output,
        cache_read=found.cache_read,
        cache_write=found.cache_write,
        cache_write_1h=found.cache_write_1h,
        time_of_day=has_hours(rows, utc(at).date(), processing),
        retires_on=found.retires_on,
        source=found.source,
        observed=found.observed,
        notes=_notes(found, ref),
    )


def _notes(row: LlmRow, ref: LlmRef) -> tuple[str, ...]:
    notes: list[str] = []
    if ref.model != row.resolved_id:
        notes.append(f"{ref.model} is priced as {row.resolved_id}")
    if row.deprecated:
        notes.append("marked deprecated in the price data")
    if row.cache_read is None:
        notes.append(NO_CACHE_DISCOUNT)
    if row.hours_utc:
        notes.append("price depends on the hour (UTC)")
    if all(tier.usd_per_1m_tokens == 0 for tier in (*row.input, *row.output)):
        notes.append("listed at no charge: check the provider's limits")
    return (*notes, *row.notes)


def row_to_json(row: LlmRow) -> dict[str, object]:
    """The row with every key, rates as decimal text or as [above_input_tokens, rate] pairs."""
    return {
        "provider": row.provider,
        "model": row.model,
        "region": row.region,
        "endpoint": row.endpoint,
        "resolved_id": row.resolved_id,
        "processing": row.processing,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
        "hours_utc": [f"{_clock(start)}-{_clock(end)}" for start, end in row.hours_utc],
        **{name: _rate_to_json(getattr(row, name)) for name in _RATES},
        "deprecated": row.deprecated,
        "retires_on": None if row.retires_on is None else row.retires_on.isoformat(),
        "source": row.source,
        "observed": row.observed.isoformat(),
        "notes": list(row.notes),
    }


def parse_rows(raw: object, where: str) -> tuple[LlmRow, ...]:
    """Rows of a price file; PriceFileError naming ``where``, the row and the field."""
    if not isinstance(raw, list):
        raise PriceFileError(f"{where}: `llm` must be a list of rows; write it with `prices pin`")
    rows: list[LlmRow] = []
    for number, item in enumerate(cast(list[object], raw), start=1):
        try:
            if not isinstance(item, Mapping):
                raise ValueError("not an object")
            rows.append(row_from_json(cast(Mapping[str, object], item)))
        except ValueError as error:
            raise PriceFileError(
                f"{where}: llm row {number}: {error}; write the file again with `prices pin`"
            ) from error
    return tuple(rows)


def row_from_json(raw: Mapping[str, object]) -> LlmRow:
    """The row of one JSON object; ValueError naming the field that is missing or wrong."""
    unknown = sorted(set(raw) - set(LlmRow.__dataclass_fields__))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    processing = _text(raw, "processing")
    if processing not in ("standard", "batch"):
        raise ValueError(f"processing is {processing!r}, not standard or batch")
    valid_from, observed = _date(raw, "valid_from"), _date(raw, "observed")
    rates = {name: _rate(raw, name) for name in _RATES}
    if valid_from is None or observed is None:
        raise ValueError("valid_from and observed need a date")
    if rates["input"] is None or rates["output"] is None:
        raise ValueError("input and output need a rate")
    return LlmRow(
        provider=_text(raw, "provider"),
        model=_text(raw, "model"),
        region=_optional_text(raw, "region"),
        endpoint=_optional_text(raw, "endpoint"),
        resolved_id=_text(raw, "resolved_id"),
        processing=processing,
        valid_from=valid_from,
        valid_to=_date(raw, "valid_to"),
        hours_utc=tuple(_window(text) for text in _texts(raw, "hours_utc")),
        input=rates["input"],
        output=rates["output"],
        cache_read=rates["cache_read"],
        cache_write=rates["cache_write"],
        cache_write_1h=rates["cache_write_1h"],
        deprecated=raw.get("deprecated", False) is True,
        retires_on=_date(raw, "retires_on"),
        source=_text(raw, "source"),
        observed=observed,
        notes=tuple(_texts(raw, "notes")),
    )


def _rate_to_json(rate: LlmRate | None) -> object:
    if rate is None:
        return None
    if len(rate) == 1:
        return usd_text(rate[0].usd_per_1m_tokens)
    return [[tier.above_input_tokens, usd_text(tier.usd_per_1m_tokens)] for tier in rate]


def _rate(raw: Mapping[str, object], name: str) -> LlmRate | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return flat_rate(usd(value))
    tiers: list[RateTier] = []
    for pair in cast(list[object], value) if isinstance(value, list) else []:
        tier = _tier(pair)
        if tier is None or (tier.above_input_tokens <= _last_start(tiers)):
            tiers.clear()
            break
        tiers.append(tier)
    if not tiers or tiers[0].above_input_tokens != -1:
        raise ValueError(f"{name} is {value!r}, not a rate: text, or [-1, base], [above, rate] ...")
    return tuple(tiers)


def _last_start(tiers: Sequence[RateTier]) -> int:
    return tiers[-1].above_input_tokens if tiers else -2


def _tier(pair: object) -> RateTier | None:
    match pair:
        case [int(above), str(text)]:
            return RateTier(above_input_tokens=above, usd_per_1m_tokens=usd(text))
        case _:
            return None


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _window(text: str) -> tuple[int, int]:
    """Minutes of ``01:00-04:00``; the end may be 24:00."""
    ends = [clock.split(":") for clock in text.split("-")]
    if len(ends) != 2 or any(len(c) != 2 or not all(p.isdecimal() for p in c) for c in ends):
        raise ValueError(f"hours_utc is {text!r}, not like 01:00-04:00")
    start, end = (int(hour) * 60 + int(minute) for hour, minute in ends)
    if not 0 <= start < end <= _MINUTES_PER_DAY:
        raise ValueError(f"hours_utc is {text!r}: it must end after it starts, at 24:00 at most")
    return start, end


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}, not text")
    return value


def _optional_text(raw: Mapping[str, object], name: str) -> str | None:
    return None if raw.get(name) is None else _text(raw, name)


def _texts(raw: Mapping[str, object], name: str) -> list[str]:
    value = raw.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name} is {value!r}, not a list of text")
    items = cast(list[object], value)
    if not all(isinstance(item, str) for item in items):
        raise ValueError(f"{name} is {value!r}, not a list of text")
    return cast(list[str], items)


def _date(raw: Mapping[str, object], name: str) -> date | None:
    value = raw.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(cast(str, value))
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}, not a date like 2026-11-21") from None

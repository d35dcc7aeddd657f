"""LLM API prices by provider, model, moment and processing.

Prices come from the user's pinned rows when given, else from the rows shipped in
``data/llm_prices`` (one file per provider), else from the installed genai-prices, whose import
takes 0.2 s and which alone knows every alias and dated id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import NoReturn, cast

from planner.catalog import genai
from planner.catalog.llm_overlay import apply_overlay, unpriced_reason
from planner.catalog.llm_rows import (
    LlmRow,
    has_hours,
    parse_rows,
    quote_from_rows,
    row_from_json,
    row_to_json,
    utc,
)
from planner.catalog.types import LlmQuote, LlmRef, Processing
from planner.errors import InputError

__all__ = [
    "check_known",
    "hourly_quotes",
    "is_retired",
    "known_models",
    "known_providers",
    "no_price_reason",
    "quote",
    "resolve_rows",
    "shipped_digest",
    "shipped_source",
]

_DATA = Path(__file__).parent / "data"
_NOT_PINNED = "not among the pinned prices: taken from those shipped with planner"
_NEAR_MODELS = 5


def quote(
    ref: LlmRef,
    at: datetime,
    processing: Processing,
    *,
    rows: Sequence[Mapping[str, object]] | None = None,
) -> LlmQuote | None:
    """The price of ``ref`` at ``at`` (aware), USD per 1M tokens; None when none is known.

    ``rows`` are pinned rows as ``resolve_rows`` gives them; a model that is not among them is
    quoted from the shipped prices with a note. None means not sold, or no price known for the
    region or endpoint; ``no_price_reason`` says which, and it is never the price of something
    else. InputError for an unknown provider or model, with near ids; ValueError for a naive
    ``at`` or an unknown ``processing``.
    """
    if processing not in ("standard", "batch"):
        raise ValueError(f"processing is {processing!r}, not standard or batch")
    found = _rows(ref, at, rows)
    quoted = quote_from_rows(found.rows, ref, at, processing)
    if quoted is None or rows is None or found.pinned:
        return quoted
    return replace(quoted, notes=(*quoted.notes, _NOT_PINNED))


def hourly_quotes(
    ref: LlmRef,
    day: date,
    processing: Processing,
    *,
    rows: Sequence[Mapping[str, object]] | None = None,
) -> tuple[LlmQuote, ...] | None:
    """Quotes of ``day``: 24, at the start of each UTC hour, when the price depends on it, else 1.

    None and errors as of ``quote``.
    """
    noon = datetime.combine(day, time(12), UTC)
    if not has_hours(_rows(ref, noon, rows).rows, day, processing):
        single = quote(ref, noon, processing, rows=rows)
        return None if single is None else (single,)
    hours = [
        quote(ref, datetime.combine(day, time(hour), UTC), processing, rows=rows)
        for hour in range(24)
    ]
    sold = tuple(hour for hour in hours if hour is not None)
    return sold if len(sold) == len(hours) else None


def no_price_reason(
    ref: LlmRef,
    at: datetime,
    processing: Processing,
    *,
    rows: Sequence[Mapping[str, object]] | None = None,
) -> str | None:
    """Why ``quote`` gives None, in words for the user; None when it gives a price."""
    if quote(ref, at, processing, rows=rows) is not None:
        return None
    listed = _listed_rows(ref, utc(at).date())
    reason = unpriced_reason(ref, listed[0].resolved_id)
    if reason is not None:
        return reason
    kind = "batch price" if processing == "batch" else "price"
    return f"no {kind} known for {ref.provider}/{ref.model} on {utc(at).date().isoformat()}"


def is_retired(quoted: LlmQuote) -> bool:
    """Whether the model is no longer served at the moment of the quote (UTC day)."""
    return quoted.retires_on is not None and utc(quoted.at).date() >= quoted.retires_on


def resolve_rows(refs: Iterable[LlmRef], *, at: datetime) -> tuple[dict[str, object], ...]:
    """Pinned rows for these references: all prices known now that hold at ``at`` or later or
    since the start of the shipped history, overlay worked in; sorted, ready for JSON.

    InputError and ValueError as of ``quote``. A reference without any price gives no row.
    """
    wanted = sorted({_key(ref) for ref in refs}, key=lambda key: tuple(part or "" for part in key))
    return tuple(
        row_to_json(row)
        for provider, model, region, endpoint in wanted
        for row in _rows(
            LlmRef(provider=provider, model=model, region=region, endpoint=endpoint), at, None
        ).rows
    )


def known_providers() -> tuple[str, ...]:
    """Provider ids with at least one text model, sorted."""
    return tuple(_index().models)


def known_models(provider: str) -> tuple[str, ...]:
    """Model ids of a provider, sorted; InputError for a provider that is not known.

    Dated ids and further aliases may be accepted beyond these; see ``check_known``.
    """
    models = _index().models.get(provider)
    return models if models is not None else _unknown_provider(provider)


def check_known(ref: LlmRef) -> None:
    """InputError with near ids unless the price data know this provider and model.

    Ids in the shipped index cost no import; others are asked of genai-prices.
    """
    if ref.model.lower() not in (model.lower() for model in known_models(ref.provider)):
        _installed_rows(ref, _index().since)


def shipped_source() -> tuple[str, date]:
    """Version stamp and day of the newest price change of the shipped rows."""
    return _index().source, _index().observed


def shipped_digest() -> str:
    """SHA-256 over the shipped price rows and the overlay, as recorded when they were built."""
    return _index().digest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    source: str
    as_of: date
    observed: date
    since: date
    digest: str
    names: Mapping[str, str]
    models: Mapping[str, tuple[str, ...]]


@cache
def _index() -> _Index:
    raw = json.loads((_DATA / "model_index.json").read_bytes())
    return _Index(
        source=raw["source"],
        as_of=date.fromisoformat(raw["as_of"]),
        observed=date.fromisoformat(raw["observed"]),
        since=date.fromisoformat(raw["since"]),
        digest=raw["llm_sha256"],
        names={provider: entry["name"] for provider, entry in raw["providers"].items()},
        models={provider: tuple(entry["models"]) for provider, entry in raw["providers"].items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    rows: tuple[LlmRow, ...]
    pinned: bool


def _rows(ref: LlmRef, at: datetime, pinned: Sequence[Mapping[str, object]] | None) -> _Found:
    """Every row of exactly this reference, overlay worked in."""
    day = utc(at).date()
    own = parse_rows([row for row in pinned or () if _row_key(row) == _key(ref)], "pinned prices")
    if any(row.valid_from <= day for row in own):
        return _Found(rows=own, pinned=True)
    return _Found(rows=_offered(ref, min(day, _index().since)), pinned=False)


# Asked for each month and way of processing, by each of many scenarios.
@lru_cache(maxsize=256)
def _offered(ref: LlmRef, since: date) -> tuple[LlmRow, ...]:
    """The rows of the price data with the overlay; those of a day hold from then on."""
    return apply_overlay(ref, _listed_rows(ref, since))


def _key(ref: LlmRef) -> tuple[str, str, str | None, str | None]:
    """What a price hangs on; only Bedrock lists prices by region."""
    region = ref.region if ref.provider == "aws" else None
    return ref.provider, ref.model, region, ref.endpoint


def _row_key(row: Mapping[str, object]) -> tuple[object, ...]:
    return row.get("provider"), row.get("model"), row.get("region"), row.get("endpoint")


def _listed_rows(ref: LlmRef, day: date) -> tuple[LlmRow, ...]:
    """Rows of the price data, before the overlay."""
    if ref.provider not in _index().models:
        _unknown_provider(ref.provider)
    shipped = _shipped_rows(ref.provider, ref.model.lower()) if day >= _index().since else ()
    return shipped or _installed_rows(ref, min(day, _index().since))


@lru_cache(maxsize=256)
def _shipped_rows(provider: str, model: str) -> tuple[LlmRow, ...]:
    header, by_id = _provider_file(provider)
    entry = by_id.get(model)
    if entry is None:
        return ()
    shared = header | {key: value for key, value in entry.items() if key not in ("ids", "rows")}
    return tuple(
        row_from_json(shared | {"model": model} | row)
        for row in cast(list[dict[str, object]], entry["rows"])
    )


@cache
def _provider_file(
    provider: str,
) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """What all rows of a provider share, and the entries by lower-case model id."""
    raw = json.loads((_DATA / "llm_prices" / f"{provider}.json").read_bytes())
    models = cast(list[dict[str, object]], raw["models"])
    by_id = {
        model_id.lower(): {"processing": "standard", "valid_from": raw["since"]} | entry
        for entry in models
        for model_id in cast(list[str], entry.get("ids", [entry["resolved_id"]]))
    }
    return {key: raw[key] for key in ("provider", "source", "observed")}, by_id


@lru_cache(maxsize=256)
def _installed_rows(ref: LlmRef, since: date) -> tuple[LlmRow, ...]:
    """Rows for an id or a day that the shipped files do not hold, from genai-prices itself."""
    try:
        observed = genai.newest_change(_index().as_of)
        return genai.build_rows(ref.provider, ref.model, since=since, observed=observed)
    except LookupError as error:
        _unknown_model(ref, error)


def _unknown_provider(provider: str) -> NoReturn:
    names = {known: known for known in known_providers()}
    for known, name in _index().names.items():
        names |= {name.lower(): known} | {word: known for word in name.lower().split()}
    # `azure-openai` is close to one name only, but holds two.
    near = [*_near(provider, names), *(p for p in known_providers() if p in provider.lower())]
    hint = _did_you_mean(near) or f"known: {', '.join(known_providers())}"
    raise InputError(f"no API provider `{provider}` in the price data: {hint}")


def _unknown_model(ref: LlmRef, error: LookupError) -> NoReturn:
    if isinstance(error, genai.NotATextModel):
        raise InputError(
            f"{ref.provider}/{ref.model} is not priced by input and output tokens alone, which is "
            "all that is compared here: give it as a manual option with its own prices"
        ) from error
    models = known_models(ref.provider)
    near = _near(ref.model, {m.lower(): m for m in models} | {_tail(m): m for m in models})
    hint = _did_you_mean(near) or f"{ref.provider} has {_some(models)}."
    raise InputError(
        f"no model `{ref.model}` of {ref.provider} in the price data ({_index().source}): {hint} "
        "A model that is newer than the data can be given as a manual option with its prices"
    ) from error


def _did_you_mean(near: Sequence[str]) -> str:
    return f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""


def _tail(model: str) -> str:
    """The last part of a path-like id: users leave the path out."""
    return model.rsplit("/", 1)[-1].lower()


def _near(text: str, names: Mapping[str, str]) -> list[str]:
    close = get_close_matches(text.lower(), names, n=_NEAR_MODELS, cutoff=0.6)
    return list(dict.fromkeys(names[name] for name in close))


def _some(models: Sequence[str]) -> str:
    shown = ", ".join(models[:_NEAR_MODELS])
    return f"{shown} and {len(models) - _NEAR_MODELS} more" if len(models) > _NEAR_MODELS else shown

"""Works the overlay into resolved rows: batch, endpoints, retirement, status, regions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from planner.catalog.llm_overlay_rows import Overlay, OverlayRow, shipped_overlay
from planner.catalog.llm_rows import LlmRow, scaled_rate
from planner.catalog.types import LlmRate, LlmRef
from planner.money import usd

__all__ = ["apply_overlay", "unpriced_reason"]

# Bedrock lists a price per region; ids with these resolved prefixes have one price everywhere.
_REGIONAL_PROVIDER = "aws"
_ONE_PRICE_PREFIXES = ("global.", "regional.")
# The data hold one list without regions, that of us-east-1; where a second source lists both,
# these two cost the same (LiteLLM 1.109.1 data, seen 2026-11-21). Elsewhere 1.03 to 1.6 times.
_PRICED_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
_PRICED_ZONE = "us"
_DATE_SUFFIX = re.compile(r"[-@]20\d{2}-?[01]\d-?[0-3]\d$")


def unpriced_reason(ref: LlmRef, resolved_id: str, overlay: Overlay | None = None) -> str | None:
    """Why the data hold no price for this region or endpoint; None when they do."""
    if _outside_priced_regions(ref, resolved_id):
        where = ref.region or ref.model.split(".")[0]
        return (
            f"the price data hold US prices of {resolved_id} on Bedrock, none for {where}; "
            "take it from AWS and give it as an override"
        )
    facts = [fact for fact in _facts(overlay, ref) if fact.kind == "endpoint_multiplier"]
    if ref.endpoint is None or _endpoint_fact(facts, ref, resolved_id) is not None:
        return None
    known = sorted(f"{m} at {e}" for fact in facts for m in fact.models for e in fact.endpoint)
    listed = f"; known: {', '.join(known)}" if known else ""
    return f"no price of {ref.provider}/{ref.model} at endpoint {ref.endpoint}{listed}"


def apply_overlay(
    ref: LlmRef, rows: Sequence[LlmRow], overlay: Overlay | None = None
) -> tuple[LlmRow, ...]:
    """The rows for exactly this reference: endpoint, batch, retirement and status worked in.

    Empty when ``unpriced_reason`` has a reason. A batch price of the price data itself wins over
    a multiplier. A multiplied batch row has no cache rates: whether cached tokens are cheaper
    still in a batch is not known.
    """
    if not rows or unpriced_reason(ref, rows[0].resolved_id, overlay) is not None:
        return ()
    facts = _facts(overlay, ref)
    found = tuple(
        replace(row, model=ref.model, region=ref.region, endpoint=ref.endpoint) for row in rows
    )
    found = _with_batch(found, ref, facts)
    found = _with_endpoint(found, ref, facts)
    return tuple(_with_facts(row, ref, facts) for row in found)


def _facts(overlay: Overlay | None, ref: LlmRef) -> tuple[OverlayRow, ...]:
    rows = shipped_overlay() if overlay is None else overlay
    return tuple(row for row in rows if row.provider == ref.provider)


def _names(ref: LlmRef, resolved_id: str) -> tuple[str, ...]:
    """Names the model is known by: as written, without its date, without its path or zone.

    Not simply the entry it is priced by: that one may stand for several models, which share a
    price but not a retirement date.
    """
    written = ref.model.lower()
    names = [written, _DATE_SUFFIX.sub("", written)]
    if written.endswith(resolved_id.lower()):
        names.append(resolved_id.lower())
    return tuple(dict.fromkeys(names))


def _outside_priced_regions(ref: LlmRef, resolved_id: str) -> bool:
    """Whether a Bedrock region, or the zone an inference profile id begins with, has no price."""
    if ref.provider != _REGIONAL_PROVIDER or resolved_id.startswith(_ONE_PRICE_PREFIXES):
        return False
    zone = ref.model.lower().split(".")[0] if "." in ref.model else ""
    if zone not in ("", _PRICED_ZONE, resolved_id.split(".")[0]):
        return True
    return ref.region is not None and ref.region not in _PRICED_REGIONS


def _with_batch(
    rows: tuple[LlmRow, ...], ref: LlmRef, facts: Sequence[OverlayRow]
) -> tuple[LlmRow, ...]:
    if any(row.processing == "batch" for row in rows):
        return rows
    for fact in facts:
        if (
            fact.kind == "batch_multiplier"
            and fact.names(*_names(ref, rows[0].resolved_id))
            and (fact.region is None or ref.region in (None, fact.region))
        ):
            return (*rows, *(_batch_row(row, fact) for row in rows))
    return rows


def _batch_row(row: LlmRow, fact: OverlayRow) -> LlmRow:
    factor = usd(fact.value)
    region = f" in {fact.region}" if fact.region else ""
    return replace(
        row,
        processing="batch",
        input=scaled_rate(row.input, factor),
        output=scaled_rate(row.output, factor),
        cache_read=None,
        cache_write=None,
        cache_write_1h=None,
        source=f"{row.source}; batch: {fact.origin}",
        observed=min(row.observed, fact.observed),
        notes=(*row.notes, f"batch price is the standard one x {fact.value}{region}"),
    )


def _endpoint_fact(facts: Sequence[OverlayRow], ref: LlmRef, resolved_id: str) -> OverlayRow | None:
    for fact in facts:
        if (
            fact.kind == "endpoint_multiplier"
            and ref.endpoint in fact.endpoint
            and fact.names(*_names(ref, resolved_id))
        ):
            return fact
    return None


def _with_endpoint(
    rows: tuple[LlmRow, ...], ref: LlmRef, facts: Sequence[OverlayRow]
) -> tuple[LlmRow, ...]:
    fact = _endpoint_fact(facts, ref, rows[0].resolved_id)
    if fact is None:
        return rows
    factor = usd(fact.value)

    def scaled(rate: LlmRate | None) -> LlmRate | None:
        return None if rate is None else scaled_rate(rate, factor)

    return tuple(
        replace(
            row,
            input=scaled_rate(row.input, factor),
            output=scaled_rate(row.output, factor),
            cache_read=scaled(row.cache_read),
            cache_write=scaled(row.cache_write),
            cache_write_1h=scaled(row.cache_write_1h),
            source=f"{row.source}; {ref.endpoint}: {fact.origin}",
            observed=min(row.observed, fact.observed),
            notes=(*row.notes, f"{ref.endpoint} costs {fact.value} x the plain endpoint"),
        )
        for row in rows
    )


def _with_facts(row: LlmRow, ref: LlmRef, facts: Sequence[OverlayRow]) -> LlmRow:
    """Retirement date and status of the model."""
    names = _names(ref, row.resolved_id)
    retirement = _retirement(facts, names)
    notes = list(row.notes)
    if retirement is not None:
        notes.append(f"retires on {retirement.value} ({retirement.origin})")
    else:
        notes += _dated_versions(facts, ref.model)
    notes += [
        f"{fact.value}: {fact.origin}"
        for fact in facts
        if fact.kind == "status" and fact.names(*names)
    ]
    return replace(
        row,
        retires_on=None if retirement is None else date.fromisoformat(retirement.value),
        notes=tuple(notes),
    )


def _retirement(facts: Sequence[OverlayRow], names: Sequence[str]) -> OverlayRow | None:
    """The date of the most exact name that has one."""
    for name in names:
        for fact in facts:
            if fact.kind == "retires_on" and fact.names(name):
                return fact
    return None


def _dated_versions(facts: Sequence[OverlayRow], model: str) -> list[str]:
    """A note for an alias whose dated versions retire while it has no date of its own."""
    dates = [
        (fact.value, listed)
        for fact in facts
        if fact.kind == "retires_on"
        for listed in fact.models
        if _DATE_SUFFIX.sub("", listed.lower()) == model.lower() != listed.lower()
    ]
    if not dates:
        return []
    day, listed = min(dates)
    return [f"no retirement date known for the alias {model}; {listed} retires on {day}"]

"""What `planner prices` shows: rows, ages and changes as blocks and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from planner.catalog.age import PriceAge
from planner.catalog.refresh_draft import Change
from planner.catalog.rows import ROW_FIELDS, raw_row
from planner.catalog.snapshot import Snapshot
from planner.catalog.types import LlmQuote, LlmRate, PriceRow
from planner.money import usd_text
from planner.render.blocks import Block, Bullets, Column, Grid, Paragraph
from planner.render.numbers import NO_PRICE, NOT_APPLICABLE

__all__ = [
    "age_json",
    "as_json",
    "change_json",
    "changes_blocks",
    "check_blocks",
    "llm_csv",
    "llm_grid",
    "llm_json",
    "rows_csv",
    "rows_grid",
    "rows_json",
    "snapshot_json",
]

_SCHEMA_VERSION = 1
# Longer lists of changes are read in the file's own diff.
_MOST_CHANGES = 40


def as_json(payload: Mapping[str, object]) -> str:
    """JSON text with sorted keys."""
    return json.dumps(
        {"schema_version": _SCHEMA_VERSION, **payload},
        indent=2,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
    )


def snapshot_json(snapshot: Snapshot, as_of: date) -> dict[str, object]:
    """Which prices these are."""
    return {
        "name": snapshot.name,
        "sha256": snapshot.sha256,
        "as_of": as_of.isoformat(),
        "oldest_observed": snapshot.oldest_observed.isoformat(),
        "newest_observed": snapshot.newest_observed.isoformat(),
        "aws_rows": len(snapshot.raw),
        "aws_rows_priced": sum(row["usd"] is not None for row in snapshot.raw.values()),
        "llm_rows": None if snapshot.llm_rows is None else len(snapshot.llm_rows),
    }


# --- AWS rows ------------------------------------------------------------------------------------


def rows_grid(rows: Iterable[PriceRow]) -> Grid:
    """AWS rows as a table; the reason stands where there is no price."""
    return Grid.of(
        (
            Column(header="kind", priority=4),
            Column(header="region"),
            Column(header="item"),
            Column(header="purchase"),
            Column(header="price", align="decimal"),
            Column(header="per"),
            Column(header="seen", priority=1),
            Column(header="source or reason", priority=2, wraps=True),
        ),
        [
            (
                row.kind,
                row.region,
                row.item,
                row.purchase,
                NO_PRICE if row.usd is None else f"${usd_text(row.usd)}",
                row.unit,
                _day(row.observed),
                row.reason_null or row.source,
            )
            for row in rows
        ],
    )


def rows_json(rows: Iterable[PriceRow], free: Mapping[str, Decimal]) -> list[dict[str, object]]:
    """AWS rows as they lie in a price file, with what AWS gives free each month."""
    return [
        {
            **raw_row(row),
            "free_units_per_month": usd_text(free[row.item]) if row.item in free else None,
        }
        for row in rows
    ]


def rows_csv(rows: Iterable[PriceRow]) -> str:
    """AWS rows, unrounded; an unknown price is an empty cell."""
    return _csv(ROW_FIELDS, [[raw_row(row)[name] for name in ROW_FIELDS] for row in rows])


def _csv(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


# --- LLM quotes ----------------------------------------------------------------------------------

_LLM_FIELDS = (
    "provider",
    "model",
    "processing",
    "input_usd_per_1m_tokens",
    "output_usd_per_1m_tokens",
    "cache_read_usd_per_1m_tokens",
    "cache_write_usd_per_1m_tokens",
    "retires_on",
    "observed",
    "source",
    "notes",
)


def llm_grid(quotes: Iterable[LlmQuote]) -> Grid:
    """Token prices as a table, USD per 1M tokens."""
    return Grid.of(
        (
            Column(header="provider"),
            Column(header="model", is_name=True),
            Column(header="processing"),
            Column(header="in $/1M", align="decimal"),
            Column(header="out $/1M", align="decimal"),
            Column(header="cached $/1M", align="decimal", priority=2),
            Column(header="retires", priority=3),
            Column(header="notes", priority=4, wraps=True),
        ),
        [
            (
                quote.ref.provider,
                quote.ref.model,
                quote.processing,
                _rate_text(quote.input),
                _rate_text(quote.output),
                _rate_text(quote.cache_read),
                _day(quote.retires_on),
                "; ".join(quote.notes),
            )
            for quote in quotes
        ],
    )


def llm_json(quotes: Iterable[LlmQuote]) -> list[dict[str, object]]:
    """Token prices; a rate with tiers is a list of [above input tokens, rate]."""
    return [
        {
            **dict(zip(_LLM_FIELDS, _llm_cells(quote), strict=True)),
            "input_usd_per_1m_tokens": _rate_json(quote.input),
            "output_usd_per_1m_tokens": _rate_json(quote.output),
            "cache_read_usd_per_1m_tokens": _rate_json(quote.cache_read),
            "cache_write_usd_per_1m_tokens": _rate_json(quote.cache_write),
            "notes": list(quote.notes),
        }
        for quote in quotes
    ]


def llm_csv(quotes: Iterable[LlmQuote]) -> str:
    """Token prices, unrounded."""
    return _csv(_LLM_FIELDS, [_llm_cells(quote) for quote in quotes])


def _llm_cells(quote: LlmQuote) -> list[str | None]:
    return [
        quote.ref.provider,
        quote.ref.model,
        quote.processing,
        *(
            None if rate is None else _rate_text(rate)
            for rate in (quote.input, quote.output, quote.cache_read, quote.cache_write)
        ),
        None if quote.retires_on is None else quote.retires_on.isoformat(),
        quote.observed.isoformat(),
        quote.source,
        "; ".join(quote.notes),
    ]


def _rate_text(rate: LlmRate | None) -> str:
    if rate is None:
        return NOT_APPLICABLE
    first, *tiers = (usd_text(tier.usd_per_1m_tokens) for tier in rate)
    starts = (tier.above_input_tokens for tier in rate[1:])
    return first + "".join(f" (over {s:,}: {t})" for s, t in zip(starts, tiers, strict=True))


def _rate_json(rate: LlmRate | None) -> object:
    if rate is None:
        return None
    if len(rate) == 1:
        return usd_text(rate[0].usd_per_1m_tokens)
    return [[tier.above_input_tokens, usd_text(tier.usd_per_1m_tokens)] for tier in rate]


# --- ages and changes ----------------------------------------------------------------------------


def check_blocks(about: Mapping[str, object], ages: Iterable[PriceAge], day: date) -> list[Block]:
    """Which prices are in use, and the age of each class of them."""
    facts = [
        f"{key.replace('_', ' ')}: {NOT_APPLICABLE if value is None else value}"
        for key, value in about.items()
    ]
    return [Bullets(tuple(facts)), Paragraph(f"Ages on {day}:"), _ages_grid(ages)]


def age_json(age: PriceAge) -> dict[str, object]:
    """Age of a class of prices."""
    return {
        "class": age.price_class,
        "oldest_observed": None if age.oldest_observed is None else age.oldest_observed.isoformat(),
        "age_days": age.age_days,
        "undated": age.undated,
        "warn_after_days": age.warn_after_days,
        "fail_after_days": age.fail_after_days,
        "level": age.level,
    }


def _ages_grid(ages: Iterable[PriceAge]) -> Grid:
    return Grid.of(
        (
            Column(header="prices"),
            Column(header="oldest"),
            Column(header="age (days)", align="right"),
            Column(header="undated", align="right"),
            Column(header="warn after", align="right"),
            Column(header="fail after", align="right"),
            Column(header="state"),
        ),
        [
            (
                age.price_class.replace("_", " "),
                _day(age.oldest_observed),
                NOT_APPLICABLE if age.age_days is None else str(age.age_days),
                str(age.undated),
                str(age.warn_after_days),
                NOT_APPLICABLE if age.fail_after_days is None else str(age.fail_after_days),
                {"ok": "ok", "warn": "old", "fail": "too old"}[age.level],
            )
            for age in ages
        ],
    )


def changes_blocks(changes: Sequence[Change]) -> list[Block]:
    """What is different from the file before, at most forty lines of it."""
    if not changes:
        return [Paragraph("No price differs.")]
    counts = {
        what: sum(c.what == what for c in changes) for what in ("added", "removed", "changed")
    }
    summary = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    # Changed prices first: they are what a reviewer looks for.
    shown = sorted(changes, key=lambda c: (c.what != "changed", c.key))[:_MOST_CHANGES]
    rest = len(changes) - len(shown)
    more = f"; {rest:,} more in the file" if rest else ""
    return [Paragraph(f"Rows: {summary}{more}."), _changes_grid(shown)]


def _changes_grid(changes: Iterable[Change]) -> Grid:
    return Grid.of(
        (
            Column(header="change"),
            Column(header="region"),
            Column(header="item"),
            Column(header="purchase"),
            Column(header="before", align="decimal"),
            Column(header="after", align="decimal"),
        ),
        [
            (
                change.what,
                *change.key[1:],
                NOT_APPLICABLE if change.what == "added" else _price_text(change.before),
                NOT_APPLICABLE if change.what == "removed" else _price_text(change.after),
            )
            for change in changes
        ],
    )


def change_json(change: Change) -> dict[str, object]:
    """One change."""
    kind, region, item, purchase = change.key
    return {
        "change": change.what,
        "kind": kind,
        "region": region,
        "item": item,
        "purchase": purchase,
        "before_usd": change.before,
        "after_usd": change.after,
    }


def _price_text(usd: str | None) -> str:
    return NO_PRICE if usd is None else f"${usd}"


def _day(day: date | None) -> str:
    return NOT_APPLICABLE if day is None else day.isoformat()

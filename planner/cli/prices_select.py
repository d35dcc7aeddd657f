"""Which rows and token prices `planner prices list` shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase

from planner.catalog.names import did_you_mean
from planner.catalog.snapshot import Snapshot
from planner.catalog.types import LlmQuote, LlmRef, PriceRow, Processing
from planner.errors import InputError

__all__ = ["matching_quotes", "matching_rows"]

_NOON_UTC = time(12, tzinfo=UTC)
_PROCESSINGS: tuple[Processing, ...] = ("standard", "batch")


def matching_rows(
    snapshot: Snapshot,
    kind: str | None,
    regions: Sequence[str],
    item: str | None,
    purchase: str | None,
) -> list[PriceRow]:
    """Rows that pass every filter; InputError when a filter names nothing there is."""
    kept = list(snapshot.rows())
    for option, wanted, field in (
        ("--kind", [kind] if kind else [], "kind"),
        ("--region", regions, "region"),
        ("--item", [item] if item else [], "item"),
        ("--purchase", [purchase] if purchase else [], "purchase"),
    ):
        if wanted:
            known = sorted({str(getattr(row, field)) for row in kept})
            for pattern in wanted:
                _check_pattern(option, pattern, known)
            kept = [row for row in kept if _matches(str(getattr(row, field)), wanted)]
    return kept


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def _check_pattern(option: str, pattern: str, known: Sequence[str]) -> None:
    if not any(_matches(name, [pattern]) for name in known):
        raise InputError(
            f"{option}: no row with `{pattern}`{did_you_mean(pattern, known)}; "
            f"there are {', '.join(known[:5])}{' ...' if len(known) > 5 else ''}"
        )


def matching_quotes(snapshot: Snapshot, day: date, item: str | None) -> list[LlmQuote]:
    """Standard and batch prices of the models that match, at noon UTC of ``day``."""
    from planner.catalog import llm

    if snapshot.llm_rows is None:
        names = {(p, m, None, None) for p in llm.known_providers() for m in llm.known_models(p)}
    else:
        names = {
            (
                str(r.get("provider")),
                str(r.get("model")),
                _text(r.get("region")),
                _text(r.get("endpoint")),
            )
            for r in snapshot.llm_rows
        }
    by_text = {f"{provider}/{model}" for provider, model, _, _ in names}
    if item is not None:
        _check_pattern("--item", item, sorted(by_text))
    moment = datetime.combine(day, _NOON_UTC)
    found: list[LlmQuote] = []
    for provider, model, region, endpoint in sorted(names, key=lambda n: tuple(x or "" for x in n)):
        if item is None or _matches(f"{provider}/{model}", [item]):
            ref = LlmRef(provider=provider, model=model, region=region, endpoint=endpoint)
            for processing in _PROCESSINGS:
                quoted = llm.quote(ref, moment, processing, rows=snapshot.llm_rows)
                if quoted is not None:
                    found.append(quoted)
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""What `planner actuals import` did, as tables and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from planner.actuals import ImportedFile, ImportResult, QuarantinedRow, SourceSpec, Store
from planner.actuals.deliveries import replaced_bills
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import NOT_APPLICABLE

__all__ = ["import_blocks", "import_json"]

_MOST_FILES = 40
_MOST_REASONS = 20
_MOST_MODELS = 10
# What a note of a record means for who reads totals.
_NOTES = {
    "cache_ttl_unknown": "written to the cache for a time that is not told: priced as the shortest",
    "cost_zero_suspect": "real output at a cost of 0: a missing price, not a free call",
    "floor": "priority tier: its cost is in no report, so totals are a floor",
    "sampled": "sampled spans: totals are a part of the truth",
    "split_assumed": "whether the input contains the cache is assumed",
    "tier_by_mean": "priced by the mean length of a bucket, as the price depends on length",
    "usage_missing": "calls without token counts: they are billed and not priced here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    field: str
    reason: str
    rows: int
    first: QuarantinedRow


def import_blocks(spec: SourceSpec, store: Path, result: ImportResult) -> list[Block]:
    """What came in, what did not and why, and what to know about it."""
    records = sum(file.records for file in result.imported)
    refused = sum(file.quarantined for file in result.imported)
    blocks: list[Block] = [
        Paragraph(
            f"{records:,} records of {spec.title} from {_files(len(result.imported))}; "
            f"{refused:,} rows refused; {_files(len(result.known))} known already.",
            strong=True,
        )
    ]
    if result.imported:
        blocks.append(_files_grid(result.imported))
    reasons = _reasons(store, result)
    if reasons:
        blocks += [Heading("Rows that were refused"), _reasons_grid(reasons[:_MOST_REASONS])]
        if len(reasons) > _MOST_REASONS:
            blocks.append(Paragraph(f"{len(reasons) - _MOST_REASONS} more reasons in the JSON."))
    remarks = _remarks(result)
    if remarks:
        blocks += [Heading("To know"), Bullets(remarks)]
    rows = sum(part.rows for part in result.manifest.parts)
    blocks.append(Paragraph(f"{store} holds {rows:,} records now."))
    return blocks


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _files_grid(files: tuple[ImportedFile, ...]) -> Grid:
    columns = (
        Column(header="File", is_name=True),
        Column(header="Records", align="right"),
        Column(header="Refused", align="right"),
        Column(header="No usage in it", align="right", priority=2),
        Column(header="From", priority=1),
        Column(header="To", priority=1),
    )
    shown = [
        Row(
            (
                file.name,
                f"{file.records:,}",
                f"{file.quarantined:,}",
                f"{file.skipped:,}",
                NOT_APPLICABLE if file.first_at is None else file.first_at.date().isoformat(),
                NOT_APPLICABLE if file.last_at is None else file.last_at.date().isoformat(),
            )
        )
        for file in files[:_MOST_FILES]
    ]
    rest = files[_MOST_FILES:]
    if rest:
        counts = (
            sum(file.records for file in rest),
            sum(file.quarantined for file in rest),
            sum(file.skipped for file in rest),
        )
        cells = tuple(f"{count:,}" for count in counts)
        shown.append(Row((f"{len(rest)} more files", *cells, "", "")))
    return Grid(columns=columns, rows=tuple(shown))


def _reasons(store: Path, result: ImportResult) -> list[_Reason]:
    """Reasons of the files that came in now, the most frequent first."""
    mine = {(file.source, file.name) for file in result.imported if file.quarantined}
    if not mine:
        return []
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], QuarantinedRow] = {}
    for row in Store(path=store, manifest=result.manifest).quarantined():
        if (row.source, row.file) in mine:
            key = (row.field, row.reason)
            counts[key] += 1
            first.setdefault(key, row)
    ordered = sorted(counts, key=lambda key: (-counts[key], key))
    return [_Reason(field=k[0], reason=k[1], rows=counts[k], first=first[k]) for k in ordered]


def _reasons_grid(reasons: list[_Reason]) -> Grid:
    columns = (
        Column(header="Rows", align="right"),
        Column(header="Field"),
        Column(header="Why", wraps=True),
        Column(header="First at", is_name=True, priority=1),
    )
    rows = [
        (
            f"{each.rows:,}",
            each.field or NOT_APPLICABLE,
            each.reason,
            f"{each.first.file}:{each.first.line}",
        )
        for each in reasons
    ]
    return Grid.of(columns, rows)


def _remarks(result: ImportResult) -> tuple[str, ...]:
    unpriced: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    for file in result.imported:
        unpriced.update(file.unpriced)
        noted.update(file.noted)
    remarks = [
        f"{name}: replaced by a newer delivery of the same month" for name in _replaced(result)
    ]
    remarks += [
        f"{noted[note]:,} records: {meaning}" for note, meaning in _NOTES.items() if noted[note]
    ]
    if unpriced:
        models = [f"{model} ({count:,})" for model, count in unpriced.most_common(_MOST_MODELS)]
        more = f" and {len(unpriced) - _MOST_MODELS} more" if len(unpriced) > _MOST_MODELS else ""
        remarks.append(
            f"{sum(unpriced.values()):,} records without a list price: {', '.join(models)}{more}"
        )
    return tuple(remarks)


def _replaced(result: ImportResult) -> list[str]:
    """Files whose bills a newer delivery replaces, where one of the two came in now."""
    months = {bill for file in result.imported for bill in file.bills}
    gone = replaced_bills(result.manifest.files)
    return sorted(
        {
            file.name
            for file in result.manifest.files
            for bill in file.bills
            if bill in months and (file.sha256, *bill) in gone
        }
    )


def import_json(spec: SourceSpec, store: Path, result: ImportResult) -> dict[str, object]:
    """The same as JSON, with every reason."""
    return {
        "source": spec.name,
        "store": str(store),
        "records_in_store": sum(part.rows for part in result.manifest.parts),
        "imported": [_file_json(file) for file in result.imported],
        "known_already": [str(path) for path in result.known],
        "replaced_by_newer_deliveries": _replaced(result),
        "refused": [
            {
                "field": each.field,
                "reason": each.reason,
                "rows": each.rows,
                "first_file": each.first.file,
                "first_line": each.first.line,
            }
            for each in _reasons(store, result)
        ],
    }


def _file_json(file: ImportedFile) -> dict[str, object]:
    return {
        "file": file.name,
        "sha256": file.sha256,
        "records": file.records,
        "refused_rows": file.quarantined,
        "refused_tokens": file.quarantined_tokens,
        "rows_without_usage": file.skipped,
        "breaks_off": file.is_cut_off,
        "first_at": None if file.first_at is None else file.first_at.isoformat(),
        "last_at": None if file.last_at is None else file.last_at.isoformat(),
        "exported_at": file.exported_at.isoformat(),
        "unpriced_records_by_model": dict(file.unpriced),
        "records_by_note": dict(file.noted),
    }

"""A comparison as the body of a review comment: verdict first, details folded, never too long.

Rows go from the smallest change up, into one row with their sum, so that a table still adds up;
nothing is cut inside a row, and the marker and the verdict always stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.money import ZERO
from planner.render.diff_words import signed
from planner.render.markdown_safe import marker_key, safe
from planner.render.numbers import NO_PRICE, NOT_APPLICABLE, count, money, money_in_words
from planner.render.payload_diff_types import DiffLineView, DiffReportView, DiffTotal, SubjectView
from planner.render.text_diff import (
    change_cell,
    choice_change,
    drift_sentence,
    range_sentence,
    rule_sentence,
    side_cell,
    unit_rows,
)

__all__ = [
    "COMMENT_BYTES",
    "STEP_SUMMARY_BYTES",
    "comment_body",
    "comment_key",
    "comment_marker",
    "needs_a_look",
]

# GitHub takes 65,536 characters.
COMMENT_BYTES = 64_000
# Over 1 MiB GitHub drops the whole summary of a step.
STEP_SUMMARY_BYTES = 900 * 1024

# Of rules, notes and flipped scenarios in the part that is seen at once.
_MOST_NOTES = 10
_MARKER = "planner:cost-diff:v1"


def comment_key(report: DiffReportView) -> str:
    """What tells comments about different things on one request apart."""
    if len(report.subjects) == 1:
        return marker_key(report.subjects[0].name)
    return "all"


def comment_marker(key: str, *, valid_at: str = "", head: str = "") -> str:
    """The hidden first line; ``valid_at`` is when the run began (RFC 3339), ``head`` its commit."""
    words = [_MARKER, f"key={marker_key(key)}"]
    words += [f"valid-at={valid_at}"] if valid_at else []
    words += [f"head={marker_key(head)}"] if head else []
    return f"<!-- {' '.join(words)} -->"


def comment_body(
    report: DiffReportView, *, marker: str | None = None, most_bytes: int = COMMENT_BYTES
) -> str:
    """The Markdown, at most ``most_bytes`` in UTF-8, ending in a newline."""
    first = comment_marker(comment_key(report)) if marker is None else marker
    if not report.verdict.worth_a_comment and not needs_a_look(report):
        return _joined([first, _quiet(report), _footer(report)])

    def body(rows: int, details: int) -> str:
        return _joined(
            [first, *_visible(report, rows), *_details(report, details), _footer(report)]
        )

    most = max(len(report.lines), len(report.subjects), len(report.policy)) + _most_listed(report)
    whole = body(most, most)
    if _size(whole) <= most_bytes:
        return whole
    # What is folded goes first: most of it is of no use to a decision.
    kept = _largest(lambda n: body(most, n), most, most_bytes)
    if kept is not None:
        return body(most, kept)
    kept = _largest(lambda n: body(n, 0), most, most_bytes)
    if kept is not None:
        return body(kept, 0)
    return _joined([first, f"**{safe(report.verdict.sentence)}**", _footer(report)])


def needs_a_look(report: DiffReportView) -> bool:
    """Whether a rule or a missing price makes it worth a comment, however small the change."""
    return report.verdict.word in ("over limit", "waived", "inconclusive", "incomplete")


def _most_listed(report: DiffReportView) -> int:
    return max((len(each.assumptions) for each in report.subjects), default=0)


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _largest(body: Callable[[int], str], most: int, most_bytes: int) -> int | None:
    """The largest number of rows whose body fits; None when none does."""
    low, high = -1, most
    while low < high:
        middle = (low + high + 1) // 2
        if _size(body(middle)) <= most_bytes:
            low = middle
        else:
            high = middle - 1
    return None if low < 0 else low


def _quiet(report: DiffReportView) -> str:
    if report.verdict.word == "no change":
        return "**No change of cost.**"
    change = signed(report.total.delta_monthly_usd, in_words=True)
    least = money_in_words(report.min_change_usd)
    return f"**No relevant change**: {change}/month, below the {least} that is worth a comment."


# --- What is seen at once ----------------------------------------------------------------------


def _visible(report: DiffReportView, rows: int) -> list[str]:
    if len(report.subjects) == 1:
        table = _lines_table(report.lines, report.total, rows)
    else:
        table = _subjects_table(report, rows)
    return [
        f"**{safe(report.verdict.sentence)}**",
        safe(report.recommendation.sentence),
        table,
        _why(report, rows),
        "\n".join(f"- {line}" for line in _one_liners(report)),
    ]


def _one_liners(report: DiffReportView) -> list[str]:
    total = report.total
    open_rules = [rule for rule in report.policy if rule.verdict != "ok"]
    lines = [safe(rule_sentence(rule)) for rule in open_rules[:_MOST_NOTES]]
    lines.append(safe(drift_sentence(total)))
    if total.unpriced:
        named = ", ".join(total.unpriced[:5])
        more = f" and {count(len(total.unpriced) - 5)} more" if len(total.unpriced) > 5 else ""
        lines.append(
            safe(f"Unpriced: {count(len(total.unpriced))} ({named}{more}); totals are floors.")
        )
    if (spread := range_sentence(report)) is not None:
        lines.append(safe(spread))
    lines += [safe(note) for note in report.policy_notes[:_MOST_NOTES]]
    lines += [safe(note) for note in report.notes[:_MOST_NOTES]]
    lines += [
        safe(note) for each in report.subjects[:_MOST_NOTES] for note in each.notes[:_MOST_NOTES]
    ]
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Cells, already safe, and the amounts that a trimmed table still has to hold."""

    cells: tuple[str, ...]
    before: Decimal
    after: Decimal
    change: Decimal
    is_unknown: bool = False


def _table(header: Sequence[str], aligned: str, rows: Sequence[Sequence[str]]) -> str:
    rulers = [":---" if each == "l" else "---:" for each in aligned]
    lines = [header, rulers, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _kept(rows: Sequence[_Row], most: int, *, noun: str) -> list[tuple[str, ...]]:
    """What is not known and the rows with the largest changes, and one row for all others."""
    ordered = sorted(rows, key=lambda row: (not row.is_unknown, -abs(row.change)))
    shown = [row.cells for row in ordered[:most]]
    rest = ordered[most:]
    if rest:
        before = sum((row.before for row in rest), ZERO)
        after = sum((row.after for row in rest), ZERO)
        change = sum((row.change for row in rest), ZERO)
        words = f"{count(len(rest))} more {noun}"
        shown.append((words, money(before), money(after), signed(change), ""))
    return shown


def _lines_table(lines: Sequence[DiffLineView], total: DiffTotal, most: int) -> str:
    changed = [_line_row(line) for line in lines if _is_told(line)]
    same = [line for line in lines if not _is_told(line)]
    rows = _kept(changed, most, noun="components")
    if same:
        usd = sum((line.after_usd or ZERO for line in same), ZERO)
        rows.append((f"{count(len(same))} unchanged", money(usd), money(usd), money(ZERO), ""))
    rows += _total_rows(total)
    return _table(("Component", "Before", "After", "Change", "Why"), "lrrrl", rows)


def _is_told(line: DiffLineView) -> bool:
    return line.status != "unchanged" or line.reason_unpriced is not None


def _line_row(line: DiffLineView) -> _Row:
    unknown = line.reason_unpriced is not None
    before = NOT_APPLICABLE if line.status == "new" else NO_PRICE
    after = NOT_APPLICABLE if line.status == "removed" else NO_PRICE
    return _Row(
        cells=(
            safe(line.component),
            side_cell(line.before_usd, missing=before),
            side_cell(line.after_usd, missing=after),
            change_cell(line.delta_usd, line.before_usd),
            safe(line.reason_unpriced or line.why),
        ),
        before=ZERO if unknown or not line.counted else line.before_usd or ZERO,
        after=ZERO if unknown or not line.counted else line.after_usd or ZERO,
        change=ZERO if unknown or not line.counted else line.delta_usd or ZERO,
        is_unknown=unknown,
    )


def _subjects_table(report: DiffReportView, most: int) -> str:
    changed = [_subject_row(each) for each in report.subjects if each.status != "unchanged"]
    same = [each for each in report.subjects if each.status == "unchanged"]
    rows = _kept(changed, most, noun="scenarios")
    if same:
        usd = sum((each.total.after_monthly_usd or ZERO for each in same), ZERO)
        rows.append((f"{count(len(same))} unchanged", money(usd), money(usd), money(ZERO), ""))
    rows += _total_rows(report.total)
    header = ("Scenario", "Before", "After", "Change", "Recommendation")
    return _table(header, "lrrrl", rows)


def _subject_row(subject: SubjectView) -> _Row:
    total = subject.total
    before, after = total.before_monthly_usd, total.after_monthly_usd
    whole = total.delta_monthly_usd + (total.price_drift_usd or ZERO)
    absent = {"new": (True, False), "removed": (False, True)}.get(subject.status, (False, False))
    cells = [
        NOT_APPLICABLE if is_absent else side_cell(usd, is_floor=is_floor)
        for usd, is_absent, is_floor in zip(
            (before, after), absent, (total.before_is_floor, total.after_is_floor), strict=True
        )
    ]
    return _Row(
        cells=(
            safe(subject.name),
            *cells,
            change_cell(whole, before),
            safe(choice_change(subject)),
        ),
        before=before or ZERO,
        after=after or ZERO,
        change=whole,
    )


def _total_rows(total: DiffTotal) -> list[tuple[str, ...]]:
    before, after = total.before_monthly_usd, total.after_monthly_usd
    if before is None or after is None:
        bold = f"**{signed(total.delta_monthly_usd)}**"
        return [("**Change a month**", NOT_APPLICABLE, NOT_APPLICABLE, bold, "")]
    cells = (
        side_cell(before, is_floor=total.before_is_floor),
        side_cell(after, is_floor=total.after_is_floor),
        change_cell(after - before, before),
    )
    drift = total.price_drift_usd
    note = f"of it price drift {signed(drift)}" if drift else ""
    units = [(name, *rest, "") for name, *rest in unit_rows(total)]
    return [("**Total a month**", *(f"**{cell}**" for cell in cells), note), *units]


def _why(report: DiffReportView, most: int) -> str:
    """The split by cause; those without effect are named in one row."""
    parts = [part for part in report.attribution if part.delta_usd]
    if not parts:
        return ""
    ordered = sorted(parts, key=lambda part: -abs(part.delta_usd))
    rows = [(safe(part.factor), signed(part.delta_usd), safe(part.why)) for part in ordered[:most]]
    rest = ordered[most:]
    if rest:
        usd = sum((part.delta_usd for part in rest), ZERO)
        rows.append((f"{count(len(rest))} more", signed(usd), ""))
    rows.append(("**Change**", f"**{signed(report.total.delta_monthly_usd)}**", ""))
    return _table(("Because of", "A month", "Fields"), "lrl", rows)


# --- What is folded ----------------------------------------------------------------------------


def _details(report: DiffReportView, most: int) -> list[str]:
    """Rules, arms, all lines with their sources, assumptions: as many rows of each as fit."""
    parts = [
        _list("Rules", [rule_sentence(rule) for rule in report.policy], most),
        _arms(report),
        _sources(report.lines, most),
        _list(
            "Assumptions",
            list(dict.fromkeys(text for each in report.subjects for text in each.assumptions)),
            most,
        ),
    ]
    inside = "\n\n".join(part for part in parts if part)
    if not inside:
        return []
    return [
        f"<details><summary>Rules, lines, prices, assumptions</summary>\n\n{inside}\n\n</details>"
    ]


def _list(title: str, items: Sequence[str], most: int) -> str:
    if not items:
        return ""
    shown = [f"- {safe(item)}" for item in items[:most]]
    if len(items) > most:
        shown.append(f"- {count(len(items) - most)} more")
    return f"**{title}**\n\n" + "\n".join(shown)


def _arms(report: DiffReportView) -> str:
    """The change of every arm where the answer flipped."""
    flipped = [each for each in report.subjects if each.recommendation.flipped][:_MOST_NOTES]
    rows = [
        (
            safe(f"{each.name}: {arm.arm}" if len(report.subjects) > 1 else arm.arm),
            side_cell(arm.before_monthly_usd, missing="not feasible"),
            side_cell(arm.after_monthly_usd, missing="not feasible"),
        )
        for each in flipped
        for arm in each.arms
    ]
    if not rows:
        return ""
    return "**Every arm**\n\n" + _table(("Arm", "Before", "After"), "lrr", rows)


def _sources(lines: Sequence[DiffLineView], most: int) -> str:
    if not lines:
        return ""
    several = len({line.subject for line in lines}) > 1
    rows = [
        (
            safe(f"{line.subject}: {line.component}" if several else line.component),
            side_cell(line.before_usd, missing=NOT_APPLICABLE),
            side_cell(line.after_usd, missing=NOT_APPLICABLE),
            safe(line.why),
            safe(line.source),
            NOT_APPLICABLE if line.observed is None else line.observed.isoformat(),
        )
        for line in sorted(lines, key=lambda each: -abs(each.delta_usd or ZERO))[:most]
    ]
    if len(lines) > most:
        rows.append((f"{count(len(lines) - most)} more lines", "", "", "", "", ""))
    header = ("Line", "Before", "After", "Formula", "Source", "Seen")
    return "**All lines**\n\n" + _table(header, "lrrlll", rows)


def _footer(report: DiffReportView) -> str:
    hashes = [each for subject in report.subjects[:_MOST_NOTES] for each in subject.plan_hashes]
    plans = f" Plans {', '.join(hashes)}." if hashes else ""
    prices = "; ".join(report.prices[:5]) or "those in the plans"
    said = f"Prices: {prices}.{plans} planner {report.planner_version}. Projection, not a bill."
    return f"<sub>{safe(said)}</sub>"

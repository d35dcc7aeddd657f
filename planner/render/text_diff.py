"""A comparison as text: verdict, recommendation, what changed, why, rules, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.money import ZERO
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.diff_words import relative, signed
from planner.render.numbers import NO_PRICE, NOT_APPLICABLE, count, money, per_request, unit_cost
from planner.render.payload_diff_types import (
    ArmView,
    DiffLineView,
    DiffReportView,
    DiffTotal,
    PolicyRuleView,
    SubjectView,
)
from planner.render.text_common import floor_cell

__all__ = [
    "RULE_WORDS",
    "change_cell",
    "diff_blocks",
    "drift_sentence",
    "range_sentence",
    "rule_sentence",
    "side_cell",
    "unit_rows",
]

_SYMBOLS = {"new": "+", "removed": "-", "changed": "~", "unchanged": " "}
RULE_WORDS = {
    "ok": "within",
    "violated": "over",
    "waived": "waived",
    "known": "over already",
    "inconclusive": "inconclusive",
    "unpriced": "cannot be told",
}


def diff_blocks(report: DiffReportView, *, wide: bool) -> list[Block]:
    """``wide`` shows unchanged lines and scenarios, too."""
    blocks: list[Block] = [Paragraph(report.verdict.sentence, strong=True)]
    if report.recommendation.sentence:
        blocks.append(Paragraph(report.recommendation.sentence))
    blocks.append(Paragraph("+ added, - removed, ~ changed, ≥ something is not priced or given."))
    if len(report.subjects) > 1:
        blocks += _several(report, wide=wide)
    else:
        blocks += _one(report, wide=wide)
    blocks.append(Paragraph(drift_sentence(report.total)))
    if (spread := range_sentence(report)) is not None:
        blocks.append(Paragraph(spread))
    blocks += _rules(report)
    notes = (*report.notes, *(note for each in report.subjects for note in each.notes))
    if notes:
        blocks += [Heading("Notes"), Bullets(notes)]
    blocks.append(_footer(report))
    return blocks


# --- Cells -------------------------------------------------------------------------------------


def side_cell(value: Decimal | None, *, is_floor: bool = False, missing: str = "–") -> str:
    """An amount of one side, ``missing`` where it is not there."""
    return missing if value is None else floor_cell(money(value), is_floor=is_floor)


def change_cell(change: Decimal | None, before: Decimal | None) -> str:
    """``+$12.00 (+3.1 %)``; ``no price`` where it cannot be told."""
    if change is None:
        return NO_PRICE
    return f"{signed(change)}{relative(change, before)}"


def unit_rows(total: DiffTotal) -> list[tuple[str, str, str, str]]:
    """Cost per 1M tokens and per request: what, before, after, change; none without a load."""
    rows = (
        ("$ per 1M tokens", total.before_usd_per_1m_tokens, total.after_usd_per_1m_tokens, False),
        ("$ per request", total.before_usd_per_request, total.after_usd_per_request, True),
    )
    found: list[tuple[str, str, str, str]] = []
    for name, before, after, is_request in rows:
        if before is None and after is None:
            continue
        shown = per_request if is_request else unit_cost
        change = NOT_APPLICABLE
        if before is not None and after is not None:
            change = _unit_change(after - before, before, is_request=is_request)
        cells = [NOT_APPLICABLE if each is None else shown(each) for each in (before, after)]
        found.append((name, cells[0], cells[1], change))
    return found


def _unit_change(change: Decimal, before: Decimal, *, is_request: bool) -> str:
    if change == 0:
        return money(ZERO)
    text = per_request(abs(change)) if is_request else unit_cost(abs(change))
    return f"{'+' if change > 0 else '-'}{text}{relative(change, before)}"


def _name_of(line: DiffLineView) -> str:
    return f"{_SYMBOLS[line.status]} {line.component}"


# --- One subject -------------------------------------------------------------------------------


def _one(report: DiffReportView, *, wide: bool) -> list[Block]:
    subject = report.subjects[0]
    blocks: list[Block] = [_lines(report.lines, subject.total, wide=wide)]
    blocks += _attribution(report)
    if subject.recommendation.flipped and subject.arms:
        blocks += [Heading("Every arm"), _arms(subject.arms)]
    return blocks


def _lines(lines: Sequence[DiffLineView], total: DiffTotal, *, wide: bool) -> Grid:
    shown = [line for line in lines if wide or line.status != "unchanged" or _unknown(line)]
    shown.sort(key=lambda line: -abs(line.delta_usd or ZERO))
    rows = [
        Row(
            (
                _name_of(line),
                side_cell(line.before_usd, missing=_missing(line, "new")),
                side_cell(line.after_usd, missing=_missing(line, "removed")),
                change_cell(line.delta_usd, line.before_usd),
                line.reason_unpriced or line.why,
            )
        )
        for line in shown
    ]
    same = [line for line in lines if line not in shown]
    if same:
        usd = sum((line.after_usd or ZERO for line in same), ZERO)
        rows.append(
            Row((f"  {count(len(same))} unchanged", money(usd), money(usd), money(ZERO), ""))
        )
    rows.append(_total_row(total))
    rows += [Row((name, *cells, "")) for name, *cells in unit_rows(total)]
    return Grid(columns=_columns("component", "why"), rows=tuple(rows))


def _unknown(line: DiffLineView) -> bool:
    return line.reason_unpriced is not None


def _missing(line: DiffLineView, absent: str) -> str:
    return NOT_APPLICABLE if line.status == absent else NO_PRICE


def _total_row(total: DiffTotal) -> Row:
    before, after = total.before_monthly_usd, total.after_monthly_usd
    if before is None or after is None:
        change = signed(total.delta_monthly_usd)
        return Row(("change a month", NOT_APPLICABLE, NOT_APPLICABLE, change, ""), is_total=True)
    drift = total.price_drift_usd
    return Row(
        (
            "total a month",
            side_cell(before, is_floor=total.before_is_floor),
            side_cell(after, is_floor=total.after_is_floor),
            change_cell(after - before, before),
            f"of it price drift {signed(drift)}" if drift else "",
        ),
        is_total=True,
    )


def _columns(first: str, last: str) -> tuple[Column, ...]:
    return (
        Column(header=first, is_name=True),
        Column(header="before", align="decimal"),
        Column(header="after", align="decimal"),
        Column(header="change", align="decimal"),
        Column(header=last, wraps=True, priority=1),
    )


def _attribution(report: DiffReportView) -> list[Block]:
    """Factors that did something; the others are named in one row."""
    parts = [part for part in report.attribution if part.delta_usd]
    if not parts:
        return []
    rows = [Row((part.factor, signed(part.delta_usd), part.why)) for part in parts]
    still = [part.factor for part in report.attribution if not part.delta_usd]
    if still:
        rows.append(Row(("changed without effect", money(ZERO), ", ".join(still))))
    rows.append(Row(("change", signed(report.total.delta_monthly_usd), ""), is_total=True))
    grid = Grid(
        columns=(
            Column(header="because of", wraps=True),
            Column(header="a month", align="decimal"),
            Column(header="fields", wraps=True, priority=1),
        ),
        rows=tuple(rows),
    )
    return [Heading("Why"), grid]


def _arms(arms: Sequence[ArmView]) -> Grid:
    rows = [
        (
            arm.arm,
            side_cell(arm.before_monthly_usd, missing="not feasible"),
            side_cell(arm.after_monthly_usd, missing="not feasible"),
            NOT_APPLICABLE
            if arm.before_monthly_usd is None or arm.after_monthly_usd is None
            else change_cell(
                arm.after_monthly_usd - arm.before_monthly_usd, arm.before_monthly_usd
            ),
        )
        for arm in arms
    ]
    return Grid.of(_columns("arm", "")[:4], rows)


# --- Several -----------------------------------------------------------------------------------


def _several(report: DiffReportView, *, wide: bool) -> list[Block]:
    shown = [each for each in report.subjects if wide or each.status != "unchanged"]
    rows = [_subject_row(each) for each in shown]
    same = [each for each in report.subjects if each not in shown]
    if same:
        usd = sum((each.total.after_monthly_usd or ZERO for each in same), ZERO)
        rows.append(
            Row((f"  {count(len(same))} unchanged", money(usd), money(usd), money(ZERO), ""))
        )
    rows.append(_total_row(report.total))
    rows += [Row((name, *cells, "")) for name, *cells in unit_rows(report.total)]
    grid = Grid(columns=_columns("scenario", "recommendation"), rows=tuple(rows))
    return [grid, *_attribution(report)]


def _subject_row(subject: SubjectView) -> Row:
    total = subject.total
    before, after = total.before_monthly_usd, total.after_monthly_usd
    absent = {"new": ("–", ""), "removed": ("", "–")}.get(subject.status, ("", ""))
    change = total.delta_monthly_usd
    if before is not None and after is not None:
        change = after - before
    return Row(
        (
            f"{_SYMBOLS[subject.status]} {subject.name}",
            absent[0] or side_cell(before, is_floor=total.before_is_floor),
            absent[1] or side_cell(after, is_floor=total.after_is_floor),
            change_cell(change, before),
            choice_change(subject),
        )
    )


def choice_change(subject: SubjectView) -> str:
    """``kept: api_bedrock``, or ``flipped: api_frontier → selfhost_ondemand``."""
    before, after = subject.recommendation.before, subject.recommendation.after
    if before is None or after is None:
        only = before or after
        return "" if only is None else only.arm
    if subject.recommendation.flipped:
        pair = (before.arm, after.arm)
        if before.arm == after.arm:
            pair = (before.option, after.option)
        return f"flipped: {pair[0]} → {pair[1]}"
    return f"kept: {after.arm}"


# --- Below the tables --------------------------------------------------------------------------


def drift_sentence(total: DiffTotal) -> str:
    """Prices on their own line; what nobody can tell is not $0."""
    if total.price_drift_usd is None:
        return f"Price drift: {total.price_drift_reason or 'not measurable'}."
    if total.price_drift_usd == 0:
        return "Price drift: none, both sides have the same prices."
    return f"Price drift: {signed(total.price_drift_usd)} a month, not part of any limit."


def range_sentence(report: DiffReportView) -> str | None:
    """The range of the change over the draws; None where there is none.

    Of deployed resources it is between the least and the most that may run.
    """
    low, expected, high = report.total.delta_monthly_usd_range
    if low == expected == high:
        return None
    if any(each.kind == "stack" for each in report.subjects):
        least_and_most = f"{signed(low)} and {signed(high)}"
        return f"By how much runs, the change is between {least_and_most} a month."
    return f"In four cases of five the change is between {signed(low)} and {signed(high)} a month."


def rule_sentence(rule: PolicyRuleView) -> str:
    """One rule with its result."""
    said = f"{rule.rule}: {RULE_WORDS[rule.verdict]}: {rule.message}"
    if rule.waived_until is not None:
        said += f" [waived until {rule.waived_until}: {rule.waiver_reason}]"
    return said


def _rules(report: DiffReportView) -> list[Block]:
    items = [rule_sentence(rule) for rule in report.policy]
    items += report.policy_notes
    if not items:
        return []
    title = "Rules" if report.policy_file is None else f"Rules of {report.policy_file}"
    return [Heading(title), Bullets(tuple(items))]


def _footer(report: DiffReportView) -> Paragraph:
    prices = "; ".join(report.prices) or "those in the plans"
    return Paragraph(f"Prices: {prices}; planner {report.planner_version}. Projection, not a bill.")

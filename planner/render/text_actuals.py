"""The report of ``planner actuals report`` in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.actuals.types import UNASSIGNED
from planner.money import round_usd
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import (
    NO_PRICE,
    NOT_APPLICABLE,
    count,
    money,
    money_delta,
    percent,
    unit_cost,
)
from planner.render.payload_actuals import (
    GroupView,
    ReportView,
    SourceView,
)
from planner.render.text_actuals_plan import (
    budget_grid,
    comparison_blocks,
    finding_blocks,
    savings_grid,
)
from planner.render.wording import plural

__all__ = ["actuals_blocks"]

_MOST_GROUPS = 20
_IN_THE_BILL = "in the bill"


def actuals_blocks(report: ReportView, *, wide: bool) -> list[Block]:
    """The verdict first, then the tables, then what to know."""
    blocks: list[Block] = [Paragraph(_verdict(report), strong=True), Paragraph(_covered(report))]
    for axis, groups in report.by.items():
        blocks += [Heading(f"By {axis}"), _axis_block(report, axis, groups)]
    blocks += [Heading("By model, endpoint and feature"), _groups_grid(report, wide=wide)]
    if report.comparison is not None:
        blocks += comparison_blocks(report.comparison)
    if report.budgets:
        blocks += [Heading("Budgets"), budget_grid(report.budgets)]
    blocks += finding_blocks(report.findings)
    if report.savings:
        blocks += [Heading("Saved, as the gateway says"), savings_grid(report)]
    blocks += _bill_blocks(report)
    blocks += [Heading("Sources"), _sources_grid(report.sources)]
    if remarks := _remarks(report):
        blocks += [Heading("To know"), Bullets(remarks)]
    return blocks


def _verdict(report: ReportView) -> str:
    total = report.total
    days = f"from {report.since} to {report.until}"
    if total.is_own and not total.usd:
        return f"Own servers {days}: what they cost is in the bill of the machines, none is here."
    text = f"{_floor(total.usd, total.is_floor)} spent {days}"
    if total.infrastructure_usd:
        text += f", {money(total.infrastructure_usd)} of it for infrastructure"
    found = report.comparison
    if found is None:
        return text + "."
    change = money_delta(round_usd(found.planned_usd), round_usd(found.actual_usd))
    return (
        f"{text}. Tokens {_floor(found.actual_usd, total.is_floor)} against "
        f"{money(found.planned_usd)} planned for these hours: {change}."
    )


def _floor(value: Decimal, is_floor: bool) -> str:
    if is_floor and not value:
        return NO_PRICE
    return f"≥ {money(value)}" if is_floor else money(value)


def _covered(report: ReportView) -> str:
    cover, total = report.coverage, report.total
    text = (
        f"{count(total.calls)} calls, {count(total.failed_calls)} failed; "
        f"{count(total.input_tokens)} input and {count(total.output_tokens)} output tokens. "
        f"Records cover {count(cover.hours)} of {count(cover.all_hours)} hours "
        f"({percent(cover.share)})"
    )
    if cover.missing_days:
        text += f"; {plural(len(cover.missing_days), 'day')} without any"
    if cover.provisional_days:
        text += f"; {plural(len(cover.provisional_days), 'day')} may still change"
    return text + "."


# --- Tables of spend ---------------------------------------------------------------------------

_FIGURES = (
    Column(header="spend", align="decimal"),
    Column(header="share", align="decimal"),
    Column(header="calls", align="right"),
    Column(header="input tokens", align="right", priority=1),
    Column(header="output tokens", align="right", priority=1),
    Column(header="$ a call", align="decimal", priority=2),
)


def _figures(group: GroupView) -> tuple[str, ...]:
    per_call = group.usd / group.calls if group.calls and group.usd else None
    return (
        _IN_THE_BILL if group.is_own else _floor(group.usd, group.is_floor),
        NOT_APPLICABLE if group.is_own else percent(group.share),
        count(group.calls),
        count(group.input_tokens),
        count(group.output_tokens),
        NOT_APPLICABLE if per_call is None else unit_cost(per_call),
    )


def _axis_block(report: ReportView, axis: str, groups: Sequence[GroupView]) -> Block:
    if [each.labels for each in groups] == [(UNASSIGNED,)]:
        return Paragraph(f"All of it is {UNASSIGNED}: no record names its {axis}.")
    return _axis_grid(report, axis, groups)


def _axis_grid(report: ReportView, axis: str, groups: Sequence[GroupView]) -> Grid:
    rows = [Row((each.labels[0] or NOT_APPLICABLE, *_figures(each))) for each in groups]
    return Grid(
        columns=(Column(header=axis, is_name=True), *_FIGURES),
        rows=(*rows, *_ending(report, labels=1)),
    )


def _ending(report: ReportView, *, labels: int) -> list[Row]:
    """What the bill has beside usage, and the total: the same on every axis."""
    total = report.total
    rest = [""] * (labels - 1)
    rows: list[Row] = []
    whole = total.usage_usd + total.unattributed_usd
    if report.bills:
        share = float(total.unattributed_usd / whole) if whole else None
        cells = (money(total.unattributed_usd), percent(share), "", "", "", "")
        rows.append(Row(("unattributed", *rest, *cells)))
    group = GroupView(
        labels=(),
        usd=whole,
        is_floor=total.is_floor,
        is_own=total.is_own and not whole,
        share=1.0 if whole else None,
        calls=total.calls,
        input_tokens=total.input_tokens,
        output_tokens=total.output_tokens,
        unpriced_calls=total.unpriced_calls,
    )
    return [*rows, Row(("all", *rest, *_figures(group)), is_total=True)]


def _groups_grid(report: ReportView, *, wide: bool) -> Grid:
    shown = report.groups if wide else report.groups[:_MOST_GROUPS]
    rows = [Row((*(each or NOT_APPLICABLE for each in g.labels), *_figures(g))) for g in shown]
    left = len(report.groups) - len(shown)
    if left:
        rows.append(Row((f"{left} more with --wide", *[""] * 8)))
    names = [Column(header=name, is_name=True) for name in ("model", "endpoint", "feature")]
    return Grid(columns=(*names, *_FIGURES), rows=(*rows, *_ending(report, labels=3)))


# --- Bills and sources -------------------------------------------------------------------------


def _bill_blocks(report: ReportView) -> list[Block]:
    blocks: list[Block] = []
    if report.bills:
        columns = (
            Column(header="provider"),
            Column(header="bill from"),
            Column(header="days", align="right"),
            Column(header="billed", align="decimal"),
            Column(header="usage", align="decimal"),
            Column(header="unattributed", align="decimal"),
        )
        rows = [
            (
                each.provider,
                each.source,
                count(each.days),
                money(each.billed_usd),
                money(each.usage_usd),
                money(each.unattributed_usd),
            )
            for each in report.bills
        ]
        blocks += [Heading("Bills for models, on the days they have"), Grid.of(columns, rows)]
    if report.infrastructure:
        names = (Column(header="service", is_name=True), Column(header="cost", align="decimal"))
        services = [(name, money(usd)) for name, usd in report.infrastructure.items()]
        blocks += [Heading("Infrastructure of the stack"), Grid.of(names, services)]
    return blocks


def _sources_grid(sources: Sequence[SourceView]) -> Grid:
    columns = (
        Column(header="source"),
        Column(header="provider"),
        Column(header="use"),
        Column(header="from", priority=2),
        Column(header="to", priority=2),
        Column(header="calls", align="right"),
        Column(header="tokens", align="right", priority=1),
        Column(header="says", align="decimal"),
    )
    rows = [
        (
            each.source,
            each.provider or NOT_APPLICABLE,
            each.role,
            each.first_day.isoformat(),
            each.last_day.isoformat(),
            count(each.calls),
            count(each.input_tokens + each.output_tokens),
            money(each.usd) if each.usd is not None else NOT_APPLICABLE,
        )
        for each in sources
    ]
    return Grid.of(columns, rows)


def _remarks(report: ReportView) -> tuple[str, ...]:
    total = report.total
    found: list[str] = []
    if total.unpriced_rows:
        found.append(
            f"{count(total.unpriced_rows)} records ({count(total.unpriced_calls)} calls, "
            f"{count(total.unpriced_tokens)} tokens, {percent(total.unpriced_token_share)} of all) "
            "have no price: totals are floors, and the comparison leaves them out"
        )
    if total.list_usd not in (None, total.listed_usd) and report.money == "source":
        found.append(
            f"usage that sources put at {money(total.listed_usd)} is {money(total.list_usd)} at "
            "list prices (--money list counts those)"
        )
    if any(each.role == "left out" for each in report.sources):
        found.append("sources left out tell of the same calls; --usage SOURCE counts one instead")
    if report.aws_outside_the_stack_usd:
        found.append(
            f"{money(report.aws_outside_the_stack_usd)} of AWS's bill is outside the stack and "
            "not counted"
        )
    if report.unsettled_bill_days:
        first, number = report.unsettled_bill_days[0], len(report.unsettled_bill_days)
        found.append(
            f"bills from {first} on ({plural(number, 'day')}) still change and are left out"
        )
    if report.listed_charges:
        kinds = ", ".join(f"{name} {money(usd)}" for name, usd in report.listed_charges.items())
        found.append(f"not counted as running spend: {kinds}")
    if report.refused_rows:
        found.append(
            f"{count(report.refused_rows)} rows with {count(report.refused_tokens)} tokens were "
            "refused at import (all days)"
        )
    if report.only:
        only = ", ".join(f"{field} {glob}" for field, glob in report.only.items())
        found.append(f"only usage with {only}; bills cannot be narrowed and are left out")
    return tuple(found)

"""The report of ``planner actuals report`` as views: what JSON holds and tables show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from planner.actuals.budget_lines import BudgetLine
from planner.actuals.chosen import ViewFacts
from planner.actuals.detectors import Finding
from planner.actuals.queries import AXES
from planner.actuals.report import ActualsReport
from planner.actuals.spend import Group, Spend, grouped
from planner.money import ZERO
from planner.render.payload_actuals_plan import ComparisonView, comparison_view

__all__ = [
    "AlertView",
    "BillView",
    "BudgetView",
    "FindingView",
    "GroupView",
    "ReportView",
    "SourceView",
    "TotalView",
    "actuals_view",
]

SCHEMA_VERSION = 1


class TotalView(NamedTuple):
    """The whole spend, USD; ``is_floor`` when rows without a price are in it.

    ``list_usd`` is the list price of the usage that has one, and that usage costs ``listed_usd``.
    """

    usd: Decimal
    usage_usd: Decimal
    unattributed_usd: Decimal
    infrastructure_usd: Decimal
    list_usd: Decimal | None
    listed_usd: Decimal
    is_floor: bool
    is_own: bool
    calls: int
    failed_calls: int
    input_tokens: int
    output_tokens: int
    unpriced_rows: int
    unpriced_calls: int
    unpriced_tokens: int
    unpriced_token_share: float | None


class GroupView(NamedTuple):
    """One row of a table; ``share`` is of usage and unattributed spend together.

    ``is_own``: calls of one's own servers alone, whose money is in the bill of the machines.
    """

    labels: tuple[str, ...]
    usd: Decimal
    is_floor: bool
    is_own: bool
    share: float | None
    calls: int
    input_tokens: int
    output_tokens: int
    unpriced_calls: int


class SourceView(NamedTuple):
    """What one source says about one provider, and whether it is counted."""

    source: str
    provider: str
    role: str
    first_day: date
    last_day: date
    days: int
    calls: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None


class BillView(NamedTuple):
    """A provider's bill for models beside its usage on the same days, USD."""

    provider: str
    source: str
    days: int
    billed_usd: Decimal
    usage_usd: Decimal
    unattributed_usd: Decimal


class AlertView(NamedTuple):
    """A day on which a budget line is passed."""

    day: date
    at: datetime
    record: int | None
    spent_usd: Decimal


class BudgetView(NamedTuple):
    """One budget of one month."""

    axis: str
    key: str
    month: str
    limit_usd: Decimal
    line_usd: Decimal
    spent_usd: Decimal
    is_over: bool
    alerts: tuple[AlertView, ...]


class FindingView(NamedTuple):
    """One runaway."""

    detector: str
    feature: str
    model: str
    first_seen: datetime
    days: tuple[date, ...]
    evidence: Mapping[str, float]
    detail: tuple[str, ...]
    usd_per_day: Decimal | None
    usd_per_30_days: Decimal | None
    usd_reason: str | None


class SavingView(NamedTuple):
    """What a source says one lever saved, USD."""

    source: str
    lever: str
    usd: Decimal


class CoverageView(NamedTuple):
    """Which hours the records cover."""

    hours: int
    all_hours: int
    share: float
    days: int
    missing_days: tuple[date, ...]
    provisional_days: tuple[date, ...]


class ReportView(NamedTuple):
    """The whole report."""

    schema_version: int
    store: str
    since: date
    until: date
    money: str
    only: Mapping[str, str]
    total: TotalView
    coverage: CoverageView
    sources: tuple[SourceView, ...]
    by: Mapping[str, tuple[GroupView, ...]]
    groups: tuple[GroupView, ...]
    bills: tuple[BillView, ...]
    infrastructure: Mapping[str, Decimal]
    aws_outside_the_stack_usd: Decimal
    listed_charges: Mapping[str, Decimal]
    unsettled_bill_days: tuple[date, ...]
    comparison: ComparisonView | None
    budgets: tuple[BudgetView, ...]
    findings: tuple[FindingView, ...]
    savings: tuple[SavingView, ...]
    refused_rows: int
    refused_tokens: int


def actuals_view(report: ActualsReport, store: str) -> ReportView:
    """The report in views."""
    spend, question = report.spend, report.question
    whole = spend.model_usd
    return ReportView(
        schema_version=SCHEMA_VERSION,
        store=store,
        since=question.since,
        until=question.until,
        money=question.money,
        only=dict(question.only),
        total=_total(spend),
        coverage=_coverage(report),
        sources=_sources(spend),
        by={
            axis: tuple(_group(each, whole) for each in groups)
            for axis, groups in spend.axes().items()
        },
        groups=tuple(_group(each, whole) for each in grouped(spend.cells, AXES[:3])),
        bills=tuple(
            BillView(
                provider=each.provider,
                source=each.source,
                days=len(each.by_day),
                billed_usd=each.billed_usd,
                usage_usd=each.usage_usd,
                unattributed_usd=each.unattributed_usd,
            )
            for each in spend.bill.providers
        ),
        infrastructure=dict(spend.bill.services),
        aws_outside_the_stack_usd=spend.bill.elsewhere_usd,
        listed_charges=dict(spend.bill.listed),
        unsettled_bill_days=spend.bill.unsettled_days,
        comparison=comparison_view(report.comparison, question.plan),
        budgets=tuple(_budget(each) for each in report.budgets),
        findings=tuple(_finding(each) for each in report.findings),
        savings=tuple(
            SavingView(source=source, lever=lever, usd=usd) for source, lever, usd in report.savings
        ),
        refused_rows=report.quarantine.rows,
        refused_tokens=report.quarantine.tokens,
    )


def _total(spend: Spend) -> TotalView:
    figures = spend.figures
    listed = [each.list_usd for each in spend.cells if each.list_usd is not None]
    return TotalView(
        usd=spend.total_usd,
        usage_usd=figures.usd,
        unattributed_usd=spend.bill.unattributed_usd,
        infrastructure_usd=spend.bill.infrastructure_usd,
        list_usd=sum(listed, ZERO) if listed else None,
        listed_usd=sum((each.listed_usd for each in spend.cells), ZERO),
        is_floor=figures.is_floor,
        is_own=figures.is_own,
        calls=figures.calls,
        failed_calls=figures.failed_calls,
        input_tokens=figures.input_tokens,
        output_tokens=figures.output_tokens,
        unpriced_rows=figures.unpriced_rows,
        unpriced_calls=figures.unpriced_calls,
        unpriced_tokens=figures.unpriced_tokens,
        unpriced_token_share=figures.unpriced_token_share,
    )


def _coverage(report: ActualsReport) -> CoverageView:
    cover = report.cover
    return CoverageView(
        hours=cover.hours,
        all_hours=cover.all_hours,
        share=cover.share,
        days=len(cover.days),
        missing_days=cover.missing,
        provisional_days=tuple(each.day for each in cover.days if each.is_provisional),
    )


def _sources(spend: Spend) -> tuple[SourceView, ...]:
    choice = spend.choice
    bills = [each for each in choice.bills if each not in choice.usage]
    roles: Iterable[tuple[str, Sequence[ViewFacts]]] = (
        ("counted", choice.usage),
        ("bill", bills),
        ("left out", choice.left_out),
    )
    return tuple(_source(each, role) for role, views in roles for each in views)


def _source(facts: ViewFacts, role: str) -> SourceView:
    return SourceView(
        source=facts.source,
        provider=facts.provider,
        role=role,
        first_day=facts.first_day,
        last_day=facts.last_day,
        days=facts.days,
        calls=facts.calls,
        input_tokens=facts.input_tokens,
        output_tokens=facts.output_tokens,
        usd=facts.cost_usd,
    )


def _group(group: Group, whole: Decimal) -> GroupView:
    figures = group.figures
    return GroupView(
        labels=group.labels,
        usd=figures.usd,
        is_floor=figures.is_floor,
        is_own=figures.is_own,
        share=float(Fraction(figures.usd) / Fraction(whole)) if whole else None,
        calls=figures.calls,
        input_tokens=figures.input_tokens,
        output_tokens=figures.output_tokens,
        unpriced_calls=figures.unpriced_calls,
    )


# --- Budgets and findings ----------------------------------------------------------------------


def _budget(line: BudgetLine) -> BudgetView:
    return BudgetView(
        axis=line.key[0],
        key=line.key[1],
        month=line.month,
        limit_usd=line.limit_usd,
        line_usd=line.line_usd,
        spent_usd=line.spent_usd,
        is_over=line.is_over,
        alerts=tuple(
            AlertView(day=each.day, at=each.at, record=each.record, spent_usd=each.spent_usd)
            for each in line.alerts
        ),
    )


def _finding(found: Finding) -> FindingView:
    per_day = found.usd_per_day
    return FindingView(
        detector=found.detector,
        feature=found.feature,
        model=found.model,
        first_seen=found.first_seen,
        days=found.days,
        evidence=dict(found.evidence),
        detail=found.detail,
        usd_per_day=per_day,
        usd_per_30_days=None if per_day is None else per_day * 30,
        usd_reason=found.usd_reason,
    )

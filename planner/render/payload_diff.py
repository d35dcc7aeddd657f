"""The report of a comparison as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from planner import __version__
from planner.diff import (
    Choice,
    DiffLine,
    DiffReport,
    Part,
    Range,
    RuleResult,
    Side,
    Subject,
)
from planner.money import ZERO
from planner.render.diff_words import (
    recommendation_sentence,
    verdict_sentence,
    verdict_word,
)
from planner.render.numbers import significant
from planner.render.payload_diff_types import (
    DIFF_SCHEMA_VERSION,
    ArmView,
    AttributionView,
    ChoiceView,
    DiffLineView,
    DiffRange,
    DiffReportView,
    DiffTotal,
    DiffVerdict,
    PolicyRuleView,
    RecommendationChange,
    SubjectView,
)
from planner.units import TOKENS_PER_MTOK

__all__ = ["diff_view"]

# Quotients have no last digit.
_DIGITS = 12


def diff_view(report: DiffReport) -> DiffReportView:
    """The report, subjects in their order."""
    alone = report.subjects[0] if len(report.subjects) == 1 else None
    return DiffReportView(
        schema_version=DIFF_SCHEMA_VERSION,
        planner_version=__version__,
        title=report.title,
        verdict=DiffVerdict(
            word=verdict_word(report),
            sentence=verdict_sentence(report),
            worth_a_comment=_worth_a_comment(report),
        ),
        total=_whole(report),
        attribution=_attribution(report.parts),
        recommendation=RecommendationChange(
            before=None if alone is None else _choice(alone.choice_before),
            after=None if alone is None else _choice(alone.choice_after),
            flipped=report.flipped,
            sentence=recommendation_sentence(report.subjects),
        ),
        subjects=tuple(_subject(each) for each in report.subjects),
        lines=tuple(_line(each) for each in report.lines),
        policy=tuple(_rule(each) for each in report.rules),
        policy_file=report.policy_file,
        policy_notes=report.policy_notes,
        min_change_usd=report.min_change_usd,
        prices=report.prices,
        notes=report.notes,
    )


def _worth_a_comment(report: DiffReport) -> bool:
    """Something to decide on, or a change that is not below the least one worth telling."""
    if report.flipped or any(rule.verdict in ("violated", "waived") for rule in report.rules):
        return True
    moved = [abs(each.change_usd.expected) for each in report.subjects]
    return any(usd >= report.min_change_usd and usd for usd in moved)


def _whole(report: DiffReport) -> DiffTotal:
    total = report.total
    before = _side(total.before_usd, total.requests_before, total.tokens_before)
    after = _side(total.after_usd, total.requests_after, total.tokens_after)
    return _total(
        before,
        after,
        total.change_usd,
        total.drift.usd,
        total.drift.reason,
        floors=(
            any(_is_floor(each.before) for each in report.subjects),
            any(_is_floor(each.after) for each in report.subjects),
        ),
        unpriced=_unpriced(each.after for each in report.subjects),
    )


def _subject(subject: Subject) -> SubjectView:
    known = subject.totals_known
    before = _of_side(subject.before) if known else None
    after = _of_side(subject.after) if known else None
    return SubjectView(
        name=subject.name,
        kind=subject.kind,
        status=subject.status,
        file=subject.file,
        line=subject.line,
        stack=subject.stack,
        total=_total(
            before,
            after,
            subject.change_usd,
            subject.drift.usd,
            subject.drift.reason,
            floors=(_is_floor(subject.before), _is_floor(subject.after)),
            unpriced=_unpriced([subject.after]),
        ),
        attribution=_attribution(subject.parts),
        recommendation=RecommendationChange(
            before=_choice(subject.choice_before),
            after=_choice(subject.choice_after),
            flipped=subject.flipped,
            sentence=recommendation_sentence([subject]),
        ),
        arms=tuple(
            ArmView(arm=arm, before_monthly_usd=before, after_monthly_usd=after)
            for arm, before, after in subject.arms
        ),
        assumptions=subject.assumptions,
        prices=subject.prices,
        plan_hashes=subject.plan_hashes,
        notes=subject.notes,
    )


# --- Totals ------------------------------------------------------------------------------------


class _Sums(NamedTuple):
    usd: Range
    per_1m: Decimal | None
    per_request: Decimal | None


def _side(usd: Range | None, requests: Decimal | None, tokens: Decimal | None) -> _Sums | None:
    if usd is None:
        return None
    return _Sums(
        usd,
        _quotient(usd.expected * TOKENS_PER_MTOK, tokens),
        _quotient(usd.expected, requests),
    )


def _of_side(side: Side | None) -> _Sums:
    """A side that is not there costs nothing."""
    if side is None:
        return _Sums(Range.point(ZERO), None, None)
    return _Sums(
        side.monthly_usd,
        _rounded(side.per_1m_tokens_usd),
        _rounded(side.per_request_usd),
    )


def _quotient(usd: Decimal, units: Decimal | None) -> Decimal | None:
    return _rounded(usd / units) if units else None


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else significant(value, _DIGITS)


def _total(
    before: _Sums | None,
    after: _Sums | None,
    change: Range,
    drift: Decimal | None,
    drift_reason: str,
    *,
    floors: tuple[bool, bool],
    unpriced: tuple[str, ...],
) -> DiffTotal:
    base = None if before is None else before.usd.expected + (drift or ZERO)
    return DiffTotal(
        before_monthly_usd=None if before is None else before.usd.expected,
        after_monthly_usd=None if after is None else after.usd.expected,
        delta_monthly_usd=change.expected,
        delta_share=float(Fraction(change.expected) / Fraction(base)) if base else None,
        price_drift_usd=drift,
        price_drift_reason=drift_reason or None if drift is None else None,
        before_monthly_usd_range=None if before is None else _range(before.usd),
        after_monthly_usd_range=None if after is None else _range(after.usd),
        delta_monthly_usd_range=_range(change),
        before_usd_per_1m_tokens=None if before is None else before.per_1m,
        after_usd_per_1m_tokens=None if after is None else after.per_1m,
        before_usd_per_request=None if before is None else before.per_request,
        after_usd_per_request=None if after is None else after.per_request,
        is_floor=any(floors),
        before_is_floor=floors[0],
        after_is_floor=floors[1],
        unpriced=unpriced,
    )


def _is_floor(side: Side | None) -> bool:
    return side is not None and side.is_floor


def _unpriced(sides: Iterable[Side | None]) -> tuple[str, ...]:
    names = (name for side in sides if side is not None for name in side.unpriced)
    return tuple(dict.fromkeys(names))


# --- Parts -------------------------------------------------------------------------------------


def _range(value: Range) -> DiffRange:
    return DiffRange(low=value.low, expected=value.expected, high=value.high)


def _digits(value: Range) -> DiffRange:
    """A quotient's range, at the digits it has."""
    edges = (significant(each, _DIGITS) for each in (value.low, value.expected, value.high))
    return DiffRange(*edges)


def _attribution(parts: Sequence[Part]) -> tuple[AttributionView, ...]:
    return tuple(
        AttributionView(factor=part.factor, delta_usd=part.delta_usd, why=part.why)
        for part in parts
    )


def _choice(choice: Choice | None) -> ChoiceView | None:
    if choice is None:
        return None
    return ChoiceView(
        arm=choice.arm,
        option=choice.option,
        model=choice.model,
        hardware=choice.hardware,
        breakeven_requests_per_month=choice.breakeven_requests_per_month,
        breakeven_note=choice.breakeven_note,
    )


def _line(line: DiffLine) -> DiffLineView:
    before, after = line.before_usd, line.after_usd
    return DiffLineView(
        subject=line.subject,
        component=line.component,
        category=line.category,
        status=line.status,
        before_usd=None if before is None else before.expected,
        after_usd=None if after is None else after.expected,
        delta_usd=line.delta_usd,
        before_usd_range=None if before is None else _range(before),
        after_usd_range=None if after is None else _range(after),
        why=line.why,
        source=line.source,
        observed=line.observed,
        reason_unpriced=line.reason_unpriced,
        counted=line.counted,
        resource_type=line.resource_type,
        operation=line.operation,
    )


def _rule(rule: RuleResult) -> PolicyRuleView:
    return PolicyRuleView(
        rule=rule.rule,
        kind=rule.kind,
        subject=rule.subject,
        verdict=rule.verdict,
        message=rule.message,
        value=None if rule.value is None else _digits(rule.value),
        limit=rule.limit,
        base=_rounded(rule.base),
        waived_until=rule.waived_until,
        waiver_reason=rule.waiver_reason,
        file=rule.file,
        line=rule.line,
    )

"""Rules held against a comparison: what is broken, what is waived, what cannot be told.

A limit is broken only when the whole range is past it. What the base broke already is a warning,
unless the head makes it worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from planner.diff.policy import BLOCK_UNPRICED, Limit, Policy, Scope, Waiver
from planner.diff.types import DiffReport, Range, RuleResult, RuleVerdict, Side, Subject
from planner.errors import InputError
from planner.money import CENT, ZERO
from planner.units import TOKENS_PER_MTOK

__all__ = ["expired_waivers", "held_to"]

_HUNDRED = Decimal(100)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What a rule looks at: one subject, or all together.

    ``base`` is the total before, at the prices of after: what prices did is not gated.
    """

    subject: str | None
    stack: str | None
    base: Range | None
    after: Range | None
    change: Range
    tokens_before: Decimal | None
    tokens_after: Decimal | None
    unpriced: tuple[str, ...]
    unpriced_before: tuple[str, ...]
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """One measure of a rule; ``base`` None where there was nothing before."""

    kind: str
    value: Range | None
    limit: Decimal
    base: Range | None
    unit: str


def held_to(report: DiffReport, policy: Policy, today: date) -> DiffReport:
    """The report with a result for every rule on everything it is about.

    InputError for a rule that cannot be computed: a percentage of nothing without an amount.
    """
    waivers = [waiver for waiver in policy.waivers if waiver.expires >= today]
    results: list[RuleResult] = []
    for limit in policy.limits:
        for scene in _scenes(report, limit.scope):
            results += _limit_results(limit, scene, policy.min_change, waivers)
    if policy.block_unpriced:
        results += [_unpriced(scene) for scene in _scenes(report, Scope())]
    return replace(
        report,
        rules=tuple(results),
        policy_file=policy.name,
        policy_notes=(*report.policy_notes, *expired_waivers(policy, today)),
        min_change_usd=policy.min_change,
    )


def expired_waivers(policy: Policy, today: date) -> tuple[str, ...]:
    """Each waiver that no longer counts, in words."""
    return tuple(
        f"the waiver of {waiver.rule} expired on {waiver.expires.isoformat()} and is ignored: "
        f"{waiver.reason}"
        for waiver in policy.waivers
        if waiver.expires < today
    )


# --- What a rule looks at ----------------------------------------------------------------------


def _scenes(report: DiffReport, scope: Scope) -> Iterator[_Scene]:
    if scope.is_total:
        yield _of_total(report)
        return
    for subject in report.subjects:
        if _in_scope(scope, subject):
            yield _of_subject(subject)


def _in_scope(scope: Scope, subject: Subject) -> bool:
    return (
        scope.stack in (None, subject.stack)
        and scope.scenario in (None, subject.name, subject.stack)
        and scope.file in (None, subject.file)
    )


def _of_total(report: DiffReport) -> _Scene:
    total = report.total
    moved = [each for each in report.subjects if each.status != "unchanged"]
    first = max(moved, key=lambda each: abs(each.change_usd.expected), default=None)
    return _Scene(
        subject=None,
        stack=None,
        base=_at_head_prices(total.before_usd, total.drift.usd),
        after=total.after_usd,
        change=total.change_usd,
        tokens_before=total.tokens_before,
        tokens_after=total.tokens_after,
        unpriced=_open_after(report.subjects),
        unpriced_before=_open_before(report.subjects),
        file=None if first is None else first.file,
        line=None if first is None else first.line,
    )


def _of_subject(subject: Subject) -> _Scene:
    before, after = subject.before, subject.after
    known = subject.totals_known
    base = _at_head_prices(before.monthly_usd, subject.drift.usd) if before else Range.point(ZERO)
    return _Scene(
        subject=subject.name,
        stack=subject.stack,
        base=base if known else None,
        after=(after.monthly_usd if after else Range.point(ZERO)) if known else None,
        change=subject.change_usd,
        tokens_before=None if before is None else before.tokens_per_month,
        tokens_after=None if after is None else after.tokens_per_month,
        unpriced=_open_after([subject]),
        unpriced_before=_open_before([subject]),
        file=subject.file,
        line=subject.line,
    )


def _at_head_prices(before: Range | None, drift: Decimal | None) -> Range | None:
    if before is None or drift is None:
        return before
    return Range(low=before.low + drift, expected=before.expected + drift, high=before.high + drift)


def _open_after(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Names of what has no price after the change."""
    return _names(side for each in subjects if (side := each.after) is not None)


def _open_before(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Names of what had no price before; of a stack only what this change does not touch.

    A line of a stack without a price on either side counts on neither, so both sides name it.
    """
    touched = tuple(
        f"{line.component} ("
        for each in subjects
        for line in each.lines
        if each.kind == "stack" and line.reason_unpriced and line.status in ("new", "changed")
    )
    names = _names(side for each in subjects if (side := each.before) is not None)
    return tuple(name for name in names if not name.startswith(touched))


def _names(sides: Iterable[Side]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for side in sides for name in side.unpriced))


# --- Limits ------------------------------------------------------------------------------------


def _limit_results(
    limit: Limit, scene: _Scene, min_change: Decimal, waivers: Sequence[Waiver]
) -> Iterator[RuleResult]:
    increase = list(_increases(limit, scene))
    if increase:
        yield _increase_result(limit, increase, scene, waivers)
    for measured in _levels(limit, scene):
        verdict = _verdict(measured, scene)
        if verdict == "violated" and _is_old(measured, min_change):
            verdict = "known"
        yield _result(limit, measured, verdict, scene, waivers)


def _levels(limit: Limit, scene: _Scene) -> Iterator[_Measured]:
    if limit.max_monthly is not None:
        yield _Measured(
            kind="max_monthly",
            value=scene.after,
            limit=limit.max_monthly,
            base=scene.base,
            unit="a month",
        )
    if limit.max_per_1m_tokens is not None:
        yield _Measured(
            kind="max_per_1m_tokens",
            value=_per_1m(scene.after, scene.tokens_after),
            limit=limit.max_per_1m_tokens,
            base=_per_1m(scene.base, scene.tokens_before),
            unit="per 1M tokens",
        )


def _increases(limit: Limit, scene: _Scene) -> Iterator[_Measured]:
    if limit.max_increase is not None:
        yield _Measured(
            kind="max_increase",
            value=scene.change,
            limit=limit.max_increase,
            base=None,
            unit="a month more",
        )
    if limit.max_increase_pct is None:
        return
    base = scene.base
    if base is not None and base.expected == 0:
        if limit.max_increase is None and scene.change.expected != 0:
            where = f" for {scene.subject}" if scene.subject else ""
            raise InputError(
                f"policy rule `{limit.id}`: a percentage of nothing{where}: it cost $0 before; "
                "give max_increase beside max_increase_pct"
            )
        return
    yield _Measured(
        kind="max_increase_pct",
        value=None if base is None else _scaled(scene.change, _HUNDRED / abs(base.expected)),
        limit=limit.max_increase_pct,
        base=None,
        unit="% more",
    )


def _per_1m(usd: Range | None, tokens: Decimal | None) -> Range | None:
    return _scaled(usd, TOKENS_PER_MTOK / tokens) if usd is not None and tokens else None


def _scaled(value: Range, by: Decimal) -> Range:
    return Range(low=value.low * by, expected=value.expected * by, high=value.high * by)


def _increase_result(
    limit: Limit, measures: Sequence[_Measured], scene: _Scene, waivers: Sequence[Waiver]
) -> RuleResult:
    """Of two limits on an increase the verdict of the stricter one, or of the laxer (`all`)."""
    judged = [(_SEVERITY.index(_verdict(each, scene)), -i) for i, each in enumerate(measures)]
    severity, place = min(judged) if limit.combine == "all" else max(judged)
    return _result(limit, measures[-place], _SEVERITY[severity], scene, waivers)


_SEVERITY: tuple[RuleVerdict, ...] = ("ok", "unpriced", "inconclusive", "violated")


def _verdict(measured: _Measured, scene: _Scene) -> RuleVerdict:
    """A floor that passes may still be past the limit; one that does not is past it for sure."""
    value = measured.value
    if value is None:
        return "unpriced"
    if value.low > measured.limit:
        return "violated"
    if value.high > measured.limit:
        return "inconclusive"
    return "unpriced" if scene.unpriced else "ok"


def _is_old(measured: _Measured, min_change: Decimal) -> bool:
    """Whether the base was past the limit too, and the head is not worse by more than noise.

    ``min_change`` is USD a month; a cost per 1M tokens must not rise at all.
    """
    value, base = measured.value, measured.base
    if value is None or base is None or base.low <= measured.limit:
        return False
    allowed = min_change if measured.kind == "max_monthly" else ZERO
    return value.expected - base.expected <= allowed


def _result(
    limit: Limit,
    measured: _Measured,
    verdict: RuleVerdict,
    scene: _Scene,
    waivers: Sequence[Waiver],
) -> RuleResult:
    waiver = None
    if verdict == "violated" and measured.value is not None:
        waiver = _waiver_for(limit, scene, measured.value, waivers)
    return RuleResult(
        rule=limit.id,
        kind=measured.kind,
        subject=scene.subject,
        verdict="waived" if waiver else verdict,
        message=_message(measured, verdict, scene),
        value=measured.value,
        limit=measured.limit,
        base=None if measured.base is None else measured.base.expected,
        waived_until=None if waiver is None else waiver.expires,
        waiver_reason=None if waiver is None else waiver.reason,
        file=scene.file,
        line=scene.line,
    )


def _waiver_for(
    limit: Limit, scene: _Scene, value: Range, waivers: Sequence[Waiver]
) -> Waiver | None:
    """A waiver of this rule whose bound is not passed for sure."""
    for waiver in waivers:
        if waiver.rule == limit.id and _covers(waiver, limit, scene) and value.low <= waiver.up_to:
            return waiver
    return None


def _covers(waiver: Waiver, limit: Limit, scene: _Scene) -> bool:
    """A waiver without a scope covers what its rule is about; with one, that alone."""
    scope = waiver.scope
    if scope.is_total or scope == limit.scope:
        return True
    return (
        scope.stack in (None, scene.stack)
        and scope.scenario in (None, scene.subject, scene.stack)
        and scope.file in (None, scene.file)
    )


def _message(measured: _Measured, verdict: RuleVerdict, scene: _Scene) -> str:
    where = f"{scene.subject}: " if scene.subject else ""
    limit = _amount(measured, measured.limit)
    if measured.value is None:
        return f"{where}cannot be told: {_why_unknown(measured)}; the limit is {limit}"
    value = _amount(measured, measured.value.expected)
    said = {
        "ok": "within",
        "violated": "over",
        "known": "over already before this change, and no worse:",
        "inconclusive": "and the range spans",
        "unpriced": "or more, with parts that have no price; within",
        "waived": "over",
    }[verdict]
    return f"{where}{value}, {said} the limit of {limit}"


def _why_unknown(measured: _Measured) -> str:
    if measured.kind == "max_per_1m_tokens":
        return "no load is known"
    return "only the change is known, not the totals"


def _amount(measured: _Measured, value: Decimal) -> str:
    """``$1,620.37 a month``, ``12.5 % more``: cents, or two more digits where there are none."""
    if measured.kind == "max_increase_pct":
        return f"{value.quantize(_TENTH, ROUND_HALF_UP):,f} % more"
    step = CENT if abs(value) >= 1 else CENT * CENT
    shown = value.quantize(step, ROUND_HALF_UP)
    sign = "-" if shown < 0 else ""
    return f"{sign}${abs(shown):,f} {measured.unit}"


def _unpriced(scene: _Scene) -> RuleResult:
    new = [name for name in scene.unpriced if name not in scene.unpriced_before]
    verdict: RuleVerdict = "violated" if new else "known" if scene.unpriced else "ok"
    said = "everything is priced"
    if scene.unpriced:
        said = f"no price for {', '.join(new or scene.unpriced)}"
        said += "" if new else ", as before"
    return RuleResult(
        rule=BLOCK_UNPRICED,
        kind=BLOCK_UNPRICED,
        subject=scene.subject,
        verdict=verdict,
        message=said,
        file=scene.file,
        line=scene.line,
    )

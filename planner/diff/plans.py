"""Two saved plans compared by what they hold: nothing is priced again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from planner.decision import Plan
from planner.diff.pricing import Answers, Given
from planner.diff.scenarios import Draws, compare_scenarios
from planner.diff.shapley import cents, rounded_parts
from planner.diff.sides import LineKey, in_cents
from planner.diff.types import Choice, DiffLine, Drift, Part, Range, Side, Status, Subject
from planner.errors import PlanFileError, PlannerError
from planner.money import ZERO

__all__ = ["compare_plans", "explained"]


def compare_plans(name: str, before: Plan | None, after: Plan | None, *, file: str) -> Subject:
    """The subject of a plan that is there before, after, or both; split by cost category.

    A plan says what it costs and not what it would cost otherwise: see ``explained``.
    PlanFileError for a plan of a form that this version does not know.
    """
    try:
        return _subject(name, before, after, file)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise PlanFileError(
            f"{file}: a plan without what a comparison needs ({type(error).__name__}: {error}); "
            "save it again with recommend --save"
        ) from error


def explained(
    held: Subject, before: Given, after: Given, *, answers: Answers, draws: Draws
) -> Subject:
    """``held`` with causes, break-even and ranges of the scenarios behind the plans.

    As it was where those do not lead to the same choices and totals any more: a plan of another
    arm, or of another version of this program.
    """
    try:
        found = compare_scenarios(held.name, before, after, answers=answers, draws=draws)
    except PlannerError:
        return held
    if _answer(found) != _answer(held):
        return held
    return replace(
        found,
        kind="plan",
        status=held.status,
        drift=held.drift,
        file=held.file,
        stack=held.stack,
        plan_hashes=held.plan_hashes,
    )


def _answer(subject: Subject) -> tuple[object, ...]:
    choices, sides = (subject.choice_before, subject.choice_after), (subject.before, subject.after)
    return (
        *(None if choice is None else (choice.arm, choice.option) for choice in choices),
        *(None if side is None else side.monthly_usd.expected for side in sides),
    )


def _subject(name: str, before: Plan | None, after: Plan | None, file: str) -> Subject:
    base, head = _total(before), _total(after)
    change = head - base
    then, now = _choice(before), _choice(after)
    flipped = then is not None and now is not None and _other(then, now)
    status: Status = "new" if before is None else "removed" if after is None else "changed"
    if before is not None and after is not None and before.plan_hash == after.plan_hash:
        status = "unchanged"
    return Subject(
        name=name,
        kind="plan",
        status=status,
        before=None if before is None else _side(before, base),
        after=None if after is None else _side(after, head),
        change_usd=_change_range(before, after, base, head),
        drift=_drift(before, after),
        parts=_parts(before, after, change),
        lines=_lines(name, before, after, base, head),
        choice_before=then,
        choice_after=now,
        flipped=flipped,
        flip_note="as the plans say" if flipped else "",
        stack=next((str(plan.content["stack_id"]) for plan in (after, before) if plan), None),
        file=file,
        prices=tuple(dict.fromkeys(_prices(plan) for plan in (before, after) if plan is not None)),
        plan_hashes=tuple(plan.plan_hash for plan in (before, after) if plan is not None),
    )


def _total(plan: Plan | None) -> Decimal:
    return ZERO if plan is None else cents(_amount(plan.content["chosen"]["monthly_cost_usd"]))


def _amount(value: object) -> Decimal:
    amount = Decimal(str(value))
    if not amount.is_finite():
        raise ValueError(f"no amount: {value}")
    return amount


def _choice(plan: Plan | None) -> Choice | None:
    if plan is None:
        return None
    chosen: Mapping[str, Any] = plan.content["chosen"]
    serving, fleet = chosen.get("serving"), chosen.get("fleet")
    hardware = None
    if serving is not None:
        count = None if fleet is None else fleet.get("instances")
        hardware = f"{count} x {serving['instance_type']}" if count else serving["instance_type"]
    return Choice(
        arm=str(chosen["arm"]),
        option=str(chosen["name"]),
        model=None if chosen.get("model") is None else str(chosen["model"]),
        hardware=hardware,
        breakeven_note="a plan holds no break-even; compare the scenarios for it",
    )


def _other(then: Choice, now: Choice) -> bool:
    return (then.arm, then.option) != (now.arm, now.option)


def _side(plan: Plan, monthly: Decimal) -> Side:
    months = cast("Sequence[Mapping[str, Any]]", plan.content["spend"]["by_month"])
    requests = sum((_amount(month["requests"]) for month in months), ZERO) / len(months)
    demand = plan.content["demand"]
    tokens = _amount(demand["input_tokens_mean"]) + _amount(demand["output_tokens_mean"])
    return Side(
        monthly_usd=_range(plan, monthly),
        requests_per_month=requests,
        tokens_per_month=requests * tokens,
        is_floor=plan.content["chosen"]["is_floor"] is True,
        unpriced=tuple(str(row["name"]) for row in _rows(plan) if row["monthly_usd"] is None),
    )


def _range(plan: Plan, monthly: Decimal) -> Range:
    """The plan's own percentiles of its choice, widened to hold the expected value."""
    found = plan.content.get("uncertainty")
    own = None if found is None else found["monthly_cost_usd"].get(plan.content["chosen"]["name"])
    if own is None:
        return Range.point(monthly)
    low, high = cents(_amount(own["p10"])), cents(_amount(own["p90"]))
    return Range(low=min(low, monthly), expected=monthly, high=max(high, monthly))


def _change_range(before: Plan | None, after: Plan | None, base: Decimal, head: Decimal) -> Range:
    """Plans keep no draws: the widest that both ranges allow, nothing between equal plans."""
    if before is not None and after is not None and before.plan_hash == after.plan_hash:
        return Range.point(ZERO)
    one = Range.point(ZERO) if before is None else _range(before, base)
    other = Range.point(ZERO) if after is None else _range(after, head)
    return Range(low=other.low - one.high, expected=head - base, high=other.high - one.low)


def _drift(before: Plan | None, after: Plan | None) -> Drift:
    if before is None or after is None:
        return Drift(usd=None, reason="it stands on one side only")
    hashes = {str(plan.content["prices"]["snapshot_sha256"]) for plan in (before, after)}
    if len(hashes) == 1:
        return Drift(usd=ZERO)
    reason = "not measurable: the plans were made at different prices, and the change holds them"
    return Drift(usd=None, reason=reason)


def _prices(plan: Plan) -> str:
    prices = plan.content["prices"]
    sha = str(prices["snapshot_sha256"])[:12]
    return f"{prices['snapshot']} as of {prices['as_of']}, sha256 {sha}"


# --- Lines -------------------------------------------------------------------------------------


def _rows(plan: Plan | None) -> Sequence[Mapping[str, Any]]:
    return () if plan is None else cast("Sequence[Mapping[str, Any]]", plan.content["lines"])


def _by_key(plan: Plan | None) -> dict[LineKey, Mapping[str, Any]]:
    return {(str(row["category"]), str(row["name"])): row for row in _rows(plan)}


def _exact(rows: Mapping[LineKey, Mapping[str, Any]]) -> dict[LineKey, Fraction]:
    return {
        key: Fraction(_amount(row["monthly_usd"]))
        for key, row in rows.items()
        if row["monthly_usd"] is not None
    }


def _lines(
    name: str, before: Plan | None, after: Plan | None, base: Decimal, head: Decimal
) -> tuple[DiffLine, ...]:
    one, other = _by_key(before), _by_key(after)
    shown_base, shown_head = in_cents(_exact(one), _exact(other), base, head)
    return tuple(
        _line(name, key, one.get(key), other.get(key), shown_base.get(key), shown_head.get(key))
        for key in dict.fromkeys((*other, *one))
    )


def _line(
    name: str,
    key: LineKey,
    one: Mapping[str, Any] | None,
    other: Mapping[str, Any] | None,
    before: Decimal | None,
    after: Decimal | None,
) -> DiffLine:
    row = other or one
    assert row is not None
    status: Status = "new" if one is None else "removed" if other is None else "changed"
    if status == "changed" and before == after:
        status = "unchanged"
    gaps = [each for each in (one, other) if each is not None and each["monthly_usd"] is None]
    return DiffLine(
        component=key[1],
        status=status,
        before_usd=None if before is None else Range.point(before),
        after_usd=None if after is None else Range.point(after),
        subject=name,
        category=key[0],
        why=str(row["formula"]),
        source=str(row["source"]),
        observed=None if row["observed"] is None else date.fromisoformat(row["observed"]),
        reason_unpriced=str(gaps[0]["reason_unpriced"] or "no price") if gaps else None,
    )


def _parts(before: Plan | None, after: Plan | None, change: Decimal) -> tuple[Part, ...]:
    """The change of each category of cost, adding up to the cent."""
    exact: dict[str, Fraction] = {}
    for plan, sign in ((before, -1), (after, 1)):
        for (category, _), usd in _exact(_by_key(plan)).items():
            name = category.replace("_", " ")
            exact[name] = exact.get(name, Fraction(0)) + sign * usd
    shown = rounded_parts(exact, change if any(exact.values()) else ZERO)
    parts = [Part(factor=name, delta_usd=usd) for name, usd in shown.items() if exact[name]]
    return tuple(sorted(parts, key=lambda part: (-abs(part.delta_usd), part.factor)))

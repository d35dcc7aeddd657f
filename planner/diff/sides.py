"""Answers as the sides of a comparison: cost, choice, lines, and what turned."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from planner.costs import AmountLine
from planner.decision import Breakeven, Evaluated, Recommendation
from planner.diff.shapley import cents, rounded_parts
from planner.diff.types import Choice, DiffLine, Range, Side, Status
from planner.money import ZERO

__all__ = [
    "LineKey",
    "arms_of",
    "assumptions_of",
    "choice_of",
    "flip_note",
    "in_cents",
    "lines_of",
    "side_of",
]

# Category and name of a line.
LineKey = tuple[str, str]


def side_of(recommendation: Recommendation, monthly: Range) -> Side:
    """The choice's cost; without a feasible option a total that nobody can tell."""
    chosen = recommendation.chosen
    requests = recommendation.months.mean_requests
    tokens = requests * recommendation.demand.tokens_per_request
    if chosen is None:
        return Side(
            monthly_usd=monthly,
            requests_per_month=requests,
            tokens_per_month=tokens,
            is_floor=True,
            unpriced=("no feasible option",),
            order_uncertain=True,
        )
    return Side(
        monthly_usd=monthly,
        requests_per_month=requests,
        tokens_per_month=tokens,
        is_floor=chosen.mean.is_floor,
        unpriced=tuple(line.name for line in chosen.mean.unpriced),
        order_uncertain=recommendation.order_uncertain,
    )


def choice_of(recommendation: Recommendation) -> Choice | None:
    """The option chosen, and where self-hosting begins to be cheaper."""
    chosen = recommendation.chosen
    if chosen is None:
        return None
    option, pair = chosen.option, recommendation.breakeven
    hardware = None
    if option.serving is not None:
        count = "" if chosen.instances is None else f"{chosen.instances} x "
        hardware = f"{count}{option.serving.instance_type}"
    return Choice(
        arm=option.arm,
        option=option.name,
        model=option.resolved_model,
        hardware=hardware,
        breakeven_requests_per_month=_turns_at(pair),
        breakeven_note=pair.reason,
    )


def _turns_at(pair: Breakeven) -> int | None:
    return pair.lasting_requests_per_month or pair.first_crossing_requests_per_month


def flip_note(then: Recommendation, now: Recommendation) -> str:
    """What was crossed when another option became the cheapest."""
    volumes = [int(each.months.requests[0]) for each in (then, now)]
    turns = _turns_at(now.breakeven) or _turns_at(then.breakeven)
    said = f"{volumes[0]:,} → {volumes[1]:,} requests in the first month"
    if volumes[0] == volumes[1]:
        said = f"at {volumes[1]:,} requests in the first month"
    if turns is None:
        return said
    return f"{said}; self-hosting is cheaper from {turns:,} requests a month"


def arms_of(
    then: Recommendation | None, now: Recommendation | None
) -> tuple[tuple[str, Decimal | None, Decimal | None], ...]:
    """The cheapest feasible option of each arm before and after, in cents; by name."""
    before, after = _by_arm(then), _by_arm(now)
    return tuple(
        (arm, before.get(arm), after.get(arm)) for arm in sorted(before.keys() | after.keys())
    )


def _by_arm(recommendation: Recommendation | None) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in () if recommendation is None else recommendation.options:
        if each.option.feasible:
            found.setdefault(each.option.arm, cents(each.monthly_cost_usd))
    return found


def assumptions_of(recommendation: Recommendation) -> tuple[str, ...]:
    """What was assumed, not given: ``path: value (source)``."""
    return tuple(
        dict.fromkeys(
            f"{each.path}: {each.value} ({each.source})"
            for each in recommendation.assumptions
            if each.mark
        )
    )


def lines_of(
    subject: str,
    then: Evaluated | None,
    now: Evaluated | None,
    before_usd: Decimal,
    after_usd: Decimal,
) -> tuple[DiffLine, ...]:
    """The lines of both choices side by side; each side's cents add up to its total."""
    shared = _shared_keys(then, now)
    base, head = _amounts(then, shared), _amounts(now, shared)
    shown_base, shown_head = in_cents(_exact(base), _exact(head), before_usd, after_usd)
    return tuple(
        _line(subject, key, base.get(key), head.get(key), shown_base, shown_head)
        for key in dict.fromkeys((*head, *base))
    )


def _amounts(evaluated: Evaluated | None, shared: frozenset[LineKey]) -> dict[LineKey, AmountLine]:
    """Lines by category and name; those of one option alone carry its name."""
    if evaluated is None:
        return {}
    found: dict[LineKey, AmountLine] = {}
    for each in evaluated.mean.lines:
        key = each.line.category, each.line.name
        if key not in shared:
            key = each.line.category, f"{each.line.name} ({evaluated.option.name})"
        found[key] = each
    return found


def _shared_keys(then: Evaluated | None, now: Evaluated | None) -> frozenset[LineKey]:
    """The lines that both have; all lines where both are one option, or one is not there."""
    every = [
        frozenset((each.line.category, each.line.name) for each in evaluated.mean.lines)
        for evaluated in (then, now)
        if evaluated is not None
    ]
    if then is not None and now is not None and then.option.name != now.option.name:
        return every[0] & every[1]
    return frozenset(key for keys in every for key in keys)


def _exact(amounts: Mapping[LineKey, AmountLine]) -> dict[LineKey, Fraction]:
    return {key: Fraction(each.usd) for key, each in amounts.items() if each.usd is not None}


def in_cents(
    base: Mapping[LineKey, Fraction],
    head: Mapping[LineKey, Fraction],
    before_usd: Decimal,
    after_usd: Decimal,
) -> tuple[dict[LineKey, Decimal], dict[LineKey, Decimal]]:
    """Both sides' lines in cents, each side adding up to its total.

    A line of the same amount on both sides is the same to the cent; what rounding leaves over goes
    to lines that differ, where a side has any.
    """
    same = {key: usd for key, usd in base.items() if head.get(key) == usd}
    others = [{k: usd for k, usd in side.items() if k not in same} for side in (base, head)]
    totals = (before_usd, after_usd)
    kept = {key: cents(usd) for key, usd in same.items()}
    for other, total in zip(others, totals, strict=True):
        if same and not any(other.values()):
            kept = _parts(same, total)
            break
    left = sum(kept.values(), ZERO)
    shown = [
        {**kept, **_parts(other, total - left if any(other.values()) else ZERO)}
        for other, total in zip(others, totals, strict=True)
    ]
    return shown[0], shown[1]


def _parts(exact: Mapping[LineKey, Fraction], total: Decimal) -> dict[LineKey, Decimal]:
    named = {"\n".join(key): usd for key, usd in exact.items()}
    shown = rounded_parts(named, total if any(named.values()) else ZERO)
    return {key: shown["\n".join(key)] for key in exact}


def _line(
    subject: str,
    key: LineKey,
    base: AmountLine | None,
    head: AmountLine | None,
    shown_base: Mapping[LineKey, Decimal],
    shown_head: Mapping[LineKey, Decimal],
) -> DiffLine:
    before, after = shown_base.get(key), shown_head.get(key)
    line = head or base
    assert line is not None
    unpriced = [each.line for each in (base, head) if each is not None and each.usd is None]
    return DiffLine(
        component=key[1],
        status=_status(base, head, before == after),
        before_usd=None if before is None else Range.point(before),
        after_usd=None if after is None else Range.point(after),
        subject=subject,
        category=key[0],
        why=_why(base, head),
        source=line.line.source,
        observed=line.line.observed,
        reason_unpriced=unpriced[0].reason_unpriced or "no price" if unpriced else None,
    )


def _status(base: AmountLine | None, head: AmountLine | None, same: bool) -> Status:
    if base is None:
        return "new"
    if head is None:
        return "removed"
    return "unchanged" if same else "changed"


def _why(base: AmountLine | None, head: AmountLine | None) -> str:
    """The formula, or both where the rate itself changed; volume alone leaves it as it is."""
    if base is None or head is None:
        only = head or base
        return "" if only is None else only.line.formula
    if base.line.formula == head.line.formula:
        return head.line.formula
    return f"{base.line.formula} → {head.line.formula}"

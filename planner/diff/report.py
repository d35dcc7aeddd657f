"""Several subjects as one report: sums by side and by factor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from planner.diff.spread import around
from planner.diff.types import DiffReport, Drift, Part, Range, Side, Subject, Total
from planner.money import ZERO

__all__ = ["diff_report", "summed_parts", "total_of"]

# Subjects whose fields are named beside a factor.
_MOST_NAMED = 3


def diff_report(
    title: str, subjects: Sequence[Subject], *, notes: Sequence[str] = ()
) -> DiffReport:
    """The report of these subjects, without a policy; subjects keep their order."""
    return DiffReport(
        title=title,
        subjects=tuple(subjects),
        total=total_of(subjects),
        parts=summed_parts(subjects),
        notes=tuple(notes),
        prices=tuple(dict.fromkeys(price for each in subjects for price in each.prices)),
    )


def summed_parts(subjects: Sequence[Subject]) -> tuple[Part, ...]:
    """Parts of the same factor added up, the largest change first, then by name."""
    usd: dict[str, Decimal] = {}
    why: dict[str, list[str]] = {}
    for subject in subjects:
        for part in subject.parts:
            usd[part.factor] = usd.get(part.factor, ZERO) + part.delta_usd
            if part.why:
                why.setdefault(part.factor, []).append(_whose(subject, part, subjects))
    parts = [
        Part(factor=factor, delta_usd=amount, why=_few(why.get(factor, ())))
        for factor, amount in usd.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-abs(part.delta_usd), part.factor)))


def _whose(subject: Subject, part: Part, subjects: Sequence[Subject]) -> str:
    """The fields, after the subject's name where there are several."""
    if len(subjects) == 1 or part.why == subject.name:
        return part.why
    return f"{subject.name}: {part.why}"


def _few(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    shown = "; ".join(words[:_MOST_NAMED])
    return f"{shown}; {more} more" if more > 0 else shown


def total_of(subjects: Sequence[Subject]) -> Total:
    """The sums, with ranges over the draws that all subjects have in common.

    Where a subject has a range and no draws (a saved plan) ranges add up as if all were low, or
    high, together.
    """
    before = [each.before for each in subjects]
    after = [each.after for each in subjects]
    known = all(each.totals_known for each in subjects)
    sides = [side for side in (*before, *after) if side is not None]
    return Total(
        before_usd=_together(_before(each) for each in subjects) if known else None,
        after_usd=_together(_after(each) for each in subjects) if known else None,
        change_usd=_together(
            (each.change_usd, each.drawn and each.drawn.change) for each in subjects
        ),
        drift=_drift([each.drift for each in subjects if each.before and each.after]),
        is_floor=any(side.is_floor for side in sides),
        unpriced=tuple(dict.fromkeys(name for side in sides for name in side.unpriced)),
        requests_before=_volume(before, tokens=False),
        requests_after=_volume(after, tokens=False),
        tokens_before=_volume(before, tokens=True),
        tokens_after=_volume(after, tokens=True),
    )


# An amount, and its draws where it has any.
_Amount = tuple[Range, tuple[float, ...] | None]


def _before(subject: Subject) -> _Amount:
    side = subject.before
    usd = Range.point(ZERO) if side is None else side.monthly_usd
    return usd, subject.drawn and subject.drawn.before


def _after(subject: Subject) -> _Amount:
    side = subject.after
    usd = Range.point(ZERO) if side is None else side.monthly_usd
    return usd, subject.drawn and subject.drawn.after


def _together(amounts: Iterable[_Amount]) -> Range:
    every = list(amounts)
    expected = sum((usd.expected for usd, _ in every), ZERO)
    drawn = [draws for _, draws in every if draws]
    others = [usd for usd, draws in every if not draws]
    if drawn and all(usd.is_point for usd in others):
        points = float(sum((usd.expected for usd in others), ZERO))
        return around([points + sum(each) for each in zip(*drawn, strict=True)], expected)
    return Range(
        low=sum((usd.low for usd, _ in every), ZERO),
        expected=expected,
        high=sum((usd.high for usd, _ in every), ZERO),
    )


def _drift(drifts: Sequence[Drift]) -> Drift:
    """None as soon as one is not known: a part of a sum is no sum."""
    unknown = next((each for each in drifts if each.usd is None), None)
    if unknown is not None:
        return unknown
    if not drifts:
        return Drift(usd=None, reason="nothing stands on both sides")
    return Drift(usd=sum((each.usd for each in drifts if each.usd is not None), ZERO))


def _volume(sides: Sequence[Side | None], *, tokens: bool) -> Decimal | None:
    """Requests or tokens of a side; None where one that is there has no known load."""
    there = [side for side in sides if side is not None]
    volumes = [side.tokens_per_month if tokens else side.requests_per_month for side in there]
    known = [volume for volume in volumes if volume is not None]
    return sum(known, ZERO) if known and len(known) == len(volumes) else None

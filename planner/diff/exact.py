"""The change between two answers in exact fractions: what prices did, and what each cause did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from planner.decision import Recommendation
from planner.diff.factors import ARM
from planner.diff.game import Block, split
from planner.diff.mixing import Change, Mixture, mixture_of
from planner.diff.picks import pick_of
from planner.diff.pricing import Answers, Given, PriceBook
from planner.errors import PlannerError

__all__ = ["ExactChange", "Pair", "exact_change", "exact_usd"]

# Where nothing can be told apart.
_EVERYTHING: Block = ("other settings",)
_NOT_COMMITTED = "not measurable without a planner.prices.json committed on both sides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two versions of a scenario and the answers they are compared by.

    ``base_book`` is the base's own where both sides committed their prices, else the head's.
    """

    name: str
    before: Given
    after: Given
    base_book: PriceBook
    measurable: bool
    then: Recommendation
    now: Recommendation

    @classmethod
    def of(cls, name: str, before: Given, after: Given, answers: Answers) -> Pair:
        """PlannerError when one of them has no answer."""
        measurable = before.book.committed and after.book.committed
        base_book = before.book if measurable else after.book
        return cls(
            name=name,
            before=before,
            after=after,
            base_book=base_book,
            measurable=measurable,
            then=answers.of_given(before, base_book),
            now=answers.of_given(after, after.book),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactChange:
    """``parts`` sum to ``change`` exactly; ``change`` + ``drift`` (0 if None) is the whole.

    ``changes`` are the fields that differ; ``flipped`` says that the answer chose otherwise.
    ``base_now`` is the base scenario's answer at the head's prices.
    """

    change: Fraction
    drift: Fraction | None
    drift_reason: str
    parts: Mapping[Block, Fraction]
    changes: tuple[Change, ...]
    flipped: bool
    base_now: Recommendation


def exact_usd(recommendation: Recommendation) -> Fraction:
    """Monthly cost of the choice; 0 without one."""
    chosen = recommendation.chosen
    return Fraction(0) if chosen is None else Fraction(chosen.monthly_cost_usd)


def exact_change(pair: Pair, answers: Answers) -> ExactChange:
    """Prices and everything else are two factors: each is the mean of what it adds first and last.

    Without measurable prices both sides have the head's, and there is no drift.
    """
    mixture = _mixture(pair, pair.then, pair.now)
    if pair.base_book.key == pair.after.book.key:
        return ExactChange(
            change=exact_usd(pair.now) - exact_usd(pair.then),
            drift=Fraction(0) if pair.measurable else None,
            drift_reason="" if pair.measurable else _NOT_COMMITTED,
            parts=_split(mixture, pair.after.book, pair.then, pair.now),
            changes=() if mixture is None else mixture.changes,
            flipped=_flipped(pair, mixture),
            base_now=pair.then,
        )
    try:
        return _with_drift(pair, mixture, answers)
    except PlannerError as error:
        whole = exact_usd(pair.now) - exact_usd(pair.then)
        return ExactChange(
            change=whole,
            drift=None,
            drift_reason=f"not measurable: {error.message}",
            parts={_EVERYTHING: whole} if whole else {},
            changes=(),
            flipped=_flipped(pair, mixture),
            base_now=pair.then,
        )


def _with_drift(pair: Pair, mixture: Mixture | None, answers: Answers) -> ExactChange:
    base_now = answers.of(pair.before.scenario, pair.after.book)
    head_then = answers.of(pair.after.scenario, pair.base_book)
    first = exact_usd(base_now) - exact_usd(pair.then)
    last = exact_usd(pair.now) - exact_usd(head_then)
    drift = (first + last) / 2
    at_head = _split(_mixture(pair, base_now, pair.now), pair.after.book, base_now, pair.now)
    at_base = _split(_mixture(pair, pair.then, head_then), pair.base_book, pair.then, head_then)
    zero = Fraction(0)
    return ExactChange(
        change=exact_usd(pair.now) - exact_usd(pair.then) - drift,
        drift=drift,
        drift_reason="",
        parts={
            block: (at_head.get(block, zero) + at_base.get(block, zero)) / 2
            for block in dict.fromkeys((*at_head, *at_base))
        },
        changes=() if mixture is None else mixture.changes,
        flipped=_flipped(pair, mixture),
        base_now=base_now,
    )


def _split(
    mixture: Mixture | None, book: PriceBook, then: Recommendation, now: Recommendation
) -> Mapping[Block, Fraction]:
    """The change of cost at the prices of ``book`` by cause."""
    before, after = exact_usd(then), exact_usd(now)
    parts: Mapping[Block, Fraction] = {}
    if mixture is not None:
        parts = split(mixture, book.catalog, before, after)
    return parts if parts or before == after else {_EVERYTHING: after - before}


def _mixture(pair: Pair, then: Recommendation, now: Recommendation) -> Mixture | None:
    """None where one side has no choice, or the same scenario has the same answer."""
    before, after = pair.before.scenario, pair.after.scenario
    if then.chosen is None or now.chosen is None or then is now:
        return None
    base, head = pick_of(before, then.chosen.option), pick_of(after, now.chosen.option)
    if base is None or head is None:
        return None
    return mixture_of(before, after, base, head)


def _flipped(pair: Pair, mixture: Mixture | None) -> bool:
    """Another option was chosen, and not only edited."""
    then, now = pair.then.chosen, pair.now.chosen
    if then is None or now is None:
        return then is not now
    if then.option.arm != now.option.arm:
        return True
    return mixture is not None and ARM in mixture.factors

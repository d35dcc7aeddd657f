"""From labelled pairs to hit rates and false-hit rates, with what the sample proves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.levers.cache.guard import forces_miss
from planner.levers.cache.pairs import Pair
from planner.levers.cache.thresholds import ThresholdRates
from planner.levers.intervals import clopper_pearson, upper_bound

__all__ = ["Calibrated", "ErrorSample", "GuardEffect", "calibrated", "default_thresholds"]

# Printed in the tables of the field; a sample decides among them.
_DEFAULT_THRESHOLDS = ("0.80", "0.85", "0.90", "0.92", "0.95", "0.97", "0.98")
_RATE_STEP = Decimal("1e-12")
_BOUND_STEP = Decimal("1e-9")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSample:
    """Wrong ones among so many: the rate's exact (Clopper-Pearson) bounds at 95 %.

    ``upper`` is one-sided and certifies; ``low`` to ``high`` is two-sided and shows.
    """

    wrong: int
    of: int
    low: Decimal
    high: Decimal
    upper: Decimal

    @staticmethod
    def counted(wrong: int, of: int) -> ErrorSample:
        """The bounds of a count."""
        low, high = clopper_pearson(wrong, of)
        return ErrorSample(
            wrong=wrong,
            of=of,
            low=_bound(low),
            high=_bound(high),
            upper=_bound(upper_bound(wrong, of)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardEffect:
    """Shares (0-1) of the pairs of each kind that the guard keeps from being served."""

    wrong_prevented_share: Decimal
    right_lost_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """One threshold on a sample.

    ``recall`` is the share of the same pairs that are served, ``false_serve`` counts the
    different ones. ``guard`` is None without texts.
    """

    rates: ThresholdRates
    recall: Decimal
    false_serve: ErrorSample
    guard: GuardEffect | None


def default_thresholds() -> tuple[Decimal, ...]:
    """The thresholds that are tried when the scenario names none."""
    return tuple(Decimal(text) for text in _DEFAULT_THRESHOLDS)


def calibrated(
    pairs: Sequence[Pair],
    thresholds: Sequence[Decimal],
    *,
    duplicate_share: Decimal | None,
    guard: bool,
    limit: Decimal | None,
) -> tuple[Calibrated, ...]:
    """Rates at each threshold: hits d R + (1 - d) F, of which (1 - d) F are wrong.

    d is ``duplicate_share``, or the sample's own share of same pairs; R the recall of same pairs;
    F the share of different pairs that are served. With ``limit``, a threshold qualifies when the
    one-sided upper bound of F does not pass it. ``pairs`` has both kinds.
    """
    same = [pair for pair in pairs if pair.same]
    different = [pair for pair in pairs if not pair.same]
    share = Decimal(len(same)) / len(pairs) if duplicate_share is None else duplicate_share
    blocked = frozenset(id(pair) for pair in pairs if guard and _guarded(pair))
    has_texts = any(pair.texts is not None for pair in pairs)
    return tuple(
        _at(
            threshold,
            _Side.at(threshold, same, blocked),
            _Side.at(threshold, different, blocked),
            share,
            has_texts=has_texts and guard,
            limit=limit,
        )
        for threshold in sorted(set(thresholds))
    )


def _guarded(pair: Pair) -> bool:
    return pair.texts is not None and forces_miss(*pair.texts) is not None


@dataclass(frozen=True, slots=True)
class _Side:
    """Pairs of one kind: all, similar enough, and of those kept back by the guard."""

    all: int
    similar: int
    kept_back: int

    @staticmethod
    def at(threshold: Decimal, pairs: Sequence[Pair], blocked: frozenset[int]) -> _Side:
        similar = [pair for pair in pairs if pair.similarity >= threshold]
        kept = sum(id(pair) in blocked for pair in similar)
        return _Side(len(pairs), len(similar), kept)

    @property
    def served(self) -> int:
        return self.similar - self.kept_back

    @property
    def kept_back_share(self) -> Decimal:
        return _rate(self.kept_back, self.all)


def _at(
    threshold: Decimal,
    same: _Side,
    different: _Side,
    duplicate_share: Decimal,
    *,
    has_texts: bool,
    limit: Decimal | None,
) -> Calibrated:
    recall = _rate(same.served, same.all)
    errors = ErrorSample.counted(different.served, different.all)
    right = duplicate_share * recall
    wrong = (1 - duplicate_share) * _rate(different.served, different.all)
    hits = right + wrong
    return Calibrated(
        rates=ThresholdRates(
            threshold=threshold,
            hit_rate=hits.quantize(_RATE_STEP),
            false_hit_rate=Decimal(0) if hits == 0 else (wrong / hits).quantize(_RATE_STEP),
            basis="hits",
            qualifies=limit is None or errors.upper <= limit,
            wrong_per_query_upper=((1 - duplicate_share) * errors.upper).quantize(_RATE_STEP),
        ),
        recall=recall,
        false_serve=errors,
        guard=GuardEffect(
            wrong_prevented_share=different.kept_back_share, right_lost_share=same.kept_back_share
        )
        if has_texts
        else None,
    )


def _rate(part: int, of: int) -> Decimal:
    return (Decimal(part) / of).quantize(_RATE_STEP)


def _bound(value: float) -> Decimal:
    return Decimal(f"{value:.12f}").quantize(_BOUND_STEP)

"""A semantic cache by similarity threshold: what it saves, what it gets wrong, which is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

__all__ = [
    "BestSpan",
    "CacheCosts",
    "Risk",
    "ThresholdRates",
    "ThresholdResult",
    "WrongBasis",
    "best_by_error_cost",
    "best_threshold",
    "threshold_results",
]

WrongBasis = Literal["hits", "queries"]
Risk = Literal["LOW", "MEDIUM", "HIGH"]

_HIGH_RISK = Decimal("0.05")
_MEDIUM_RISK = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRates:
    """Shares (0-1) at one threshold: ``hit_rate`` of the queries that are looked up;
    ``false_hit_rate`` of what ``basis`` says. ``qualifies`` is False when a limit on wrong
    answers is not proved to hold. ``wrong_per_query_upper`` is the one-sided 95 % upper bound of
    ``wrong_per_query``; None without a sample.
    """

    threshold: Decimal
    hit_rate: Decimal
    false_hit_rate: Decimal
    basis: WrongBasis
    qualifies: bool = True
    wrong_per_query_upper: Decimal | None = None

    @property
    def wrong_per_query(self) -> Decimal:
        """Wrong answers as a share of all queries looked up."""
        return self.wrong_at(self.false_hit_rate)

    def wrong_at(self, false_hit_rate: Decimal) -> Decimal:
        """The same share at another false-hit rate on the same basis."""
        return false_hit_rate * (self.hit_rate if self.basis == "hits" else 1)

    @property
    def risk(self) -> Risk:
        """By the false-hit rate as given: above 5 % high, above 1 % medium."""
        if self.false_hit_rate > _HIGH_RISK:
            return "HIGH"
        return "MEDIUM" if self.false_hit_rate > _MEDIUM_RISK else "LOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCosts:
    """A month of look-ups: their number, what a hit saves, what look-ups, store and errors cost."""

    queries_per_month: Decimal
    usd_per_query: Decimal
    lookup_usd_per_query: Decimal
    store_monthly_usd: Decimal
    usd_per_wrong_answer: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdResult:
    """USD a month at one threshold; look-ups and store are paid whatever the threshold.

    ``error_usd`` and the net saving count wrong answers at the rate as given or seen (a point
    estimate); the ``upper`` figures count them at the 95 % upper bound of that rate, hits as they
    are, and are None without a sample.
    """

    rates: ThresholdRates
    wrong_answers_per_month: Decimal
    gross_saving_usd: Decimal
    lookup_usd: Decimal
    store_usd: Decimal
    error_usd: Decimal
    wrong_answers_upper: Decimal | None = None
    error_upper_usd: Decimal | None = None

    @property
    def before_errors_usd(self) -> Decimal:
        """Net saving if wrong answers cost nothing."""
        return self.gross_saving_usd - self.lookup_usd - self.store_usd

    @property
    def net_saving_usd(self) -> Decimal:
        """N h c - N e - F - wrong answers x their cost."""
        return self.before_errors_usd - self.error_usd

    @property
    def net_saving_at_upper_usd(self) -> Decimal | None:
        """Net saving if as many answers are wrong as the sample does not rule out."""
        upper = self.error_upper_usd
        return None if upper is None else self.before_errors_usd - upper


@dataclass(frozen=True, slots=True, kw_only=True)
class BestSpan:
    """Costs of a wrong answer, from (included) to (excluded, None: no end), and the best
    threshold there; None: no semantic cache.
    """

    threshold: Decimal | None
    from_usd: Fraction
    to_usd: Fraction | None


def threshold_results(
    rates: Sequence[ThresholdRates], costs: CacheCosts
) -> tuple[ThresholdResult, ...]:
    """One result for each threshold, lowest threshold first."""
    queries = costs.queries_per_month
    found: list[ThresholdResult] = []
    for each in sorted(rates, key=lambda r: r.threshold):
        wrong = queries * each.wrong_per_query
        most = each.wrong_per_query_upper
        upper = None if most is None else queries * most
        found.append(
            ThresholdResult(
                rates=each,
                wrong_answers_per_month=wrong,
                gross_saving_usd=queries * each.hit_rate * costs.usd_per_query,
                lookup_usd=queries * costs.lookup_usd_per_query,
                store_usd=costs.store_monthly_usd,
                error_usd=wrong * costs.usd_per_wrong_answer,
                wrong_answers_upper=upper,
                error_upper_usd=None if upper is None else upper * costs.usd_per_wrong_answer,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Line:
    """Net saving over the cost of a wrong answer: ``start`` - ``wrong`` x cost."""

    threshold: Decimal | None
    start: Fraction
    wrong: Fraction

    @property
    def strictness(self) -> Decimal:
        return Decimal(2) if self.threshold is None else self.threshold

    def at(self, cost: Fraction) -> Fraction:
        return self.start - self.wrong * cost


def _lines(results: Sequence[ThresholdResult]) -> list[_Line]:
    """Every threshold that qualifies, and no cache at all."""
    return [
        _Line(None, Fraction(0), Fraction(0)),
        *(
            _Line(
                each.rates.threshold,
                Fraction(each.before_errors_usd),
                Fraction(each.wrong_answers_per_month),
            )
            for each in results
            if each.rates.qualifies
        ),
    ]


def best_threshold(
    results: Sequence[ThresholdResult], usd_per_wrong_answer: Decimal
) -> Decimal | None:
    """The threshold with the largest net saving; of equals the strictest; None: no cache."""
    cost = Fraction(usd_per_wrong_answer)
    return max(_lines(results), key=lambda line: (line.at(cost), line.strictness)).threshold


def best_by_error_cost(results: Sequence[ThresholdResult]) -> tuple[BestSpan, ...]:
    """The best threshold for every cost of a wrong answer, from $0 on.

    Each threshold's net saving falls in a straight line with that cost, so the best ones form the
    upper envelope of lines; at a crossing the stricter threshold is taken.
    """
    lines = _lines(results)
    spans: list[BestSpan] = []
    here = Fraction(0)
    best = max(lines, key=lambda line: (line.start, line.strictness))
    while True:
        crossings = [
            ((best.start - line.start) / (best.wrong - line.wrong), line)
            for line in lines
            if line.wrong < best.wrong
        ]
        if not crossings:
            spans.append(BestSpan(threshold=best.threshold, from_usd=here, to_usd=None))
            return tuple(spans)
        cost = min(at for at, _ in crossings)
        meeting = [line for at, line in crossings if at == cost]
        following = max(meeting, key=lambda line: (-line.wrong, line.strictness))
        if cost > here:
            spans.append(BestSpan(threshold=best.threshold, from_usd=here, to_usd=cost))
        here, best = cost, following

"""The semantic cache in full, for ``planner optimize --show cache``."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from planner.levers.cache import (
    BestSpan,
    Calibrated,
    ErrorSample,
    ThresholdResult,
    best_by_error_cost,
)
from planner.levers.intervals import pairs_to_certify
from planner.levers.together import ORDER, CacheTable, Resolved
from planner.render.numbers import significant
from planner.render.payload_levers import ClaimView, claim_view

__all__ = [
    "BestSpanView",
    "CacheView",
    "CertifyView",
    "ErrorSampleView",
    "GuardView",
    "LayersView",
    "ThresholdView",
    "cache_view",
]

_LIMITS = ("0.05", "0.02", "0.01", "0.005", "0.002")
_DIGITS = 12


class ErrorSampleView(NamedTuple):
    """``wrong`` of ``pairs``; bounds are exact binomial (Clopper-Pearson) at 95 %.

    ``upper_95`` is one-sided and certifies a limit; ``low_95`` to ``high_95`` is two-sided.
    """

    wrong: int
    pairs: int
    upper_95: Decimal
    low_95: Decimal
    high_95: Decimal


class GuardView(NamedTuple):
    """Shares of the different and of the same pairs that the guard keeps from being served."""

    wrong_prevented_share: Decimal
    right_lost_share: Decimal


class ThresholdView(NamedTuple):
    """One similarity threshold, a month of look-ups, judged behind the levers before it.

    ``false_hit_rate`` is a share of what ``false_hit_basis`` says. With labelled pairs ``recall``
    is the share of same pairs that are served, ``sample`` counts different pairs served; otherwise
    ``sample`` is the scenario's own. ``net_saving_usd`` is gross - look-up - store - errors, with
    errors at the rate as given or seen; the ``upper_95`` figures have them at the one-sided 95 %
    upper bound of that rate, hits as they are, and are null without a sample.
    """

    threshold: Decimal
    hit_rate: Decimal
    false_hit_rate: Decimal
    recall: Decimal | None
    sample: ErrorSampleView | None
    pairs_to_certify_own_rate: int | None
    guard: GuardView | None
    qualifies: bool
    risk: Literal["LOW", "MEDIUM", "HIGH"]
    wrong_answers_per_month: Decimal
    gross_saving_usd: Decimal
    lookup_usd: Decimal
    store_usd: Decimal
    error_usd: Decimal
    net_saving_usd: Decimal
    wrong_answers_upper_95_per_month: Decimal | None
    error_upper_95_usd: Decimal | None
    net_saving_upper_95_usd: Decimal | None
    is_best: bool
    is_in_use: bool


class BestSpanView(NamedTuple):
    """Best threshold from one cost of a wrong answer (included) to another (excluded; null: on).

    A null threshold means that no semantic cache is best.
    """

    threshold: Decimal | None
    from_usd_per_wrong_answer: Decimal
    to_usd_per_wrong_answer: Decimal | None


class CertifyView(NamedTuple):
    """Pairs without an error that prove, at 95 %, a rate of at most ``limit``."""

    limit: Decimal
    pairs: int


class LayersView(NamedTuple):
    """Exact match first; what it misses is looked up: h = h_exact + (1 - h_exact) h_semantic.

    The look-up takes time on exact misses only; the mean is over all requests.
    """

    exact_hit_rate: Decimal
    semantic_hit_rate: Decimal
    hit_rate: Decimal
    gross_saving_usd: Decimal
    lookup_ms_low: Decimal | None
    lookup_ms_high: Decimal | None
    mean_added_ms_low: Decimal | None
    mean_added_ms_high: Decimal | None
    claim: ClaimView


class CacheView(NamedTuple):
    """The caches, mean month; nothing of it is in the waterfall twice.

    Thresholds are judged on what the levers of ``judged_behind`` leave: a hit saves
    ``usd_per_query``, where the baseline's call is ``baseline_usd_per_query``; ``layers`` are alone
    on the baseline. ``best_threshold`` is the largest net saving at the scenario's cost of a wrong
    answer among the thresholds that qualify; null: none is worth having. ``not_applied`` says why
    none is in use.
    """

    semantic: bool
    basis: Literal["measured", "documented", "assumed"] | None
    mark: str
    counts_in_recommend: bool
    source: str | None
    pairs_file: str | None
    false_hit_basis: Literal["hits", "queries"] | None
    false_hit_limit: Decimal | None
    queries_per_month: Decimal | None
    judged_behind: tuple[str, ...]
    usd_per_query: Decimal | None
    baseline_usd_per_query: Decimal | None
    usd_per_wrong_answer: Decimal | None
    thresholds: tuple[ThresholdView, ...]
    best_threshold: Decimal | None
    threshold_in_use: Decimal | None
    not_applied: str | None
    best_by_error_cost: tuple[BestSpanView, ...]
    certification: tuple[CertifyView, ...]
    layers: LayersView


def cache_view(resolved: Resolved) -> CacheView:
    """All of it; without a semantic cache the layers alone."""
    given = resolved.settings.given.semantic_cache
    table = resolved.cache
    layers = _layers(resolved)
    if given is None or table is None:
        return _only_layers(layers)
    counts = given.basis != "assumed"
    return CacheView(
        semantic=True,
        basis=given.basis,
        mark="" if counts else "?",
        counts_in_recommend=counts,
        source=given.source,
        pairs_file=table.pairs_file,
        false_hit_basis="hits" if table.calibrated else given.false_hit_basis,
        false_hit_limit=given.false_hit_limit,
        queries_per_month=significant(table.costs.queries_per_month, _DIGITS),
        judged_behind=tuple(lever for lever in ORDER if lever in table.behind),
        usd_per_query=significant(table.costs.usd_per_query, _DIGITS),
        baseline_usd_per_query=None
        if resolved.base_usd is None
        else significant(resolved.base_usd / resolved.inputs.months.mean_requests, _DIGITS),
        usd_per_wrong_answer=given.usd_per_wrong_answer,
        thresholds=_thresholds(table),
        best_threshold=table.best,
        threshold_in_use=None if table.chosen is None else table.chosen.threshold,
        not_applied=table.not_applied,
        best_by_error_cost=tuple(_span(each) for each in best_by_error_cost(table.results)),
        certification=tuple(
            CertifyView(limit=Decimal(limit), pairs=pairs_to_certify(float(limit)))
            for limit in _LIMITS
        ),
        layers=layers,
    )


def _only_layers(layers: LayersView) -> CacheView:
    return CacheView(
        semantic=False,
        basis=None,
        mark="",
        counts_in_recommend=False,
        source=None,
        pairs_file=None,
        false_hit_basis=None,
        false_hit_limit=None,
        queries_per_month=None,
        judged_behind=(),
        usd_per_query=None,
        baseline_usd_per_query=None,
        usd_per_wrong_answer=None,
        thresholds=(),
        best_threshold=None,
        threshold_in_use=None,
        not_applied=None,
        best_by_error_cost=(),
        certification=(),
        layers=layers,
    )


def _thresholds(table: CacheTable) -> tuple[ThresholdView, ...]:
    calibrated = {each.rates.threshold: each for each in table.calibrated}
    return tuple(
        _threshold(each, calibrated.get(each.rates.threshold), table) for each in table.results
    )


def _threshold(
    result: ThresholdResult, calibrated: Calibrated | None, table: CacheTable
) -> ThresholdView:
    rates = result.rates
    sample = table.samples.get(rates.threshold)
    if calibrated is not None:
        sample = calibrated.false_serve
    guard = None if calibrated is None else calibrated.guard
    own = float(rates.false_hit_rate)
    return ThresholdView(
        threshold=rates.threshold,
        hit_rate=rates.hit_rate,
        false_hit_rate=rates.false_hit_rate,
        recall=None if calibrated is None else calibrated.recall,
        sample=None if sample is None else _sample(sample),
        pairs_to_certify_own_rate=pairs_to_certify(own) if 0 < own < 1 else None,
        guard=None
        if guard is None
        else GuardView(
            wrong_prevented_share=guard.wrong_prevented_share,
            right_lost_share=guard.right_lost_share,
        ),
        qualifies=rates.qualifies,
        risk=rates.risk,
        wrong_answers_per_month=_exact(result.wrong_answers_per_month),
        gross_saving_usd=_exact(result.gross_saving_usd),
        lookup_usd=_exact(result.lookup_usd),
        store_usd=_exact(result.store_usd),
        error_usd=_exact(result.error_usd),
        net_saving_usd=_exact(result.net_saving_usd),
        wrong_answers_upper_95_per_month=_maybe(result.wrong_answers_upper),
        error_upper_95_usd=_maybe(result.error_upper_usd),
        net_saving_upper_95_usd=_maybe(result.net_saving_at_upper_usd),
        is_best=rates.threshold == table.best,
        is_in_use=rates == table.chosen,
    )


def _sample(sample: ErrorSample) -> ErrorSampleView:
    return ErrorSampleView(
        wrong=sample.wrong,
        pairs=sample.of,
        upper_95=sample.upper,
        low_95=sample.low,
        high_95=sample.high,
    )


def _maybe(value: Decimal | None) -> Decimal | None:
    return None if value is None else _exact(value)


def _exact(value: Decimal) -> Decimal:
    return significant(value, _DIGITS)


def _span(span: BestSpan) -> BestSpanView:
    return BestSpanView(
        threshold=span.threshold,
        from_usd_per_wrong_answer=_decimal(span.from_usd),
        to_usd_per_wrong_answer=None if span.to_usd is None else _decimal(span.to_usd),
    )


def _decimal(value: Fraction) -> Decimal:
    return significant(Decimal(value.numerator) / Decimal(value.denominator), _DIGITS)


def _layers(resolved: Resolved) -> LayersView:
    settings = resolved.settings
    exact, semantic = settings.exact_hit_rate, settings.semantic_hit_rate
    missed = 1 - exact
    together = exact + missed * semantic
    base = resolved.base_usd or Decimal(0)
    cache = None if settings.semantic is None else settings.given.semantic_cache
    times = None if cache is None else cache.lookup_ms
    low = None if times is None else times.low
    high = None if times is None else times.high
    return LayersView(
        exact_hit_rate=exact,
        semantic_hit_rate=semantic,
        hit_rate=together,
        gross_saving_usd=_exact(base * together),
        lookup_ms_low=low,
        lookup_ms_high=high,
        mean_added_ms_low=None if low is None else missed * low,
        mean_added_ms_high=None if high is None else missed * high,
        claim=claim_view("cache_hits", together if cache is not None else None),
    )

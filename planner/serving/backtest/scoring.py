"""How far predictions are from measurements: error, bias and coverage, in total and by slice.

The error of a row is predicted ÷ measured − 1. A row counts for a figure when it has both. The
throughput of a Poisson stream that the engine kept up with is that of the arrivals: it says nothing
of the engine, so it is left out of every total and shown in a slice of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from planner.serving.backtest.naming import source_name
from planner.serving.backtest.types import METRICS, Judged, Metric

__all__ = ["ARRIVALS_SLICE", "Score", "Slice", "informative", "score", "slices_of", "summary_of"]

# A run that puts out less than this share of what arrives is saturated.
_KEEPS_UP = 0.95
ARRIVALS_SLICE = "open loop that kept up: throughput is the arrivals"

_LOADS = {"closed": "closed loop", "open": "open loop (Poisson)", "burst": "burst"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Errors in percent over ``n`` rows; None without rows. ``bias_pct`` is the mean error.

    ``in_band_share`` is the share of rows inside their stated band, ``median_band_ratio`` the
    median of its upper ÷ lower edge.
    """

    n: int
    median_abs_error_pct: float | None
    mape_pct: float | None
    bias_pct: float | None
    in_band_share: float | None
    median_band_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The scores of the ``rows`` rows that share ``value`` in ``dimension``."""

    dimension: str
    value: str
    rows: int
    scores: dict[Metric, Score]


def informative(judged: Judged, metric: Metric) -> bool:
    """Whether a row's figure says something of the engine; see the module."""
    row = judged.row
    if metric != "throughput" or row.load_kind != "open" or row.output_tokens_per_s is None:
        return True
    return row.output_tokens_per_s / row.output_tokens < _KEEPS_UP * row.load


def score(judged: Iterable[Judged], metric: Metric) -> Score:
    """The score of a figure over rows that have it."""
    errors: list[float] = []
    inside: list[bool] = []
    ratios: list[float] = []
    for each in judged:
        ratio, within = each.ratio(metric), each.in_band(metric)
        if ratio is None or within is None:
            continue
        band = each.prediction.bands[metric]
        errors.append((ratio - 1.0) * 100.0)
        inside.append(within)
        ratios.append(band.high / band.low)
    if not errors:
        return Score(
            n=0,
            median_abs_error_pct=None,
            mape_pct=None,
            bias_pct=None,
            in_band_share=None,
            median_band_ratio=None,
        )
    return Score(
        n=len(errors),
        median_abs_error_pct=median(map(abs, errors)),
        mape_pct=fmean(map(abs, errors)),
        bias_pct=fmean(errors),
        in_band_share=fmean(inside),
        median_band_ratio=median(ratios),
    )


def summary_of(judged: Sequence[Judged]) -> dict[Metric, Score]:
    """The score of every figure over all rows it says something for."""
    return {
        metric: score((each for each in judged if informative(each, metric)), metric)
        for metric in METRICS
    }


def slices_of(judged: Sequence[Judged]) -> tuple[Slice, ...]:
    """Scores by source, GPU, dense or mixture, precision, kind of load, and provider."""
    keys: tuple[tuple[str, Callable[[Judged], str]], ...] = (
        ("source", lambda each: source_name(each.row.source)),
        ("gpu", lambda each: each.prediction.accelerator),
        ("model_kind", lambda each: "mixture of experts" if each.prediction.is_moe else "dense"),
        ("precision", lambda each: each.row.precision),
        ("load", lambda each: _LOADS[each.row.load_kind]),
        ("provider", lambda each: each.prediction.provider),
        ("band_class", lambda each: each.prediction.band_class),
    )
    found: list[Slice] = []
    for dimension, key in keys:
        for value in sorted({key(each) for each in judged}):
            members = [each for each in judged if key(each) == value]
            found.append(
                Slice(
                    dimension=dimension,
                    value=value,
                    rows=len(members),
                    scores=summary_of(members),
                )
            )
    arrivals = [each for each in judged if not informative(each, "throughput")]
    if arrivals:
        found.append(
            Slice(
                dimension="load",
                value=ARRIVALS_SLICE,
                rows=len(arrivals),
                scores={metric: score(arrivals, metric) for metric in METRICS},
            )
        )
    return tuple(found)

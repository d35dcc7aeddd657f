"""From lengths of sampled requests to the quantiles that a scenario takes."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from planner.demand.lengths import SampleLengths, linear_quantile_table

__all__ = ["TokenDistribution", "token_distribution"]

# Percentiles that every table has; more are added where straight lines between them miss.
_FIRST = tuple(map(Decimal, (0, 5, 25, 50, 75, 95, 99, 100)))
_MOST_LEVELS = 32
# A scenario is priced on the mean of its table: it may differ this much from the samples' own.
_MEAN_TOLERANCE = Decimal("0.005")
_TOKEN_STEP = Decimal("0.1")
_LEVEL_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDistribution:
    """Tokens per request in a sample.

    ``quantiles`` are (percentile, tokens), rising from 0 to 100, None when every sample has the
    same length; ``quantiles_mean`` is what a scenario makes of them, ``mean`` that of the sample.
    """

    samples: int
    mean: Decimal
    p50: Decimal
    p95: Decimal
    p99: Decimal
    maximum: int
    quantiles: tuple[tuple[Decimal, Decimal], ...] | None
    quantiles_mean: Decimal


def token_distribution(lengths: Sequence[int]) -> TokenDistribution:
    """The distribution of at least one length in tokens.

    Starts from eight percentiles and halves the segment whose straight line is farthest from the
    samples until the mean is within 0.5 %, or 32 percentiles are used.
    """
    sample = SampleLengths(tuple(sorted(lengths)), Decimal(1))
    table, table_mean = _table(sample)
    is_constant = sample.counts[0] == sample.counts[-1]
    return TokenDistribution(
        samples=len(lengths),
        mean=sample.mean,
        p50=_at(sample, Decimal(50)),
        p95=_at(sample, Decimal(95)),
        p99=_at(sample, Decimal(99)),
        maximum=sample.counts[-1],
        quantiles=None if is_constant else table,
        quantiles_mean=table_mean,
    )


def _table(sample: SampleLengths) -> tuple[tuple[tuple[Decimal, Decimal], ...], Decimal]:
    levels = list(_FIRST)
    while True:
        tokens = [_at(sample, level) for level in levels]
        mean = linear_quantile_table(tuple(x / 100 for x in levels), tuple(tokens)).mean
        close = abs(mean - sample.mean) <= _MEAN_TOLERANCE * sample.mean
        middle = None if close or len(levels) >= _MOST_LEVELS else _worst_middle(sample, levels)
        if middle is None:
            return tuple(zip(levels, tokens, strict=True)), mean
        bisect.insort(levels, middle)


def _worst_middle(sample: SampleLengths, levels: Sequence[Decimal]) -> Decimal | None:
    """The middle of the segment that adds most to the difference of means; None: none is left."""
    errors: list[tuple[float, Decimal]] = []
    for low, high in itertools.pairwise(levels):
        middle = ((low + high) / 2).quantize(_LEVEL_STEP).normalize()
        if low < middle < high:
            line = float(_at(sample, low) + _at(sample, high)) / 2
            start, end = float(low / 100), float(high / 100)
            error = abs(sample.slice_mean(start, end) - line) * (end - start)
            errors.append((error, middle))
    return max(errors, default=(0.0, None))[1]


def _at(sample: SampleLengths, level: Decimal) -> Decimal:
    tokens = Decimal(str(sample.quantile(float(level / 100))))
    return tokens.quantize(_TOKEN_STEP, rounding=ROUND_HALF_UP).normalize()

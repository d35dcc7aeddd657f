"""Buckets: the requests of a scenario cut into shares of similar length.

A token price may jump at a request's own input length, so prices are taken bucket by bucket.
Cuts lie close together at the long end, where the jumps are.

Figures: shares add up to exactly 1; lengths carry at most six decimals
except the last that absorbs the rounding, so that shares x lengths give the mean exactly.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from planner.demand.lengths import (
    ConstantLength,
    LengthDistribution,
    SampleLengths,
)
from planner.demand.types import LengthBucket, LengthStats

__all__ = ["COARSE_EDGES", "FINE_EDGES", "RequestLengths", "independent_lengths", "joint_lengths"]

# 15 slices of the input by 5 of the output: 75 buckets at most.
FINE_EDGES = tuple(
    Decimal(edge) / 1000
    for edge in (0, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 975, 990, 995, 1000)
)
COARSE_EDGES = tuple(Decimal(edge) / 1000 for edge in (0, 250, 500, 750, 950, 1000))

_SHARE_STEP = Decimal("0.000000000001")
# Sums of share x share x tokens stay exact at this precision.
_EXACT_DIGITS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLengths:
    """Buckets of whole requests and the statistics of each side."""

    buckets: tuple[LengthBucket, ...]
    input_tokens: LengthStats
    output_tokens: LengthStats


@dataclass(frozen=True, slots=True)
class _Level:
    share: Decimal
    tokens: Decimal


def independent_lengths(
    input_tokens: LengthDistribution, output_tokens: LengthDistribution
) -> RequestLengths:
    """Every input slice with every output slice: two marginals carry no correlation."""
    inputs = _levels(input_tokens, FINE_EDGES)
    outputs = _levels(output_tokens, FINE_EDGES if len(inputs) == 1 else COARSE_EDGES)
    with localcontext(prec=_EXACT_DIGITS):
        buckets = tuple(
            _bucket(left.share * right.share, left.tokens, right.tokens)
            for left in inputs
            for right in outputs
        )
    return RequestLengths(
        buckets=buckets,
        input_tokens=_stats(inputs, input_tokens),
        output_tokens=_stats(outputs, output_tokens),
    )


def joint_lengths(
    requests: Sequence[tuple[int, int]],
    *,
    input_scale: Decimal = Decimal(1),
    output_scale: Decimal = Decimal(1),
) -> RequestLengths:
    """Buckets of (input, output) pairs that keep their correlation; at least one pair.

    Requests are sorted by input and cut into groups, each group by output; a request at a cut
    counts in part on both sides. Few distinct pairs become a bucket each.
    """
    ordered = sorted(requests)
    inputs = SampleLengths(tuple(pair[0] for pair in ordered), input_scale)
    outputs = SampleLengths(tuple(sorted(pair[1] for pair in ordered)), output_scale)
    distinct = Counter(ordered)
    if len(distinct) <= (len(FINE_EDGES) - 1) * (len(COARSE_EDGES) - 1):
        pairs = sorted(distinct)
        shares = _shares([distinct[pair] for pair in pairs])
        left = [_Level(s, p[0] * input_scale) for s, p in zip(shares, pairs, strict=True)]
        right = [_Level(s, p[1] * output_scale) for s, p in zip(shares, pairs, strict=True)]
    else:
        cells = _cells(ordered)
        left = [_Level(cell.share, cell.inputs(float(input_scale))) for cell in cells]
        right = [_Level(cell.share, cell.outputs(float(output_scale))) for cell in cells]
        _absorb(left, inputs.mean)
        _absorb(right, outputs.mean)
    return RequestLengths(
        buckets=tuple(
            _bucket(one.share, one.tokens, other.tokens)
            for one, other in zip(left, right, strict=True)
        ),
        input_tokens=_stats(left, inputs),
        output_tokens=_stats(right, outputs),
    )


# Input tokens, output tokens, and the part of the request that counts (1 but for cuts).
_Weighted = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class _Cell:
    share: Decimal
    requests: list[_Weighted]

    def inputs(self, scale: float) -> Decimal:
        return self._mean([row[0] * row[2] for row in self.requests], scale)

    def outputs(self, scale: float) -> Decimal:
        return self._mean([row[1] * row[2] for row in self.requests], scale)

    def _mean(self, weighted: list[float], scale: float) -> Decimal:
        return _rounded(math.fsum(weighted) / math.fsum(r[2] for r in self.requests) * scale)


def _cells(ordered: list[tuple[int, int]]) -> list[_Cell]:
    cells: list[_Cell] = []
    for high_share, group in _cut([(i, o, 1.0) for i, o in ordered], FINE_EDGES):
        group.sort(key=lambda row: (row[1], row[0]))
        cells.extend(
            _Cell(high_share * low_share, cell) for low_share, cell in _cut(group, COARSE_EDGES)
        )
    return cells


def _cut(
    rows: list[_Weighted], edges: tuple[Decimal, ...]
) -> list[tuple[Decimal, list[_Weighted]]]:
    """The rows between each two edges, with the share of their weight; rows at an edge split."""
    total = math.fsum(row[2] for row in rows)
    bounds = [float(edge) * total for edge in edges[1:]]
    groups: list[list[_Weighted]] = [[] for _ in bounds]
    place, group, last = 0.0, 0, len(bounds) - 1
    for taken, made, weight in rows:
        end = place + weight
        while group < last and end > bounds[group]:
            if bounds[group] > place:
                groups[group].append((taken, made, bounds[group] - place))
                place = bounds[group]
            group += 1
        groups[group].append((taken, made, end - place))
        place = end
    shares = [high - low for low, high in itertools.pairwise(edges)]
    return list(zip(shares, groups, strict=True))


def _bucket(share: Decimal, input_tokens: Decimal, output_tokens: Decimal) -> LengthBucket:
    return LengthBucket(
        share=_trimmed(share),
        input_tokens=_trimmed(input_tokens),
        output_tokens=_trimmed(output_tokens),
    )


def _levels(lengths: LengthDistribution, edges: tuple[Decimal, ...]) -> list[_Level]:
    if isinstance(lengths, ConstantLength):
        return [_Level(Decimal(1), lengths.mean)]
    if isinstance(lengths, SampleLengths):
        values = Counter(lengths.counts)
        if len(values) < len(edges):
            shares = _shares([values[value] for value in sorted(values)])
            return [
                _Level(share, value * lengths.scale)
                for share, value in zip(shares, sorted(values), strict=True)
            ]
    return _merged(_sliced(lengths, edges))


def _sliced(lengths: LengthDistribution, edges: tuple[Decimal, ...]) -> list[_Level]:
    """One level per slice; the last one absorbs the rounding of all."""
    levels = [
        _Level(high - low, _rounded(lengths.slice_mean(float(low), float(high))))
        for low, high in itertools.pairwise(edges)
    ]
    _absorb(levels, lengths.mean)
    return levels


def _absorb(levels: list[_Level], mean: Decimal) -> None:
    """Correct the last level so that shares x tokens give ``mean`` exactly.

    1 ÷ its share (0.005, 0.05 or their product) is a whole number, so nothing is rounded.
    """
    with localcontext(prec=_EXACT_DIGITS):
        rest = mean - sum((level.share * level.tokens for level in levels), Decimal(0))
        last = levels[-1]
        levels[-1] = _Level(last.share, last.tokens + rest / last.share)


def _merged(levels: list[_Level]) -> list[_Level]:
    """Neighbours of the same length become one level."""
    merged: list[_Level] = []
    for level in levels:
        if merged and merged[-1].tokens == level.tokens:
            merged[-1] = _Level(merged[-1].share + level.share, level.tokens)
        else:
            merged.append(level)
    return merged


def _rounded(tokens: float) -> Decimal:
    return Decimal(f"{tokens:.6f}")


def _trimmed(value: Decimal) -> Decimal:
    """The same value without trailing zeros, and without an exponent."""
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else value


def _shares(counts: list[int]) -> list[Decimal]:
    """Counts ÷ their sum to 1e-12; the largest absorbs the rounding, so that they sum to 1."""
    total = sum(counts)
    shares = [(Decimal(count) / total).quantize(_SHARE_STEP) for count in counts]
    largest = counts.index(max(counts))
    shares[largest] += 1 - sum(shares, Decimal(0))
    return shares


def _stats(levels: Sequence[_Level], lengths: LengthDistribution) -> LengthStats:
    with localcontext(prec=_EXACT_DIGITS):
        mean = sum((level.share * level.tokens for level in levels), Decimal(0))
    return LengthStats(
        mean=_trimmed(mean),
        p50=lengths.quantile(0.50),
        p95=lengths.quantile(0.95),
        p99=lengths.quantile(0.99),
        maximum=max(lengths.quantile(1.0), max(float(level.tokens) for level in levels)),
    )

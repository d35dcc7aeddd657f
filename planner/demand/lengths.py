"""Length distributions of one side of a request: input or output tokens.

Each knows its exact mean, its quantiles, and the mean of any slice of its requests ordered by
length. The slices are what buckets are made of.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

__all__ = [
    "ConstantLength",
    "LengthDistribution",
    "LognormalLength",
    "QuantileTable",
    "SampleLengths",
    "fit_quantile_table",
    "linear_quantile_table",
    "sample_quantile",
]

# A lognormal has no largest value; this quantile stands for it where a limit is needed.
LOGNORMAL_MAXIMUM_LEVEL = 0.9999
TOKEN_STEP = Decimal("0.000001")


class LengthDistribution(Protocol):
    """Tokens per request on one side."""

    @property
    def mean(self) -> Decimal:
        """Exact mean in tokens."""
        ...

    def quantile(self, level: float) -> float:
        """Tokens not exceeded by the share ``level`` (0-1) of requests; 1 is the maximum."""
        ...

    def slice_mean(self, low: float, high: float) -> float:
        """Mean tokens of the requests between two levels, low < high, when sorted by length."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantLength:
    """Every request has the same length."""

    mean: Decimal

    def quantile(self, level: float) -> float:
        """The one length."""
        return float(self.mean)

    def slice_mean(self, low: float, high: float) -> float:
        """The one length."""
        return float(self.mean)


@dataclass(frozen=True, slots=True)
class LognormalLength:
    """Lognormal lengths with a given mean (> 0) and coefficient of variation.

    sigma² = ln(1 + cv²), mu = ln(mean) - sigma²/2. The part of the mean that lies below the
    quantile with normal score z is mean·Phi(z - sigma) (partial expectation of the lognormal).
    """

    mean: Decimal
    cv: Decimal

    @property
    def _sigma(self) -> float:
        return math.sqrt(math.log1p(float(self.cv) ** 2))

    def quantile(self, level: float) -> float:
        """Tokens at ``level``; at 1 the 99.99th percentile, since there is no maximum."""
        if level <= 0:
            return 0.0
        score = _normal_score(min(level, LOGNORMAL_MAXIMUM_LEVEL))
        sigma = self._sigma
        return float(self.mean) * math.exp(sigma * score - sigma**2 / 2)

    def slice_mean(self, low: float, high: float) -> float:
        """Closed form, with the whole tail in the last slice."""
        return float(self.mean) * (self._part_below(high) - self._part_below(low)) / (high - low)

    def _part_below(self, level: float) -> float:
        if level <= 0:
            return 0.0
        if level >= 1:
            return 1.0
        return _normal_cdf(_normal_score(level) - self._sigma)


def _normal_score(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)


def _normal_cdf(score: float) -> float:
    return 0.5 * math.erfc(-score / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class QuantileTable:
    """Lengths known at some levels (0 to 1, rising) and interpolated between them.

    In the segment from level p to q, at the share u of the way, the length is
    a + (b - a)·u^k with the segment's own ``bend`` k: 1 is a straight line, larger is a tail that
    stays low and rises late. The mean of a segment is a + (b - a)/(k + 1).
    """

    mean: Decimal
    levels: tuple[float, ...]
    tokens: tuple[float, ...]
    bends: tuple[float, ...]

    def quantile(self, level: float) -> float:
        """Tokens at ``level``."""
        segment = self._segment(level)
        low, high = self.tokens[segment], self.tokens[segment + 1]
        return low + (high - low) * self._position(segment, level) ** self.bends[segment]

    def slice_mean(self, low: float, high: float) -> float:
        """Exact integral of the interpolation over the slice."""
        first, last = self._segment(low), self._segment(high)
        parts = (
            self._integral(
                segment,
                max(low, self.levels[segment]),
                min(high, self.levels[segment + 1]),
            )
            for segment in range(first, last + 1)
        )
        return math.fsum(parts) / (high - low)

    def _segment(self, level: float) -> int:
        return min(bisect.bisect_right(self.levels, level), len(self.levels) - 1) - 1

    def _position(self, segment: int, level: float) -> float:
        low, high = self.levels[segment], self.levels[segment + 1]
        return (level - low) / (high - low)

    def _integral(self, segment: int, low: float, high: float) -> float:
        if high <= low:
            return 0.0
        start, end = self.tokens[segment], self.tokens[segment + 1]
        width = self.levels[segment + 1] - self.levels[segment]
        power = self.bends[segment] + 1
        rise = self._position(segment, high) ** power - self._position(segment, low) ** power
        return start * (high - low) + (end - start) * width * rise / power


def linear_quantile_table(
    levels: tuple[Decimal, ...], tokens: tuple[Decimal, ...]
) -> QuantileTable:
    """Straight lines between the points; the mean follows from them, exactly."""
    mean = sum(
        (
            (high - low) * (start + end) / 2
            for (low, high), (start, end) in zip(
                itertools.pairwise(levels), itertools.pairwise(tokens), strict=True
            )
        ),
        Decimal(0),
    )
    return QuantileTable(
        mean=mean,
        levels=tuple(float(level) for level in levels),
        tokens=tuple(float(value) for value in tokens),
        bends=(1.0,) * (len(levels) - 1),
    )


def fit_quantile_table(
    levels: tuple[float, ...], tokens: tuple[float, ...], mean: Decimal
) -> QuantileTable:
    """A table of quantiles that also has the ``mean`` measured on the whole data.

    Straight lines overstate a long tail: between the 99th percentile and the maximum nearly all
    requests lie near the 99th (ServeGen m-small input: mean 120, straight lines say 836). So the
    last segment is bent until the mean is right. When no bend of it can do that, all segments
    share the correction. ValueError when the mean lies outside the table.
    """
    widths = [high - low for low, high in itertools.pairwise(levels)]
    rises = [high - low for low, high in itertools.pairwise(tokens)]
    body = math.fsum(
        width * (low + rise / 2)
        for width, low, rise in zip(widths[:-1], tokens[:-2], rises[:-1], strict=True)
    )
    target = float(mean)
    last = (target - body) / widths[-1] - tokens[-2]
    share = last / rises[-1] if rises[-1] > 0 else math.nan
    if 0 < share < 1:
        bends = [1.0] * (len(widths) - 1) + [1 / share - 1]
    else:
        floor = math.fsum(width * low for width, low in zip(widths, tokens[:-1], strict=True))
        span = math.fsum(width * rise for width, rise in zip(widths, rises, strict=True))
        if not 0 < target - floor < span:
            raise ValueError(f"a mean of {mean} does not fit the quantiles")
        bends = [span / (target - floor) - 1] * len(widths)
    return QuantileTable(mean=mean, levels=levels, tokens=tokens, bends=tuple(bends))


@dataclass(frozen=True, slots=True)
class SampleLengths:
    """Lengths counted on real requests (at least one, sorted), each times ``scale``."""

    counts: tuple[int, ...]
    scale: Decimal

    @property
    def mean(self) -> Decimal:
        """Mean tokens, rounded to a millionth."""
        return (Decimal(sum(self.counts)) * self.scale / len(self.counts)).quantize(TOKEN_STEP)

    def quantile(self, level: float) -> float:
        """Linear interpolation between the order statistics."""
        return sample_quantile(self.counts, level) * float(self.scale)

    def slice_mean(self, low: float, high: float) -> float:
        """Mean over the slice, requests at its ends counted in part."""
        size = len(self.counts)
        start, end = low * size, high * size
        parts = (
            self.counts[row] * (min(end, row + 1) - max(start, row))
            for row in range(int(start), min(math.ceil(end), size))
        )
        return math.fsum(parts) / (end - start) * float(self.scale)


def sample_quantile(ordered: tuple[int, ...] | list[int], level: float) -> float:
    """Quantile of sorted values, linear between order statistics (Hyndman and Fan type 7)."""
    place = level * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

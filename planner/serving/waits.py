"""Queueing formulas: chances of a wait, quantiles, and sums of random delays.

Times in any one unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

__all__ = [
    "Delay",
    "delay_chance",
    "exponential_wait",
    "full_chance",
    "no_delay",
    "normal_quantile",
    "one_server_wait",
    "skewed_quantile",
    "skewed_tail",
    "split_cv2",
    "square_root_staffing",
    "sum_at",
]

_SQRT_2 = math.sqrt(2.0)
_SQRT_2PI = math.sqrt(2.0 * math.pi)
# Beyond so many standard deviations a chance is 0.
_FAR = 8.0
_NEVER = 1e-12
_LEAST_CV2 = 1e-9
_TOLERANCE = 1e-6
_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A random delay by its mean and its value at the percentile under study."""

    mean: float
    late: float

    @property
    def excess(self) -> float:
        """How far the percentile lies above the mean; 0 where it lies below, as for rare waits."""
        return max(self.late - self.mean, 0.0)


def no_delay(value: float) -> Delay:
    """A delay that is always the same."""
    return Delay(mean=value, late=value)


def sum_at(delays: tuple[Delay, ...]) -> float:
    """A sum of independent delays at the percentile: excesses over the means add in squares.

    Exact above the median for normal delays and for one delay; within 2 % for two equal
    exponential ones. Never below the mean.
    """
    mean = sum(delay.mean for delay in delays)
    if math.isinf(mean):
        return math.inf
    return mean + math.hypot(*(delay.excess for delay in delays))


def split_cv2(arrival_cv2: float, parts: int) -> float:
    """Squared variation of arrivals at one of ``parts`` that share a stream at random.

    1 + (ca² − 1) ÷ parts: splitting makes bursts Poisson-like (Whitt, "The Queueing Network
    Analyzer", Bell System Technical Journal 62, 1983, section IV). A router that sends to the
    least busy one does better.
    """
    return 1.0 + (arrival_cv2 - 1.0) / parts


def exponential_wait(chance: float, conditional: float, percentile: float) -> Delay:
    """A delay that happens with ``chance`` and is then exponential with mean ``conditional``."""
    beyond = 1.0 - percentile
    late = conditional * math.log(chance / beyond) if chance > beyond else 0.0
    return Delay(mean=chance * conditional, late=late)


def one_server_wait(
    *, rate: float, service: float, arrival_cv2: float, service_cv2: float, percentile: float
) -> Delay:
    """Wait for a single server: GI/M/1 with gamma gaps, scaled to the service's variation.

    The chance of a wait σ solves σ = E[e^(−(1 − σ)·gap ÷ service)]; the conditional wait is
    service ÷ (1 − σ), times (ca² + cs²) ÷ (ca² + 1) as in Kingman's formula. Infinite from
    rate·service = 1 on.
    """
    busy = rate * service
    if busy >= 1.0:
        return no_delay(math.inf)
    chance = _chance_of_wait(busy, arrival_cv2)
    stretch = (arrival_cv2 + service_cv2) / (arrival_cv2 + 1.0)
    return exponential_wait(chance, service / (1.0 - chance) * stretch, percentile)


def _chance_of_wait(busy: float, arrival_cv2: float) -> float:
    """σ of GI/M/1 with gamma gaps of shape 1 ÷ ca²; ``busy`` itself for Poisson arrivals."""
    if arrival_cv2 == 1.0 or busy <= 0.0:
        return max(busy, 0.0)
    arrival_cv2 = max(arrival_cv2, _LEAST_CV2)
    chance = busy
    for _ in range(_ROUNDS):
        step = (1.0 + arrival_cv2 * (1.0 - chance) / busy) ** (-1.0 / arrival_cv2)
        if abs(step - chance) < _TOLERANCE:
            break
        chance = step
    return min(chance, 1.0 - _TOLERANCE)


def delay_chance(servers: float, load: float) -> float:
    """Erlang C, the chance of a wait in M/M/s at ``load`` = offered ÷ servers, s need not be whole.

    Within 5 % of the sum for one server and more (Janssen, van Leeuwaarden and Zwart, Operations
    Research 59, 2011, doi 10.1287/opre.1110.0991); 1 where load ≥ 1. Below one server as for one.
    """
    if load >= 1.0:
        return 1.0
    if load <= 0.0:
        return 0.0
    servers = max(servers, 1.0)
    far = math.sqrt(max(-2.0 * servers * (1.0 - load + math.log(load)), 0.0))
    if far > _FAR:
        return 0.0
    ratio = 0.5 * math.erfc(-far / _SQRT_2) * _SQRT_2PI * math.exp(far * far / 2.0)
    idle = (1.0 - load) * (math.sqrt(servers) * ratio + 2.0 / 3.0)
    return min(1.0 / (load + idle), 1.0)


def full_chance(mean: float, peakedness: float, places: float, spread: float) -> float:
    """Chance that all ``places`` are taken when without a limit ``mean`` would be on average.

    Without a limit the number has variance ``peakedness``·mean, close to gamma: its tail beyond the
    places is the chance while waits are rare. Near saturation a queue builds up instead: what waits
    is ``spread`` ÷ (1 − mean ÷ places) of the density at the places (the geometric tail of a queue
    with a variation of arrivals and services of 2·``spread``), where that is more.
    """
    if mean >= places:
        return 1.0
    variance = peakedness * mean
    if variance <= 0.0:
        return 0.0
    far = _standardised(mean, variance, places)
    tail = 0.5 * math.erfc(far / _SQRT_2)
    if tail < _NEVER:
        return 0.0
    # Tail ÷ density of the normal variable that the gamma one is turned into.
    mills = tail * _SQRT_2PI * math.exp(far * far / 2.0)
    queue = spread / ((1.0 - mean / places) * math.sqrt(variance) * mills)
    odds = tail / (1.0 - tail) * max(queue, 1.0)
    return odds / (1.0 + odds)


@lru_cache(maxsize=64)
def normal_quantile(percentile: float) -> float:
    """Standard normal quantile."""
    return NormalDist().inv_cdf(percentile)


def skewed_quantile(mean: float, variance: float, percentile: float) -> float:
    """Quantile of a gamma variable by the Wilson-Hilferty cube; never below 0."""
    if variance <= 0.0 or mean <= 0.0:
        return mean
    spread = variance / (9.0 * mean * mean)
    root = 1.0 - spread + normal_quantile(percentile) * math.sqrt(spread)
    return mean * max(root, 0.0) ** 3


def skewed_tail(mean: float, variance: float, value: float) -> float:
    """Chance that a gamma variable is larger than ``value``, by the same cube."""
    if variance <= 0.0 or mean <= 0.0:
        return 1.0 if value < mean else 0.0
    return 0.5 * math.erfc(_standardised(mean, variance, value) / _SQRT_2)


def _standardised(mean: float, variance: float, value: float) -> float:
    spread = variance / (9.0 * mean * mean)
    root = math.cbrt(value / mean)
    return (root - 1.0 + spread) / math.sqrt(spread)


def square_root_staffing(offered: float, beta: float) -> int:
    """Servers that keep waits short: R + β·√R, rounded up, for R = offered load in servers.

    Halfin-Whitt square-root rule (doi 10.1287/opre.1110.0991); β is 1 to 2.
    """
    return math.ceil(offered + beta * math.sqrt(offered))

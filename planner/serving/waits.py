"""Queueing formulas: chance of a wait, its quantiles, and sums of random delays.

A wait is exponential with a chance: P(wait > t) = chance·e^(−decay·t). Times in any one unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

__all__ = [
    "Delay",
    "erlang_c",
    "many_servers_wait",
    "no_delay",
    "normal_quantile",
    "one_server_wait",
    "skewed_quantile",
    "split_cv2",
    "square_root_staffing",
    "sum_at",
]

_TOLERANCE = 1e-9
_ROUNDS = 100


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
    return _exponential(chance, service / (1.0 - chance) * stretch, percentile)


def _chance_of_wait(busy: float, arrival_cv2: float) -> float:
    """σ of GI/M/1 with gamma gaps of shape 1 ÷ ca²; ``busy`` itself for Poisson arrivals."""
    if arrival_cv2 == 1.0 or busy <= 0.0:
        return max(busy, 0.0)
    if arrival_cv2 <= 0.0:
        arrival_cv2 = _TOLERANCE
    chance = busy
    for _ in range(_ROUNDS):
        step = (1.0 + arrival_cv2 * (1.0 - chance) / busy) ** (-1.0 / arrival_cv2)
        if abs(step - chance) < _TOLERANCE:
            break
        chance = step
    return min(chance, 1.0 - _TOLERANCE)


def many_servers_wait(
    *,
    servers: int,
    rate: float,
    full_rate: float,
    arrival_cv2: float,
    service_cv2: float,
    percentile: float,
) -> Delay:
    """Wait for one of ``servers`` that together serve ``full_rate``.

    Chance by Erlang C, for bursts with servers and load divided by their peakedness
    (1 + ca²) ÷ 2 (Hayward); decay 2·(full_rate − rate) ÷ (ca² + cs²) (Kimura). Infinite from
    full_rate on.
    """
    if rate >= full_rate:
        return no_delay(math.inf)
    peakedness = max((1.0 + arrival_cv2) / 2.0, 1.0)
    effective = max(round(servers / peakedness), 1)
    least = (1.0 - percentile) / 20.0
    chance = erlang_c(effective, effective * rate / full_rate, least=least)
    conditional = (arrival_cv2 + service_cv2) / (2.0 * (full_rate - rate))
    return _exponential(chance, conditional, percentile)


def _exponential(chance: float, conditional: float, percentile: float) -> Delay:
    """A delay that happens with ``chance`` and is then exponential with mean ``conditional``."""
    beyond = 1.0 - percentile
    late = conditional * math.log(chance / beyond) if chance > beyond else 0.0
    return Delay(mean=chance * conditional, late=late)


def erlang_c(servers: int, offered: float, *, least: float = 0.0) -> float:
    """Probability that an arrival waits, M/M/c with ``offered`` = rate ÷ rate of one server.

    Below ``least`` the answer is 0, which saves most of the sum. 1 where offered ≥ servers.
    """
    if offered >= servers:
        return 1.0
    if offered <= 0.0:
        return 0.0
    idle = 1.0 - offered / servers
    inverse_b, term = 1.0, 1.0
    # 1 ÷ Erlang B = Σ c!/(c − j)! ÷ a^j, from the last server down.
    for left in range(servers, 0, -1):
        term *= left / offered
        inverse_b += term
        if inverse_b * idle * least > 1.0:
            return 0.0
    blocked = 1.0 / inverse_b
    return blocked / (idle + blocked * (1.0 - idle))


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


def square_root_staffing(offered: float, beta: float) -> int:
    """Servers that keep waits short: R + β·√R, rounded up, for R = offered load in servers.

    Halfin-Whitt square-root rule (doi 10.1287/opre.1110.0991); β is 1 to 2.
    """
    return math.ceil(offered + beta * math.sqrt(offered))

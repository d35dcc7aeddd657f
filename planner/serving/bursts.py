"""How arrivals come in bursts: renewal processes with gamma gaps.

With f(s) = (1 + s·ca²)^(−1/ca²), the transform of gaps of mean 1, m(u) others come within u mean
gaps after an arrival, with transform f ÷ (s·(1 − f)); by chance it would be u. What is more are its
companions. They make numbers vary: the variance ÷ mean of the arrivals in a window of u mean gaps,
its dispersion, is 1 + 2 × the mean of the companions over the window, and tends to ca² (Cox,
"Renewal Theory", 1962, chapter 4). Transforms are turned back by Gaver-Stehfest sums of eight
terms, exact to 0.1 % here.
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["Bursts", "bursts"]

_TERMS = 8
# Windows of 2^-16 to 2^16 mean gaps, four to a doubling; straight lines over the logarithm.
_PER_DOUBLING = 4
_FAR = 16 * _PER_DOUBLING
# Below this the gaps are all alike, which no sum of exponentials can follow.
_LEAST_CV2 = 1e-2


class Bursts:
    """Arrivals with one squared coefficient of variation of gaps."""

    __slots__ = ("_companions", "_cv2", "_dispersion", "_poisson")

    def __init__(self, arrival_cv2: float) -> None:
        self._poisson = arrival_cv2 == 1.0
        self._cv2 = max(arrival_cv2, _LEAST_CV2)
        self._companions: dict[int, float] = {}
        self._dispersion: dict[int, float] = {}

    def companions(self, window: float) -> float:
        """Arrivals within ``window`` mean gaps after one, beyond those by chance."""
        return 0.0 if self._poisson else self._between(self._companions, window, 1)

    def dispersion(self, window: float) -> float:
        """Variance ÷ mean of the number of arrivals in ``window`` mean gaps."""
        if self._poisson:
            return 1.0
        return max(1.0 + 2.0 * self._between(self._dispersion, window, 2), 0.0)

    def _between(self, known: dict[int, float], window: float, power: int) -> float:
        place = math.log2(window) * _PER_DOUBLING if window > 0.0 else -_FAR
        place = min(max(place, -_FAR), _FAR)
        low = min(math.floor(place), _FAR - 1)
        below, above = self._at(known, low, power), self._at(known, low + 1, power)
        return below + (above - below) * (place - low)

    def _at(self, known: dict[int, float], place: int, power: int) -> float:
        found = known.get(place)
        if found is None:
            window = 2.0 ** (place / _PER_DOUBLING)
            found = known[place] = _inverse(window, self._cv2, power) / window ** (power - 1)
        return found


@lru_cache(maxsize=256)
def bursts(arrival_cv2: float) -> Bursts:
    """The bursts of gaps with a squared coefficient of variation."""
    return Bursts(arrival_cv2)


def _inverse(window: float, cv2: float, power: int) -> float:
    """At ``window`` the function with transform (f ÷ (1 − f) − 1 ÷ s) ÷ s^power."""
    unit = math.log(2.0) / window
    total = 0.0
    for number, weight in enumerate(_stehfest(), 1):
        s = number * unit
        rest = -math.expm1(-math.log1p(s * cv2) / cv2)
        total += weight * ((1.0 - rest) / rest - 1.0 / s) / s**power
    return total * unit


@lru_cache(maxsize=1)
def _stehfest() -> tuple[float, ...]:
    """Weights of the sum (Stehfest, Communications of the ACM 13, 1970, algorithm 368)."""
    half, fact = _TERMS // 2, math.factorial
    weights: list[float] = []
    for i in range(1, _TERMS + 1):
        terms = (
            k**half
            * fact(2 * k)
            / (fact(half - k) * fact(k) * fact(k - 1) * fact(i - k) * fact(2 * k - i))
            for k in range((i + 1) // 2, min(i, half) + 1)
        )
        weights.append((-1) ** (half + i) * math.fsum(terms))
    return tuple(weights)

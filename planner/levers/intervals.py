"""Exact binomial bounds of a rate: what a count of errors in a sample proves."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["clopper_pearson", "pairs_to_certify", "upper_bound"]

# Halvings of the range 0 to 1: beyond the precision of a float.
_STEPS = 64
_TINY = 1e-300


def upper_bound(errors: int, of: int, *, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson upper bound of the error rate: the largest rate that still shows
    so few errors with probability 1 - ``confidence``.

    C. J. Clopper, E. S. Pearson, Biometrika 26 (1934). ValueError unless 0 <= errors <= of > 0.
    """
    _check(errors, of)
    if errors == of:
        return 1.0
    return _root(lambda rate: 1 - _beta(errors + 1, of - errors, rate), 1 - confidence)


def clopper_pearson(errors: int, of: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided Clopper-Pearson interval; ValueError unless 0 <= errors <= of > 0."""
    _check(errors, of)
    tail = (1 - confidence) / 2
    high = upper_bound(errors, of, confidence=1 - tail)
    if errors == 0:
        return 0.0, high
    return _root(lambda rate: 1 - _beta(errors, of - errors + 1, rate), 1 - tail), high


def pairs_to_certify(limit: float, *, confidence: float = 0.95) -> int:
    """Pairs without a single error that prove a rate of at most ``limit``, 0 < limit < 1."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-limit))


def _check(errors: int, of: int) -> None:
    if not 0 <= errors <= of or of == 0:
        raise ValueError(f"{errors} errors of {of} pairs")


def _root(falling: Callable[[float], float], target: float) -> float:
    """Where a falling function of the rate meets ``target``, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if falling(middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction.

    NIST Digital Library of Mathematical Functions, 8.17.22; P(X >= a) of a binomial with
    a + b - 1 trials.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x > (a + 1) / (a + b + 2):
        return 1 - front * _fraction(b, a, 1 - x) / b
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, by the modified Lentz method."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    found = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 + term * d
            c = 1 + term / c
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found

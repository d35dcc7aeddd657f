"""Exact Shapley values over a few factors, and their rounding to cents that still adds up.

L. S. Shapley, A Value for n-Person Games, 1953: the mean of what a factor adds over all orders in
which the factors can change. Sets of factors are bit masks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import factorial

from planner.money import CENT

__all__ = ["cents", "rounded_parts", "shapley_values"]

_CENTS = 100


def shapley_values(count: int, value: Callable[[int], Fraction]) -> tuple[Fraction, ...]:
    """What each of ``count`` factors adds to ``value``; the parts sum to all - none, exactly.

    ``value`` is asked once for each of the 2^count sets.
    """
    found = [value(chosen) for chosen in range(1 << count)]
    weights = [
        Fraction(factorial(size) * factorial(count - size - 1), factorial(count))
        for size in range(count)
    ]
    return tuple(
        sum(
            (
                weights[chosen.bit_count()] * (found[chosen | bit] - found[chosen])
                for chosen in range(1 << count)
                if not chosen & bit
            ),
            Fraction(0),
        )
        for bit in (1 << place for place in range(count))
    )


def cents(value: Fraction | Decimal) -> Decimal:
    """An exact amount rounded half away from zero to the cent."""
    exact = Fraction(value)
    doubled = abs(exact) * _CENTS * 2
    whole = (doubled.numerator // doubled.denominator + 1) // 2
    return _of_cents(whole if exact >= 0 else -whole)


def rounded_parts(parts: Mapping[str, Fraction], total: Decimal) -> dict[str, Decimal]:
    """The parts in cents, adding up to ``total`` (USD, whole cents), by largest remainder.

    Worked out in the direction in which the total is positive (if it is 0, the first part that is
    not), so that negated parts give negated cents; ties go by name. A part of exactly 0 stays 0.
    ValueError when there is a total and no part to carry it.
    """
    live = {name: part for name, part in sorted(parts.items()) if part}
    wanted = int(total / CENT)
    if not live and wanted:
        raise ValueError(f"{total} has no part")
    sign = _direction(wanted, live)
    scaled = {name: sign * part * _CENTS for name, part in live.items()}
    whole = {name: part.numerator // part.denominator for name, part in scaled.items()}
    # Largest remainder first; what is left may be more than one cent a part, or less than none.
    order = sorted(live, key=lambda name: (-(scaled[name] - whole[name]), name))
    left = sign * wanted - sum(whole.values())
    for place in range(abs(left)):
        if left > 0:
            whole[order[place % len(order)]] += 1
        else:
            whole[order[-1 - place % len(order)]] -= 1
    return {name: _of_cents(sign * whole.get(name, 0)) for name in parts}


def _direction(wanted: int, live: Mapping[str, Fraction]) -> int:
    if wanted:
        return 1 if wanted > 0 else -1
    return next((1 if part > 0 else -1 for part in live.values()), 1)


def _of_cents(count: int) -> Decimal:
    return Decimal(count).scaleb(-2)

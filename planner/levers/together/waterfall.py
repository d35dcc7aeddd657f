"""Savings of levers that act on what the others leave: in order, in reverse, and split fairly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations
from math import factorial

from planner.levers.together.declared import Lever

__all__ = ["Step", "Waterfall", "ordered_savings", "waterfall"]

# Far below a cent, so that all further sums are exact in Decimal.
_STEP = Decimal("1e-9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one lever saves, USD a month; a lever that costs more than it saves has less than 0.

    ``saves`` on what the levers before it leave (``left`` after it), ``stand_alone`` if it were the
    only one, ``last_in`` if it came after all others, ``reverse`` in the opposite order,
    ``shapley`` the mean over all orders.
    """

    lever: Lever
    saves_usd: Decimal
    left_usd: Decimal
    stand_alone_usd: Decimal
    last_in_usd: Decimal
    reverse_usd: Decimal
    shapley_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """From the cost without levers to the cost with all of them.

    ``saves_usd`` of the steps add up to ``base_usd`` - ``left_usd`` exactly; so do ``reverse_usd``
    and ``shapley_usd``. ``stand_alone_usd`` do not, and are never added up.
    """

    base_usd: Decimal
    left_usd: Decimal
    steps: tuple[Step, ...]

    @property
    def saved_usd(self) -> Decimal:
        """All levers together."""
        return self.base_usd - self.left_usd

    @property
    def ranking(self) -> tuple[Lever, ...]:
        """By what each saves on the residual stream, largest first; ties in the order applied."""
        return tuple(s.lever for s in sorted(self.steps, key=lambda s: -s.saves_usd))


def waterfall(order: Sequence[Lever], cost: Callable[[frozenset[Lever]], Decimal]) -> Waterfall:
    """``cost`` is the monthly cost in USD with a set of levers; asked once for each subset."""
    at = _remembered(cost)
    every: frozenset[Lever] = frozenset(order)
    forward = _savings(order, at)
    backward = _savings(tuple(reversed(order)), at)
    fair = _shapley(order, at)
    none: frozenset[Lever] = frozenset()
    left = at(none)
    steps: list[Step] = []
    for lever in order:
        left -= forward[lever]
        steps.append(
            Step(
                lever=lever,
                saves_usd=forward[lever],
                left_usd=left,
                stand_alone_usd=at(none) - at(none.union((lever,))),
                last_in_usd=at(every.difference((lever,))) - at(every),
                reverse_usd=backward[lever],
                shapley_usd=fair[lever],
            )
        )
    return Waterfall(base_usd=at(frozenset()), left_usd=at(every), steps=tuple(steps))


def ordered_savings(
    order: Sequence[Lever], cost: Callable[[frozenset[Lever]], Decimal]
) -> dict[Lever, Decimal]:
    """The savings of the waterfall alone, without its checks, which ask for every subset."""
    return _savings(order, _remembered(cost))


def _remembered(
    cost: Callable[[frozenset[Lever]], Decimal],
) -> Callable[[frozenset[Lever]], Decimal]:
    """Each subset asked for once, and rounded far below a cent."""
    known: dict[frozenset[Lever], Decimal] = {}

    def at(levers: frozenset[Lever]) -> Decimal:
        if levers not in known:
            known[levers] = _rounded(cost(levers))
        return known[levers]

    return at


def _savings(
    order: Sequence[Lever], at: Callable[[frozenset[Lever]], Decimal]
) -> dict[Lever, Decimal]:
    """Each lever on what those before it leave."""
    applied: frozenset[Lever] = frozenset()
    found: dict[Lever, Decimal] = {}
    for lever in order:
        further = applied.union((lever,))
        found[lever] = at(applied) - at(further)
        applied = further
    return found


def _shapley(
    order: Sequence[Lever], at: Callable[[frozenset[Lever]], Decimal]
) -> dict[Lever, Decimal]:
    """Mean saving over all orders (L. S. Shapley, 1953); the last lever takes the rounding."""
    count = len(order)
    found: dict[Lever, Decimal] = {}
    for lever in order[:-1]:
        others: list[Lever] = [other for other in order if other != lever]
        share = Fraction(0)
        for size in range(count):
            weight = Fraction(factorial(size) * factorial(count - size - 1), factorial(count))
            for group in combinations(others, size):
                before: frozenset[Lever] = frozenset(group)
                share += weight * Fraction(at(before) - at(before.union((lever,))))
        found[lever] = _decimal(share)
    if order:
        every: frozenset[Lever] = frozenset(order)
        total = at(frozenset()) - at(every)
        found[order[-1]] = total - sum(found.values(), Decimal(0))
    return found


def _decimal(value: Fraction) -> Decimal:
    return _rounded(Decimal(value.numerator) / Decimal(value.denominator))


def _rounded(value: Decimal) -> Decimal:
    # Amounts that nobody pays still have to be told, and not to raise.
    with localcontext(prec=100):
        return value.quantize(_STEP)

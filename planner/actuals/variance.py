"""Why spend differs from its plan, factor by factor, in exact fractions that add up.

A cost is ``C = N (1 + r) sum_g w_g (in_g ((1 - c_g - x_g) p_in + c_g p_read + x_g p_write)
+ out_g p_out) / 1e6`` over groups of calls. Changing one factor at a time leaves a residual;
here every factor is moved in all orders and the mean taken (Shapley 1953), or all in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction
from math import factorial, floor
from typing import Literal

from planner.money import CENT
from planner.units import TOKENS_PER_MTOK

__all__ = [
    "FACTORS",
    "CallGroup",
    "Factor",
    "Method",
    "Side",
    "decimal_of",
    "decompose",
    "largest_remainder",
    "variance",
]

Factor = Literal["volume", "mix", "input", "output", "cache", "price", "retries"]
# In the order of `--variance sequential`.
FACTORS: tuple[Factor, ...] = ("volume", "mix", "input", "output", "cache", "price", "retries")
Method = Literal["shapley", "sequential"]

GroupKey = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGroup:
    """One group of calls: its share of all attempts, tokens an attempt, USD per 1M tokens.

    ``read_share`` and ``write_share`` are of the input tokens.
    """

    weight: Fraction
    input_tokens: Fraction
    output_tokens: Fraction
    read_share: Fraction = Fraction(0)
    write_share: Fraction = Fraction(0)
    input_usd: Fraction
    read_usd: Fraction
    write_usd: Fraction = Fraction(0)
    output_usd: Fraction

    @property
    def usd_per_attempt(self) -> Fraction:
        """USD of one attempt of this group."""
        plain = 1 - self.read_share - self.write_share
        rate = (
            plain * self.input_usd
            + self.read_share * self.read_usd
            + self.write_share * self.write_usd
        )
        tokens = self.input_tokens * rate + self.output_tokens * self.output_usd
        return tokens / TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Plan or actual: calls, attempts beyond one a call, and the groups they fall into."""

    calls: Fraction
    retries: Fraction
    groups: Mapping[GroupKey, CallGroup]

    @property
    def usd(self) -> Fraction:
        """The cost by the formula."""
        mean = sum(
            (each.weight * each.usd_per_attempt for each in self.groups.values()), Fraction(0)
        )
        return self.calls * (1 + self.retries) * mean


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "mix": ("weight",),
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cache": ("read_share", "write_share"),
    "price": ("input_usd", "read_usd", "write_usd", "output_usd"),
}
assert {name for names in _FIELDS.values() for name in names} == {
    each.name for each in fields(CallGroup)
}


def variance(plan: Side, actual: Side, method: Method = "shapley") -> dict[str, Fraction]:
    """USD of each factor; they add up to ``actual.usd - plan.usd`` exactly.

    Both sides have the same groups: one that a side lacks is there with weight 0.
    """
    if plan.groups.keys() != actual.groups.keys():
        raise ValueError("plan and actual must have the same groups")

    def usd(moved: frozenset[str]) -> Fraction:
        return _mixed(plan, actual, moved).usd

    parts = decompose(FACTORS, usd, method)
    assert sum(parts.values()) == actual.usd - plan.usd
    return parts


def _mixed(plan: Side, actual: Side, moved: frozenset[str]) -> Side:
    """The plan with the factors in ``moved`` as they were in fact."""
    names = [name for factor in moved for name in _FIELDS.get(factor, ())]
    return Side(
        calls=actual.calls if "volume" in moved else plan.calls,
        retries=actual.retries if "retries" in moved else plan.retries,
        groups={
            key: replace(group, **{name: getattr(actual.groups[key], name) for name in names})
            for key, group in plan.groups.items()
        },
    )


def decompose(
    factors: Sequence[str], value: Callable[[frozenset[str]], Fraction], method: Method
) -> dict[str, Fraction]:
    """What each factor adds between no factor moved and all of them.

    Shapley: the mean over all orders; sequential: in the order given. The parts add up exactly.
    """
    known: dict[frozenset[str], Fraction] = {}

    def at(moved: frozenset[str]) -> Fraction:
        if moved not in known:
            known[moved] = value(moved)
        return known[moved]

    if method == "sequential":
        steps = [frozenset(factors[:end]) for end in range(len(factors) + 1)]
        return {f: at(steps[i + 1]) - at(steps[i]) for i, f in enumerate(factors)}
    count = len(factors)
    weights = [
        Fraction(factorial(size) * factorial(count - 1 - size), factorial(count))
        for size in range(count)
    ]
    subsets = _subsets(factors)
    return {
        factor: sum(
            (
                weights[len(before)] * (at(before | {factor}) - at(before))
                for before in subsets
                if factor not in before
            ),
            Fraction(0),
        )
        for factor in factors
    }


def _subsets(factors: Sequence[str]) -> list[frozenset[str]]:
    found: list[frozenset[str]] = [frozenset()]
    for factor in factors:
        found += [each | {factor} for each in found]
    return found


def largest_remainder(parts: Sequence[Fraction], step: Decimal = CENT) -> list[Decimal]:
    """The parts in whole ``step`` so that they add up to their total, rounded half up.

    Each is rounded down, then the largest remainders get one step more, the first of equal ones
    first; where the total is below zero all signs are turned before and after.
    """
    total = sum(parts, Fraction(0))
    first = next((part for part in parts if part), Fraction(0))
    sign = -1 if (total or first) < 0 else 1
    unit = Fraction(step)
    scaled = [sign * part / unit for part in parts]
    whole = [floor(part) for part in scaled]
    target = _half_up(sum(scaled, Fraction(0)))
    order = sorted(range(len(parts)), key=lambda i: (-(scaled[i] - whole[i]), i))
    for index in order[: target - sum(whole)]:
        whole[index] += 1
    return [sign * count * step for count in whole]


def decimal_of(value: Fraction, decimals: int = 12) -> Decimal:
    """A fraction at so many decimals, half up; stored money has twelve."""
    scaled = _half_up(abs(value) * 10**decimals)
    return Decimal(scaled if value >= 0 else -scaled).scaleb(-decimals)


def _half_up(value: Fraction) -> int:
    """Of a value of zero or more."""
    return floor(value + Fraction(1, 2))

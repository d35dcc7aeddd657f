"""The split of a difference into seven factors: exact, order-free, and shown to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.actuals.compare import TokenRates, matched
from planner.actuals.variance import (
    FACTORS,
    CallGroup,
    Method,
    Side,
    decimal_of,
    decompose,
    largest_remainder,
    variance,
)

F = Fraction


def group(weight: str, sent: int, received: int, cached: str, prices: tuple[str, ...]) -> CallGroup:
    plain, read, output = prices
    return CallGroup(
        weight=F(weight),
        input_tokens=F(sent),
        output_tokens=F(received),
        read_share=F(cached),
        input_usd=F(plain),
        read_usd=F(read),
        output_usd=F(output),
    )


_MINI = ("0.15", "0.075", "0.60")
_PLAN = Side(
    calls=F(300_000),
    retries=F(0),
    groups={
        ("gpt-4o",): group("0.4", 500, 200, "0", ("2.50", "1.25", "10")),
        ("mini",): group("0.6", 500, 200, "0", _MINI),
    },
)
_ACTUAL = Side(
    calls=F(330_000),
    retries=F("0.02"),
    groups={
        ("gpt-4o",): group("0.5", 600, 180, "0.2", ("2.50", "1.25", "8")),
        ("mini",): group("0.5", 600, 180, "0.2", _MINI),
    },
)
# Worked out by hand with all 5,040 orders, and in the order of the factors.
_EXPECTED: dict[Method, tuple[str, ...]] = {
    "shapley": (
        *("44.236441", "89.760991", "36.470458", "-27.764580"),
        *("-21.271030", "-54.367120", "9.200541"),
    ),
    "sequential": ("42.51", "100.815", "43.725", "-34.98", "-26.235", "-59.40", "9.8307"),
}


@pytest.mark.parametrize("method", ["shapley", "sequential"])
def test_the_seven_factors_of_the_worked_case(method: Method) -> None:
    assert (_PLAN.usd, _ACTUAL.usd) == (F("425.10"), F("501.3657"))
    parts = variance(_PLAN, _ACTUAL, method)
    found = [decimal_of(part, 6) for part in parts.values()]
    assert found == [Decimal(text) for text in _EXPECTED[method]]
    assert tuple(parts) == FACTORS
    assert sum(parts.values()) == F("76.2657")


def test_the_mean_over_all_orders_is_what_shapley_says() -> None:
    def usd(moved: frozenset[str]) -> Fraction:
        table = {"": 0, "a": 3, "b": 5, "c": 1, "ab": 20, "ac": 4, "bc": 9, "abc": 31}
        return F(table["".join(sorted(moved))])

    parts = decompose("abc", usd, "shapley")
    for factor in "abc":
        steps: list[Fraction] = []
        for order in permutations("abc"):
            before = frozenset(order[: order.index(factor)])
            steps.append(usd(before | {factor}) - usd(before))
        assert parts[factor] == sum(steps, F(0)) / 6


def test_shown_parts_add_up_to_the_cent() -> None:
    parts = variance(_PLAN, _ACTUAL)
    shown = largest_remainder(list(parts.values()))
    expected = ("44.24", "89.76", "36.47", "-27.76", "-21.27", "-54.37", "9.20")
    assert shown == [Decimal(text) for text in expected]
    assert sum(shown) == Decimal("76.27")


# --- Any input ---------------------------------------------------------------------------------

_amounts = st.fractions(min_value=0, max_value=1000, max_denominator=1000)
_groups = st.builds(
    CallGroup,
    weight=st.fractions(min_value=0, max_value=1, max_denominator=100),
    input_tokens=_amounts,
    output_tokens=_amounts,
    read_share=st.fractions(min_value=0, max_value=F(1, 2), max_denominator=100),
    write_share=st.fractions(min_value=0, max_value=F(1, 2), max_denominator=100),
    input_usd=_amounts,
    read_usd=_amounts,
    write_usd=_amounts,
    output_usd=_amounts,
)


def _side(groups: list[CallGroup], calls: Fraction, retries: Fraction) -> Side:
    return Side(
        calls=calls, retries=retries, groups={(str(i),): each for i, each in enumerate(groups)}
    )


_sides = st.tuples(
    *[st.builds(_side, st.lists(_groups, min_size=2, max_size=2), _amounts, _amounts)] * 2
)


@given(_sides, st.sampled_from(["shapley", "sequential"]))
@settings(max_examples=30)
def test_the_parts_are_the_difference_exactly(sides: tuple[Side, Side], method: Method) -> None:
    plan, actual = sides
    assert sum(variance(plan, actual, method).values()) == actual.usd - plan.usd


@given(_sides)
@settings(max_examples=15)
def test_plan_and_actual_swapped_turn_every_sign(sides: tuple[Side, Side]) -> None:
    plan, actual = sides
    there, back = variance(plan, actual), variance(actual, plan)
    assert {name: -part for name, part in there.items()} == back


@given(_sides, st.permutations(FACTORS))
@settings(max_examples=15)
def test_the_order_of_the_factors_does_not_matter(
    sides: tuple[Side, Side], order: list[str]
) -> None:
    plan, actual = sides

    def usd(moved: frozenset[str]) -> Fraction:
        calls = actual.calls if "volume" in moved else plan.calls
        return calls * (1 + (actual.retries if "retries" in moved else plan.retries))

    assert decompose(order, usd, "shapley") == decompose(FACTORS, usd, "shapley")


@given(st.lists(st.fractions(min_value=-100, max_value=100, max_denominator=997), min_size=1))
def test_rounded_parts_add_up_and_stay_within_a_cent(parts: list[Fraction]) -> None:
    shown = largest_remainder(parts)
    total = sum(parts, F(0))
    assert abs(sum((F(each) for each in shown), F(0)) - total) <= F(1, 200)
    assert all(abs(F(each) - part) < F(1, 100) for each, part in zip(shown, parts, strict=True))
    assert largest_remainder([-part for part in parts]) == [-each for each in shown]


# --- Groups of one side ------------------------------------------------------------------------


def _no_rates(key: tuple[str, ...]) -> TokenRates | None:
    return None


def test_a_group_seen_and_not_planned_is_carried_by_the_mix_alone() -> None:
    new = group("0.5", 900, 90, "0.1", ("3", "0.3", "15"))
    kept = _PLAN.groups["gpt-4o",]
    plan = Side(calls=F(100), retries=F(0), groups={("gpt-4o",): replace(kept, weight=F(1))})
    actual = Side(
        calls=F(100),
        retries=F(0),
        groups={("gpt-4o",): replace(kept, weight=F("0.5")), ("new",): new},
    )
    parts = variance(*matched(plan, actual, _no_rates))
    assert {name for name, part in parts.items() if part} == {"mix"}


def test_a_group_planned_and_not_seen_is_carried_by_the_mix_alone() -> None:
    kept = _PLAN.groups["gpt-4o",]
    actual = Side(calls=F(300_000), retries=F(0), groups={("gpt-4o",): replace(kept, weight=F(1))})
    parts = variance(*matched(_PLAN, actual, _no_rates))
    assert {name for name, part in parts.items() if part} == {"mix"}


def test_a_new_groups_price_since_the_plan_is_a_price_effect() -> None:
    then = TokenRates(input=F(6), read=F("0.6"), write=F(6), output=F(30))
    new = group("1", 900, 90, "0", ("3", "0.3", "15"))
    plan = Side(calls=F(100), retries=F(0), groups={})
    actual = Side(calls=F(100), retries=F(0), groups={("new",): new})
    parts = variance(*matched(plan, actual, lambda key: then))
    assert {name for name, part in parts.items() if part} == {"mix", "price"}
    assert parts["price"] < 0 < parts["mix"]

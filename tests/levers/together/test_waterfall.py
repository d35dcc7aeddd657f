"""The waterfall: exact sums in any order, checks against plain enumeration, row R42."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.together import ORDER, Lever, waterfall
from planner.levers.together.waterfall import ordered_savings

LEVERS: tuple[Lever, ...] = ("route", "compress", "exact_cache", "batch")


def r42(levers: frozenset[Lever]) -> Decimal:
    """300,000 requests of 500 and 200 tokens: 375 + 600 on gpt-4o, 22.50 + 36 on gpt-4o-mini."""
    large, small = (Decimal(375), Decimal(600)), (Decimal("22.5"), Decimal(36))
    input_usd, output_usd = large
    if "route" in levers:
        six = Decimal("0.6")
        input_usd = six * small[0] + (1 - six) * large[0]
        output_usd = six * small[1] + (1 - six) * large[1]
    if "compress" in levers:
        input_usd *= Decimal("0.7")
    total = input_usd + output_usd
    if "exact_cache" in levers:
        total *= Decimal("0.5")
    return total * Decimal("0.9") if "batch" in levers else total


def test_r42_every_column() -> None:
    found = waterfall(LEVERS, r42)
    assert [step.saves_usd for step in found.steps] == [
        Decimal(usd) for usd in ("549.90", "49.05", "188.025", "18.8025")
    ]
    assert [step.left_usd for step in found.steps] == [
        Decimal(usd) for usd in ("425.10", "376.05", "188.025", "169.2225")
    ]
    assert [step.stand_alone_usd for step in found.steps] == [
        Decimal(usd) for usd in ("549.90", "112.50", "487.50", "97.50")
    ]
    assert [step.last_in_usd for step in found.steps] == [
        Decimal(usd) for usd in ("218.9025", "22.0725", "169.2225", "18.8025")
    ]
    assert [step.shapley_usd for step in found.steps] == [
        Decimal(usd) for usd in ("374.266875", "60.796875", "318.346875", "52.366875")
    ]
    assert found.saved_usd == Decimal("805.7775")
    assert found.ranking == ("route", "exact_cache", "compress", "batch")


costs = st.fixed_dictionaries(
    {
        frozenset(group): st.decimals(min_value=0, max_value=10**6, places=4)
        for size in range(len(LEVERS) + 1)
        for group in {frozenset(p[:size]) for p in permutations(LEVERS)}
    }
)


@given(costs, st.permutations(LEVERS))
def test_savings_add_up_to_the_total_in_any_order(
    table: dict[frozenset[Lever], Decimal], order: list[Lever]
) -> None:
    found = waterfall(order, table.__getitem__)
    total = table[frozenset()] - table[frozenset(LEVERS)]
    assert found.saved_usd == total
    assert sum(step.saves_usd for step in found.steps) == total
    assert sum(step.reverse_usd for step in found.steps) == total
    assert sum(step.shapley_usd for step in found.steps) == total
    assert found.steps[-1].left_usd == found.left_usd


@given(costs)
def test_the_fair_share_is_the_mean_over_all_orders(
    table: dict[frozenset[Lever], Decimal],
) -> None:
    found = waterfall(LEVERS, table.__getitem__)
    every = list(permutations(LEVERS))
    for step in found.steps:
        sums = Decimal(0)
        for order in every:
            before: frozenset[Lever] = frozenset(order[: order.index(step.lever)])
            sums += table[before] - table[before.union((step.lever,))]
        assert float(step.shapley_usd) == pytest.approx(float(sums / len(every)), abs=1e-8)


@given(costs)
def test_reverse_is_the_waterfall_of_the_reverse_order(
    table: dict[frozenset[Lever], Decimal],
) -> None:
    found = waterfall(LEVERS, table.__getitem__)
    backward = waterfall(tuple(reversed(LEVERS)), table.__getitem__)
    saves = {step.lever: step.saves_usd for step in backward.steps}
    assert {step.lever: step.reverse_usd for step in found.steps} == saves


def test_no_lever_saves_nothing() -> None:
    found = waterfall((), lambda levers: Decimal(7))
    assert (found.base_usd, found.left_usd, found.steps) == (7, 7, ())


def test_the_order_of_all_levers_is_stated_once() -> None:
    assert len(set(ORDER)) == len(ORDER) == 7


@given(costs)
def test_savings_alone_are_those_of_the_waterfall(table: dict[frozenset[Lever], Decimal]) -> None:
    found = waterfall(LEVERS, table.__getitem__)
    saves = {step.lever: step.saves_usd for step in found.steps}
    assert ordered_savings(LEVERS, table.__getitem__) == saves

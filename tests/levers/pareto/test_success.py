from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.pareto import Measured, overlapping, usd_per_success, wilson


@pytest.mark.parametrize(
    ("successes", "low", "high"),
    # R15, three decimals.
    [(93, 0.863, 0.966), (95, 0.888, 0.978), (97, 0.915, 0.990)],
)
def test_r15_wilson_intervals_of_a_hundred_trials(successes: int, low: float, high: float) -> None:
    found = wilson(successes, 100)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)


def test_nothing_out_of_ten_by_hand() -> None:
    # p = 0: low is 0, high = z² / (n + z²) = 3.8416 / 13.8416.
    found = wilson(0, 10)
    assert (found.low, found.high) == (0.0, pytest.approx(3.8416 / 13.8416, rel=1e-12))


counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_ends_solve_the_equation_that_defines_them(count: tuple[int, int]) -> None:
    # The score interval holds every true p with |x/n - p| <= z sqrt(p (1 - p) / n).
    successes, trials = count
    found = wilson(successes, trials)
    for end in (found.low, found.high):
        gap = abs(successes / trials - end)
        assert gap == pytest.approx(1.96 * math.sqrt(end * (1 - end) / trials), abs=1e-9)


@given(counts)
def test_the_rate_lies_inside_and_failures_mirror_successes(count: tuple[int, int]) -> None:
    successes, trials = count
    found, mirrored = wilson(successes, trials), wilson(trials - successes, trials)
    assert 0 <= found.low <= successes / trials <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)


def of(successes: int, trials: int) -> Measured:
    return Measured(successes, trials)


def test_r15_neighbours_on_the_frontier_overlap() -> None:
    measured = {0: of(93, 100), 1: of(95, 100), 2: of(97, 100)}
    assert overlapping(measured, [0, 1, 2], {}) == {0: (1,), 1: (0, 2), 2: (1,)}


def test_enough_trials_tell_them_apart() -> None:
    measured = {0: of(9300, 10_000), 1: of(9500, 10_000), 2: of(9700, 10_000)}
    assert overlapping(measured, [2, 0, 1], {}) == {}


def test_a_beaten_point_is_compared_with_what_beats_it_only() -> None:
    measured = {0: of(50, 100), 1: of(97, 100), 2: of(52, 100), 3: of(96, 100)}
    # 2 is beaten by 1 and 3; its own rate is near that of 0, which does not beat it.
    assert overlapping(measured, [0, 1], {2: (1, 3), 3: (1,)}) == {3: (1,)}


def test_without_trials_nothing_is_said() -> None:
    assert overlapping({0: of(1, 2)}, [0, 1], {2: (0,)}) == {}


def test_cost_of_a_success_by_hand() -> None:
    # $0.002 at 93 %: 0.00215054
    found = usd_per_success(Decimal("0.002"), Decimal("0.93"))
    assert found is not None
    assert round(found, 8) == Decimal("0.00215054")


def test_what_never_succeeds_has_no_cost_of_a_success() -> None:
    assert usd_per_success(Decimal(1), Decimal(0)) is None


@given(
    st.decimals(0, 1000, places=6),
    st.decimals("0.001", 1, places=3),
)
def test_a_success_costs_at_least_a_request(cost: Decimal, share: Decimal) -> None:
    found = usd_per_success(cost, share)
    assert found is not None and found >= cost

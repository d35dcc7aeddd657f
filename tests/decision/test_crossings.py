"""Crossings by segments against brute force over every whole volume."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planner.costs import CachedTokens, Fleet, Term, Tiered
from planner.decision.crossings import (
    Interval,
    merge,
    volumes_any_at_or_below,
    volumes_at_or_below,
)
from planner.decision.curve import CostCurve

ONE = Decimal(1)


def straight(fixed: str, rate: str) -> CostCurve:
    return curve(fixed=Decimal(fixed), rate=Decimal(rate))


def curve(
    *,
    fixed: Decimal = Decimal(0),
    rate: Decimal = Decimal(0),
    unit: Decimal = Decimal(0),
    fleet: Fleet | None = None,
    curved: tuple[Term, ...] = (),
) -> CostCurve:
    kinks = sorted({Decimal(math.floor(kink)) for term in curved for kink in term.kinks()})
    return CostCurve(
        name="x",
        fixed_usd=fixed,
        per_request_usd=rate,
        per_instance_usd=unit,
        fleet=fleet,
        capacity_factor=ONE,
        curved=tuple((ONE, term) for term in curved),
        kinks=tuple(kinks),
    )


def units(
    capacity: int, *, spare: int = 0, per_instance: int = 1, most: int | None = None
) -> Fleet:
    return Fleet(
        capacity_requests_per_month=Decimal(capacity),
        spare_replicas=spare,
        replicas_per_instance=per_instance,
        max_instances=most,
    )


def brute_force(own: CostCurve, other: CostCurve, end: int) -> set[int]:
    limit = own.max_requests
    return {
        v
        for v in range(1, end + 1)
        if (limit is None or v <= limit) and own.at(Decimal(v)) <= other.at(Decimal(v))
    }


def covered(intervals: list[Interval], end: int) -> set[int]:
    return {
        v
        for low, high in intervals
        for v in range(low, min(end if high is None else high, end) + 1)
    }


class TestStraightLines:
    def test_fixed_cost_against_a_rate_crosses_once(self) -> None:
        # $2,000 / ($0.00325 - $0.00007) = 628,930.8: the first whole request is 628,931.
        own, api = straight("2000", "0.00007"), straight("0", "0.00325")
        assert volumes_at_or_below(own, api) == [(628_931, None)]

    def test_a_tie_counts_as_at_or_below(self) -> None:
        # $700 against $5 per M tokens of 1,000-token requests: equal at exactly 140,000.
        assert volumes_at_or_below(straight("700", "0"), straight("0", "0.005")) == [
            (140_000, None)
        ]

    def test_dearer_at_every_volume_is_never(self) -> None:
        assert volumes_at_or_below(straight("1", "0.002"), straight("0", "0.001")) == []

    def test_equal_slopes_are_decided_by_the_fixed_part(self) -> None:
        assert volumes_at_or_below(straight("1", "0.5"), straight("2", "0.5")) == [(1, None)]
        assert volumes_at_or_below(straight("2", "0.5"), straight("1", "0.5")) == []


class TestSteps:
    # $1,000 a replica that serves 100 M tokens, one spare; requests of 10,000 tokens.
    def own(self, most: int | None = None) -> CostCurve:
        return curve(unit=Decimal(1000), fleet=units(10_000, spare=1, most=most))

    def test_steps_give_several_intervals(self) -> None:
        # API $14/M: 2,000/14 = 142.86 M is past the first step (100 M); 3,000/14 = 214.29 past
        # the second; 4,000/14 = 285.71 within the third; 5,000/14 = 357.14; 6,000/14 = 428.57.
        assert volumes_at_or_below(self.own(), straight("0", "0.14")) == [
            (28_572, 30_000),
            (35_715, 40_000),
            (42_858, None),
        ]

    def test_a_price_below_the_unit_cost_is_never_reached(self) -> None:
        assert volumes_at_or_below(self.own(), straight("0", "0.09")) == []

    def test_a_limit_ends_the_intervals(self) -> None:
        # Four replicas in all serve 300 M with the spare intact.
        assert volumes_at_or_below(self.own(most=4), straight("0", "0.14")) == [(28_572, 30_000)]

    def test_right_end_of_a_step_is_inclusive(self) -> None:
        own = curve(rate=Decimal("0.00007"), unit=Decimal(2000), fleet=units(1_000_000))
        assert volumes_at_or_below(own, straight("0", "0.00325")) == [
            (628_931, 1_000_000),
            (1_257_862, None),
        ]


MONEY = st.decimals(min_value=0, max_value=50, places=2)
RATE = st.decimals(min_value=0, max_value=1, places=3)


@st.composite
def stepped(draw: st.DrawFn) -> CostCurve:
    fleet = units(
        draw(st.integers(3, 60)),
        spare=draw(st.integers(0, 2)),
        per_instance=draw(st.sampled_from([1, 2, 4])),
        most=draw(st.one_of(st.none(), st.integers(1, 12))),
    )
    return curve(fixed=draw(MONEY), rate=draw(RATE), unit=draw(MONEY), fleet=fleet)


@st.composite
def api(draw: st.DrawFn) -> CostCurve:
    curved: list[Term] = []
    if draw(st.booleans()):
        hit, spread = draw(RATE), draw(RATE)
        plain = hit + spread / 2
        decay = draw(st.floats(0.002, 0.2))
        curved.append(CachedTokens(plain, hit, hit + spread, decay))
    if draw(st.booleans()):
        tiers = ((Decimal(0), Decimal("0.3")), (Decimal(draw(st.integers(5, 90))), Decimal("0.1")))
        curved.append(Tiered(Decimal(1), tiers))
    return curve(fixed=draw(MONEY), rate=draw(RATE), curved=tuple(curved))


@given(own=stepped(), other=api())
def test_segments_equal_brute_force(own: CostCurve, other: CostCurve) -> None:
    end = 700
    found = volumes_at_or_below(own, other)
    assert covered(found, end) == brute_force(own, other, end)


@given(own=api(), other=api())
def test_curves_without_steps_equal_brute_force(own: CostCurve, other: CostCurve) -> None:
    # A cached rate that ends exactly on the other's rate touches it only beyond rounding.
    assume(own.at(Decimal(10**9)) != other.at(Decimal(10**9)))
    end = 500
    assert covered(volumes_at_or_below(own, other), end) == brute_force(own, other, end)


@given(own=stepped(), other=api(), far=st.integers(10**5, 10**9))
def test_far_volumes_agree_with_exact_costs(own: CostCurve, other: CostCurve, far: int) -> None:
    found = volumes_at_or_below(own, other)
    inside = any(low <= far and (high is None or far <= high) for low, high in found)
    limit = own.max_requests
    allowed = limit is None or far <= limit
    assert inside == (allowed and own.at(Decimal(far)) <= other.at(Decimal(far)))


@given(curves=st.lists(stepped(), max_size=5), other=api())
def test_what_any_of_several_wins_is_what_each_wins(
    curves: list[CostCurve], other: CostCurve
) -> None:
    each = [volumes_at_or_below(own, other) for own in curves]
    assert volumes_any_at_or_below(curves, other) == merge(i for won in each for i in won)


@given(
    own=stepped(),
    other=api(),
    ends=st.lists(st.integers(1, 600), unique=True, min_size=1, max_size=5),
)
def test_within_ranges_the_same_is_found(own: CostCurve, other: CostCurve, ends: list[int]) -> None:
    ends.sort()
    within: list[Interval] = list(zip(ends[::2], ends[1::2], strict=False))
    within += [(ends[-1], None)] if len(ends) % 2 else []
    found = volumes_at_or_below(own, other, within=within)
    inside = covered(within, 2_000)
    assert covered(found, 2_000) == covered(volumes_at_or_below(own, other), 2_000) & inside


@given(own=stepped(), low=st.integers(1, 500), width=st.integers(0, 500))
def test_cost_of_whole_instances_never_falls(own: CostCurve, low: int, width: int) -> None:
    assert own.at(Decimal(low)) <= own.at(Decimal(low + width))


@given(other=api(), low=st.integers(1, 400), width=st.integers(0, 400), part=st.floats(0, 1))
def test_bounds_hold_everywhere_between(
    other: CostCurve, low: int, width: int, part: float
) -> None:
    first, last = Decimal(low), Decimal(low + width)
    inside = Decimal(low + int(width * part))
    slack = Decimal("1e-9")
    (rising, falling), (risen, fallen) = other.parts(first), other.parts(last)
    assert rising + fallen * first <= other.at(inside) + slack
    assert other.at(inside) <= risen + falling * last + slack


@pytest.mark.parametrize(
    ("given_intervals", "expected"),
    [
        ([], []),
        ([(5, 9), (1, 3)], [(1, 3), (5, 9)]),
        ([(1, 4), (5, 9)], [(1, 9)]),
        ([(1, None), (5, 9)], [(1, None)]),
        ([(1, 7), (3, 4), (6, None)], [(1, None)]),
    ],
)
def test_merge_joins_neighbours(
    given_intervals: list[tuple[int, int | None]], expected: list[tuple[int, int | None]]
) -> None:
    assert merge(given_intervals) == expected

"""Mixes of two: by hand, against a fine grid of shares, and against the convex hull."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from planner.levers.pareto import Axis, Point, best_mixes, standings

TWO = (Axis("cost", "min"), Axis("quality", "max"))
THREE = (*TWO, Axis("latency", "min"))


def point(name: str, *values: str | int) -> Point:
    return Point(
        name, dict(zip(("cost", "quality", "latency"), map(Decimal, values), strict=False))
    )


def front(points: list[Point], axes: tuple[Axis, ...]) -> list[int]:
    return [i for i, stand in enumerate(standings(points, axes)) if stand.on_frontier]


def test_r15_half_and_half_of_two_costs_less_than_the_point_between() -> None:
    points = [
        point("few-shot", "0.012", "0.95", 700),
        point("opus", "0.020", "0.97", 900),
        point("hybrid", "0.002", "0.93", 120),
    ]
    for axes, latency in ((TWO, ()), (THREE, (Fraction(510),))):
        mixes = best_mixes(points, axes, front(points, axes))
        assert list(mixes) == [0]
        mix = mixes[0]
        # By name: hybrid, then opus.
        assert (mix.a, mix.b, mix.share_a) == (2, 1, Fraction(1, 2))
        assert mix.values == (Fraction("0.011"), Fraction("0.95"), *latency)


def test_a_point_on_the_straight_line_between_two_is_not_beaten() -> None:
    points = [point("a", 0, 0), point("b", 1, 1), point("c", 2, 2)]
    assert best_mixes(points, TWO, [0, 1, 2]) == {}


def test_a_third_axis_can_save_a_point_from_a_mix() -> None:
    points = [point("a", 0, 0, 9), point("b", 2, 1, 1), point("c", 2, 2, 9)]
    assert list(best_mixes(points, TWO, [0, 1, 2])) == [1]
    assert best_mixes(points, THREE, [0, 1, 2]) == {}


def test_a_mix_that_is_equal_on_the_first_axis_beats_on_another() -> None:
    # With one first value for all of a, b and p, only the second can be better.
    axes = (Axis("cost", "min"), Axis("quality", "max"), Axis("latency", "min"))
    points = [point("a", 1, 0, 0), point("b", 1, 10, 10), point("p", 1, 4, 5)]
    mix = best_mixes(points, axes, front(points, axes))[2]
    assert mix.values[0] == 1 and mix.values[1] >= 4 and mix.values[2] <= 5
    assert mix.values != (1, 4, 5)


small = st.integers(0, 6)


@given(st.lists(st.tuples(small, small, small), min_size=3, max_size=7, unique=True))
def test_a_grid_of_shares_finds_no_better_mix(rows: list[tuple[int, int, int]]) -> None:
    points = [point(f"p{i}", *row) for i, row in enumerate(rows)]
    frontier = front(points, THREE)
    mixes = best_mixes(points, THREE, frontier)
    oriented = {i: (rows[i][0], -rows[i][1], rows[i][2]) for i in frontier}
    for i in frontier:
        grid = [
            tuple(Fraction(s, 60) * x + Fraction(60 - s, 60) * y for x, y in zip(
                oriented[a], oriented[b], strict=True))
            for a in frontier for b in frontier if a < b for s in range(61)
        ]  # fmt: skip
        beating = [
            values for values in grid
            if all(x <= y for x, y in zip(values, oriented[i], strict=True))
            and values != oriented[i]
        ]  # fmt: skip
        if beating:
            assert mixes[i].values[0] <= min(values[0] for values in beating)
        if i in mixes:
            signed = (mixes[i].values[0], -mixes[i].values[1], mixes[i].values[2])
            assert all(x <= y for x, y in zip(signed, oriented[i], strict=True))
            assert signed != oriented[i]
            assert 0 < mixes[i].share_a < 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, unique=True))
def test_on_two_axes_a_mix_beats_what_lies_inside_the_hull(rows: list[tuple[int, int]]) -> None:
    points = [point(f"p{i}", *row) for i, row in enumerate(rows)]
    frontier = sorted(front(points, TWO), key=lambda i: rows[i])
    hull: list[int] = []
    for i in frontier:
        # Upper hull, left to right: the slope falls strictly, points on a side stay.
        while len(hull) > 1 and _turn(rows[hull[-2]], rows[hull[-1]], rows[i]) > 0:
            hull.pop()
        hull.append(i)
    assert set(best_mixes(points, TWO, frontier)) == set(frontier) - set(hull)


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

"""The frontier against brute force, and the laws that hold for any points."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.pareto import Axis, Point, standings

AXES = (Axis("cost", "min"), Axis("quality", "max"), Axis("latency", "min"))

# Few different values, so that ties and equal points are common; None is a missing value.
some = st.one_of(st.none(), st.integers(0, 4).map(Decimal))
rows = st.lists(st.tuples(some, some, some), max_size=12)


def points_of(values: Sequence[Sequence[Decimal | None]]) -> list[Point]:
    return [
        Point(
            f"p{number}",
            {a.name: v for a, v in zip(AXES, row, strict=False) if v is not None},
        )
        for number, row in enumerate(values)
    ]


def dominates(a: Point, b: Point, axes: Sequence[Axis]) -> bool:
    """The definition, word for word."""
    if any(axis.name not in a.values or axis.name not in b.values for axis in axes):
        return False
    signs = [1 if axis.sense == "max" else -1 for axis in axes]
    gaps = [s * (a.values[x.name] - b.values[x.name]) for s, x in zip(signs, axes, strict=True)]
    return all(gap >= 0 for gap in gaps) and any(gap > 0 for gap in gaps)


@given(rows, st.integers(1, 3))
def test_dominators_are_those_of_brute_force(
    values: list[tuple[Decimal | None, ...]], count: int
) -> None:
    points, axes = points_of(values), AXES[:count]
    found = standings(points, axes)
    for i, point in enumerate(points):
        expected = tuple(j for j, other in enumerate(points) if dominates(other, point, axes))
        complete = all(axis.name in point.values for axis in axes)
        assert found[i].dominated_by == expected
        assert found[i].comparable is complete
        assert found[i].on_frontier is (complete and not expected)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(
    values: list[tuple[Decimal | None, ...]], rng: random.Random
) -> None:
    points = points_of(values)
    shuffled = list(points)
    rng.shuffle(shuffled)

    def by_name(given: list[Point]) -> dict[str, tuple[bool, set[str], set[str]]]:
        return {
            point.name: (
                stand.on_frontier,
                {given[i].name for i in stand.dominated_by},
                {given[i].name for i in stand.equal_to},
            )
            for point, stand in zip(given, standings(given, AXES), strict=True)
        }

    assert by_name(shuffled) == by_name(points)


@given(rows.filter(bool), st.integers(0, 11), st.tuples(*[st.integers(0, 2)] * 3))
def test_a_point_that_is_beaten_changes_nothing_for_the_others(
    values: list[tuple[Decimal | None, ...]], which: int, worse: tuple[int, int, int]
) -> None:
    points = points_of(values)
    before = standings(points, AXES)
    by = points[which % len(points)]
    if len(by.values) < len(AXES) or not any(worse):
        return
    signs = {"min": 1, "max": -1}
    added = Point(
        "added",
        {
            axis.name: by.values[axis.name] + signs[axis.sense] * step
            for axis, step in zip(AXES, worse, strict=True)
        },
    )
    after = standings([*points, added], AXES)
    assert [x.on_frontier for x in after[:-1]] == [x.on_frontier for x in before]
    assert not after[-1].on_frontier


@given(rows)
def test_no_member_of_the_frontier_is_beaten_and_all_others_are_beaten_by_a_member(
    values: list[tuple[Decimal | None, ...]],
) -> None:
    found = standings(points_of(values), AXES)
    front = {i for i, stand in enumerate(found) if stand.on_frontier}
    for stand in found:
        if stand.dominated_by:
            assert front & set(stand.dominated_by)


def point(name: str, cost: str, quality: str, latency: str | None = None) -> Point:
    values = {"cost": Decimal(cost), "quality": Decimal(quality)}
    if latency is not None:
        values["latency"] = Decimal(latency)
    return Point(name, values)


def frontier(points: Sequence[Point], count: int) -> list[str]:
    found = standings(points, AXES[:count])
    return [p.name for p, stand in zip(points, found, strict=True) if stand.on_frontier]


def test_r14_at_equal_cost_the_better_one_stands() -> None:
    assert frontier([point("a", "1", "0.90"), point("b", "1", "0.95")], 2) == ["b"]


def test_r14_a_third_axis_may_save_a_point() -> None:
    points = [point("slow", "1", "0.90", "900"), point("fast", "2", "0.90", "50")]
    assert frontier(points, 2) == ["slow"]
    assert frontier(points, 3) == ["slow", "fast"]


def test_r14_equal_points_all_stay() -> None:
    points = [point("a", "1", "0.9"), point("b", "1.0", "0.90"), point("c", "2", "0.9")]
    found = standings(points, AXES[:2])
    assert [stand.on_frontier for stand in found] == [True, True, False]
    assert found[0].equal_to == (1,) and found[1].equal_to == (0,)
    assert found[2].dominated_by == (0, 1)


def test_r14_a_missing_latency_compares_with_nothing() -> None:
    points = [point("known", "1", "0.95", "10"), point("unknown", "2", "0.90")]
    found = standings(points, AXES)
    assert not found[1].comparable and found[1].dominated_by == ()
    assert found[0].on_frontier


@pytest.mark.parametrize("sense", ["min", "max"])
def test_one_axis_has_its_best_values_on_the_frontier(sense: str) -> None:
    axis = Axis("cost", "min" if sense == "min" else "max")
    points = [Point(str(i), {"cost": Decimal(i % 3)}) for i in range(6)]
    best = "0" if sense == "min" else "2"
    front = [p.values["cost"] for p, s in zip(points, standings(points, [axis]), strict=True)
             if s.on_frontier]  # fmt: skip
    assert front == [Decimal(best)] * 2


def test_no_points_have_no_frontier() -> None:
    assert standings([], AXES) == ()

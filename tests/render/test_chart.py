"""Charts: places, ticks, the staircase, and what the terminal and the SVG file draw of them."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.pareto import Axis, Measured, Point
from planner.render.chart import Chart, pareto_chart
from planner.render.payload_pareto import Candidate, FrontierInput, pareto_report
from planner.render.svg_chart import chart_svg
from planner.render.text_chart import chart_lines

COST, QUALITY = Axis("cost_usd_per_request", "min"), Axis("quality", "max")
SVG = "{http://www.w3.org/2000/svg}"


def chart(
    *rows: tuple[str, str], axes: tuple[Axis, ...] = (COST, QUALITY), trials: int | None = None
) -> Chart | None:
    candidates = [
        Candidate(
            point=Point(f"p{i}", {axes[0].name: Decimal(cost), axes[-1].name: Decimal(quality)}),
            measured=None if trials is None else Measured(int(Decimal(quality) * trials), trials),
        )
        for i, (cost, quality) in enumerate(rows)
    ]
    given = FrontierInput(file="r.csv", kind="csv", candidates=candidates, axes=axes)
    return pareto_chart(pareto_report(given))


def drawn(*rows: tuple[str, str], **more: int) -> Chart:
    found = chart(*rows, **more)  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


def test_a_wide_range_is_logarithmic_with_a_tick_at_each_power_of_ten() -> None:
    axis = drawn(("0.00001", "0.7"), ("0.02", "0.9")).x
    assert axis.is_log and axis.full_title == "cost per request, USD (log scale)"
    assert [tick.label for tick in axis.ticks] == ["$0.00001", "$0.0001", "$0.001", "$0.01"]
    gaps = [b.at - a.at for a, b in pairwise(axis.ticks)]
    assert gaps == pytest.approx([gaps[0]] * 3)


def test_a_narrow_range_is_even_with_round_ticks() -> None:
    axis = drawn(("1", "0.72"), ("2", "0.97")).y
    assert not axis.is_log
    assert [tick.label for tick in axis.ticks] == ["0.75", "0.8", "0.85", "0.9", "0.95"]


def test_a_zero_keeps_the_axis_even() -> None:
    assert not drawn(("0", "0.5"), ("1000", "0.6")).x.is_log


def test_the_staircase_steps_at_each_point_of_the_frontier_only() -> None:
    found = drawn(("1", "0.1"), ("3", "0.3"), ("2", "0.2"), ("2.5", "0.15"))
    x, y = found.x.place, found.y.place
    assert found.steps == (
        (x(1), y(0.1)),
        (x(2), y(0.1)),
        (x(2), y(0.2)),
        (x(3), y(0.2)),
        (x(3), y(0.3)),
    )


def test_intervals_belong_to_quality_alone() -> None:
    (mark,) = drawn(("1", "0.5"), trials=10).marks
    assert mark.low is not None and mark.high is not None and mark.low < mark.y < mark.high
    (other,) = drawn(("1", "0.5")).marks
    assert (other.low, other.high) == (None, None)


def test_one_axis_has_no_chart() -> None:
    assert chart(("1", "0.5"), axes=(COST,)) is None


some_rows = st.lists(
    st.tuples(
        st.decimals("0.00001", 1000, places=5).map(str),
        st.decimals(0, 1, places=3).map(str),
    ),
    min_size=1,
    max_size=30,
)


@given(some_rows)
def test_points_and_ticks_lie_inside_the_frame(rows: list[tuple[str, str]]) -> None:
    found = drawn(*rows)
    for mark in found.marks:
        assert 0 <= mark.x <= 1 and 0 <= mark.y <= 1
    for axis in (found.x, found.y):
        assert all(-1e-6 <= tick.at <= 1 + 1e-6 for tick in axis.ticks)
        assert len(axis.ticks) <= 12


@given(some_rows)
def test_the_terminal_chart_has_fixed_rows_in_plain_characters(
    rows: list[tuple[str, str]],
) -> None:
    lines = chart_lines(drawn(*rows))
    assert all(line.isascii() and len(line) <= 100 for line in lines)
    assert len(lines) == 1 + 18 + 3 + 2


def test_the_terminal_chart_shows_each_point_with_its_number() -> None:
    text = "\n".join(chart_lines(drawn(("1", "0.1"), ("2", "0.2"), ("2.5", "0.15"))))
    assert {"*1", "*2", "o3"} <= set(re.findall(r"[*o+]\d", text))


def test_points_at_one_place_stand_beside_each_other() -> None:
    text = "\n".join(chart_lines(drawn(("1", "0.5"), ("1", "0.5"), ("2", "0.9"))))
    assert "*1" in text and "*2" in text


def svg_of(found: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart_svg(found, "title", "what it shows"))


def test_the_drawing_says_what_it_is() -> None:
    svg = svg_of(drawn(("1", "0.1"), ("2", "0.2")))
    assert svg.get("role") == "img"
    assert [svg.findtext(f"{SVG}{name}") for name in ("title", "desc")] == [
        "title",
        "what it shows",
    ]


def test_a_point_without_a_third_value_is_not_comparable_and_not_off_the_frontier() -> None:
    latency = Axis("latency_ms", "min")
    rows = (("1", "0.7", "100"), ("2", "0.9", "200"), ("1.5", "0.95", None))
    candidates = [
        Candidate(
            point=Point(
                f"p{index}",
                {COST.name: Decimal(cost), QUALITY.name: Decimal(quality)}
                | ({} if ms is None else {latency.name: Decimal(ms)}),
            ),
            measured=None,
        )
        for index, (cost, quality, ms) in enumerate(rows)
    ]
    axes = (COST, QUALITY, latency)
    given = FrontierInput(file="r.csv", kind="csv", candidates=candidates, axes=axes)
    found = pareto_chart(pareto_report(given))
    assert found is not None
    assert {mark.name: mark.kind for mark in found.marks}["p2"] == "not_comparable"
    svg = chart_svg(found, "t", "d")
    assert "not comparable: another value is missing" in svg
    assert "not on the frontier" not in svg
    assert any("x not comparable" in line for line in chart_lines(found))


def test_each_standing_has_a_shape_of_its_own() -> None:
    # Half of a and half of b give 0.55 at $2, better than c; d is beaten by a.
    found = drawn(("1", "0.2"), ("3", "0.9"), ("2.5", "0.3"), ("4", "0.1"))
    assert [mark.kind for mark in found.marks] == ["frontier", "mixed", "frontier", "dominated"]
    groups = [group for group in svg_of(found).iter(f"{SVG}g")]
    shapes = {
        (group.findtext(f"{SVG}title") or "").split()[0]: group[-1].tag.removeprefix(SVG)
        for group in groups
    }
    assert shapes == {"1": "circle", "2": "polygon", "3": "circle", "4": "rect"}


def test_numbers_cover_neither_points_nor_each_other() -> None:
    # Each point lies where the number of the next one would stand first.
    found = drawn(*((str(1 + i / 100), str(0.6 - i / 1000)) for i in range(40)))
    svg = svg_of(found)
    # Only the numbers beside points have a halo.
    numbers = [text for text in svg.iter(f"{SVG}text") if text.get("paint-order") is not None]
    boxes = [number_box(text) for text in numbers]
    for group in svg.iter(f"{SVG}g"):
        shape = group[-1]
        if shape.tag == f"{SVG}circle":
            x, y = float(shape.get("cx", "")), float(shape.get("cy", ""))
        else:
            x, y = float(shape.get("x", "")) + 4, float(shape.get("y", "")) + 4
        boxes.append((x - 4, y - 4, x + 4, y + 4))
    assert len(boxes) == 80
    meeting = [
        (a, b)
        for a, b in combinations(boxes, 2)
        if a in boxes[:40] and a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert meeting == []


def test_the_line_is_explained_where_there_is_one() -> None:
    said = "line: frontier of these two axes"
    assert said in [text.text for text in svg_of(drawn(("1", "0.1"), ("2", "0.2"))).iter()]
    assert said not in [text.text for text in svg_of(drawn(("1", "0.1"))).iter()]


def number_box(text: ElementTree.Element) -> tuple[float, float, float, float]:
    x, y = float(text.get("x", "")), float(text.get("y", ""))
    width = 6.5 * len(text.text or "")
    left = {"start": x, "end": x - width, "middle": x - width / 2}[text.get("text-anchor", "")]
    return left, y - 9, left + width, y


@given(some_rows)
def test_every_drawing_is_well_formed_and_repeatable(rows: list[tuple[str, str]]) -> None:
    first, second = (chart_svg(drawn(*rows), "t", "d") for _ in range(2))
    assert first == second
    assert ElementTree.fromstring(first).tag == f"{SVG}svg"
    assert "nan" not in first and "inf" not in first

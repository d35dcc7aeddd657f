"""Curves in plain characters."""

from __future__ import annotations

import pytest

from planner.render.blocks import Drawing
from planner.render.markdown import markdown_of
from planner.render.text import TextStyle, text_of
from planner.render.text_plot import Curve, Plot, plot_lines

RISING = Curve(sign="a", name="API", points=((1.0, 10.0), (10.0, 100.0), (100.0, 1000.0)))
FLAT = Curve(sign="s", name="self-hosting", points=((1.0, 100.0), (10.0, 100.0), (100.0, None)))
PLOT = Plot(
    curves=(RISING, FLAT),
    marks=(10.0,),
    x_title="requests",
    y_title="USD",
    x_labels=("1", "100"),
    y_labels=("$10", "$1,000"),
)


def area(width: int) -> list[str]:
    """The rows of the drawing, top first, without the axis."""
    return [line[8:] for line in plot_lines(PLOT, width)[1:17]]


@pytest.mark.parametrize("width", [40, 72, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in plot_lines(PLOT, width)) <= width


def test_a_wider_terminal_gets_a_wider_drawing() -> None:
    assert max(map(len, plot_lines(PLOT, 100))) > max(map(len, plot_lines(PLOT, 60)))


def test_a_curve_runs_from_its_first_to_its_last_point() -> None:
    rows = area(72)
    assert rows[0].endswith("a")
    assert rows[-1].startswith("a")


def test_a_curve_stops_where_it_has_no_value() -> None:
    flat = next(row for row in area(72) if "s" in row)
    assert len(flat.rstrip("a")) <= len(area(72)[0]) // 2 + 1


def test_the_crossing_has_a_line_through_the_drawing() -> None:
    # 64 columns; the middle of a logarithmic axis from 1 to 100 is 10.
    assert all(row[32] in ":*as" for row in area(72))


def test_both_curves_in_a_cell_are_a_star() -> None:
    assert any("*" in row for row in area(72))


def test_axis_ends_and_legend_are_named() -> None:
    text = "\n".join(plot_lines(PLOT, 72))
    for label in ("$10 +", "$1,000 +", "requests", "USD", "a API", "s self-hosting", "* both"):
        assert label in text


def test_without_a_value_nothing_is_drawn() -> None:
    empty = Plot(
        curves=(Curve(sign="s", name="x", points=((1.0, None),)),),
        marks=(),
        x_title="",
        y_title="",
        x_labels=("", ""),
        y_labels=("", ""),
    )
    assert plot_lines(empty, 72) == ()


def test_text_draws_for_its_width_and_markdown_for_a_page() -> None:
    block = Drawing(lambda width: (f"{width} columns",))
    assert text_of([block], TextStyle(width=60)) == "60 columns\n"
    assert text_of([block], TextStyle(width=None)) == "100 columns\n"
    assert markdown_of([block]) == "```text\n100 columns\n```\n"

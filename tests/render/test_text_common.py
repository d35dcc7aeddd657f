"""Sections that several reports share."""

from __future__ import annotations

from planner.render.blocks import Bullets, Grid, Paragraph
from planner.render.payload_types import ExcludedView
from planner.render.text_common import excluded_blocks


def left_out(option: str, candidate: str, reason: str) -> ExcludedView:
    return ExcludedView(option=option, candidate=candidate, reason=reason)


def lines(*excluded: ExcludedView) -> tuple[str, ...]:
    blocks = excluded_blocks(excluded, wide=False)
    return next(block.items for block in blocks if isinstance(block, Bullets))


def test_reasons_that_differ_in_figures_only_are_one_line() -> None:
    assert lines(
        left_out("8B", "g5.xlarge tp1", "TTFT p95 1,200 ms > 1,000 ms"),
        left_out("8B", "g6.xlarge tp1", "TTFT p95 2.5 ms > 1,000 ms"),
        left_out("8B", "g5.xlarge tp2", "weights 16.1 GB > 15.5 GB usable"),
    ) == (
        "TTFT p95 1,200 ms > 1,000 ms: g5.xlarge tp1 and g6.xlarge tp1",
        "weights 16.1 GB > 15.5 GB usable: g5.xlarge tp2",
    )


def test_with_same_figures_only_what_agrees_in_all_is_one_line() -> None:
    excluded = [
        left_out("8B", "g5.xlarge tp1", "no price of g5.xlarge, 9 ms"),
        left_out("8B", "g6.xlarge tp1", "no price of g6.xlarge, 9 ms"),
        left_out("8B", "p5.48xlarge tp1", "no price of p5.48xlarge, 7 ms"),
    ]
    blocks = excluded_blocks(excluded, wide=False, same_figures=True)
    assert [block.items for block in blocks if isinstance(block, Bullets)] == [
        (
            "no price of g5.xlarge, 9 ms: g5.xlarge tp1 and g6.xlarge tp1",
            "no price of p5.48xlarge, 7 ms: p5.48xlarge tp1",
        )
    ]


def test_a_reason_that_names_its_candidate_is_the_same_reason() -> None:
    assert lines(
        left_out("8B", "g7e.2xlarge tp1", "no price of g7e.2xlarge"),
        left_out("8B", "p5.48xlarge tp8", "no price of p5.48xlarge"),
    ) == ("no price of g7e.2xlarge: g7e.2xlarge tp1 and p5.48xlarge tp8",)


def test_what_several_cost_more_is_at_least_the_least() -> None:
    assert lines(
        left_out("8B", "g5.xlarge tp1", "can serve it, $90.50 a month dearer"),
        left_out("8B", "g6.xlarge tp1", "can serve it, $1,200.00 a month dearer"),
        left_out("8B fp8", "g6.xlarge tp1", "can serve it, $7.00 a month dearer"),
    ) == (
        "can serve it, at least $7.00 a month dearer: g5.xlarge tp1 and g6.xlarge tp1, for each "
        "self-hosted option",
    )


def test_the_options_are_named_unless_it_holds_for_all() -> None:
    first = left_out("a", "x tp1", "too slow")
    assert lines(first, left_out("b", "x tp1", "too slow"), left_out("b", "y tp1", "no data")) == (
        "too slow: x tp1, for each self-hosted option",
        "no data: y tp1, for b",
    )


def test_many_candidates_are_counted() -> None:
    found = lines(*(left_out("a", f"type{i} tp1", "too slow") for i in range(7)))
    assert found == ("too slow: type0 tp1, type1 tp1, type2 tp1 and 4 more alike",)


def test_wide_shows_each_with_its_own_figures() -> None:
    excluded = [left_out("a", f"t{i} tp1", f"{i} ms > 1 ms") for i in range(2, 5)]
    _, grid = excluded_blocks(excluded, wide=True)
    assert isinstance(grid, Grid)
    assert [row.cells for row in grid.rows] == [
        ("t2 tp1", "a", "2 ms > 1 ms"),
        ("t3 tp1", "a", "3 ms > 1 ms"),
        ("t4 tp1", "a", "4 ms > 1 ms"),
    ]


def test_a_note_says_when_figures_are_hidden() -> None:
    one = left_out("a", "x tp1", "too slow")
    assert not any(isinstance(b, Paragraph) for b in excluded_blocks([one], wide=False))
    two = [one, left_out("a", "y tp1", "too slow")]
    assert isinstance(excluded_blocks(two, wide=False)[-1], Paragraph)
    assert excluded_blocks([], wide=False) == []

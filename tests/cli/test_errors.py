"""How problems of a file look on a terminal and in a CI log."""

from __future__ import annotations

from planner.cli.errors import github_annotations, render_error
from planner.errors import InputError, Problem, ScenarioError


def _error(*problems: Problem) -> ScenarioError:
    return ScenarioError(problems)


def test_a_problem_shows_its_place_its_line_and_a_caret() -> None:
    error = _error(
        Problem(
            file="scenario.yaml",
            line=4,
            column=21,
            path="traffic.requests_per_day",
            message='must be an integer, got "ten"',
            source_line="  requests_per_day: ten",
        )
    )
    assert render_error(error).splitlines() == [
        'scenario.yaml:4:21: error: traffic.requests_per_day: must be an integer, got "ten"',
        "     4 |   requests_per_day: ten",
        "       |                     ^",
        "1 problem",
    ]


def test_problems_are_in_the_order_of_the_files_and_lines_and_are_counted() -> None:
    error = _error(
        Problem(file="b.yaml", line=9, column=1, message="third"),
        Problem(file="b.yaml", line=2, column=5, message="second"),
        Problem(file="b.yaml", message="first"),
        Problem(file="a.yaml", line=1, column=1, message="fourth"),
    )
    assert render_error(error).splitlines() == [
        "b.yaml: error: first",
        "b.yaml:2:5: error: second",
        "b.yaml:9:1: error: third",
        "a.yaml:1:1: error: fourth",
        "4 problems",
    ]


def test_a_problem_of_an_option_names_the_option() -> None:
    error = _error(Problem(file="--set a.b=x", path="a.b", message="must be a number"))
    assert render_error(error).splitlines()[0] == "--set a.b=x: error: a.b: must be a number"


def test_the_caret_stands_below_its_place_after_tabs_and_wide_characters() -> None:
    error = _error(
        Problem(file="a", line=1, column=5, message="m", source_line="\t字é x"),
    )
    _, source, caret, _ = render_error(error).splitlines()
    assert source == "     1 | \t字é x"
    assert caret == "       | \t    ^"


def test_a_very_long_line_is_cut_around_the_caret() -> None:
    line = "a" * 5000 + "!" + "b" * 5000
    error = _error(Problem(file="a", line=1, column=5001, message="m", source_line=line))
    _, source, caret, _ = render_error(error).splitlines()
    assert len(source) < 140
    assert source[caret.index("^")] == "!"


def test_a_column_past_the_end_of_the_line_stays_at_its_end() -> None:
    error = _error(Problem(file="a", line=1, column=99, message="m", source_line="abc"))
    assert render_error(error).splitlines()[2] == "       |    ^"


def test_control_characters_never_reach_the_terminal() -> None:
    assert render_error(InputError("got \x1b[31mred\x07 \ud800")) == (
        "error: got \\x1b[31mred\\x07 \\ud800"
    )


def test_annotations_are_escaped() -> None:
    problem = Problem(file="a,b:c.yaml", line=1, column=2, path="x", message="100% of\nit: all")
    assert github_annotations(_error(problem)) == [
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2::x: 100%25 of%0Ait: all"
    ]


def test_an_annotation_for_an_option_has_no_file() -> None:
    problem = Problem(file="--set a=1", path="a", message="unknown key")
    assert github_annotations(_error(problem)) == ["::error::a: unknown key"]


def test_at_most_ten_annotations_are_written() -> None:
    problems = tuple(Problem(file="a", line=n, column=1, message="m") for n in range(1, 13))
    assert len(github_annotations(_error(*problems))) == 10

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.errors import Problem, ScenarioError
from planner.levers.pareto import BenchmarkRow, Measured, read_benchmark_csv

HEADER = "name,cost_usd_per_request,quality,successes,trials,latency_ms\n"


def read(text: str, **more: object) -> tuple[BenchmarkRow, ...]:
    return read_benchmark_csv("r.csv", text, **more)  # type: ignore[arg-type]


def problems(text: str, **more: object) -> list[Problem]:
    with pytest.raises(ScenarioError) as caught:
        read(text, **more)
    return list(caught.value.problems)


def test_a_row_by_its_columns() -> None:
    (row,) = read(HEADER + '"a, b",0.002,0.93,,,120\n')
    assert row.point.name == "a, b"
    assert row.point.values == {
        "cost_usd_per_request": Decimal("0.002"),
        "quality": Decimal("0.93"),
        "latency_ms": Decimal(120),
    }
    assert (row.measured, row.line) == (None, 2)


@pytest.mark.parametrize("field", ["name", "successes", "trials"])
def test_what_is_no_value_cannot_be_an_axis(field: str) -> None:
    (problem,) = problems(HEADER + "a,1,,3,4,5\n", extra=(field,))
    assert problem.message.startswith(f"--axis {field}: says which configuration")


def test_columns_may_stand_in_any_order_and_be_missing() -> None:
    (row,) = read("quality,name\n0.5,a")
    assert row.point.values == {"quality": Decimal("0.5")}


def test_empty_cells_are_values_nobody_measured_and_empty_lines_no_rows() -> None:
    first, second = read(HEADER + "\na,0.1,,,, \n\n,,,,,\nb,,1,,,3\n")
    assert list(first.point.values) == ["cost_usd_per_request"]
    assert (second.point.name, second.line) == ("b", 6)


def test_successes_of_trials_are_a_quality() -> None:
    (row,) = read(HEADER + "a,0.1,,93,100,\n")
    assert row.point.values["quality"] == Decimal("0.93")
    assert row.measured == Measured(93, 100)


@pytest.mark.parametrize(
    ("quality", "trials", "successes"),
    [("0.93", "100", 93), ("0.933", "300", 280), ("0.5", "3", None), ("1", "7", 7)],
)
def test_a_rate_with_trials_is_a_whole_number_of_successes(
    quality: str, trials: str, successes: int | None
) -> None:
    text = HEADER + f"a,0.1,{quality},,{trials},\n"
    if successes is None:
        assert "is no whole number of successes" in problems(text)[0].message
    else:
        assert read(text)[0].measured == Measured(successes, int(trials))


def test_another_title_for_a_field_and_another_axis() -> None:
    (row,) = read(
        "model,tps,acc\na,12.5,0.9\n", columns={"name": "model", "quality": "acc"}, extra=("tps",)
    )
    assert row.point.name == "a"
    assert row.point.values == {"quality": Decimal("0.9"), "tps": Decimal("12.5")}


def test_columns_nobody_asks_for_may_hold_anything() -> None:
    (row,) = read("name,quality,notes\na,0.9,see below\n")
    assert set(row.point.values) == {"quality"}


def test_all_problems_at_once_each_with_line_column_and_field() -> None:
    text = HEADER + "a,$0.01,93%,,,1\nb,0.1,1.2,,,-1\na,abc,0.5,,,\n,1,1\nc,0.1,,5,4,1 ms\n"
    assert sorted((p.line, p.column, p.path) for p in problems(text)) == [
        (2, 3, "cost_usd_per_request"),
        (2, 9, "quality"),
        (3, 7, "quality"),
        (3, 13, "latency_ms"),
        (4, 1, "name"),
        (4, 3, "cost_usd_per_request"),
        (5, 1, ""),
        (6, 8, "successes"),
        (6, 12, "latency_ms"),
    ]


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("$0.01", "write 0.01"),
        ('"1,000"', "write 1000"),
        ("93%", "write the share, 0.93"),
        ("cheap", "must be a number, got 'cheap'"),
        ("nan", "must be a number"),
        ("-1", "must not be negative, got -1"),
        ("1e99", "is out of range"),
        ("9" * 50, "must be a number"),
    ],
)
def test_a_cell_that_is_no_number_is_told_with_what_to_write(cell: str, hint: str) -> None:
    (problem,) = problems(HEADER + f"a,{cell},,,,\n")
    assert hint in problem.message


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ("a,,0.5,5,10,", "quality", "and `successes` are both given"),
        ("a,,,5,,", "successes", "needs `trials`"),
        ("a,,,,10,", "trials", "needs `quality` or `successes`"),
        ("a,,,11,10,", "successes", "11 of 10 trials cannot succeed"),
        ("a,,,0,0,", "trials", "must be at least 1"),
        ("a,,,1.5,2,", "successes", "must be a whole number"),
        (",1,,,,", "name", "is empty"),
        ("a\tb,1,,,,", "name", "200 printable characters"),
    ],
)
def test_cells_that_do_not_go_together(row: str, field: str, message: str) -> None:
    found = {problem.path: problem.message for problem in problems(HEADER + row)}
    assert message in found[field]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no row that can be read"),
        (HEADER, "a header and no row"),
        ("nam,quality\na,1\n", "no column `name` (did you mean `nam`?)"),
        ("name;quality\na;1\n", "separated by `;`"),
        ("name,quality,quality\na,1,1\n", "the column `quality` is there twice"),
        ("name,quality\n" + "a,1\n" * 5001, "5,001 rows, and at most 5,000"),
        ('name,quality\n"a"b,1\n', "cannot be read as CSV from here on"),
        ('name,quality\n"a,1\n', "cannot be read as CSV from here on"),
    ],
)
def test_a_file_that_cannot_be_used(text: str, message: str) -> None:
    assert message in problems(text)[0].message


def test_an_axis_without_a_column_is_told() -> None:
    (problem,) = problems("name,tps\na,1\n", extra=("tokens",))
    assert problem.message == (
        "no column `tokens`; there are `name`, `tps`; --column tokens=COLUMN names another one"
    )


def test_a_field_that_nobody_reads_is_told() -> None:
    (problem,) = problems("name,quality\na,1\n", columns={"qualty": "quality"})
    assert "no field `qualty` (did you mean `quality`?)" in problem.message


def test_a_cell_with_a_line_break_keeps_the_lines_of_what_follows() -> None:
    (problem,) = problems('name,quality\n"a\nb",1\nc,x\n')[1:]
    assert (problem.line, problem.column) == (4, 3)

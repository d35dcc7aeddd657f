"""Files of measured runs: what is read from them, and how their faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import InputError, Problem, ScenarioError
from planner.serving.backtest import parse_rows, read_rows
from tests.serving.backtest.support import HEADER, file_of, line


def problems(*lines: str, header: str = HEADER) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        parse_rows(file_of(*lines, header=header), "rows.csv")
    return caught.value.problems


def test_a_row_is_read_as_it_stands() -> None:
    (row,) = parse_rows(file_of(line()), "rows.csv")
    assert (row.line, row.id, row.source, row.gpu) == (2, "a", "my lab", "H100-SXM")
    assert (row.input_tokens, row.output_tokens, row.spread) == (1000.0, 200.0, None)
    assert (row.load_kind, row.load, row.tensor_parallel_size) == ("closed", 16.0, 1)
    assert (row.output_tokens_per_s, row.ttft_ms, row.tpot_ms) == (1500.0, 80.0, 9.5)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("closed_loop_concurrency", "closed"),
        ("poisson_rps", "open"),
        ("burst_all_at_once", "burst"),
        ("Poisson", "open"),
    ],
)
def test_the_three_kinds_of_load_have_names(name: str, kind: str) -> None:
    (row,) = parse_rows(file_of(line(load_kind=name)), "rows.csv")
    assert row.load_kind == kind


def test_lengths_of_inferencex_are_drawn_between_shares_of_the_nominal_ones() -> None:
    (row,) = parse_rows(file_of(line(source="SemiAnalysis InferenceX")), "rows.csv")
    # Mean of 0.8 and 1.0 of 1,000; the ends in shares of that mean.
    assert row.input_tokens == pytest.approx(900.0)
    assert row.spread == pytest.approx((0.8 / 0.9, 1.0 / 0.9))


@pytest.mark.parametrize(
    ("stat", "percentile"),
    [
        ("mean", None),
        ("p50", 50.0),
        ("p50 ITL", 50.0),
        ("median", 50.0),
        ("p99", 99.0),
        ("", None),
        ("mean/median (as published)", None),
        ("1/(75 tok/s)", None),
    ],
)
def test_a_statistic_is_a_percentile_or_the_mean(stat: str, percentile: float | None) -> None:
    (row,) = parse_rows(file_of(line(tpot_stat=stat)), "rows.csv")
    assert row.tpot_percentile == percentile


def test_a_quoted_field_may_hold_commas() -> None:
    (row,) = parse_rows(file_of(line(notes='"one, --max-num-seqs 64"')), "rows.csv")
    assert row.notes == "one, --max-num-seqs 64"


def test_columns_may_stand_in_any_order_and_more_of_them() -> None:
    header = ",".join(reversed(HEADER.split(","))) + ",extra"
    fields = ",".join(reversed(line().split(","))) + ",x"
    (row,) = parse_rows(file_of(fields, header=header), "rows.csv")
    assert row.output_tokens_per_s == 1500.0


def test_optional_columns_may_be_missing() -> None:
    names = HEADER.split(",")[:11]
    cells = line().split(",")[:11]
    (row,) = parse_rows(file_of(",".join(cells), header=",".join(names)), "rows.csv")
    assert (row.ttft_ms, row.tpot_ms, row.engine) == (None, None, "vllm")


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"out_tok_s": "fast"}, "out_tok_s", "`fast` is not a number above 0"),
        ({"out_tok_s": "0"}, "out_tok_s", "not a number above 0"),
        ({"out_tok_s": "-3"}, "out_tok_s", "not a number above 0"),
        ({"out_tok_s": "nan"}, "out_tok_s", "not a number above 0"),
        ({"out_tok_s": "inf"}, "out_tok_s", "not a number above 0"),
        ({"out_tok_s": "1_500"}, "out_tok_s", "not a number above 0"),
        ({"tpot_ms": "9,5".replace(",", ";")}, "tpot_ms", "not a number above 0"),
        ({"isl": ""}, "isl", "is empty, not a number above 0"),
        ({"isl": "1e12"}, "isl", "at most 100,000,000"),
        ({"tp": "1.5"}, "tp", "not a whole number"),
        ({"load_value": "2.5"}, "load_value", "not a whole number"),
        ({"load_kind": "poison_rps"}, "load_kind", "did you mean `poisson_rps`"),
        ({"model": ""}, "model", "is empty"),
        ({"id": ""}, "id", "is empty"),
        ({"out_tok_s": "", "ttft_ms": "", "tpot_ms": ""}, "out_tok_s", "no measured figure"),
    ],
)
def test_a_bad_field_is_named_with_line_and_column(
    changes: dict[str, str], path: str, words: str
) -> None:
    text = line(**{"id": "b", **changes})
    (problem,) = problems(line(), text)
    assert (problem.file, problem.line, problem.path) == ("rows.csv", 3, path)
    assert words in problem.message
    assert problem.source_line == text
    # The caret stands where the field begins.
    names = HEADER.split(",")
    before = text.split(",")[: names.index(path)]
    assert problem.column == len(",".join(before)) + 1 + bool(before)


def test_a_rate_of_arrivals_need_not_be_whole() -> None:
    (row,) = parse_rows(file_of(line(load_kind="poisson_rps", load_value="2.5")), "rows.csv")
    assert row.load == 2.5


def test_all_problems_come_at_once() -> None:
    found = problems(line(isl="x", osl="y"), line(id="b"), line(id="c", tp="z"))
    assert [(problem.line, problem.path) for problem in found] == [
        (2, "isl"),
        (2, "osl"),
        (4, "tp"),
    ]


def test_an_id_stands_once() -> None:
    (problem,) = problems(line(), line())
    assert problem.message == "`a` is also the id on line 2"


def test_a_short_line_is_named() -> None:
    (problem,) = problems(line(), "b,only")
    assert (problem.line, problem.message) == (3, "2 fields, the header has 17")


def test_a_missing_column_is_named_with_a_near_one() -> None:
    found = problems(line(), header=HEADER.replace("out_tok_s", "out_toks"))
    assert [problem.message for problem in found] == ["no column `out_tok_s`; is `out_toks` meant?"]


def test_a_column_may_not_come_twice() -> None:
    (problem,) = problems(line(), header=HEADER.replace("notes", "id"))
    assert problem.message == "two columns `id`"


@pytest.mark.parametrize("text", ["", HEADER + "\n"])
def test_a_file_without_rows_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        parse_rows(text, "rows.csv")


def test_a_broken_quotation_is_refused() -> None:
    with pytest.raises(InputError, match="not a CSV file"):
        parse_rows(file_of('"a,b'), "rows.csv")


def test_the_file_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(file_of(line(isl="x")), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_rows(path)
    assert caught.value.problems[0].file == str(path)

from __future__ import annotations

import datetime
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from planner.demand.trace import TraceRows, interarrival_cv, read_trace
from planner.errors import ScenarioError
from planner.scenario.workload import Trace

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def _trace(folder: Path, text: str | bytes, name: str = "log.csv", **fields: Any) -> TraceRows:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    spec = Trace.model_validate({"file": name, "allow_small": True, **fields})
    return read_trace(spec, folder)


def _problem(folder: Path, text: str | bytes, name: str = "log.csv", **fields: Any):
    with pytest.raises(ScenarioError) as error:
        _trace(folder, text, name, **fields)
    return error.value.problems


@pytest.mark.parametrize(
    ("name", "rows", "inputs", "outputs", "cv", "sha256"),
    [
        (
            "conv",
            19_366,
            22_361_870,
            4_088_665,
            1.09,
            "2f1e5b666d4e3055fdbba98598ce2ec307767b9064e03e2fa46676dbcc7d0bf8",
        ),
        (
            "code",
            8_819,
            18_059_974,
            245_896,
            13.15,
            "54e9a6d2a4bd06ba1e060304b900abbc74cbea53de96506e60fe5bb4f2277fb6",
        ),
    ],
)
def test_the_shipped_azure_traces_are_whole(
    root: Path, name: str, rows: int, inputs: int, outputs: int, cv: float, sha256: str
) -> None:
    # Counts and sums as published for the two files; the last row has no line end.
    file = f"AzureLLMInferenceTrace_{name}.csv"
    folder = root / "scenarios" / "traces"
    assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sha256
    trace = read_trace(Trace.model_validate({"file": file}), folder)
    assert len(trace.requests) == len(trace.seconds) == rows
    assert sum(taken for taken, _ in trace.requests) == inputs
    assert sum(made for _, made in trace.requests) == outputs
    assert round(interarrival_cv(trace.seconds), 2) == cv


def test_windows_line_ends_seven_digits_and_no_last_line_end(tmp_path: Path) -> None:
    trace = _trace(
        tmp_path,
        f"{HEADER}\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:48.9305905,396,109",
    )
    assert trace.requests == ((374, 44), (396, 109))
    assert trace.span_s == pytest.approx(2.25)
    assert trace.first_at == datetime.datetime(2023, 11, 16, 18, 15, 46, 680590)


def test_other_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    trace = _trace(
        tmp_path,
        b"\xef\xbb\xbfwhen,who,in,out\n0,a,10,1\n5,b,20,2\n",
        timestamp_column="when",
        input_column="in",
        output_column="out",
    )
    assert trace.requests == ((10, 1), (20, 2))
    assert trace.first_at is None


def test_rows_are_put_in_order_of_arrival(tmp_path: Path) -> None:
    trace = _trace(tmp_path, f"{HEADER}\n30,3,3\n10,1,1\n20,2,2\n")
    assert trace.requests == ((1, 1), (2, 2), (3, 3))
    assert trace.seconds == (0.0, 10.0, 20.0)


def test_json_lines_carry_the_same_fields(tmp_path: Path) -> None:
    rows = [
        {"TIMESTAMP": "2026-01-01T00:00:00Z", "ContextTokens": 10, "GeneratedTokens": 1.0},
        {"TIMESTAMP": "2026-01-01T01:00:30+01:00", "ContextTokens": 20, "GeneratedTokens": 2},
    ]
    trace = _trace(tmp_path, "\n\n".join(json.dumps(row) for row in rows), "log.jsonl")
    assert trace.requests == ((10, 1), (20, 2))
    assert trace.span_s == 30.0
    assert trace.first_at is not None and trace.first_at.tzinfo is not None


def test_seconds_since_1970_have_a_date(tmp_path: Path) -> None:
    trace = _trace(tmp_path, f"{HEADER}\n1700000000,1,1\n1700000060.5,2,2\n")
    assert trace.first_at == datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC)
    assert trace.span_s == 60.5


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    assert _trace(tmp_path, f"{HEADER}\n0,374.0,4\n1,2,3\n").requests[0] == (374, 4)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("5,ten,1", '"ten" is not a whole number'),
        ("5,1.5,1", '"1.5" is not a whole number'),
        ("5,nan,1", "not a whole number"),
        ("5,-3,1", "-3 tokens"),
        ("5,99999999999,1", "10,000,000"),
        ("5,,1", "not a whole number"),
        ("yesterday,1,1", "yesterday"),
        ("inf,1,1", "not a number of seconds"),
        ("1700000000000,1,1", "milliseconds"),
        ("5", "fewer cells"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(tmp_path: Path, row: str, words: str) -> None:
    (problem,) = _problem(tmp_path, f"{HEADER}\n0,1,1\n{row}\n9,1,1\n")
    assert (problem.file, problem.line) == ("log.csv", 3)
    assert words in problem.message


def test_several_wrong_rows_come_together_but_not_without_end(tmp_path: Path) -> None:
    text = HEADER + "\n0,1,1" + "\n5,x,1" * 30
    problems = _problem(tmp_path, text)
    assert [problem.line for problem in problems] == list(range(3, 13))


def test_a_missing_column_suggests_the_near_one(tmp_path: Path) -> None:
    (problem,) = _problem(tmp_path, "TIMESTAMP,ContextToken,GeneratedTokens\n0,1,1\n")
    assert "there is no `ContextTokens` (did you mean `ContextToken`?)" in problem.message
    assert problem.path == "workload.trace.input_column"


def test_zones_must_not_be_mixed(tmp_path: Path) -> None:
    (problem,) = _problem(
        tmp_path, f"{HEADER}\n2026-01-01T00:00:00Z,1,1\n2026-01-01T00:00:05,1,1\n"
    )
    assert problem.line == 3
    assert "no zone" in problem.message


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "log.csv", "the columns are nothing"),
        (f"{HEADER}\n", "log.csv", "no requests"),
        (f"{HEADER}\n7,1,1\n7,1,1\n", "log.csv", "same time"),
        (f"{HEADER}\n0,1,1\n99999999999,1,1\n", "log.csv", "span 3,169 years"),
        (f"{HEADER}\n0001-01-01 00:00,1,1\n0001-01-01 00:01,1,1\n", "log.csv", "the year 1"),
        ("{", "log.jsonl", "not JSON"),
        ("[1]", "log.jsonl", "not a JSON object"),
        ("[" * 100_000, "log.jsonl", "not JSON"),
        ('{"TIMESTAMP": 1}', "log.jsonl", "there is no `ContextTokens`"),
        (b"\xff\xfe\x00", "log.csv", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(
    tmp_path: Path, text: str | bytes, name: str, words: str
) -> None:
    problems = _problem(tmp_path, text, name)
    assert words in problems[0].message


def test_a_missing_file_is_an_error_at_the_field(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        read_trace(Trace.model_validate({"file": "none.csv"}), tmp_path)
    (problem,) = error.value.problems
    assert problem.path == "workload.trace.file"
    assert "none.csv" in problem.message


def _rows(gaps: list[float]) -> str:
    times = [sum(gaps[:row]) for row in range(len(gaps) + 1)]
    return HEADER + "".join(f"\n{time},10,5" for time in times)


def test_constant_gaps_are_made_up(tmp_path: Path) -> None:
    # As the 200-row file that circulates as BurstGPT, with timestamps 0, 1, 2 ...
    text = _rows([1.0] * 1200)
    (problem,) = _problem(tmp_path, text, allow_small=False)
    assert "constant" in problem.message
    assert "allow_small" in problem.message
    assert len(_trace(tmp_path, text, allow_small=True).seconds) == 1201


def test_fewer_than_a_thousand_rows_say_little(tmp_path: Path) -> None:
    draw = random.Random(1)
    gaps = [draw.expovariate(1.0) for _ in range(999)]
    assert len(_trace(tmp_path, _rows(gaps), allow_small=False).seconds) == 1000
    (problem,) = _problem(tmp_path, _rows(gaps[:-1]), allow_small=False)
    assert "999 rows" in problem.message


def test_interarrival_cv_is_zero_for_a_clock_and_known_for_two_gaps() -> None:
    assert interarrival_cv((0.0, 1.0, 2.0, 3.0)) == 0
    # Gaps 1 and 3: mean 2, standard deviation 1.
    assert interarrival_cv((0.0, 1.0, 4.0)) == 0.5

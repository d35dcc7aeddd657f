"""Rows of files in every form, broken ones among them."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]
import pytest

from planner.actuals.reading import BadRow, GoodRow, open_rows
from planner.errors import InputError


def _rows(path: Path, content: bytes | str) -> tuple[str, list[GoodRow | BadRow]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_rows(path) as reader:
        return reader.form, list(reader.rows)


def _data(rows: list[GoodRow | BadRow]) -> list[tuple[int, Any]]:
    return [(row.line, row.data if isinstance(row, GoodRow) else None) for row in rows]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_json_lines_packed_or_not(tmp_path: Path, pack: Any) -> None:
    form, rows = _rows(tmp_path / "a", pack(b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": 2}'))
    assert form == "jsonl"
    assert _data(rows) == [(1, {"a": 1}), (3, {"a": 2})]


def test_a_broken_line_costs_itself(tmp_path: Path) -> None:
    content = b'{"a": 1}\n{"a": \n[1]\n{"a": "\xff"}\n{"a": NaN}\n{"a": 2}\n'
    _, rows = _rows(tmp_path / "a", content)
    assert [line for line, data in _data(rows) if data is None] == [2, 3, 4]
    assert _data(rows)[0] == (1, {"a": 1})
    assert _data(rows)[-1] == (6, {"a": 2})


def test_the_first_line_may_be_the_broken_one(tmp_path: Path) -> None:
    form, rows = _rows(tmp_path / "a", 'oops\n{"a": 1}\n{"a": 2}\n')
    assert form == "jsonl"
    assert _data(rows) == [(1, None), (2, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_are_read_item_by_item(tmp_path: Path, indent: int | None) -> None:
    items = [{"a": n, "b": {"c": "}{"}} for n in range(5)]
    form, rows = _rows(tmp_path / "a", json.dumps(items, indent=indent))
    assert form == "json"
    assert [data for _, data in _data(rows)] == items


def test_a_broken_item_of_an_array_costs_itself(tmp_path: Path) -> None:
    items = [json.dumps({"a": n}) for n in range(5)]
    items[2] = '{"a": oops}'
    _, rows = _rows(tmp_path / "a", "[\n" + ",\n".join(items) + "\n]")
    assert _data(rows) == [
        (2, {"a": 0}),
        (3, {"a": 1}),
        (4, None),
        (5, {"a": 3}),
        (6, {"a": 4}),
    ]


def test_pages_one_after_the_other_are_read_each(tmp_path: Path) -> None:
    pages = [json.dumps({"data": [n]}, indent=1) for n in range(3)]
    _, rows = _rows(tmp_path / "a", "\n".join(pages))
    assert [data for _, data in _data(rows)] == [{"data": [n]} for n in range(3)]


def test_a_document_larger_than_the_window_is_read_through(tmp_path: Path) -> None:
    items = [{"a": n, "pad": "x" * 1000} for n in range(4000)]
    path = tmp_path / "a"
    path.write_text(json.dumps(items))
    tracemalloc.start()
    with open_rows(path) as reader:
        count = sum(isinstance(row, GoodRow) for row in reader.rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4000
    # The window and not the 4 MB file; twice the window while it moves.
    assert peak < 6 * 2**20


def test_csv_rows_have_the_names_of_the_header(tmp_path: Path) -> None:
    form, rows = _rows(tmp_path / "a", 'a,b\n1,"two, ""three"""\n,4\n\n')
    assert form == "csv"
    assert _data(rows) == [(2, {"a": "1", "b": 'two, "three"'}), (3, {"b": "4"})]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_are_seen_in_the_header(tmp_path: Path, mark: str) -> None:
    _, rows = _rows(tmp_path / "a", f"a{mark}b\n1{mark}2\n")
    assert _data(rows) == [(2, {"a": "1", "b": "2"})]


def test_a_cell_may_have_several_lines(tmp_path: Path) -> None:
    _, rows = _rows(tmp_path / "a", 'a,b\n1,"x\n\ny"\n2,z\n')
    assert _data(rows) == [(2, {"a": "1", "b": "x\n\ny"}), (5, {"a": "2", "b": "z"})]


def test_a_stray_quote_costs_one_row_and_not_the_rest(tmp_path: Path) -> None:
    _, rows = _rows(tmp_path / "a", 'a,b\n1,"x\n2,y\n3,z\n')
    assert _data(rows) == [(2, None), (3, {"a": "2", "b": "y"}), (4, {"a": "3", "b": "z"})]


def test_a_row_with_too_few_or_too_many_cells_is_refused(tmp_path: Path) -> None:
    _, rows = _rows(tmp_path / "a", "a,b\n1\n1,2,3\n1,2\n")
    assert _data(rows) == [(2, None), (3, None), (4, {"a": "1", "b": "2"})]


@pytest.mark.parametrize("cut", [30, 200])
def test_a_packed_file_that_breaks_off_gives_what_it_has(tmp_path: Path, cut: int) -> None:
    content = "".join(json.dumps({"a": n, "b": hash(str(n)) % 10**9}) + "\n" for n in range(500))
    _, rows = _rows(tmp_path / "a", gzip.compress(content.encode())[:-cut])
    last = rows[-1]
    assert isinstance(last, BadRow)
    assert last.is_end
    assert len(rows) > 100


def test_prometheus_text_is_read_sample_by_sample(tmp_path: Path) -> None:
    content = (
        "# HELP x y\n# TYPE x counter\n"
        'x{a="1",b="q\\"r"} 5\nx 1.5e+09 1795176000000\nnot a sample\nx{a=1} 5\n'
    )
    form, rows = _rows(tmp_path / "a", content)
    assert form == "prometheus"
    assert _data(rows) == [
        (3, {"name": "x", "labels": {"a": "1", "b": 'q\\"r'}, "value": "5"}),
        (4, {"name": "x", "labels": {}, "value": "1.5e+09", "timestamp_ms": "1795176000000"}),
        (5, None),
        (6, None),
    ]


def test_parquet_is_read_without_columns_of_content(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "a": [1, 2],
            "input": ["SECRET", "SECRET"],
            "messages": ["SECRET", "SECRET"],
            "output": pa.array([{"tokens": 3}, {"tokens": 4}]),
        }
    )
    parquet.write_table(table, path)
    form, rows = _rows(path, path.read_bytes())
    assert form == "parquet"
    assert _data(rows) == [
        (1, {"a": 1, "output": {"tokens": 3}}),
        (2, {"a": 2, "output": {"tokens": 4}}),
    ]


@pytest.mark.parametrize("cut", [4, 20, 100])
def test_parquet_that_cannot_be_read_says_so(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": list(range(100))}), path)
    _, rows = _rows(path, path.read_bytes()[:-cut])
    assert [isinstance(row, BadRow) and row.is_end for row in rows] == [True]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"gone\.jsonl: cannot read"),
        open_rows(tmp_path / "gone.jsonl"),
    ):
        pass


def test_rows_that_were_taken_before_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text('{"a": 1}\n{"a": \n{"a": 3}\n{"a": 4}\n')
    with open_rows(path) as reader:
        reader.skip(2)
        assert [row.line for row in reader.rows] == [3, 4]
        assert reader.bytes_read() == path.stat().st_size

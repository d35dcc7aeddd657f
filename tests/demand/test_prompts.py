from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planner.demand.prompts import Side, prompt_lengths
from planner.errors import ScenarioError


def _words(text: str) -> int:
    return len(text.split())


def _lengths(folder: Path, side: Side, *names: str) -> list[int]:
    return prompt_lengths(list(names), side, folder, _words, "workload.input_tokens.files")


def _jsonl(folder: Path, *rows: Any) -> None:
    (folder / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def test_a_text_file_is_one_request(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two three\nfour")
    (tmp_path / "b.md").write_text("one")
    assert _lengths(tmp_path, "input", "a.txt", "b.md") == [4, 1]


def test_a_line_is_one_request(tmp_path: Path) -> None:
    _jsonl(
        tmp_path,
        {"prompt": "a b"},
        {"text": "a b c"},
        {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b c d"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a b c d e"}]}]},
    )
    assert _lengths(tmp_path, "input", "log.jsonl") == [2, 3, 4, 5]


def test_output_lengths_are_given_or_counted(tmp_path: Path) -> None:
    _jsonl(tmp_path, {"prompt": "a", "output_tokens": 90}, {"prompt": "a", "completion": "x y z"})
    assert _lengths(tmp_path, "output", "log.jsonl") == [90, 3]


@pytest.mark.parametrize(
    ("side", "row", "words"),
    [
        ("input", {}, "none of them"),
        ("input", {"prompt": "a", "text": "b"}, "prompt, text"),
        ("input", {"prompt": 5}, "`prompt` must be text"),
        ("input", {"messages": "a"}, "must be a list"),
        ("input", {"messages": ["a"]}, "needs a `content`"),
        ("input", {"messages": [{"content": None}]}, "needs a `content`"),
        ("input", {"messages": [{"content": [{"type": "image_url"}]}]}, "without text"),
        ("output", {"prompt": "a"}, "output_tokens"),
        ("output", {"output_tokens": 1.5}, "whole number"),
        ("output", {"output_tokens": True}, "whole number"),
        ("output", {"output_tokens": -1}, "from 0"),
        ("input", [1], "not a JSON object"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, side: Side, row: Any, words: str) -> None:
    _jsonl(tmp_path, {"prompt": "a", "output_tokens": 1}, row)
    with pytest.raises(ScenarioError) as error:
        _lengths(tmp_path, side, "log.jsonl")
    (problem,) = error.value.problems
    assert (problem.file, problem.line) == ("log.jsonl", 2)
    assert words in problem.message


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n")
    with pytest.raises(ScenarioError) as error:
        _lengths(tmp_path, "input", "a.txt")
    assert "empty" in error.value.problems[0].message


def test_a_missing_file_is_an_error_at_the_field(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        _lengths(tmp_path, "input", "none.txt")
    assert error.value.problems[0].path == "workload.input_tokens.files"

from __future__ import annotations

import pytest

from planner.errors import ScenarioError
from planner.levers.tokens import filled, read_samples, request_lengths


def problems_of(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(ScenarioError) as caught:
        read_samples("s.jsonl", text)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_empty_lines_are_no_samples() -> None:
    samples = read_samples("s.jsonl", '{"a": 1}\n\n  \n{"a": 2}')
    assert [(each.line, each.fields) for each in samples] == [(1, {"a": 1}), (4, {"a": 2})]


def test_all_lines_that_are_no_objects_are_told_at_once() -> None:
    found = problems_of('{"a": 1}\nno\n[1]\n{"a": 2}\n{"a"')
    assert [line for line, _ in found] == [2, 3, 5]
    assert "not a JSON object" in found[1][1]


def test_a_long_list_of_problems_is_cut_and_says_so() -> None:
    found = problems_of("no\n" * 1000)
    assert len(found) == 21
    assert found[-1] == (None, "and 980 more lines with problems")


def test_a_file_without_a_sample_is_refused() -> None:
    assert problems_of("\n\n") == [(None, "the file has no sample; give one JSON object a line")]


def test_whole_requests_are_read_as_in_the_files_of_a_scenario() -> None:
    text = (
        '{"prompt": "abc", "output_tokens": 7}\n'
        '{"messages": [{"content": "ab"}], "completion": "x"}'
    )
    lengths = request_lengths("s.jsonl", read_samples("s.jsonl", text), len)
    assert lengths == ([3, 2], [7, 1])


def test_no_word_of_the_output_is_no_output() -> None:
    samples = read_samples("s.jsonl", '{"text": "abc"}')
    assert request_lengths("s.jsonl", samples, len) == ([3], None)


def test_samples_fill_a_template() -> None:
    samples = read_samples(
        "s.jsonl", '{"q": "abc", "output_tokens": 1}\n{"q": "", "completion": ""}'
    )
    assert request_lengths("s.jsonl", samples, len, ("t.txt", "Q: {q}")) == ([6, 3], [1, 0])


def test_a_field_that_the_template_uses_is_no_output() -> None:
    samples = read_samples("s.jsonl", '{"completion": "abcd"}')
    template = ("t.txt", "Judge: {completion}")
    assert request_lengths("s.jsonl", samples, len, template) == ([11], None)


def test_every_sample_that_lacks_something_is_told_with_its_line() -> None:
    samples = read_samples("s.jsonl", '{"q": "a"}\n{"x": 1}\n{"q": []}\n{"q": "b"}')
    with pytest.raises(ScenarioError) as caught:
        filled("t.txt", "{q}", "s.jsonl", samples)
    assert [(p.file, p.line) for p in caught.value.problems] == [("s.jsonl", 2), ("s.jsonl", 3)]


def test_an_output_in_some_samples_only_is_a_problem_of_the_others() -> None:
    samples = read_samples("s.jsonl", '{"text": "a", "output_tokens": 1}\n{"text": "a"}')
    with pytest.raises(ScenarioError) as caught:
        request_lengths("s.jsonl", samples, len)
    assert [problem.line for problem in caught.value.problems] == [2]


def test_a_template_without_a_name_is_refused() -> None:
    samples = read_samples("s.jsonl", '{"q": "a"}')
    with pytest.raises(ScenarioError) as caught:
        filled("t.txt", 'Say {"a": 1}.', "s.jsonl", samples)
    assert caught.value.problems[0].file == "t.txt"

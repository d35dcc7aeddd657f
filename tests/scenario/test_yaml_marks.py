"""Reading YAML: data with places, every problem with its line, and bounds that hold."""

from __future__ import annotations

import random
import string

import pytest
import yaml

from planner.scenario.yaml_marks import Document, compose


def _messages(document: Document) -> list[tuple[int | None, int | None, str]]:
    return [
        (finding.place.line, finding.place.column, finding.message)
        for finding in document.findings
        if finding.place is not None
    ]


def _only_message(text: str) -> str:
    found = _messages(compose(text))
    assert len(found) == 1, found
    return found[0][2]


def test_keys_and_values_have_their_line_and_column() -> None:
    document = compose("a: 1\nb:\n  - c: x\n    d: 'y'\n")
    assert document.data == {"a": 1, "b": [{"c": "x", "d": "y"}]}
    place = document.values[("b", 0, "d")]
    assert (place.line, place.column) == (4, 8)
    key = document.keys[("b", 0, "d")]
    assert (key.line, key.column) == (4, 5)
    assert ("b", 0) not in document.keys


def test_columns_count_characters_and_not_bytes() -> None:
    place = compose("é: {ü: 1}\n").values[("é", "ü")]
    assert (place.line, place.column) == (1, 8)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end: str) -> None:
    document = compose(f"a: 1{end}b: 010{end}")
    assert document.lines[:2] == ["a: 1", "b: 010"]
    assert _messages(document)[0][:2] == (2, 4)


def test_quoted_and_block_scalars_are_text() -> None:
    document = compose("a: '10'\nb: \"on\"\nc: >-\n  12:30\n")
    assert document.data == {"a": "10", "b": "on", "c": "12:30"}


def test_keys_are_text_as_written() -> None:
    assert compose("on: 1\n010: 2\n1: 3\n").data == {"on": 1, "010": 2, "1": 3}


def test_an_unclear_value_is_a_finding_and_the_rest_is_read() -> None:
    document = compose("a: on\nb: 2\n")
    assert document.data == {"a": None, "b": 2}
    assert document.unread == {("a",)}
    assert [f.path for f in document.findings] == [("a",)]


def test_a_key_given_twice_names_the_first_line() -> None:
    document = compose("a: 1\nb: 2\na: 3\n")
    assert _messages(document) == [(3, 1, "given twice, first on line 1; keep one of them")]
    assert document.data == {"a": 1, "b": 2}


def test_an_alias_stands_where_it_is_used_and_names_its_anchor() -> None:
    document = compose("a: &x\n  b: 1\nc: *x\n")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    place = document.values[("c", "b")]
    assert (place.line, place.column, place.anchor) == (3, 4, ("x", 2))


def test_two_uses_of_an_anchor_do_not_share_their_data() -> None:
    data = compose("a: &x {b: 1}\nc: *x\n").data
    assert data is not None
    assert data["a"] is not data["c"]


def test_merge_keys_fill_in_what_is_not_written() -> None:
    document = compose("a: &x {k: 1, m: 2}\nb: &y {n: 5}\nv:\n  <<: [*x, *y]\n  m: 3\n")
    assert not document.findings
    assert document.data is not None
    assert document.data["v"] == {"m": 3, "k": 1, "n": 5}


def test_only_mappings_are_merged() -> None:
    assert "merges mappings only" in _only_message("a: &x [1]\nv: {<<: *x}\n")


def test_an_anchor_that_holds_itself_is_refused() -> None:
    assert "contains itself" in _only_message("a: &x\n  b: *x\n")
    assert "contains itself" in _only_message("a: &x [*x]\n")


def test_an_anchor_that_is_not_there_is_refused() -> None:
    assert "is not defined above" in _only_message("a: *x\n")


def test_aliases_cannot_be_multiplied_without_end() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12)]
    # 10^12 values when written out.
    assert "aliases written out" in _only_message("\n".join(lines))


def test_aliases_cannot_nest_without_end() -> None:
    lines = ["l0: &l0 [x]", *(f"l{i}: &l{i} [*l{i - 1}]" for i in range(1, 200))]
    assert "32 levels" in _only_message("\n".join(lines))


@pytest.mark.parametrize(
    "text", ["{" * 2000, "[" * 200_000, "- " * 500, "? " * 5000, "a: " + "[" * 5000]
)
def test_deep_nesting_is_refused_before_it_is_read(text: str) -> None:
    assert "nested more than 32 deep" in _only_message(text)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "the file is empty"),
        ("# only a comment\n", 1, "the file is empty"),
        ("- a\n", 1, "got a list"),
        ("word\n", 1, 'got the text "word"'),
        ("a: 1\n---\nb: 1\n", 2, "a second document starts here"),
        ("a:\n\tb: 1\n", 2, "a tab stands here; indent with spaces"),
        ("a: 1\n b: 2\n", 2, "a second `: ` or a wrong indentation"),
        ("a: b: c\n", 1, "a second `: ` or a wrong indentation"),
        ("a: 1\nword\nb: 2\n", 3, "neither `key: value` nor a list item"),
        ("a: [1, 2\nb: 3\n", 2, "a `[` is not closed"),
        ("a: {b: 1\nc: 3\n", 2, "a `{` is not closed"),
        ("a: 'x\nb: 2\n", 3, "a quote is opened and never closed"),
        ("a: @x\n", 1, "text cannot begin with @"),
        ("a: `x`\n", 1, "text cannot begin with `"),
        ('a: "\\q"\n', 1, "an escape that YAML does not know"),
        ("a: - b\n", 1, "a list cannot start here"),
        ("%x\na: 1\n", 1, "a directive"),
        ("a: 1\n...\nb\n", 3, "text after the end of the document"),
        ("a: !!python/object:os.system ls\n", 1, "the tag !!python/object:os.system is not used"),
        ("a: !mine [1]\n", 1, "the tag !mine is not used here"),
        ("a: 1\n[b]: 2\n", 2, "a list or mapping stands where a key belongs"),
        ("a: 1\n'': 2\n", 2, "a key is missing before the colon"),
        ("a: x\x00y\n", 1, "the invisible character U+0000"),
        ("a: 1\nb: \u202etxt\n", 2, "the invisible character U+202E"),
        ("a: 1\n\ufeffb: 2\n", 2, "the invisible character U+FEFF"),
        ('a: "\\x1b[31m"\n', 1, "the control character U+001B"),
    ],
)
def test_what_is_not_a_plain_mapping_gets_its_own_message(text: str, line: int, says: str) -> None:
    found = _messages(compose(text))
    assert len(found) == 1, found
    assert found[0][0] == line
    assert says in found[0][2]


def test_every_line_with_an_invisible_character_is_reported() -> None:
    assert [line for line, _, _ in _messages(compose("a: \x00\nb: 1\nc: \x07\x00\n"))] == [1, 3]


def test_the_slow_parser_gives_the_same_data_and_places(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {b: [1, 'two', 3.5]}\nc: *x\nd:\n  - on\n  - e: f\n"
    fast = compose(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = compose(text)
    assert (slow.data, slow.values, slow.keys) == (fast.data, fast.values, fast.keys)
    assert slow.findings == fast.findings


def test_the_slow_parser_explains_errors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=True)
    for text in (
        "a:\n\tb: 1\n",
        "a: [1, 2\nb: 3\n",
        "a: {b: 1\nc: 3\n",
        "a: 'x\nb: 2\n",
        "a: @x\n",
    ):
        assert _only_message(text).startswith("not YAML: ")
        assert "expected" not in _only_message(text)


def test_any_text_is_read_or_explained() -> None:
    rng = random.Random(5)
    letters = string.printable + "é\u2028\x00" + "&*[]{}:-?|>!%@`'\"#" * 4
    for _ in range(2000):
        text = "".join(rng.choices(letters, k=rng.randrange(60)))
        document = compose(text)
        assert document.data is not None or document.findings

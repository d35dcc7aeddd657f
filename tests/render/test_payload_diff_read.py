"""A comparison's JSON read back: the same report, or one sentence about what is wrong."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from planner.diff import diff_report
from planner.errors import InputError
from planner.render.diff_comment import comment_body
from planner.render.json_ import json_text
from planner.render.payload_diff import diff_view
from planner.render.payload_diff_read import read_diff_report
from tests.diff.made import Made, compared


@pytest.fixture(scope="module")
def text() -> str:
    subject = compared(Made(), Made(requests=40_000, hours=3))
    return json_text(diff_view(diff_report("a → b", [subject])))


def test_reading_gives_the_report_that_was_written(text: str) -> None:
    assert json_text(read_diff_report(text, "d.json")) == text


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("total", "delta_monthly_usd"), 5, "total.delta_monthly_usd is no decimal number as text"),
        (("total", "delta_monthly_usd"), "1e9", "is no decimal number as text"),
        (("total", "is_floor"), 1, "total.is_floor is no true or false"),
        (("verdict", "word"), "fine", "verdict.word is no"),
        (("lines", 0, "observed"), "2026-02-30", "lines[0].observed is no day"),
        (("lines",), {}, "lines is no list"),
        (("surprise",), 1, "has unknown key `surprise`"),
        (("schema_version",), 2, "schema_version is 2"),
        (("schema_version",), True, "schema_version is True"),
        (("title",), "x" * 30_000, "text of at most 20,000 characters"),
        (("title",), "<!-- planner:cost-diff:v1 -->", "holds the marker of a comment"),
    ],
)
def test_a_wrong_field_is_named(text: str, path: tuple[Any, ...], value: Any, said: str) -> None:
    document = json.loads(text)
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    with pytest.raises(InputError) as caught:
        read_diff_report(json.dumps(document), "d.json")
    assert said in caught.value.message


def test_broken_files_are_errors_and_nothing_else(text: str) -> None:
    rng = random.Random(11)
    document = json.loads(text)
    odd = (
        None,
        True,
        0,
        -1,
        1e308,
        "",
        "x",
        "-",
        "1e9",
        "9" * 50,
        [],
        {},
        [[]],
        {"a": 1},
        "\u202e",
    )
    for case in range(2000):
        if case % 2:
            characters = list(text)
            for _ in range(rng.randrange(1, 5)):
                characters[rng.randrange(len(characters))] = rng.choice('{}[]",:0x\n\\')
            broken = "".join(characters)
        else:
            changed = copy.deepcopy(document)
            for _ in range(rng.randrange(1, 4)):
                mutate(changed, rng, odd)
            broken = json.dumps(changed)
        try:
            comment_body(read_diff_report(broken, "d.json"))
        except InputError as error:
            assert error.message.startswith("d.json: ")


def mutate(value: Any, rng: random.Random, odd: tuple[Any, ...]) -> None:
    """Change one thing somewhere inside."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
            value = inner
            continue
        if isinstance(value, dict) and rng.random() < 0.2:
            del value[key]
        else:
            value[key] = rng.choice(odd)
        return


@pytest.mark.parametrize("broken", ["", "[]", "null", "5", '"x"', "{", "[" * 100_000, "NaN"])
def test_what_is_no_report_at_all(broken: str) -> None:
    with pytest.raises(InputError):
        read_diff_report(broken, "d.json")

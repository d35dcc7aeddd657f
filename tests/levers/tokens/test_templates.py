from __future__ import annotations

from decimal import Decimal

import pytest

from planner.levers.tokens import fill, template_variables


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("Message: {message}", ("message",)),
        ("{{ a }} and {{b}} and {{a}}", ("a", "b")),
        # With double braces somewhere, single ones are text.
        ('{{question}} as {"label": {answer}}', ("question",)),
        ('{"label": 1} {} {1} { x } {a-b}', ()),
        ("", ()),
    ],
)
def test_names_in_a_template(template: str, names: tuple[str, ...]) -> None:
    assert template_variables(template) == names


def test_a_template_is_filled_with_text_and_numbers() -> None:
    values = {"a": "x", "n": 3, "d": Decimal("1.50"), "unused": []}
    assert fill("{a}-{n}-{d}-{a}", values) == "x-3-1.50-x"


def test_braces_in_a_value_are_not_filled_in_turn() -> None:
    assert fill("{{a}}{{b}}", {"a": "{{b}}", "b": "y"}) == "{{b}}y"


def test_every_missing_name_is_told() -> None:
    with pytest.raises(ValueError, match="asks for `a`, `c`; this sample has `b`"):
        fill("{a}{b}{c}", {"b": "1"})


@pytest.mark.parametrize(
    ("value", "kind"), [([1], "a list"), ({}, "a dict"), (None, "empty"), (True, "a bool")]
)
def test_a_value_that_is_no_text_is_refused(value: object, kind: str) -> None:
    with pytest.raises(ValueError, match=f"`a` is {kind}; give it as the text"):
        fill("{a}", {"a": value})

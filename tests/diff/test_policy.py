"""Reading the rules of a repository: closed against everything that is not clear."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

from planner.diff.policy import Limit, Policy, Scope, Waiver, parse_policy
from planner.errors import ScenarioError

WHOLE = """\
version: 1
currency: USD
block_unpriced: true
max_price_age_days: 400
comment: {min_change: "25", mode: hide-and-new}
limits:
  - {id: prod-cap, scope: {stack: prod}, max_monthly: "12000"}
  - {id: step, max_increase: "500", max_increase_pct: "15", combine: all}
  - {id: unit, max_per_1m_tokens: "2.40"}
waivers:
  - {rule: step, scope: {stack: prod}, up_to: "2000", reason: "launch week", expires: 2026-12-31}
"""


def test_a_whole_policy() -> None:
    assert parse_policy(WHOLE, "p.yaml") == Policy(
        name="p.yaml",
        block_unpriced=True,
        max_price_age_days=400,
        min_change=Decimal(25),
        comment_mode="hide-and-new",
        limits=(
            Limit(id="prod-cap", scope=Scope(stack="prod"), max_monthly=Decimal(12000), line=7),
            Limit(
                id="step",
                max_increase=Decimal(500),
                max_increase_pct=Decimal(15),
                combine="all",
                line=8,
            ),
            Limit(id="unit", max_per_1m_tokens=Decimal("2.40"), line=9),
        ),
        waivers=(
            Waiver(
                rule="step",
                scope=Scope(stack="prod"),
                up_to=Decimal(2000),
                reason="launch week",
                expires=date(2026, 12, 31),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("block_unpriced", "block_unprized", "unknown key (did you mean `block_unpriced`?)"),
        ('"12000"', "12000", "must be a decimal number in quotes"),
        ('"12000"', '"12,000"', "must be a decimal number in quotes"),
        ('"12000"', '"-1"', "must be a decimal number in quotes"),
        ('"12000"', '"1e4"', "must be a decimal number in quotes"),
        ('"12000"', '"NaN"', "must be a decimal number in quotes"),
        ("currency: USD", "currency: EUR", "amounts are in USD"),
        ("version: 1", "version: 2", "write `version: 1`"),
        ("version: 1", "", "write `version: 1`"),
        ("rule: step", "rule: stop", "no rule `stop` (did you mean `step`?)"),
        ('reason: "launch week", ', "", "a waiver needs `reason`"),
        (", expires: 2026-12-31}", "}", "a waiver needs `expires`"),
        ("2026-12-31", "2026-13-31", "must be a day"),
        ("2026-12-31", "never", "must be a day"),
        (', up_to: "2000"', "", "a waiver needs `up_to`"),
        ("id: unit", "id: step", "there is another rule `step`"),
        ("id: unit", "id: block_unpriced", "there is another rule `block_unpriced`"),
        (', max_per_1m_tokens: "2.40"', "", "limits nothing"),
        ('max_increase_pct: "15", ', "", "joins max_increase and max_increase_pct"),
        ("combine: all", "combine: most", "must be any or all"),
        ("mode: hide-and-new", "mode: loud", "must be update or new"),
        ("block_unpriced: true", 'block_unpriced: "true"', "must be true or false"),
        ("{stack: prod}, max", "{}, max", "names nothing"),
        ("{stack: prod}, max", "{stak: prod}, max", "unknown key (did you mean `stack`?)"),
        ("max_price_age_days: 400", 'max_price_age_days: "400"', "whole number of days"),
    ],
)
def test_what_is_not_clear_is_an_error_with_its_line(old: str, new: str, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(ScenarioError) as caught:
        parse_policy(WHOLE.replace(old, new), "p.yaml")
    messages = [problem.message for problem in caught.value.problems]
    assert any(said in message for message in messages), messages
    assert all(problem.file == "p.yaml" for problem in caught.value.problems)


def test_every_problem_is_told_at_once() -> None:
    text = "version: 1\nlimits:\n  - {id: a, max_monthly: 5}\n  - {id: b, max_monthly: 6}\n"
    with pytest.raises(ScenarioError) as caught:
        parse_policy(text, "p.yaml")
    assert [(p.line, p.path) for p in caught.value.problems] == [
        (3, "limits.0.max_monthly"),
        (4, "limits.1.max_monthly"),
    ]


def test_broken_files_are_errors_and_nothing_else() -> None:
    rng = random.Random(7)
    odd = '\0\t"{}[]:,&*!|>%@`#-?\n 0x=~é\ud800'
    for _ in range(2000):
        text = list(WHOLE)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(text))
            match rng.randrange(3):
                case 0:
                    text[place] = rng.choice(odd)
                case 1:
                    del text[place : place + rng.randrange(1, 12)]
                case _:
                    text.insert(place, rng.choice(odd) * rng.choice((1, 40)))
        try:
            parse_policy("".join(text), "p.yaml")
        except ScenarioError as error:
            assert error.problems

"""Rules of composite alarms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.drill.composite import RuleError, composite_states

# All nine pairs of states: OK 0, ALARM 1, INSUFFICIENT_DATA 2.
_PAIRS = np.array(list(itertools.product((0, 1, 2), repeat=2)), dtype=np.int8)
_STATES = {"a b": _PAIRS[:, 0], "c": _PAIRS[:, 1]}


def _of(rule: str) -> list[bool]:
    return (composite_states(rule, _STATES) == 1).tolist()


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ('ALARM("c")', lambda a, c: c == 1),
        ('OK("a b")', lambda a, c: a == 0),
        ('INSUFFICIENT_DATA("c")', lambda a, c: c == 2),
        ('ALARM("a b") AND NOT ALARM("c")', lambda a, c: a == 1 and c != 1),
        ('NOT (ALARM("a b") OR ALARM("c"))', lambda a, c: a != 1 and c != 1),
        ('ALARM("c") OR ALARM("a b") AND OK("c")', lambda a, c: c == 1 or (a == 1 and c == 0)),
    ],
)
def test_a_rule_holds_for_these_states(rule: str, holds: object) -> None:
    assert callable(holds)
    assert _of(rule) == [bool(holds(a, c)) for a, c in _PAIRS.tolist()]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('ALARM("d")', "no alarm is named 'd'"),
        ('ALARM("c"', "closing bracket"),
        ('ALARM("c") ALARM("c")', "one too many"),
        ("BROKEN", "expected ALARM"),
        ('ALARM("c") & OK("c")', "cannot be read"),
    ],
)
def test_what_it_cannot_read_is_refused_in_words(rule: str, says: str) -> None:
    with pytest.raises(RuleError) as error:
        _of(rule)
    assert says in error.value.message

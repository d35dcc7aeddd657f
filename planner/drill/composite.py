"""Rules of composite alarms: ALARM("x"), OK("x"), INSUFFICIENT_DATA("x"), AND, OR, NOT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from planner.drill.evaluator import ALARM, INSUFFICIENT, OK
from planner.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    States = npt.NDArray[np.int8]
    Truth = npt.NDArray[np.bool_]

__all__ = ["RuleError", "composite_states"]

_TOKENS = re.compile(r"\s*(?:(?P<word>[A-Z_]+)|(?P<name>\"[^\"]*\")|(?P<sign>[()]))")
_STATES = {"ALARM": ALARM, "OK": OK, "INSUFFICIENT_DATA": INSUFFICIENT}


class RuleError(InputError):
    """A rule that this evaluator cannot read."""


def composite_states(rule: str, states: Mapping[str, States]) -> States:
    """ALARM where ``rule`` holds, else OK; RuleError names an alarm that is not there."""
    import numpy as np

    reader = _Rule(rule, states)
    found = reader.either()
    reader.end()
    return np.where(found, ALARM, OK).astype(np.int8)


class _Rule:
    """Recursive descent over the words of one rule; NOT binds tightest, then AND, then OR."""

    def __init__(self, rule: str, states: Mapping[str, States]) -> None:
        self._rule = rule
        self._states = states
        self._words: list[str] = []
        at = 0
        while at < len(rule.rstrip()):
            found = _TOKENS.match(rule, at)
            if found is None:
                raise RuleError(f"{rule}: cannot be read from {rule[at : at + 10]!r} on")
            self._words.append(found.group().strip())
            at = found.end()

    def _take(self, *wanted: str) -> str | None:
        return self._words.pop(0) if self._words and self._words[0] in wanted else None

    def end(self) -> None:
        if self._words:
            raise RuleError(f"{self._rule}: {self._words[0]!r} is one too many")

    def either(self) -> Truth:
        found = self._both()
        while self._take("OR"):
            found = found | self._both()
        return found

    def _both(self) -> Truth:
        found = self._one()
        while self._take("AND"):
            found = found & self._one()
        return found

    def _one(self) -> Truth:
        if self._take("NOT"):
            return ~self._one()
        if self._take("("):
            found = self.either()
            self._close()
            return found
        state = self._take(*_STATES)
        if state is None or self._take("(") is None or not self._words:
            raise RuleError(f"{self._rule}: expected ALARM(...), OK(...) or a bracket")
        name = self._words.pop(0).strip('"')
        self._close()
        if name not in self._states:
            raise RuleError(f"{self._rule}: no alarm is named {name!r}")
        return self._states[name] == _STATES[state]

    def _close(self) -> None:
        if self._take(")") is None:
            raise RuleError(f"{self._rule}: a closing bracket is missing")

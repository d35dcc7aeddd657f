"""CloudWatch metric math, the subset that our alarms use, over whole series at once.

Numbers, ids, ``+ - * / ^``, comparisons, ``AND OR``, and the functions IF, FILL, DAY, HOUR, PERIOD.
A missing datapoint is NaN; what is computed from one is missing too, except by FILL. A comparison
gives 1 or 0; dividing by zero gives no datapoint (Amazon CloudWatch User Guide, Using metric
math, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from planner.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]
    Truth = npt.NDArray[np.bool_]

__all__ = ["Clock", "MathError", "clock_only", "evaluate", "parse"]

_TOKENS = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>==|!=|<=|>=|&&|\|\||[-+*/^<>(),]))"
)
_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
_FUNCTIONS = {"IF": 3, "FILL": 2, "DAY": 1, "HOUR": 1, "PERIOD": 1}


class MathError(InputError):
    """An expression that this evaluator does not know."""


class Clock(Protocol):
    """When the datapoints of the series begin."""

    @property
    def hour(self) -> Series:
        """0 to 23, UTC."""
        ...

    @property
    def day(self) -> Series:
        """1 (Monday) to 7, UTC."""
        ...

    @property
    def period_s(self) -> float:
        """Length of a datapoint."""
        ...


@dataclass(frozen=True, slots=True)
class _Node:
    """``kind`` is number, name, call or an operator."""

    kind: str
    value: Any = None
    parts: tuple[_Node, ...] = ()


@cache
def parse(text: str) -> _Node:
    """The syntax tree; MathError with the place where it ends to make sense."""
    reader = _Reader(text)
    node = reader.either()
    if reader.next is not None:
        raise MathError(f"{text}: {reader.next!r} is one too many")
    return node


class _Reader:
    """Recursive descent, loosest binding first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _split(text)
        self._at = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *wanted: str) -> str | None:
        found = self.next
        if found is None or found.upper() not in wanted:
            return None
        self._at += 1
        return found.upper()

    def _expect(self, wanted: str) -> None:
        if self._take(wanted) is None:
            raise MathError(f"{self._text}: {wanted!r} is missing before {self.next!r}")

    def either(self) -> _Node:
        node = self._both()
        while self._take("OR", "||"):
            node = _Node("OR", parts=(node, self._both()))
        return node

    def _both(self) -> _Node:
        node = self._compared()
        while self._take("AND", "&&"):
            node = _Node("AND", parts=(node, self._compared()))
        return node

    def _compared(self) -> _Node:
        node = self._sum()
        while operator := self._take(*_COMPARISONS):
            node = _Node(operator, parts=(node, self._sum()))
        return node

    def _sum(self) -> _Node:
        node = self._product()
        while operator := self._take("+", "-"):
            node = _Node(operator, parts=(node, self._product()))
        return node

    def _product(self) -> _Node:
        node = self._power()
        while operator := self._take("*", "/"):
            node = _Node(operator, parts=(node, self._power()))
        return node

    def _power(self) -> _Node:
        node = self._atom()
        if self._take("^"):
            return _Node("^", parts=(node, self._power()))
        return node

    def _atom(self) -> _Node:
        if self._take("-"):
            return _Node("-", parts=(_Node("number", 0.0), self._atom()))
        if self._take("("):
            node = self.either()
            self._expect(")")
            return node
        found = self.next
        if found is None:
            raise MathError(f"{self._text}: it ends too early")
        self._at += 1
        if found[0].isdigit() or found[0] == ".":
            return _Node("number", float(found))
        if self.next == "(":
            return self._call(found.upper())
        if not found[0].isalpha():
            raise MathError(f"{self._text}: {found!r} is not where it can be")
        return _Node("name", found)

    def _call(self, name: str) -> _Node:
        count = _FUNCTIONS.get(name)
        if count is None:
            known = ", ".join(sorted(_FUNCTIONS))
            raise MathError(f"{self._text}: {name} is not known here; known are {known}")
        self._expect("(")
        parts = [self.either()]
        while self._take(","):
            parts.append(self.either())
        self._expect(")")
        if len(parts) != count:
            raise MathError(f"{self._text}: {name} takes {count} arguments, not {len(parts)}")
        return _Node("call", name, tuple(parts))


def _split(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise MathError(f"{text}: {text[at:].lstrip()[0]!r} is not where it can be")
        tokens.append(found.group().strip())
        at = found.end()
    return tokens


def evaluate(text: str, values: Mapping[str, Series], clock: Clock) -> Series:
    """The series of ``text`` over the series ``values``; MathError for an id that is not there."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        found = _value(parse(text), values, clock)
    return np.array(np.broadcast_to(found, clock.hour.shape))


def clock_only(text: str) -> str | None:
    """The one id whose datapoints' times, and nothing else of it, ``text`` is made from."""
    names = _timed(parse(text))
    return names.pop() if names is not None and len(names) == 1 else None


def _timed(node: _Node) -> set[str] | None:
    """Ids inside DAY() and HOUR(); None when one stands elsewhere."""
    if node.kind == "name":
        return None
    if node.kind == "call" and node.value in ("DAY", "HOUR") and node.parts[0].kind == "name":
        return {node.parts[0].value}
    found: set[str] = set()
    for part in node.parts:
        inner = _timed(part)
        if inner is None:
            return None
        found |= inner
    return found


def _value(node: _Node, values: Mapping[str, Series], clock: Clock) -> Series:
    import numpy as np

    if node.kind == "number":
        return np.array(node.value)
    if node.kind == "name":
        if node.value not in values:
            raise MathError(f"no query has the id {node.value!r}; there are {sorted(values)}")
        return values[node.value]
    parts = [_value(part, values, clock) for part in node.parts]
    if node.kind == "call":
        return _called(node.value, parts, clock)
    return _combined(node.kind, parts[0], parts[1])


def _called(name: str, parts: list[Series], clock: Clock) -> Series:
    import numpy as np

    first = parts[0]
    missing = np.isnan(first)
    if name == "IF":
        return np.where(missing, np.nan, np.where(first != 0, parts[1], parts[2]))
    if name == "FILL":
        return np.where(missing, parts[1], first)
    if name == "PERIOD":
        return np.array(clock.period_s)
    return np.where(missing, np.nan, clock.day if name == "DAY" else clock.hour)


def _combined(operator: str, left: Series, right: Series) -> Series:
    import numpy as np

    arithmetic = {"+": np.add, "-": np.subtract, "*": np.multiply, "^": np.power}
    if operator in arithmetic:
        return arithmetic[operator](left, right)
    if operator == "/":
        return np.where(right == 0, np.nan, np.divide(left, right))
    comparisons = {
        "==": np.equal,
        "!=": np.not_equal,
        "<=": np.less_equal,
        ">=": np.greater_equal,
        "<": np.less,
        ">": np.greater,
    }
    if operator in comparisons:
        found: Truth = comparisons[operator](left, right)
    elif operator == "AND":
        found = (left != 0) & (right != 0)
    else:
        found = (left != 0) | (right != 0)
    return np.where(np.isnan(left) | np.isnan(right), np.nan, found.astype(float))

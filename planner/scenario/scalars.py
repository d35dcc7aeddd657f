"""What a plain YAML scalar stands for, and the spellings that YAML readers disagree about."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Data", "Resolved", "Scalar", "number_hint", "resolve", "shown", "value_at"]

Scalar = str | int | Decimal | bool | None
Data = Scalar | list["Data"] | dict[str, "Data"]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
# YAML 1.1 wants a dot, and a sign in the exponent; without them it reads text.
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?\.[0-9]*([eE][-+][0-9]+)?")
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_OTHER_BOOLEANS = {"on": True, "yes": True, "off": False, "no": False}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASE_60 = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_BASED = re.compile(r"[-+]?0(x[0-9a-fA-F_]+|b[01_]+)")
_UNDERSCORED = re.compile(r"[-+]?([0-9][0-9_]*)?\.?[0-9_]+")

# Beyond these a figure is a typing error, and turning it into an int could take for ever.
_MOST_DIGITS = 28
_MOST_EXPONENT = 20

_EXPONENT = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?)[eE]\+?([0-9]{1,2})")
_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}([,' ][0-9]{3})+(\.[0-9]+)?")
_COMMA_DECIMAL = re.compile(r"([0-9]+),([0-9]{1,2})")
_LEADING_ZERO = re.compile(r"0+([0-9]+(?:\.[0-9]+)?)")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")
_WITH_UNIT = re.compile(r"[$€£]? ?([0-9]+(?:\.[0-9]+)?) ?[A-Za-z$€£/%]{1,12}|[$€£] ?([0-9.]+)")


class Resolved(NamedTuple):
    """The value of a scalar, and what is wrong with its spelling, None when nothing is."""

    value: Scalar
    problem: str | None = None


def resolve(text: str) -> Resolved:
    """Value of a plain (unquoted) scalar; numbers are made from their text, never from floats.

    A spelling that YAML 1.1 and 1.2 read differently has no value here: its problem says what
    YAML makes of it and what to write. Dates stay text.
    """
    if text in _NULLS:
        return Resolved(None)
    if text in _BOOLEANS:
        return Resolved(_BOOLEANS[text])
    if text[0] in "+-.0123456789":
        return _number(text)
    if text.lower() in _OTHER_BOOLEANS and text in (text.lower(), text.title(), text.upper()):
        word = "true" if _OTHER_BOOLEANS[text.lower()] else "false"
        return Resolved(
            None,
            f"{text} is {word} to some YAML readers and text to others; "
            f'write {word}, or "{text}" for the text',
        )
    return Resolved(text)


def _number(text: str) -> Resolved:
    if _INTEGER.fullmatch(text):
        return _sized(text) or Resolved(int(text))
    if _DECIMAL.fullmatch(text) and any(c.isdigit() for c in text):
        return _sized(text) or _plain_decimal(text)
    if _NOT_FINITE.fullmatch(text):
        return Resolved(None, f"{text} is no finite number; write a figure, or leave the key out")
    if _BASE_60.fullmatch(text):
        made = _base_60(text)
        return Resolved(
            None, f'{text} is {made} to YAML (base 60); write the number, or "{text}" for the text'
        )
    if _OCTAL.fullmatch(text):
        return Resolved(None, _octal_problem(text))
    if _BASED.fullmatch(text):
        return Resolved(
            None,
            f"{_short(text)} is a number in another base to YAML; "
            "write it in decimal digits, or in quotes for the text",
        )
    if "_" in text and _UNDERSCORED.fullmatch(text):
        plain = text.replace("_", "")
        return Resolved(
            None,
            f"{_short(text)} is {_short(plain)} to some YAML readers and text to others; "
            f'write {_short(plain)}, or "{_short(text)}" for the text',
        )
    return Resolved(text)


def _sized(text: str) -> Resolved | None:
    """A problem when the number has too many digits or too large an exponent."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = sum(c.isdigit() for c in mantissa)
    if digits > _MOST_DIGITS:
        return Resolved(
            None,
            f"a number of {digits} digits is longer than any figure here; "
            f"write at most {_MOST_DIGITS} digits",
        )
    if exponent and (len(exponent) > 4 or abs(int(exponent)) > _MOST_EXPONENT):
        return Resolved(None, f"{_short(text)} is outside what can be computed; write the figure")
    return None


def _plain_decimal(text: str) -> Resolved:
    value = Decimal(text)
    # Written out, so that 1.0e+6 is shown as 1000000 and -0.0 as 0.
    return Resolved(Decimal(f"{value:f}") if value else Decimal(0))


def _base_60(text: str) -> str:
    total = Decimal(0)
    for part in text.replace("_", "").lstrip("+-").split(":"):
        total = total * 60 + Decimal(part)
    return f"{'-' if text.startswith('-') else ''}{total:f}"


def _octal_problem(text: str) -> str:
    digits = text.replace("_", "").lstrip("+-").lstrip("0") or "0"
    made = int(digits, 8) if len(digits) <= _MOST_DIGITS else "an octal number"
    return (
        f"{_short(text)} is {made} to some YAML readers (octal); write {_short(digits)} without "
        f'the leading zero, or "{_short(text)}" for the text'
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def number_hint(text: str) -> str | None:
    """What to write instead of ``text`` where a number belongs; None when there is no guess."""
    text = text.strip()
    if len(text) > 40:
        return None
    if _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text):
        return f"write {text} without quotes"
    if match := _EXPONENT.fullmatch(text):
        value = Decimal(match[1]).scaleb(int(match[2]))
        return f"YAML takes {text} as text; write {value:f}" if value.adjusted() < 20 else None
    if _THOUSANDS.fullmatch(text):
        return f"write {re.sub('[, ' + chr(39) + ']', '', text)} without separators"
    if match := _COMMA_DECIMAL.fullmatch(text):
        return f"write {match[1]}.{match[2]} with a point"
    if match := _LEADING_ZERO.fullmatch(text):
        return f"write {match[1]} without the leading zero"
    if match := _PERCENT.fullmatch(text):
        return f"write {(Decimal(match[1]) / 100).normalize():f} for {text}"
    if match := _WITH_UNIT.fullmatch(text):
        return f"write {match[1] or match[2]} alone, in the unit that the key names"
    return None


def shown(value: object) -> str:
    """How a value is quoted in a message: text in quotes, long text cut, containers by kind."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)


def value_at(data: Data, path: tuple[str | int, ...]) -> Data:
    """What stands at ``path`` in plain data; None where nothing does."""
    for part in path:
        if isinstance(data, dict) and isinstance(part, str):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data

"""What two texts must agree on, whatever their similarity: numbers, dates, negations.

An embedding puts `track order 48213` beside `track order 48231`; a cache that serves one for the
other is wrong. English words and Western dates only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

__all__ = ["GuardReason", "forces_miss"]

GuardReason = Literal["date", "number", "negation"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DAY = r"(?:[12]?[0-9]|3[01])(?:st|nd|rd|th)?"
_DATES = re.compile(
    rf"(?P<iso>\b[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}\b)"
    rf"|(?P<slash>\b[0-9]{{1,2}}[/.][0-9]{{1,2}}[/.](?:[0-9]{{4}}|[0-9]{{2}})\b)"
    rf"|(?P<written>\b(?:{_MONTH})\.?\s+{_DAY}\b(?:,?\s+[0-9]{{4}}\b)?"
    rf"|\b{_DAY}\s+(?:of\s+)?(?:{_MONTH})\b(?:,?\s+[0-9]{{4}}\b)?"
    # `may` and `march` alone are words; with a year behind them they are months.
    rf"|\b(?:{_MONTH})\.?,?\s+[0-9]{{4}}\b"
    rf"|\b(?:january|february|april|june|july|august|september|october|november|december)\b"
    rf"(?:\s+[0-9]{{4}}\b)?)"
    r"|(?P<day>\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:yesterday|today|tomorrow|tonight)\b"
    r"|\b(?:last|this|next)\s+(?:week|month|quarter|year)\b)"
)
# `one` is mostly a pronoun.
_WORDS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
_NUMBERS = re.compile(
    rf"(?P<digits>[0-9]+(?:[,'][0-9]{{3}})*(?:\.[0-9]+)?)|\b(?:{'|'.join(_WORDS)})\b"
)
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|except|unless)\b"
    r"|n't\b|\b(?:dont|doesnt|didnt|cant|wont|isnt|arent|wasnt)\b"
)


def forces_miss(first: str, second: str) -> GuardReason | None:
    """Why a cached answer to one text must not serve the other; None when nothing forbids it.

    Dates and numbers in their order (3/4 is not 4/3) and the count of negating words must be the
    same in both.
    """
    one, other = _plain(first), _plain(second)
    dates, rest = _split_dates(one)
    other_dates, other_rest = _split_dates(other)
    if dates != other_dates:
        return "date"
    if list(_numbers(rest)) != list(_numbers(other_rest)):
        return "number"
    if len(_NEGATIONS.findall(one)) != len(_NEGATIONS.findall(other)):
        return "negation"
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _split_dates(text: str) -> tuple[list[str], str]:
    """The dates of a text in one form each, and the text without them."""
    found = [_date(match) for match in _DATES.finditer(text)]
    return found, _DATES.sub(" ", text)


def _date(match: re.Match[str]) -> str:
    text = match[0]
    if match["iso"] or match["slash"]:
        return "-".join(str(int(part)) for part in re.split(r"[-/.]", text))
    if match["written"]:
        month = re.search(_MONTH, text)
        name = _MONTHS.index(month[0][:3]) + 1 if month else 0
        digits = [str(int(part)) for part in re.findall(r"[0-9]+", text)]
        return "-".join(["written", str(name), *digits])
    return " ".join(text.removesuffix("s").split())


def _numbers(text: str) -> Iterator[Decimal]:
    for match in _NUMBERS.finditer(text):
        digits = match["digits"]
        yield Decimal(_WORDS[match[0]] if digits is None else re.sub(r"[,']", "", digits))

"""Numbers as people read them: rounded once, half up, here and nowhere earlier.

``None`` is never shown as 0: a price that is not known reads ``no price``, a figure that does not
apply ``–``.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from planner.money import CENT, round_usd

__all__ = [
    "NOT_APPLICABLE",
    "NO_PRICE",
    "count",
    "duration_ms",
    "money",
    "money_delta",
    "money_in_words",
    "multiple",
    "per_request",
    "percent",
    "probability",
    "rate",
    "significant",
    "unit_cost",
    "unit_price",
    "volume",
]

NO_PRICE = "no price"
NOT_APPLICABLE = "–"

_WHOLE = Decimal(1)
_TENTH = Decimal("0.1")
_MOST_DECIMALS = Decimal("1e-10")
_SENTENCE_WHOLE_DOLLARS_FROM = Decimal(100)
# Below this a probability is not told apart from none.
_LEAST_TOLD = 0.0005


def money(value: Decimal | None) -> str:
    """A sum of money with cents: ``$1,234.50``; ``< $0.01`` for what would round to nothing."""
    return NO_PRICE if value is None else _dollars(value, CENT)


def money_in_words(value: Decimal | None) -> str:
    """A sum of money inside a sentence: whole dollars from $100 up, else with cents."""
    if value is None:
        return NO_PRICE
    whole = abs(value) >= _SENTENCE_WHOLE_DOLLARS_FROM
    return _dollars(value, _WHOLE if whole else CENT)


def money_delta(before: Decimal, after: Decimal) -> str:
    """A signed change with its percentage: ``+$1,361.00 (+12.4 %)``; from zero it is ``new``."""
    change = after - before
    sign = "+" if change >= 0 else "-"
    amount = f"{sign}{_dollars(abs(change), CENT)}"
    if before == 0:
        return amount if change == 0 else f"{amount} (new)"
    relative = percent(abs(Fraction(change) / Fraction(before)))
    return f"{amount} ({sign}{relative})"


def unit_price(value: Decimal | None) -> str:
    """A price per unit: four significant digits from $0.1 up, below that in full (10 decimals).

    Whole dollars are never rounded away: $12,346.
    """
    if value is None:
        return NO_PRICE
    if abs(value) < _TENTH:
        return _trimmed(value, _MOST_DECIMALS)
    decimals = max(0, 4 - max(value.adjusted() + 1, 0))
    return _trimmed(value, Decimal(1).scaleb(-decimals))


def unit_cost(value: Decimal | None) -> str:
    """A worked-out cost per unit: four significant digits; a quotient has no last one."""
    if value is not None and abs(value) < _TENTH:
        return unit_price(significant(value, 4))
    return unit_price(value)


def per_request(value: Decimal | None) -> str:
    """A cost per request: 5 decimals; below $0.0001 four significant digits instead."""
    if value is None:
        return NO_PRICE
    if value == 0:
        return money(value)
    if abs(value) < Decimal("0.0001"):
        return _trimmed(significant(value, 4), _MOST_DECIMALS)
    return _dollars(value, Decimal("0.00001"))


def percent(share: Fraction | Decimal | float | None) -> str:
    """A share as a percentage with one decimal: 0.0967 -> ``9.7 %``."""
    if share is None:
        return NOT_APPLICABLE
    return f"{_decimal(share * 100).quantize(_TENTH, rounding=ROUND_HALF_UP):,f} %"


def probability(value: float | None) -> str:
    """A probability as a percentage; what rounds to nothing or all is said so."""
    if value is None:
        return NOT_APPLICABLE
    if 0.0 < value < _LEAST_TOLD:
        return "< 0.1 %"
    if 1.0 - _LEAST_TOLD <= value < 1.0:
        return "> 99.9 %"
    return percent(value)


def multiple(ratio: Decimal | float) -> str:
    """How many times: ``8.0x``, ``41x``, ``0.25x``, ``1,234x``."""
    value = _decimal(ratio)
    if value >= 10:
        return f"{value.quantize(_WHOLE, rounding=ROUND_HALF_UP):,f}x"
    if value >= 1:
        return f"{value.quantize(_TENTH, rounding=ROUND_HALF_UP):f}x"
    return f"{significant(value, 2):f}x"


def count(value: int | Decimal | float) -> str:
    """A whole number with thousands separators."""
    return f"{_decimal(value).quantize(_WHOLE, rounding=ROUND_HALF_UP):,f}"


def volume(value: int | Decimal | float) -> str:
    """Requests or tokens: whole from 1,000 up, else with up to two decimals."""
    number = _decimal(value)
    if abs(number) >= 1000 or number == number.to_integral_value():
        return count(number)
    return f"{number.quantize(CENT, rounding=ROUND_HALF_UP).normalize():f}"


def rate(per_second: Decimal | float) -> str:
    """Requests per second with three significant digits: ``0.116``, ``3.47``, ``1,230``."""
    number = _decimal(per_second)
    if abs(number) >= 100 or number == 0:
        return count(number)
    return f"{significant(number, 3):f}"


def duration_ms(milliseconds: float) -> str:
    """A time: milliseconds below 10 s, seconds from there."""
    if milliseconds < 10_000:
        return f"{count(milliseconds)} ms"
    return f"{_decimal(milliseconds / 1000).quantize(_TENTH, rounding=ROUND_HALF_UP):,f} s"


def significant(value: Decimal, digits: int) -> Decimal:
    """``value`` at a number of significant digits, half up, without an exponent in its text."""
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).plus(value)
    exponent = rounded.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return rounded.quantize(_WHOLE)
    return rounded


def _decimal(value: Fraction | Decimal | float) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    # A float is shown by its shortest text, not by its binary expansion.
    return Decimal(str(value))


def _dollars(value: Decimal, step: Decimal) -> str:
    rounded = round_usd(value, step)
    if rounded == 0 and value != 0:
        return f"< ${step:f}" if value > 0 else f"> -${step:f}"
    sign = "-" if rounded < 0 else ""
    return f"{sign}${abs(rounded):,f}"


def _trimmed(value: Decimal, step: Decimal) -> str:
    """Rounded to ``step``; cents are kept, other trailing zeros are not."""
    text = _dollars(value, step)
    if "." not in text or text.startswith(("<", ">")):
        return text
    whole, _, decimals = text.partition(".")
    kept = decimals.rstrip("0")
    if len(decimals) >= 2:
        kept = f"{kept:0<2}"
    return f"{whole}.{kept}" if kept else whole

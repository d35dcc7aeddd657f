"""Money: parsed from text into Decimal, rounded once, at the edge.

Quoted prices and ledgers are ``Decimal``; throughput, latency and solvers are ``float``.
``usd_from_float`` is the only place where a float becomes money.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

__all__ = ["CENT", "ZERO", "round_usd", "usd", "usd_from_float", "usd_text"]

ZERO = Decimal(0)
CENT = Decimal("0.01")


def usd(text: str) -> Decimal:
    """Parse a quoted price; ValueError unless it is a finite number of zero or more."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not a price: {text!r}") from None
    if not value.is_finite() or value < 0:
        raise ValueError(f"not a price: {text!r}")
    return value


def usd_from_float(value: float) -> Decimal:
    """Take a simulated or solved amount (USD) into money, at 12 significant digits."""
    return Decimal(f"{value:.12g}")


def round_usd(value: Decimal, step: Decimal = CENT) -> Decimal:
    """Round half up to ``step``; only ``render`` and ``emit`` round."""
    return value.quantize(step, rounding=ROUND_HALF_UP)


def usd_text(value: Decimal) -> str:
    """The exact value as plain decimal text, no exponent, no trailing zeros: ``10055``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text

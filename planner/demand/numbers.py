"""Numbers inside the text of assumptions: plain digits, no exponent."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["plain"]


def plain(value: Decimal | float) -> str:
    """The number in at most six decimals without trailing zeros: ``1154.7``, ``10000``."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text

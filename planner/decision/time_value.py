"""Money at different times: present value and annuity."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

__all__ = ["capital_recovery_factor", "monthly_rate", "net_present_value"]

_MONTHS_PER_YEAR = 12


def monthly_rate(rate_per_year: Decimal) -> Decimal:
    """The rate a month that compounds to ``rate_per_year``: (1 + r)^(1/12) - 1."""
    return (1 + rate_per_year) ** (Decimal(1) / _MONTHS_PER_YEAR) - 1


def net_present_value(monthly_usd: Sequence[Decimal], rate_per_year: Decimal) -> Decimal:
    """USD today of amounts paid at the end of months 1, 2, ...; a rate of 0 gives their sum."""
    if rate_per_year == 0:
        return sum(monthly_usd, Decimal(0))
    growth = 1 + monthly_rate(rate_per_year)
    return sum((usd / growth**month for month, usd in enumerate(monthly_usd, 1)), Decimal(0))


def capital_recovery_factor(rate_per_period: Decimal, periods: int) -> Decimal:
    """Equal payment a period, at its end, that repays 1: r(1 + r)^n / ((1 + r)^n - 1)."""
    if rate_per_period == 0:
        return Decimal(1) / periods
    grown = (1 + rate_per_period) ** periods
    return rate_per_period * grown / (grown - 1)

"""Present value and annuity against figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.decision.time_value import (
    capital_recovery_factor,
    monthly_rate,
    net_present_value,
)


def test_capital_recovery_at_ten_percent_over_three_periods() -> None:
    # 0.1 x 1.331 / 0.331 = 0.402115
    assert round(capital_recovery_factor(Decimal("0.1"), 3), 6) == Decimal("0.402115")


def test_present_value_of_a_year_at_ten_percent() -> None:
    # Sum of 1000 / 1.1^(t/12) over t = 1 ... 12.
    value = net_present_value([Decimal(1000)] * 12, Decimal("0.10"))
    assert round(value, 2) == Decimal("11400.49")


def test_twelve_monthly_rates_compound_to_the_year() -> None:
    assert float((1 + monthly_rate(Decimal("0.08"))) ** 12) == pytest.approx(1.08, rel=1e-12)


def test_without_a_rate_present_value_is_the_sum() -> None:
    assert net_present_value([Decimal("1.10"), Decimal("2.20")], Decimal(0)) == Decimal("3.30")
    assert net_present_value([], Decimal("0.1")) == 0
    assert capital_recovery_factor(Decimal(0), 4) == Decimal("0.25")

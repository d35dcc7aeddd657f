"""The forecast of a month's spend."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction

import pytest

from planner.actuals.forecast import crossing_days, forecast_month

F = Fraction
_FIRST = date(2026, 11, 1)


def days(values: list[Fraction]) -> dict[date, Fraction]:
    return {_FIRST + timedelta(days=n): each for n, each in enumerate(values)}


_SPENT = days([F(each) for each in (30, 31, 33, 38, 40, 41, 39, 40, 42, 46)])
_PLAN = days([F("32.50")] * 30)


def test_the_worked_case() -> None:
    found = forecast_month(_SPENT, _PLAN, F(0))
    assert found is not None
    assert found.spent == 380
    # 286 spent on the last seven days of 227.50 planned.
    assert found.pace == F(286) / F("227.5")
    assert float(found.pace) == pytest.approx(1.257143, abs=5e-7)
    assert f"{float(found.expected):.2f}" == "1197.14"
    assert f"{float(found.low):.2f}" == "1167.77"
    assert f"{float(found.high):.2f}" == "1226.52"
    assert found.run_rate == 1140


def test_a_month_that_starts_on_a_weekend_is_not_taken_for_a_cheap_one() -> None:
    # November 2026: the 1st is a Sunday, 21 weekdays at 1.2, 9 other days at 0.5.
    weights = [
        F("1.2") if (_FIRST + timedelta(days=n)).weekday() < 5 else F("0.5") for n in range(30)
    ]
    plan = [weight * 975 / sum(weights, F(0)) for weight in weights]
    found = forecast_month(days(plan[:8]), days(plan), F(0))
    assert found is not None
    assert found.expected == 975
    assert f"{float(found.run_rate):.2f}" == "923.30"


def test_fewer_than_three_complete_days_are_not_enough() -> None:
    assert forecast_month(days([F(30), F(31)]), _PLAN, F(0)) is None
    assert forecast_month(days([F(30), F(31), F(32)]), _PLAN, F(0)) is not None


def test_committed_cost_is_known_and_not_scaled() -> None:
    plain, more = (forecast_month(_SPENT, _PLAN, F(usd)) for usd in (0, 500))
    assert plain is not None and more is not None
    assert (more.expected - plain.expected, more.high - plain.high) == (500, 500)


def test_a_missing_day_counts_as_one_that_is_still_to_come() -> None:
    gap = {day: usd for day, usd in _SPENT.items() if day.day != 2}
    found = forecast_month(gap, _PLAN, F(0))
    assert found is not None
    assert found.remaining_plan == 21 * F("32.5")


def test_days_without_a_plan_do_not_set_the_pace() -> None:
    plan = days([F(0), F(10), F(10), F(10), F(10)])
    found = forecast_month(days([F(1), F(20), F(20), F(20)]), plan, F(0))
    assert found is not None
    assert (found.pace, found.pace_days, found.expected) == (2, 3, 81)


def test_the_range_holds_most_months() -> None:
    """Daily ratios of mean 1.1 and spread 10 %: about 80 % of the months end inside."""
    inside = 0
    for seed in range(300):
        draws = random.Random(seed)
        truth = [F(draws.gauss(1.1, 0.1)) * F("32.5") for _ in range(monthrange(2026, 11)[1])]
        found = forecast_month(days(truth[:10]), _PLAN, F(0))
        assert found is not None
        inside += found.low <= sum(truth, F(0)) <= found.high
    # A normal quantile with seven ratios is a little narrow: 73 to 80 %.
    assert 0.70 <= inside / 300 <= 0.85


def test_the_day_a_line_is_passed() -> None:
    by_day = days([F(10)] * 10)
    assert crossing_days(by_day, [F(45), F(50), F(100)]) == (
        date(2026, 11, 5),
        date(2026, 11, 6),
        None,
    )

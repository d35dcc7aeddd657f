"""What a month will cost: the plan's remaining days at the pace of the last seven, as a range.

F = A + k R: A is the spend of complete days, R the plan's other days of the month, k actual ÷ plan
over the last seven complete days. The straight run-rate is shown beside it and never used: it
takes a month that begins with a weekend for a cheap one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import stdev

__all__ = [
    "FEWEST_DAYS",
    "BudgetForecast",
    "MonthForecast",
    "committed_month",
    "crossing_days",
    "forecast_month",
]

FEWEST_DAYS = 3
_PACE_DAYS = 7
# Standard normal quantile of 90 %.
_Z90 = 1.2816


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthForecast:
    """The month end: what is spent, what is expected, and how far it may lie from that, USD.

    ``committed`` is known whatever comes, and inside ``expected``, ``low`` and ``high`` (P10 and
    P90). ``pace`` is k. ``by_day`` is the expected variable spend of every day of the month.
    """

    spent: Fraction
    committed: Fraction
    pace: Fraction
    remaining_plan: Fraction
    expected: Fraction
    low: Fraction
    high: Fraction
    planned: Fraction
    run_rate: Fraction
    complete_days: int
    pace_days: int
    by_day: Mapping[date, Fraction]


def forecast_month(
    actual: Mapping[date, Fraction], planned: Mapping[date, Fraction], committed: Fraction
) -> MonthForecast | None:
    """Forecast a month from its complete days; None with fewer than three of them.

    ``actual`` has complete days only, ``planned`` every day of the month; both without what is
    committed, which is the month's whole fixed cost.
    """
    done = sorted(actual.keys() & planned.keys())
    if len(done) < FEWEST_DAYS:
        return None
    recent = [day for day in done if planned[day]][-_PACE_DAYS:]
    plan_of_recent = sum((planned[day] for day in recent), Fraction(0))
    if not plan_of_recent:
        return None
    pace = sum((actual[day] for day in recent), Fraction(0)) / plan_of_recent
    rest = [planned[day] for day in sorted(planned) if day not in actual]
    remaining = sum(rest, Fraction(0))
    spent = sum((actual[day] for day in done), Fraction(0))
    expected = spent + pace * remaining + committed
    spread = _spread([actual[day] / planned[day] for day in recent], rest)
    return MonthForecast(
        spent=spent,
        committed=committed,
        pace=pace,
        remaining_plan=remaining,
        expected=expected,
        low=max(expected - spread, spent + committed),
        high=expected + spread,
        planned=sum(planned.values(), Fraction(0)) + committed,
        run_rate=spent / len(done) * len(planned) + committed,
        complete_days=len(done),
        pace_days=len(recent),
        by_day={
            day: actual[day] if day in actual else pace * planned[day] for day in sorted(planned)
        },
    )


def committed_month(committed: Fraction, planned: Fraction, days: Sequence[date]) -> MonthForecast:
    """The month of a plan without tokens: what is committed is all of it."""
    nothing = Fraction(0)
    return MonthForecast(
        spent=nothing,
        committed=committed,
        pace=Fraction(1),
        remaining_plan=nothing,
        expected=committed,
        low=committed,
        high=committed,
        planned=planned,
        run_rate=committed,
        complete_days=0,
        pace_days=0,
        by_day=dict.fromkeys(days, nothing),
    )


def _spread(ratios: Sequence[Fraction], rest: Sequence[Fraction]) -> Fraction:
    """Half the interval: daily ratios scatter, and so does their mean over the pace days."""
    if len(ratios) < 2:
        return Fraction(0)
    scatter = stdev(float(each) for each in ratios)
    days = math.fsum(float(each) ** 2 for each in rest)
    mean = float(sum(rest, Fraction(0))) ** 2 / len(ratios)
    return Fraction(_Z90 * scatter * math.sqrt(days + mean))


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetForecast:
    """One budget: what it will have been spent by the end, and when its lines are passed, USD.

    ``spent`` and ``expected`` are of the budget's key, committed cost included in the total's.
    Days are None where a line is not passed in the month.
    """

    key: tuple[str, str]
    limit_usd: Decimal
    spent: Fraction
    expected: Fraction
    line_passed_on: date | None
    limit_passed_on: date | None


def crossing_days(
    by_day: Mapping[date, Fraction], limits: Sequence[Fraction]
) -> tuple[date | None, ...]:
    """For each limit the day on which the sum from the first day passes it."""
    found: list[date | None] = []
    for limit in limits:
        total, passed = Fraction(0), None
        for day, usd in sorted(by_day.items()):
            total += usd
            if total > limit:
                passed = day
                break
        found.append(passed)
    return tuple(found)

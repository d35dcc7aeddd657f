"""Hour-of-week values as CloudWatch metric math.

``DAY(m)`` (Monday = 1) and ``HOUR(m)`` are of a datapoint's start in UTC (CloudWatch User Guide,
metric math, time functions). A day is one expression of its 24 hours, neighbours that are equal
merged; a week has one for each distinct day, at most seven, and one that chooses by DAY().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, Context, Decimal
from itertools import pairwise

from planner.emit.guard.types import Expression
from planner.units import HOURS_PER_WEEK

__all__ = [
    "LONGEST_EXPRESSION",
    "flat_form",
    "nested_form",
    "nested_week",
    "rounded_up",
    "week_expressions",
]

# Amazon CloudWatch API reference, MetricDataQuery, Expression.
LONGEST_EXPRESSION = 2_048
_DAY = 24
_DIGITS = Context(prec=5, rounding=ROUND_CEILING)


def rounded_up(value: float) -> Decimal:
    """``value`` with five significant digits, never less: a threshold is not tightened by it."""
    return _DIGITS.create_decimal(repr(value))


def flat_form(values: Sequence[float], metric: str) -> str:
    """24 values as ``v0+(HOUR(m)>=7)*d7-...``: no nesting, so no limit of depth."""
    steps = _steps(values)
    text = _text(steps[0][1])
    for (_, before), (hour, value) in pairwise(steps):
        sign = "-" if value < before else "+"
        text += f"{sign}(HOUR({metric})>={hour})*{_text(abs(value - before))}"
    return text


def nested_form(values: Sequence[float], metric: str) -> str:
    """The same as ``IF(HOUR(m)<7,v0,IF(...))``, where every number is a value of the plan."""
    steps = _steps(values)
    text = _text(steps[-1][1])
    for (_, value), (hour, _) in reversed(list(pairwise(steps))):
        text = f"IF(HOUR({metric})<{hour},{_text(value)},{text})"
    return text


def week_expressions(
    values: Sequence[float], metric: str, *, prefix: str
) -> tuple[tuple[Expression, ...], str]:
    """168 values from Monday 00:00 UTC: the expressions of the days, and the text that chooses.

    ValueError when there are not 168, or when a day is longer than CloudWatch takes.
    """
    return _week(values, metric, prefix, flat_form)


def nested_week(
    values: Sequence[float], metric: str, *, prefix: str
) -> tuple[tuple[Expression, ...], str]:
    """The same in nested form, for readers."""
    return _week(values, metric, prefix, nested_form)


def _week(
    values: Sequence[float], metric: str, prefix: str, form: Callable[[Sequence[float], str], str]
) -> tuple[tuple[Expression, ...], str]:
    if len(values) != HOURS_PER_WEEK:
        raise ValueError(f"{len(values)} values for the {HOURS_PER_WEEK} hours of a week")
    days = [form(values[start : start + _DAY], metric) for start in range(0, HOURS_PER_WEEK, _DAY)]
    distinct = sorted(set(days), key=days.index)
    if max(len(day) for day in days) > LONGEST_EXPRESSION:
        raise ValueError(f"a day of more than {LONGEST_EXPRESSION} characters")
    ids = {day: f"{prefix}{number}" for number, day in enumerate(distinct, start=1)}
    expressions = tuple(
        Expression(id=ids[day], text=day, label=f"planned, day pattern {number}")
        for number, day in enumerate(distinct, start=1)
    )
    return expressions, _chosen([ids[day] for day in days], metric)


def _chosen(ids: Sequence[str], metric: str) -> str:
    """``IF(DAY(m)<6,p1,p2)``: runs of equal days merged."""
    runs = [
        (day, name) for day, name in enumerate(ids, start=1) if day == 1 or name != ids[day - 2]
    ]
    text = runs[-1][1]
    for (_, name), (day, _) in reversed(list(pairwise(runs))):
        text = f"IF(DAY({metric})<{day},{name},{text})"
    return text


def _steps(values: Sequence[float]) -> list[tuple[int, Decimal]]:
    """(hour, value) where the value changes, hour 0 first."""
    exact = [rounded_up(value) for value in values]
    return [
        (hour, value) for hour, value in enumerate(exact) if hour == 0 or value != exact[hour - 1]
    ]


def _text(value: Decimal) -> str:
    """No exponent and no zeros at the end."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"

"""The planned week as metric math: both forms, days, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.drill.metric_math import evaluate
from planner.emit.guard import Expression, flat_form, nested_form, nested_week, week_expressions
from planner.emit.guard.hours import LONGEST_EXPRESSION, rounded_up


def _draw(seed: int, hours: int) -> list[float]:
    """From a tenth of a cent to 1,000 USD an hour, some hours alike."""
    rng = np.random.default_rng(seed)
    return np.repeat(10.0 ** rng.uniform(-3, 3, hours // 2), 2).tolist()


_seeds = st.integers(min_value=0, max_value=2**32)
_days = _seeds.map(lambda seed: _draw(seed, 24))
_weeks = _seeds.map(lambda seed: _draw(seed, 168))
# Sums of differences in floating point, as anywhere that reckons with 64 bits.
_LOSS = 1e-9


class _Week:
    """A clock with one datapoint for each hour of a week."""

    hour = np.tile(np.arange(24.0), 7)
    day = np.repeat(np.arange(1.0, 8.0), 24)
    period_s = 3_600.0


def _values_of(days: tuple[Expression, ...], chosen: str) -> np.ndarray:
    values = {"s": np.ones(168)}
    for each in days:
        values[each.id] = evaluate(each.text, values, _Week())
    return evaluate(chosen, values, _Week())


@given(_days)
def test_the_flat_and_the_nested_form_are_equal(day: list[float]) -> None:
    values = {"s": np.ones(168)}
    flat = evaluate(flat_form(day, "s"), values, _Week())
    nested = evaluate(nested_form(day, "s"), values, _Week())
    np.testing.assert_allclose(flat, nested, rtol=_LOSS, atol=_LOSS)


@settings(max_examples=30)
@given(_weeks)
def test_every_hour_of_the_week_has_its_own_value(week: list[float]) -> None:
    found = _values_of(*week_expressions(week, "s", prefix="p"))
    np.testing.assert_allclose(
        found, [float(rounded_up(value)) for value in week], rtol=_LOSS, atol=_LOSS
    )


@settings(max_examples=30)
@given(_weeks)
def test_the_readable_form_is_the_same_week(week: list[float]) -> None:
    flat = _values_of(*week_expressions(week, "s", prefix="p"))
    np.testing.assert_allclose(
        _values_of(*nested_week(week, "s", prefix="p")), flat, rtol=_LOSS, atol=_LOSS
    )


@settings(max_examples=30)
@given(_weeks)
def test_no_day_is_longer_than_cloudwatch_takes(week: list[float]) -> None:
    days, _ = week_expressions(week, "s", prefix="p")
    assert max(len(each.text) for each in days) <= LONGEST_EXPRESSION


def test_a_value_is_never_rounded_down() -> None:
    assert rounded_up(1.000001) == rounded_up(1.00001)  # five digits: 1.0001
    assert float(rounded_up(1.000001)) == 1.0001


def test_equal_hours_are_merged() -> None:
    day = [0.5] * 8 + [2.0] * 10 + [0.5] * 6
    assert flat_form(day, "s") == "0.5+(HOUR(s)>=8)*1.5-(HOUR(s)>=18)*1.5"
    assert nested_form(day, "s") == "IF(HOUR(s)<8,0.5,IF(HOUR(s)<18,2,0.5))"


def test_equal_days_share_an_expression() -> None:
    week = [1.0] * 24 * 5 + [0.5] * 24 * 2
    days, chosen = week_expressions(week, "s", prefix="p")
    assert [each.text for each in days] == ["1", "0.5"]
    assert chosen == "IF(DAY(s)<6,p1,p2)"


def test_a_week_of_other_length_is_refused() -> None:
    with pytest.raises(ValueError, match="24 values for the 168 hours"):
        week_expressions([1.0] * 24, "s", prefix="p")

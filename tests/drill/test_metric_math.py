"""Metric math: precedence, functions, missing data, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from planner.drill.metric_math import MathError, clock_only, evaluate

_NAN = float("nan")


class _Clock:
    hour = np.array([7.0, 8.0, 9.0])
    day = np.array([1.0, 5.0, 7.0])
    period_s = 300.0


def _of(text: str, **values: list[float]) -> list[float]:
    series = {name: np.array(numbers) for name, numbers in values.items()}
    return evaluate(text, series, _Clock()).tolist()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("8-2-1", 5),
        ("2^3^2", 512),
        ("-2+5", 3),
        ("6/4", 1.5),
        ("1<2", 1),
        ("2<=1", 0),
        ("1==1 AND 2!=2", 0),
        ("1==1 OR 2!=2", 1),
        ("1>2 && 1>0 || 1", 1),
        ("IF(3>2,10,20)", 10),
        ("if(0,10,20)", 20),
    ],
)
def test_numbers_bind_as_in_arithmetic(text: str, value: float) -> None:
    assert _of(text) == [value] * 3


def test_a_condition_is_taken_point_by_point() -> None:
    assert _of("IF(m>1,m,0)", m=[1.0, 2.0, 3.0]) == [0.0, 2.0, 3.0]


def test_day_and_hour_are_of_the_datapoints_start() -> None:
    assert _of("HOUR(m)", m=[1.0] * 3) == [7.0, 8.0, 9.0]
    assert _of("DAY(m)", m=[1.0] * 3) == [1.0, 5.0, 7.0]


def test_period_is_the_datapoints_length() -> None:
    assert _of("m*3600/PERIOD(m)", m=[1.0, 2.0, 0.0]) == [12.0, 24.0, 0.0]


def test_missing_data_stays_missing_through_arithmetic_and_comparison() -> None:
    for text in ("m+1", "m>0", "IF(m>0,1,2)", "HOUR(m)", "m>0 OR 1"):
        assert np.isnan(_of(text, m=[1.0, _NAN, 1.0])).tolist() == [False, True, False]


def test_fill_replaces_missing_data_only() -> None:
    assert _of("FILL(m,-1)", m=[0.0, _NAN, 2.0]) == [0.0, -1.0, 2.0]


def test_dividing_by_zero_gives_no_datapoint() -> None:
    assert np.isnan(_of("1/m", m=[1.0, 0.0, 2.0])).tolist() == [False, True, False]


def test_only_an_expression_of_times_is_found_to_be_one() -> None:
    assert clock_only("1+(HOUR(s)>=8)*2") == "s"
    assert clock_only("IF(DAY(s)<6,1,2)") == "s"
    assert clock_only("s*HOUR(s)") is None
    assert clock_only("HOUR(s)+HOUR(t)") is None
    assert clock_only("5") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1+", "ends too early"),
        ("(1", "')' is missing"),
        ("1 2", "one too many"),
        ("AVG(m)", "AVG is not known here; known are DAY, FILL, HOUR, IF, PERIOD"),
        ("IF(1,2)", "IF takes 3 arguments, not 2"),
        ("1 ? 2", "'?' is not where it can be"),
        ("other+1", "no query has the id 'other'"),
    ],
)
def test_what_it_cannot_read_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(MathError) as error:
        _of(text, m=[1.0] * 3)
    assert says in error.value.message

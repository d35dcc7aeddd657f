"""The week as a load on machines: needs by hour, and what a capacity leaves over."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs.load_duration import (
    WeekLoad,
    hourly_needs,
    leftover,
    overflow_rate,
    windowed,
)

RATES = st.lists(st.floats(0, 5), min_size=1, max_size=12).filter(lambda w: sum(w) > 0)


def week(*rates: float, burst: float = 1.0, deferrable: float = 0.0) -> WeekLoad:
    return WeekLoad(interactive=rates, deferrable=(deferrable,), burst=burst)


class TestOverflow:
    def test_without_burst_it_is_what_lies_above(self) -> None:
        assert overflow_rate(100, 40, 1) == 60
        assert overflow_rate(20, 40, 1) == 0

    def test_a_burst_spills_over_though_the_mean_fits(self) -> None:
        # Drawn minute by minute: 400,000 lognormal minutes of mean 1, 1 in 60 above 1.5.
        # sigma = z - sqrt(z² - 2 ln 1.5) with z = 2.12805 is 0.2004.
        draw = random.Random(7)
        minutes = [math.exp(draw.gauss(-(0.2004**2) / 2, 0.2004)) for _ in range(400_000)]
        drawn = sum(max(minute - 1.1, 0) for minute in minutes) / len(minutes)
        assert overflow_rate(1, 1.1, 1.5) == pytest.approx(drawn, rel=0.02)

    def test_one_minute_in_sixty_is_above_the_burst(self) -> None:
        # The chance to exceed a capacity is minus the slope of the overflow there.
        step = 1e-5
        slope = (overflow_rate(1, 1.5 + step, 1.5) - overflow_rate(1, 1.5 - step, 1.5)) / (2 * step)
        assert -slope == pytest.approx(1 / 60, rel=1e-4)

    @given(
        mean=st.floats(0.01, 10),
        capacity=st.floats(0, 20),
        more=st.floats(0, 5),
        burst=st.floats(1, 5),
    )
    def test_more_capacity_never_raises_it(
        self, mean: float, capacity: float, more: float, burst: float
    ) -> None:
        before = overflow_rate(mean, capacity, burst)
        assert overflow_rate(mean, capacity + more, burst) <= before + 1e-12
        assert max(mean - capacity, 0) - 1e-12 <= before <= mean


class TestLeftover:
    def test_the_four_hour_week(self) -> None:
        # Hours of 100, 60, 20 and 20 requests on one replica of 40 an hour: 60 + 20 are left.
        left = leftover(week(100, 60, 20, 20), 1, [40] * 4)
        assert (left.interactive, left.deferrable) == (80, 0)

    def test_no_capacity_leaves_everything(self) -> None:
        left = leftover(week(1.5, 0.5, deferrable=2, burst=2), 1, [0, 0])
        assert (left.interactive, left.deferrable) == (2, 2)

    def test_waiting_work_fills_the_quiet_hours(self) -> None:
        # Capacity 1 each hour: the first hour is full, the second has 0.5 to spare of 0.8.
        left = leftover(week(1.5, 0.5, deferrable=0.8), 1, [1, 1])
        assert left.interactive == 0.5
        assert left.deferrable == pytest.approx(0.3)

    @given(rates=RATES, capacity=st.floats(0, 6), more=st.floats(0, 3), work=st.floats(0, 5))
    def test_more_capacity_never_leaves_more(
        self, rates: list[float], capacity: float, more: float, work: float
    ) -> None:
        load = week(*rates, deferrable=work, burst=1.3)
        before = leftover(load, 1, [capacity] * len(rates))
        after = leftover(load, 1, [capacity + more] * len(rates))
        assert after.interactive <= before.interactive + 1e-9
        assert after.deferrable <= before.deferrable + 1e-9


class TestNeeds:
    def test_interactive_hours_need_their_busiest_minute(self) -> None:
        assert hourly_needs(week(1, 2, burst=1.5)) == (1.5, 3)

    def test_waiting_work_is_levelled_inside_its_day(self) -> None:
        # 3 hours' worth of waiting work on loads 4, 1, 0: level 2 fills 1 + 2.
        assert hourly_needs(week(4, 1, 0, deferrable=3)) == (4, 2, 2)

    @given(rates=RATES, work=st.floats(0, 20), burst=st.floats(1, 4))
    def test_the_largest_need_is_the_capacity_rule_of_the_demand(
        self, rates: list[float], work: float, burst: float
    ) -> None:
        # planner.demand: max(busiest interactive hour x burst, mean of the busiest day).
        rule = max(max(rates) * burst, (sum(rates) + work) / len(rates))
        assert max(hourly_needs(week(*rates, deferrable=work, burst=burst))) == pytest.approx(rule)

    def test_an_hour_holds_what_the_next_ones_need(self) -> None:
        assert windowed([1, 5, 2, 1], 1) == (5, 5, 2, 1)
        assert windowed([1, 5, 2, 1], 0) == (1, 5, 2, 1)

    def test_the_week_repeats(self) -> None:
        assert windowed([7, 1, 1], 1) == (7, 1, 7)

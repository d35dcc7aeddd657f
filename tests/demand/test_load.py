from __future__ import annotations

import dataclasses
import datetime
import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand import (
    Demand,
    build_demand,
    capacity_needed_rps,
    load_by_hour_rps,
    utc_hour_weights,
)
from planner.demand.traffic import week_of
from tests.demand.support import scenario

DAY = [0.5] * 12 + [1.5] * 12
# 86,400 requests a day are one a second.
ONE_RPS = Decimal(86_400 * 30)


def _demand(
    weights: list[float] | None = None,
    *,
    burst: float = 1.0,
    deferrable: str = "0",
    timezone: str = "UTC",
) -> Demand:
    plain = build_demand(scenario(), Path())
    return dataclasses.replace(
        plain,
        hour_weights=week_of(DAY if weights is None else weights),
        burst_within_hour=burst,
        deferrable_share=Decimal(deferrable),
        timezone=timezone,
    )


def test_load_by_hour_is_the_mean_rate_times_the_weight() -> None:
    load = load_by_hour_rps(_demand(), ONE_RPS)
    assert load[:2] == (0.5, 0.5)
    assert load[12] == 1.5
    assert len(load) == 168


def test_interactive_demand_needs_its_busiest_minute() -> None:
    assert capacity_needed_rps(_demand(burst=2.0), ONE_RPS) == pytest.approx(3.0)


def test_capacity_without_deferrable_work_is_the_peak_rate_of_the_demand() -> None:
    demand = build_demand(scenario(), Path())
    needed = capacity_needed_rps(demand, demand.requests_per_month)
    assert needed == pytest.approx(demand.peak_rps)


def test_deferrable_work_leaves_the_peak() -> None:
    # Half may wait: 0.5·1.5·2 = 1.5 for the interactive peak; the day's mean of 1.0 fits.
    assert capacity_needed_rps(_demand(burst=2.0, deferrable="0.5"), ONE_RPS) == pytest.approx(1.5)


def test_deferrable_work_that_does_not_fit_into_the_valleys_sets_the_capacity() -> None:
    # Everything may wait: the busiest day's mean is what must be served within that day.
    assert capacity_needed_rps(_demand(burst=2.0, deferrable="1"), ONE_RPS) == pytest.approx(1.0)
    # Monday 2, other days 5/6: the week's mean is 1, Monday's 2 must be served on Monday.
    week = [2.0] * 24 + [5 / 6] * 144
    assert capacity_needed_rps(_demand(week, deferrable="1"), ONE_RPS) == pytest.approx(2.0)


_WEEK = st.lists(st.floats(0.01, 10), min_size=168, max_size=168)
_SHARE = st.decimals(0, 1, places=3)
_VOLUME = st.integers(1, 10**9)


@given(week=_WEEK, burst=st.floats(1, 5), shares=st.tuples(_SHARE, _SHARE), volume=_VOLUME)
def test_more_deferrable_work_never_needs_more_capacity(
    week: list[float], burst: float, shares: tuple[Decimal, Decimal], volume: int
) -> None:
    low, high = sorted(shares)
    demand = _demand(week, burst=burst)
    needed = [
        capacity_needed_rps(dataclasses.replace(demand, deferrable_share=share), Decimal(volume))
        for share in (low, high)
    ]
    assert needed[1] <= needed[0]


@given(week=_WEEK, burst=st.floats(1, 5), share=_SHARE, volume=_VOLUME, factor=st.integers(1, 1000))
def test_capacity_is_proportional_to_volume(
    week: list[float], burst: float, share: Decimal, volume: int, factor: int
) -> None:
    demand = dataclasses.replace(_demand(week, burst=burst), deferrable_share=share)
    one = capacity_needed_rps(demand, Decimal(volume))
    many = capacity_needed_rps(demand, Decimal(volume * factor))
    assert many == pytest.approx(one * factor, rel=1e-9)
    assert many >= one


@given(week=_WEEK, share=_SHARE, data=st.data())
def test_capacity_does_not_depend_on_the_order_of_days_or_of_hours_in_a_day(
    week: list[float], share: Decimal, data: st.DataObject
) -> None:
    days = [week[start : start + 24] for start in range(0, 168, 24)]
    order = data.draw(st.permutations(range(7)))
    hours = data.draw(st.permutations(range(24)))
    mixed = [days[day][hour] for day in order for hour in hours]
    needed = capacity_needed_rps(_demand(week, burst=1.5, deferrable=str(share)), ONE_RPS)
    again = capacity_needed_rps(_demand(mixed, burst=1.5, deferrable=str(share)), ONE_RPS)
    assert again == pytest.approx(needed, rel=1e-9)


@given(week=_WEEK, share=_SHARE)
def test_the_capacity_serves_every_day(week: list[float], share: Decimal) -> None:
    demand = _demand(week, deferrable=str(share))
    capacity = capacity_needed_rps(demand, ONE_RPS)
    load = load_by_hour_rps(demand, ONE_RPS)
    for start in range(0, 168, 24):
        day = load[start : start + 24]
        free = sum(capacity - float(1 - share) * rate for rate in day)
        assert free >= float(share) * sum(day) - 1e-9


def _hour(zone: str, month: datetime.date, *, local: int = 12) -> int:
    """The UTC hour of week in which the one busy local hour (Monday ``local``) lands."""
    week = [0.0] * 168
    week[local] = 1.0
    weights = utc_hour_weights(_demand(week, timezone=zone), month)
    return weights.index(max(weights))


def test_utc_weights_of_utc_are_the_weights() -> None:
    demand = _demand()
    assert utc_hour_weights(demand, datetime.date(2026, 7, 1)) == demand.hour_weights


def test_local_noon_in_berlin_is_an_hour_earlier_in_winter_and_two_in_summer() -> None:
    assert _hour("Europe/Berlin", datetime.date(2026, 1, 1)) == 11
    assert _hour("Europe/Berlin", datetime.date(2026, 7, 1)) == 10


def test_local_noon_in_new_york_is_later_in_utc() -> None:
    assert _hour("America/New_York", datetime.date(2026, 1, 1)) == 17


def test_monday_night_in_tokyo_is_still_sunday_in_utc() -> None:
    # Monday 02:00 in Tokyo (UTC+9) is Sunday 17:00 UTC, hour 6·24 + 17.
    assert _hour("Asia/Tokyo", datetime.date(2026, 1, 1), local=2) == 161


def test_a_half_hour_zone_shares_an_hour_between_two() -> None:
    # Monday 12:00-13:00 in Kolkata (UTC+5:30) is 06:30-07:30 UTC.
    week = [0.0] * 168
    week[12] = 1.0
    weights = utc_hour_weights(_demand(week, timezone="Asia/Kolkata"), datetime.date(2026, 1, 1))
    assert (weights[6], weights[7]) == (84.0, 84.0)
    # Monday 12:00 in Newfoundland in winter (UTC-3:30) is 15:30-16:30 UTC.
    weights = utc_hour_weights(
        _demand(week, timezone="America/St_Johns"), datetime.date(2026, 1, 1)
    )
    assert (weights[15], weights[16]) == (84.0, 84.0)


@given(
    week=_WEEK,
    zone=st.sampled_from(["Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "UTC"]),
)
def test_utc_weights_keep_the_mean(week: list[float], zone: str) -> None:
    weights = utc_hour_weights(_demand(week, timezone=zone), datetime.date(2026, 11, 1))
    assert math.fsum(weights) / 168 == pytest.approx(1, abs=1e-12)

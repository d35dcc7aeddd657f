"""Fleets that follow the load against an API: exact, compared with every whole volume."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.costs import Fleet, Option
from planner.costs.hourly_terms import HourlyCommitted, HourlyInstances, hourly_fleet
from planner.decision.crossings import volumes_at_or_below
from planner.decision.curve import curve_of
from tests.decision.options import api, cost_line, stepped


def hourly(needs: list[int], capacity: int, *, committed: bool, spare: int = 0) -> Option:
    """A week of as many hours as needs, and a month of one week: $1 an instance hour."""
    peak = Fleet(capacity_requests_per_month=Decimal(capacity), spare_replicas=spare)
    fleet = hourly_fleet(peak, needs)
    hours = Decimal(len(needs))
    term = (
        HourlyCommitted(
            fleet=fleet,
            hours_per_month=hours,
            committed_usd_per_hour=Decimal("0.6"),
            on_demand_usd_per_hour=Decimal(1),
        )
        if committed
        else HourlyInstances(fleet=fleet, hours_per_month=hours, usd_per_instance_hour=Decimal(1))
    )
    plain = stepped("0", capacity, spare=spare)
    lines = (cost_line("instances", term, "gpu_price"),)
    return replace(plain, fleet=peak, lines_in_month=lambda month: lines, hardware=())


@given(
    needs=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    capacity=st.integers(5, 60),
    cents=st.integers(1, 60),
    fixed=st.integers(0, 10),
    committed=st.booleans(),
    spare=st.integers(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_intervals_are_those_of_every_whole_volume(
    needs: list[int], capacity: int, cents: int, fixed: int, committed: bool, spare: int
) -> None:
    own = curve_of(hourly(needs, capacity, committed=committed, spare=spare))
    rival = curve_of(api(str(Decimal(cents) / 100), fixed=str(fixed)))
    found = volumes_at_or_below(own, rival)
    for requests in range(1, 400):
        inside = any(low <= requests and (high is None or requests <= high) for low, high in found)
        volume = Decimal(requests)
        assert inside == (own.at(volume) <= rival.at(volume)), requests


def test_far_out_the_mean_of_the_hours_decides() -> None:
    # Loads 2 and 1 on replicas of 10 at the peak: far out 1.5 instance hours serve 10 requests a
    # month each at $1, $0.15 a request in all: an API at $0.16 loses for good, at $0.14 never.
    own = curve_of(hourly([2, 1], 10, committed=False))
    assert volumes_at_or_below(own, curve_of(api("0.16")))[-1][1] is None
    assert volumes_at_or_below(own, curve_of(api("0.14"))) == []

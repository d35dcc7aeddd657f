"""Hourly fleets and their commitments, against sums over the hours and brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.costs.hourly_terms import (
    HourlyCommitted,
    HourlyInstances,
    HourlySavingsPlan,
    HourlyTerm,
    hourly_fleet,
    savings_plan_usd_per_hour,
)
from planner.costs.terms import Fleet

PEAK = Fleet(capacity_requests_per_month=Decimal(100), spare_replicas=1, replicas_per_instance=2)
NEEDS = st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any)
RI, ON_DEMAND = Decimal("0.63"), Decimal(1)


def committed(needs: list[int], peak: Fleet = PEAK) -> HourlyCommitted:
    return HourlyCommitted(
        fleet=hourly_fleet(peak, needs),
        hours_per_month=Decimal(len(needs)),
        committed_usd_per_hour=RI,
        on_demand_usd_per_hour=ON_DEMAND,
    )


class TestHourlyFleet:
    def test_each_hour_holds_what_it_needs(self) -> None:
        # 400 requests a month at the peak rate need 4 replicas and a spare, on 3 instances of 2;
        # a quarter of that needs 1 + 1, on 1; no load still holds a replica and its spare.
        fleet = hourly_fleet(PEAK, [4.0, 1.0, 0.0])
        assert fleet.instances_by_hour(Decimal(400)) == [3, 1, 1]
        assert fleet.instance_hours(Decimal(400)) == 5
        assert fleet.replica_hours(Decimal(400)) == 5 + 2 + 2

    @given(needs=NEEDS, requests=st.integers(1, 5000))
    def test_instances_are_those_of_the_peak_rule_at_each_hour(
        self, needs: list[int], requests: int
    ) -> None:
        # Independent: replicas = max(ceil(load / capacity), 1) + 1 on pairs.
        fleet = hourly_fleet(PEAK, needs)
        largest = max(needs)
        expected = [
            math.ceil((max(math.ceil(round(requests * n / largest, 9) / 100), 1) + 1) / 2)
            for n in needs
        ]
        assert fleet.instances_by_hour(Decimal(requests)) == expected

    def test_hours_that_need_the_jth_instance(self) -> None:
        fleet = hourly_fleet(replace(PEAK, spare_replicas=0), [8.0, 4.0, 4.0, 1.0])
        assert fleet.hours_needing(Decimal(800)) == [4, 3, 1, 1]


class TestHourlyInstances:
    @given(needs=NEEDS, requests=st.integers(1, 5000))
    def test_it_is_the_sum_over_the_hours(self, needs: list[int], requests: int) -> None:
        fleet = hourly_fleet(PEAK, needs)
        term = HourlyInstances(
            fleet=fleet, hours_per_month=Decimal(730), usd_per_instance_hour=Decimal(3)
        )
        hours = sum(fleet.instances_by_hour(Decimal(requests)))
        assert term.at(Decimal(requests)) == pytest.approx(hours * 3 * Decimal(730) / len(needs))

    def test_a_flat_week_costs_what_the_fixed_fleet_costs(self) -> None:
        term = HourlyInstances(
            fleet=hourly_fleet(PEAK, [1.0] * 168),
            hours_per_month=Decimal(730),
            usd_per_instance_hour=Decimal("1.861"),
        )
        assert term.at(Decimal(950)) == pytest.approx(
            PEAK.instances(Decimal(950)) * Decimal("1.861") * 730
        )

    def test_instances_paid_elsewhere_are_left_out(self) -> None:
        term = HourlyInstances(
            fleet=hourly_fleet(PEAK, [4.0, 1.0]),
            hours_per_month=Decimal(2),
            usd_per_instance_hour=Decimal(1),
            beyond=1,
        )
        assert term.at(Decimal(400)) == 2


class TestCommitment:
    @given(needs=NEEDS, requests=st.integers(1, 3000))
    @settings(max_examples=80)
    def test_the_number_is_the_cheapest_of_all(self, needs: list[int], requests: int) -> None:
        term, volume = committed(needs), Decimal(requests)
        by_hour = term.fleet.instances_by_hour(volume)

        def cost(count: int) -> Decimal:
            return sum((count * RI + max(0, m - count) * ON_DEMAND for m in by_hour), Decimal(0))

        assert term.at(volume) == min(cost(count) for count in range(max(by_hour) + 2))
        assert term.with_bought((term.committed(volume), 0), volume) == term.at(volume)
        for count in range(max(by_hour) + 2):
            assert term.with_bought((count, 0), volume) == cost(count)

    def test_the_rule_is_the_share_of_hours(self) -> None:
        # 63 of 100 hours are worth a reservation at 63 % of the price; 62 are not.
        hundred = replace(PEAK, spare_replicas=0, replicas_per_instance=1)
        assert committed([200] * 63 + [100] * 37, hundred).committed(Decimal(200)) == 2
        assert committed([200] * 62 + [100] * 38, hundred).committed(Decimal(200)) == 1


class TestSavingsPlan:
    def test_golden_cases(self) -> None:
        # $10 an hour at 30 % off covers $14.29 of use at list price; $20 covers it all.
        half = savings_plan_usd_per_hour(Decimal(20), Decimal(10), Decimal("0.3"))
        assert half.quantize(Decimal("0.001")) == Decimal("15.714")
        assert savings_plan_usd_per_hour(Decimal(20), Decimal(20), Decimal("0.3")) == 20

    def test_unused_commitment_is_lost(self) -> None:
        assert savings_plan_usd_per_hour(Decimal(0), Decimal(10), Decimal("0.3")) == 10

    @given(needs=NEEDS, requests=st.integers(1, 3000), count=st.integers(0, 12))
    @settings(max_examples=60)
    def test_a_commitment_for_whole_instances_costs_what_reserving_them_does(
        self, needs: list[int], requests: int, count: int
    ) -> None:
        reserved = committed(needs)
        plan = HourlySavingsPlan(
            fleet=reserved.fleet,
            hours_per_month=reserved.hours_per_month,
            on_demand_usd_per_hour=ON_DEMAND,
            commitment_usd_per_hour=count * RI,
            discount=1 - RI,
        )
        volume = Decimal(requests)
        assert plan.at(volume) == pytest.approx(reserved.with_bought((count, 0), volume))

    @given(needs=NEEDS, requests=st.integers(1, 1500))
    @settings(max_examples=30)
    def test_no_commitment_in_money_beats_the_best_number_of_instances(
        self, needs: list[int], requests: int
    ) -> None:
        reserved, volume = committed(needs), Decimal(requests)
        most = max(reserved.fleet.instances_by_hour(volume))
        levels = [Decimal(step) * most * RI / 40 for step in range(41)]
        plan = HourlySavingsPlan(
            fleet=reserved.fleet,
            hours_per_month=reserved.hours_per_month,
            on_demand_usd_per_hour=ON_DEMAND,
            commitment_usd_per_hour=Decimal(0),
            discount=1 - RI,
        )
        best = min(replace(plan, commitment_usd_per_hour=level).at(volume) for level in levels)
        assert reserved.at(volume) <= best + Decimal("1e-15")


TERMS = st.sampled_from(["instances", "committed", "plan"])


def term_of(kind: str, needs: list[int]) -> HourlyTerm:
    reserved = committed(needs)
    if kind == "committed":
        return reserved
    if kind == "plan":
        return HourlySavingsPlan(
            fleet=reserved.fleet,
            hours_per_month=reserved.hours_per_month,
            on_demand_usd_per_hour=ON_DEMAND,
            commitment_usd_per_hour=Decimal(2),
            discount=Decimal("0.3"),
        )
    return HourlyInstances(
        fleet=reserved.fleet, hours_per_month=reserved.hours_per_month, usd_per_instance_hour=RI
    )


class TestShape:
    @given(kind=TERMS, needs=NEEDS, requests=st.integers(0, 4000), more=st.integers(0, 500))
    def test_cost_never_falls_with_volume(
        self, kind: str, needs: list[int], requests: int, more: int
    ) -> None:
        term = term_of(kind, needs)
        assert term.at(Decimal(requests)) <= term.at(Decimal(requests + more))

    @given(kind=TERMS, needs=NEEDS)
    @settings(max_examples=40)
    def test_far_out_it_rises_by_its_slope(self, kind: str, needs: list[int]) -> None:
        term = term_of(kind, needs)
        far = Decimal(10**9)
        measured = (term.at(2 * far) - term.at(far)) / far
        assert measured == pytest.approx(term.slope(), rel=Decimal("1e-5"))

    @given(kind=TERMS, needs=NEEDS, start=st.integers(0, 2000))
    @settings(max_examples=40)
    def test_between_steps_it_is_flat(self, kind: str, needs: list[int], start: int) -> None:
        term = term_of(kind, needs)
        steps = term.steps()
        low = Decimal(start)
        following = min((low // step + 1) * step for step in steps)
        inside = low + (following - low) / 2
        assert term.at(inside) == term.at(following)

"""How many own instances pay beside an API: golden case, and brute force on small weeks."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.costs.hybrid_base import BasePlan, HybridBase
from planner.costs.hybrid_terms import HybridInstances
from planner.costs.load_duration import WeekLoad


def base_of(
    rates: tuple[float, ...],
    *,
    each: float,
    price: str = "1",
    saved: float = 0.04,
    burst: float = 1.0,
    work: float = 0.0,
    saved_work: float = 0.0,
) -> HybridBase:
    """A week of ``len(rates)`` hours in which a month is one such week of ``sum(rates)`` requests.

    ``each`` is what an instance serves in an hour, ``work`` what may wait (all of one day).
    """
    mean = (sum(rates) + work) / len(rates)
    return HybridBase(
        week=WeekLoad(
            interactive=tuple(rate / mean for rate in rates),
            deferrable=(work / mean,),
            burst=burst,
        ),
        instance_rps=each / 3600,
        saved_interactive_usd=saved,
        saved_deferrable_usd=saved_work,
        usd_per_instance_hour=Decimal(price),
        committed_usd_per_instance_hour=None,
        term_months=12,
        hours_per_month=Decimal(len(rates)),
        volume_hours_per_month=Decimal(len(rates)),
        max_instances=None,
        scheduled=False,
        cold_start_s=0,
    )


FOUR_HOURS = (100.0, 60.0, 20.0, 20.0)


def overflow_of(plan: BasePlan, requests: float) -> float:
    return float(plan.overflow_share) * requests


class TestGoldenFourHourWeek:
    def test_one_replica_pays_at_four_cents(self) -> None:
        # Replica 1 serves 40 + 40 + 20 + 20 = 120 requests, $4.80 for $4; the second 60 + 20.
        plan = base_of(FOUR_HOURS, each=40).plan(Decimal(200))
        assert plan.instances == (1, 1, 1, 1)
        assert overflow_of(plan, 200) == pytest.approx(80)
        assert pytest.approx(7.20) == 4 * 1 + 80 * 0.04

    def test_none_pays_at_two_cents(self) -> None:
        plan = base_of(FOUR_HOURS, each=40, saved=0.02).plan(Decimal(200))
        assert plan.instances == (0, 0, 0, 0)
        assert plan.overflow_share == 1

    def test_scheduled_it_runs_where_it_pays(self) -> None:
        # Full hours save $1.60 for $1; the quiet ones 20 x $0.04 = $0.80. The second instance
        # serves 40 of the first hour and 20 of the second.
        scheduled = replace(base_of(FOUR_HOURS, each=40), scheduled=True)
        plan = scheduled.plan(Decimal(200))
        assert plan.instances == (2, 1, 0, 0)
        assert plan.instance_hours == 3

    def test_a_start_is_paid(self) -> None:
        # Half an hour to start costs $0.50. The first instance loses $0.20 in each quiet hour:
        # $0.40 is less than another start, so it stays. The second gains $0.60 - $0.50.
        slow = replace(base_of(FOUR_HOURS, each=40), scheduled=True, cold_start_s=1800)
        assert slow.plan(Decimal(200)).instances == (2, 1, 1, 1)
        assert slow.plan(Decimal(200)).instance_hours == Decimal("5.5")
        slower = replace(slow, cold_start_s=2520)
        assert slower.plan(Decimal(200)).instances == (1, 1, 1, 1)

    def test_no_more_than_the_limit(self) -> None:
        limited = replace(base_of((400.0,) * 4, each=40), max_instances=3)
        assert limited.plan(Decimal(1600)).instances == (3, 3, 3, 3)


WEEKS = st.lists(st.integers(0, 200), min_size=1, max_size=12).filter(any)


class TestAgainstBruteForce:
    @given(
        rates=WEEKS,
        each=st.integers(5, 120),
        cents=st.integers(1, 20),
        burst=st.floats(1, 3),
        work=st.integers(0, 300),
    )
    @settings(max_examples=60)
    def test_greedy_is_the_cheapest_of_all_counts(
        self, rates: list[int], each: int, cents: int, burst: float, work: int
    ) -> None:
        base = base_of(
            tuple(map(float, rates)),
            each=each,
            saved=cents / 100,
            burst=burst,
            work=work,
            saved_work=cents / 200,
        )
        requests = Decimal(sum(rates) + work)

        def cost(count: int) -> float:
            left = base.left_over((count,) * len(rates), requests)
            return count * len(rates) - base.saved_usd(left, requests)

        most = (sum(rates) + work) // each + 3
        assert cost(base.plan(requests).most_instances) == pytest.approx(
            min(cost(count) for count in range(most)), abs=1e-9
        )

    @given(
        rates=st.lists(st.integers(0, 100), min_size=2, max_size=6).filter(any),
        each=st.integers(20, 60),
        minutes=st.integers(0, 90),
    )
    @settings(max_examples=60)
    def test_schedule_is_the_cheapest_of_all_schedules(
        self, rates: list[int], each: int, minutes: int
    ) -> None:
        base = replace(
            base_of(tuple(map(float, rates)), each=each, saved=0.04),
            scheduled=True,
            cold_start_s=minutes * 60.0,
            max_instances=2,
        )
        requests = Decimal(sum(rates))

        def cost(instances: tuple[int, ...]) -> float:
            starts = sum(
                max(now - before, 0)
                for now, before in zip(instances, (instances[-1], *instances[:-1]), strict=True)
            )
            left = base.left_over(instances, requests)
            paid = sum(instances) + starts * minutes / 60
            return paid - base.saved_usd(left, requests)

        plan = base.plan(requests)
        cheapest = min(cost(each) for each in itertools.product(range(3), repeat=len(rates)))
        assert cost(plan.instances) == pytest.approx(cheapest, abs=1e-9)
        starts = plan.instance_hours - sum(plan.instances)
        assert float(plan.instance_hours) - base.saved_usd(
            base.left_over(plan.instances, requests), requests
        ) == pytest.approx(cheapest, abs=1e-9), starts

    @given(rates=WEEKS, each=st.integers(5, 120), burst=st.floats(1, 3))
    @settings(max_examples=40)
    def test_never_dearer_than_its_two_parts(
        self, rates: list[int], each: int, burst: float
    ) -> None:
        # Equal idle floors: nothing but instances and API calls costs anything.
        base = base_of(tuple(map(float, rates)), each=each, burst=burst)
        requests = Decimal(sum(rates))
        plan = base.plan(requests)
        api = sum(rates) * 0.04
        hybrid = float(plan.instance_hours) + overflow_of(plan, sum(rates)) * 0.04
        count = int(-(-max(rates) * burst // each))
        # Sized for the busiest minute in 60, what is above that minute is the only overflow.
        tail = overflow_of(base.plan_of(count, requests), sum(rates)) * 0.04
        assert tail <= api / 60
        assert hybrid <= min(api, count * len(rates) + tail) + 1e-9

    @given(rates=WEEKS, each=st.integers(5, 120), count=st.integers(0, 8))
    @settings(max_examples=40)
    def test_more_instances_never_raise_the_overflow(
        self, rates: list[int], each: int, count: int
    ) -> None:
        base = base_of(tuple(map(float, rates)), each=each, burst=1.5)
        requests = Decimal(sum(rates))
        fewer = base.plan_of(count, requests).overflow_share
        assert base.plan_of(count + 1, requests).overflow_share <= fewer


class TestCommitment:
    BASE = replace(base_of(FOUR_HOURS, each=40), committed_usd_per_instance_hour=Decimal("0.63"))

    def test_an_instance_that_pays_all_term_is_committed(self) -> None:
        # Replica 1 saves $4.80 a month, replica 2 $2.40 (40 + 20 requests) for $2.52.
        bought = replace(self.BASE, term_months=3).of_months([Decimal(200)] * 3)
        assert bought == ((1, 0), (1, 0), (1, 0))

    def test_months_beyond_whole_terms_are_on_demand(self) -> None:
        bought = replace(self.BASE, term_months=2).of_months([Decimal(200)] * 3)
        assert bought == ((1, 0), (1, 0), (0, 1))

    def test_a_short_need_is_bought_on_demand(self) -> None:
        # A month of 400 requests saves 160 x $0.04 with replica 1; then nothing is asked for.
        bought = replace(self.BASE, term_months=3).of_months([Decimal(400), Decimal(1), Decimal(1)])
        assert bought[0][0] == 0
        assert bought[0][1] >= 1
        assert bought[1:] == ((0, 0), (0, 0))


class TestCommitmentUnderASchedule:
    BASE = replace(
        base_of(FOUR_HOURS, each=40),
        committed_usd_per_instance_hour=Decimal("0.63"),
        scheduled=True,
        term_months=1,
    )

    def test_what_runs_always_is_committed_and_the_rest_follows_the_load(self) -> None:
        # Replica 1 committed saves $4.80 for $2.52, on demand in the two full hours $3.20 for
        # $2.00. Replica 2 saves $2.40: always, for $2.52; in its two hours for $2.00.
        plan = self.BASE.plan(Decimal(200))
        assert plan.committed == 1
        assert plan.instances == (2, 1, 1, 1)
        assert plan.instance_hours == 5

    def test_months_are_bought_as_a_steady_volume_is(self) -> None:
        assert self.BASE.of_months([Decimal(200)] * 2) == ((1, 0), (1, 0))
        bought = self.BASE.plan_bought((1, 0), Decimal(200))
        assert bought == self.BASE.plan(Decimal(200))

    def test_hours_above_the_commitment_are_paid_on_demand(self) -> None:
        term = HybridInstances(
            base=self.BASE, usd_per_hour=Decimal(1), committed_usd_per_hour=Decimal("0.63")
        )
        # Four committed hours, and one on demand; without a commitment 2 + 1 hours.
        assert term.at(Decimal(200)) == Decimal("3.52")
        assert term.with_bought((1, 0), Decimal(200)) == Decimal("3.52")
        assert term.with_bought((0, 1), Decimal(200)) == Decimal(3)

    def test_planned_commitments_are_paid_without_any_load(self) -> None:
        assert self.BASE.plan_bought((2, 0), Decimal(0)).instances == (2, 2, 2, 2)

    @given(
        rates=st.lists(st.integers(0, 100), min_size=2, max_size=6).filter(any),
        each=st.integers(20, 60),
        committed=st.integers(40, 99),
        minutes=st.integers(0, 90),
    )
    @settings(max_examples=60)
    def test_no_other_number_of_committed_ones_is_cheaper(
        self, rates: list[int], each: int, committed: int, minutes: int
    ) -> None:
        base = replace(
            base_of(tuple(map(float, rates)), each=each, saved=0.04),
            committed_usd_per_instance_hour=Decimal(committed) / 100,
            scheduled=True,
            cold_start_s=minutes * 60.0,
            term_months=1,
            max_instances=4,
        )
        requests = Decimal(sum(rates))
        term = HybridInstances(
            base=base,
            usd_per_hour=base.usd_per_instance_hour,
            committed_usd_per_hour=base.committed_usd_per_instance_hour,
        )

        def cost(plan: BasePlan) -> float:
            return float(term.with_plan(plan, requests)) + overflow_of(plan, sum(rates)) * 0.04

        every = [cost(base.plan_bought((count, 0), requests)) for count in range(5)]
        assert cost(base.plan(requests)) == pytest.approx(min(every), abs=1e-6)
        (bought,) = base.of_months([requests])
        assert cost(base.plan_bought(bought, requests)) == pytest.approx(min(every), abs=1e-6)

"""Terms over volume, by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import CachedTokens, Fixed, Fleet, PerInstance, PerRequest, Tiered


def fleet(
    capacity: str = "100",
    *,
    spare: int = 0,
    floor: int = 1,
    per_instance: int = 1,
    most: int | None = None,
    pinned: int | None = None,
    extra: int = 0,
) -> Fleet:
    return Fleet(
        capacity_requests_per_month=Decimal(capacity),
        spare_replicas=spare,
        min_replicas=floor,
        replicas_per_instance=per_instance,
        max_instances=most,
        fixed_replicas=pinned,
        extra_replicas=extra,
    )


class TestFleet:
    def test_a_full_replica_needs_no_second_one(self) -> None:
        assert fleet().replicas(Decimal(100)) == 1
        assert fleet().replicas(Decimal(101)) == 2

    def test_the_spare_is_beyond_what_load_needs(self) -> None:
        assert fleet(spare=1).replicas(Decimal(100)) == 2
        assert fleet(spare=1).replicas(Decimal("0.5")) == 2

    def test_zones_set_a_floor(self) -> None:
        assert fleet(floor=3).replicas(Decimal(1)) == 3

    def test_left_over_accelerators_are_paid(self) -> None:
        # 5 replicas, 4 on an instance: two instances.
        assert fleet(per_instance=4).instances(Decimal(500)) == 2

    def test_three_million_requests_with_peak_and_spare_need_four_replicas(self) -> None:
        # 3 M/month = 1.1574 req/s mean, x 2.0 x 1.5 = 3.4722 at the peak; 1.2 req/s a replica:
        # ceil(2.894) + 1 = 4. One replica's month: 1.2 / (3.0 / 2,592,000) = 1,036,800.
        monthly = 1.2 / (2.0 * 1.5 / 2_592_000)
        assert monthly == pytest.approx(1_036_800)
        assert fleet("1036800", spare=1).replicas(Decimal(3_000_000)) == 4

    def test_the_limit_keeps_the_spare(self) -> None:
        assert fleet(spare=1, most=4).max_requests() == 300
        assert fleet(spare=1, most=2, per_instance=4).max_requests() == 700
        assert fleet().max_requests() is None

    def test_a_pinned_number_does_not_follow_load(self) -> None:
        pinned = fleet(pinned=3)
        assert pinned.replicas(Decimal(1)) == pinned.replicas(Decimal(10_000)) == 3
        assert pinned.max_requests() == 300

    def test_extra_replicas_come_on_top_at_every_volume(self) -> None:
        assert fleet(spare=1, extra=2).replicas(Decimal(100)) == 4
        assert fleet(spare=1, extra=2).replicas(Decimal(101)) == 5
        assert fleet(floor=3, extra=2).replicas(Decimal(1)) == 5

    def test_the_limit_keeps_extra_replicas_too(self) -> None:
        assert fleet(spare=1, extra=1, most=4).max_requests() == 200
        assert fleet(floor=3, extra=2, most=4).max_requests() == 0

    def test_better_replicas_are_fewer(self) -> None:
        assert fleet().replicas(Decimal(300), Decimal("1.5")) == 2


class TestTiered:
    TIERS = ((Decimal(0), Decimal("0.09")), (Decimal(100), Decimal("0.05")))

    def test_each_unit_is_paid_at_its_own_tier(self) -> None:
        # 150 units: 100 x 0.09 + 50 x 0.05 = 11.50.
        assert Tiered(Decimal(1), self.TIERS).at(Decimal(150)) == Decimal("11.50")

    def test_within_the_first_tier_it_is_proportional(self) -> None:
        assert Tiered(Decimal("0.5"), self.TIERS).at(Decimal(100)) == Decimal("4.5")

    def test_the_kink_is_where_the_quantity_reaches_the_tier(self) -> None:
        assert Tiered(Decimal("0.5"), self.TIERS).kinks() == (200.0,)


class TestCachedTokens:
    # phi 0.6, 300 s, read 0.1, write 1.25: factors on an input that costs 1.
    PLAIN, HIT, MISS = Decimal(1), Decimal("0.46"), Decimal("1.15")

    def term(self, decay: float) -> CachedTokens:
        return CachedTokens(self.PLAIN, self.HIT, self.MISS, decay)

    def test_a_busy_prefix_halves_the_input(self) -> None:
        # 0.01 requests a second x 300 s = 3: 0.46 + 0.69 e^-3 = 0.4944.
        assert float(self.term(3.0).at(Decimal(1))) == pytest.approx(0.4944, abs=5e-5)

    def test_a_quiet_prefix_is_not_cached(self) -> None:
        # 0.0005 x 300 = 0.15: caching would cost 0.46 + 0.69 e^-0.15 = 1.0539, more than plain.
        quiet = self.term(0.15)
        assert 0.46 + 0.69 * math.exp(-0.15) == pytest.approx(1.0539, abs=5e-5)
        assert not quiet.caches_at(1.0)
        assert quiet.at(Decimal(1)) == 1

    def test_caching_starts_to_pay_at_the_break_even_hit_rate(self) -> None:
        # (1.25 - 1) / (1.25 - 0.1) = 0.2174.
        term = self.term(0.001)
        start = min(term.kinks())
        assert term.hit_probability(start) == pytest.approx(0.25 / 1.15, rel=1e-9)

    @given(st.floats(1, 1e5))
    def test_it_never_costs_more_than_plain(self, requests: float) -> None:
        term = self.term(0.001)
        volume = Decimal(round(requests))
        assert term.at(volume) <= self.PLAIN * volume


@given(st.integers(1, 10**7), st.integers(0, 10**6))
def test_no_term_falls_with_volume(low: int, width: int) -> None:
    terms = [
        Fixed(Decimal(5)),
        PerRequest(Decimal("0.001")),
        Tiered(Decimal("0.01"), TestTiered.TIERS),
        PerInstance(fleet("1000", spare=1, per_instance=2), Decimal(700)),
    ]
    for term in terms:
        assert term.at(Decimal(low)) <= term.at(Decimal(low + width))

"""Where each input turns the answer, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.costs import Option
from planner.decision import Flip
from planner.decision.breakeven import breakeven
from planner.decision.flips import find_flips
from tests.decision.options import api, months_of, stepped


def flips_of(chosen: Option, *others: Option, requests: int) -> dict[str, Flip]:
    options = [chosen, *others]
    months = months_of(requests)
    remote = next(o for o in options if o.is_api)
    pair = breakeven(remote, [o for o in options if not o.is_api], months)
    return {flip.input: flip for flip in find_flips(chosen, options, months, pair)}


class TestApiChosen:
    # 10,000 requests at $0.05 = $500 against one unit of $1,000 and $500 of labour.
    flips = flips_of(api("0.05"), stepped("1000", 20_000, labour="500"), requests=10_000)

    def test_api_price_must_triple(self) -> None:
        assert self.flips["api_price"].factor == 3
        assert self.flips["api_price"].to_option == "self"

    def test_gpu_price_alone_cannot_flip_it(self) -> None:
        # $500 of labour alone already costs what the API does: the unit would have to be free.
        assert self.flips["gpu_price"].factor is None

    def test_volume_flips_at_the_nearest_span(self) -> None:
        # 20,000 requests a unit: the second unit is needed past that; two units are $2,500 and
        # 50,000 requests of API... three $3,500 = 70,000; the price per request of a unit equals
        # the API's, so labour keeps every volume on the API's side.
        assert self.flips["volume"].factor is None

    def test_capacity_does_not_help_a_single_unit(self) -> None:
        assert self.flips["capacity"].factor is None


class TestSelfHostChosen:
    # 50,000 requests at $0.10 = $5,000 against three units of $1,000 for 20,000 each.
    flips = flips_of(stepped("1000", 20_000), api("0.10"), requests=50_000)

    def test_api_price_must_fall_to_three_fifths(self) -> None:
        assert self.flips["api_price"].factor == Decimal("0.6")

    def test_gpu_price_must_rise_by_two_thirds(self) -> None:
        factor = self.flips["gpu_price"].factor
        assert factor is not None
        assert float(factor) == pytest.approx(5 / 3)

    def test_capacity_flips_when_a_sixth_unit_is_needed(self) -> None:
        # Five units still cost $5,000, a tie; the sixth is needed below 10,000 requests each.
        factor = self.flips["capacity"].factor
        assert factor is not None
        assert float(factor) == pytest.approx(0.5, rel=1e-6)

    def test_volume_flips_below_the_nearest_cheaper_span(self) -> None:
        # Two units serve up to 40,000; three cost $3,000 = 30,000 requests, so [10,000, ...] all
        # win; below 10,000 requests the API is cheaper: 9,999 / 50,000.
        factor = self.flips["volume"].factor
        assert factor is not None
        assert float(factor) == pytest.approx(9_999 / 50_000)


def test_with_growth_the_mean_month_has_to_get_there() -> None:
    # One unit of $1,000 for a million requests against $0.01 each: equal at 100,000. Two months
    # of 100,000 and 300,000 have a mean of 200,000, so half of everything flips it.
    own, remote = stepped("1000", 1_000_000), api("0.01")
    months = months_of(100_000, months=2, growth="2")
    pair = breakeven(remote, [own], months)
    flips = {flip.input: flip for flip in find_flips(own, [own, remote], months, pair)}
    factor = flips["volume"].factor
    assert factor is not None
    assert float(factor) == pytest.approx(0.5)


def test_another_api_counts_as_another_answer() -> None:
    # $50 and $0.010 a request against $0.011: equal at 50,000 requests.
    fixed, rate = api("0.010", fixed="50", name="fixed"), api("0.011", name="rate")
    months = months_of(40_000)
    pair = breakeven(rate, [], months)
    flips = {flip.input: flip for flip in find_flips(rate, [fixed, rate], months, pair)}
    assert float(flips["volume"].factor or 0) == pytest.approx(50_000 / 40_000)
    assert flips["volume"].to_option == "fixed"
    # Its own price alone: $440 to $450.
    assert float(flips["api_price"].factor or 0) == pytest.approx(450 / 440)


def test_hardware_past_its_limit_is_no_rival() -> None:
    # One unit holds 10,000 requests and would beat the API at any number; two are not to be had.
    own, remote = stepped("10", 10_000, most=1), api("0.05")
    months = months_of(50_000)
    pair = breakeven(remote, [own], months)
    flips = {flip.input: flip for flip in find_flips(remote, [own, remote], months, pair)}
    # It holds the load once a unit serves 50,000: five times as much.
    assert float(flips["capacity"].factor or 0) == pytest.approx(5)
    assert flips["api_price"].factor is None


def test_the_nearest_flip_comes_first_and_never_comes_last() -> None:
    chosen, other = api("0.05"), stepped("1000", 20_000, labour="500")
    months = months_of(10_000)
    found = find_flips(chosen, [chosen, other], months, breakeven(chosen, [other], months))
    assert found[0].input == "api_price"
    assert [flip.factor is None for flip in found] == [False, True, True, True, True]

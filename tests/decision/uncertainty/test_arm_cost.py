"""The parts of a cost against its ledgers, worked out anew at other inputs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import CachedTokens, CostLine, Factors, Option, Tiered
from tests.decision.options import api, cost_line, months_of, stepped
from tests.decision.uncertainty.support import cost_of, mean_usd, totals

MULTIPLE = st.decimals("0.2", "5", places=3)


def with_lines(option: Option, *lines: CostLine) -> Option:
    kept = (*option.lines_in_month(0), *lines)
    return replace(option, lines_in_month=lambda month: kept)


def line(term: object, **more: object) -> CostLine:
    base = cost_line("more", None, "api_price")  # pyright: ignore[reportArgumentType]
    return replace(base, term=term, **more)  # pyright: ignore[reportArgumentType]


@given(volume=MULTIPLE, price=MULTIPLE)
def test_an_api_at_other_volumes_and_prices(volume: Decimal, price: Decimal) -> None:
    option, months = api("0.01", fixed="250"), months_of(10_000, growth="0.07")
    expected = mean_usd(option, months, Factors(volume=volume, api_price=price))
    moved = {"volume": float(volume), "api_price:api": float(price)}
    assert totals(cost_of(option, months), months, moved) == pytest.approx([expected])


@given(gpu=MULTIPLE, labour=MULTIPLE)
def test_machines_and_people_at_other_prices(gpu: Decimal, labour: Decimal) -> None:
    option = stepped("1000", 20_000, spare=1, per_request="0.001", labour="700")
    months = months_of(50_000, growth="0.1")
    expected = mean_usd(option, months, Factors(gpu_price=gpu, labour=labour))
    moved = {"gpu_price:self": float(gpu), "labour": float(labour)}
    assert totals(cost_of(option, months), months, moved) == pytest.approx([expected])


def test_machines_stay_as_planned_when_volume_grows() -> None:
    option, months = stepped("1000", 20_000, per_request="0.01"), months_of(20_000)
    # One unit of $1,000, twice the requests at $0.01.
    assert totals(cost_of(option, months), months, {"volume": 2.0}) == pytest.approx([1400])


@given(growth=st.decimals("0.9", "1.1", places=3))
def test_other_growth_is_that_of_other_months(growth: Decimal) -> None:
    option = api("0.01")
    expected = mean_usd(option, months_of(10_000, growth=str(Decimal("1.05") * growth - 1)))
    planned = months_of(10_000, growth="0.05")
    found = totals(cost_of(option, planned), planned, {"growth": float(growth)})
    assert found == pytest.approx([expected])


@given(volume=MULTIPLE)
def test_tiers_are_exact_at_any_volume(volume: Decimal) -> None:
    tiers = ((Decimal(0), Decimal("0.09")), (Decimal(500), Decimal("0.05")))
    option = with_lines(api("0.01"), line(Tiered(Decimal("0.02"), tiers)))
    months = months_of(20_000, growth="0.1")
    expected = mean_usd(option, months, Factors(volume=volume))
    found = totals(cost_of(option, months), months, {"volume": float(volume)})
    assert found == pytest.approx([expected])


@given(volume=MULTIPLE, price=MULTIPLE)
def test_cached_tokens_are_exact_at_any_volume(volume: Decimal, price: Decimal) -> None:
    term = CachedTokens(Decimal("0.004"), Decimal("0.001"), Decimal("0.005"), 1 / 20_000)
    option = with_lines(api("0.01"), line(term))
    months = months_of(20_000, growth="0.1")
    expected = mean_usd(option, months, Factors(volume=volume, api_price=price))
    moved = {"volume": float(volume), "api_price:api": float(price)}
    assert totals(cost_of(option, months), months, moved) == pytest.approx([expected])


def test_more_hits_make_cached_tokens_cheaper() -> None:
    term = CachedTokens(Decimal("0.004"), Decimal("0.001"), Decimal("0.005"), 1 / 20_000)
    option, months = with_lines(api("0.01"), line(term)), months_of(20_000)
    few, many = totals(cost_of(option, months), months, {"cache_hits": 1.0}, {"cache_hits": 3.0})
    # e^-1 and e^-3 of the requests miss: 20,000 x 0.004 x (e^-1 - e^-3) apart.
    assert few - many == pytest.approx(20_000 * 0.004 * (0.36787944 - 0.04978707))


def test_lengths_scale_only_their_share_of_a_line() -> None:
    found = line(api("0.01").lines_in_month(0)[0].term, length_shares=(0.25, 0.5))
    option, months = with_lines(api("0"), found), months_of(10_000)
    cases = ({"input_tokens": 2.0}, {"output_tokens": 2.0}, {"input_tokens": 2, "output_tokens": 2})
    # $100 a month; a quarter goes by input, half by output.
    assert totals(cost_of(option, months), months, *cases) == pytest.approx([125, 150, 175])


def test_everything_at_one_is_the_ledger() -> None:
    option = stepped("1000", 20_000, spare=1, per_request="0.001", labour="700")
    months = months_of(50_000, growth="0.1")
    assert totals(cost_of(option, months), months, {}) == pytest.approx([mean_usd(option, months)])

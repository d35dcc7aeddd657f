from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.lengths import (
    ConstantLength,
    LognormalLength,
    SampleLengths,
    fit_quantile_table,
    linear_quantile_table,
    sample_quantile,
)


def test_a_constant_length_is_the_same_everywhere() -> None:
    lengths = ConstantLength(Decimal("333.25"))
    assert (lengths.quantile(0.01), lengths.quantile(1), lengths.slice_mean(0.2, 0.3)) == (
        333.25,
        333.25,
        333.25,
    )


def test_lognormal_quantiles_follow_from_mean_and_cv() -> None:
    # cv² = e - 1 gives sigma = 1, so the median is 500·e^-0.5 = 303.2653 and p95 is
    # 303.2653·e^1.644854 = 1570.991.
    lengths = LognormalLength(Decimal(500), Decimal("1.3108324944"))
    assert lengths.quantile(0.5) == pytest.approx(303.26533, rel=1e-6)
    assert lengths.quantile(0.95) == pytest.approx(1570.991, rel=1e-5)
    # The maximum stands for the 99.99th percentile: 303.2653·e^3.719016.
    assert lengths.quantile(1.0) == pytest.approx(12501.8, rel=1e-4)
    assert lengths.quantile(0.0) == 0.0


def test_the_upper_half_of_a_lognormal_holds_its_partial_expectation() -> None:
    # sigma = 1: the part of the mean below the median is Phi(0 - 1) = 0.1586553.
    lengths = LognormalLength(Decimal(500), Decimal("1.3108324944"))
    assert lengths.slice_mean(0, 0.5) == pytest.approx(500 * 0.1586553 / 0.5, rel=1e-6)
    assert lengths.slice_mean(0.5, 1) == pytest.approx(500 * 0.8413447 / 0.5, rel=1e-6)


def test_straight_lines_give_the_mean_of_the_trapezia() -> None:
    # 0.5·(0+100)/2 + 0.45·(100+400)/2 + 0.05·(400+1000)/2 = 25 + 112.5 + 35.
    table = linear_quantile_table(
        (Decimal(0), Decimal("0.5"), Decimal("0.95"), Decimal(1)),
        (Decimal(0), Decimal(100), Decimal(400), Decimal(1000)),
    )
    assert table.mean == Decimal("172.5")
    assert table.quantile(0.25) == 50
    assert table.quantile(0.95) == pytest.approx(400)
    assert table.quantile(1) == 1000
    assert table.slice_mean(0.95, 1) == pytest.approx(700)
    # From 0.25 to 0.75: half the first piece (75) and 0.25 of the second (100 to 266.67).
    assert table.slice_mean(0.25, 0.75) == pytest.approx((75 + 183.3333333) / 2)


def test_a_fitted_table_keeps_its_quantiles_and_takes_the_mean_from_its_tail() -> None:
    # Body to 0.99: 0.99·50 = 49.5. A mean of 60.5 leaves 11 ÷ 0.01 = 1,100 for the last segment
    # from 100 to 10,100: a share of 0.1, so the bend is 9 and its middle 100 + 10,000·0.5^9.
    table = fit_quantile_table((0.0, 0.99, 1.0), (0.0, 100.0, 10_100.0), Decimal("60.5"))
    assert table.slice_mean(0, 1) == pytest.approx(60.5)
    assert table.slice_mean(0.99, 1) == pytest.approx(1100)
    assert table.quantile(0.995) == pytest.approx(119.53125)
    assert (table.quantile(0.0), table.quantile(1.0)) == (0.0, 10_100.0)


def test_a_mean_out_of_reach_of_the_tail_bends_every_segment() -> None:
    # The last segment can give at most 0.99·50 + 0.01·110 = 50.6; 52 needs all of them.
    table = fit_quantile_table((0.0, 0.99, 1.0), (0.0, 100.0, 110.0), Decimal(52))
    assert table.slice_mean(0, 1) == pytest.approx(52)
    assert table.quantile(0.99) == pytest.approx(100)


def test_a_mean_outside_the_quantiles_is_refused() -> None:
    with pytest.raises(ValueError, match="120"):
        fit_quantile_table((0.0, 0.99, 1.0), (0.0, 100.0, 110.0), Decimal(120))


@pytest.mark.parametrize(
    ("level", "expected"), [(0, 1), (0.5, 2.5), (0.25, 1.75), (0.9, 7.9), (1, 10)]
)
def test_sample_quantiles_interpolate_between_order_statistics(
    level: float, expected: float
) -> None:
    # Values 1, 2, 3, 10: place = level·3.
    assert sample_quantile((1, 2, 3, 10), level) == pytest.approx(expected)


def test_a_slice_of_samples_counts_requests_at_its_ends_in_part() -> None:
    # 4 requests, slice 0.125 to 0.625 = half of the 1st, all of the 2nd, half of the 3rd.
    lengths = SampleLengths((10, 20, 40, 1000), Decimal(2))
    assert lengths.slice_mean(0.125, 0.625) == pytest.approx(2 * (5 + 20 + 20) / 2)
    assert lengths.mean == Decimal(535)


@given(
    mean=st.integers(1, 100_000),
    cv=st.decimals(Decimal("0.01"), Decimal(5), places=2),
    cut=st.floats(0.01, 0.99),
)
def test_two_slices_of_a_lognormal_make_up_its_mean(mean: int, cv: Decimal, cut: float) -> None:
    lengths = LognormalLength(Decimal(mean), cv)
    whole = cut * lengths.slice_mean(0, cut) + (1 - cut) * lengths.slice_mean(cut, 1)
    assert whole == pytest.approx(mean, rel=1e-9)
    assert lengths.slice_mean(0, cut) <= lengths.quantile(cut) * (1 + 1e-9)
    assert lengths.slice_mean(cut, 1) >= lengths.quantile(cut) * (1 - 1e-9)

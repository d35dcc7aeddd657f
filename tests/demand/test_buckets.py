from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.demand.buckets import RequestLengths, independent_lengths, joint_lengths
from planner.demand.lengths import (
    ConstantLength,
    LengthDistribution,
    LognormalLength,
    SampleLengths,
    fit_quantile_table,
    linear_quantile_table,
)
from planner.demand.profiles import length_table
from planner.scenario.workload import LENGTH_PROFILES


def _mean(lengths: RequestLengths, side: str) -> Decimal:
    with localcontext(prec=200):
        return sum((bucket.share * getattr(bucket, side) for bucket in lengths.buckets), Decimal(0))


def _shares(lengths: RequestLengths) -> Decimal:
    with localcontext(prec=200):
        return sum((bucket.share for bucket in lengths.buckets), Decimal(0))


def test_two_means_make_one_bucket() -> None:
    lengths = independent_lengths(ConstantLength(Decimal(500)), ConstantLength(Decimal(200)))
    (bucket,) = lengths.buckets
    assert (bucket.share, bucket.input_tokens, bucket.output_tokens) == (1, 500, 200)
    assert lengths.input_tokens.maximum == 500.0


def test_a_mean_with_many_digits_is_kept() -> None:
    mean = Decimal("333.3333333333333333333333")
    lengths = independent_lengths(ConstantLength(mean), ConstantLength(Decimal(0)))
    assert lengths.input_tokens.mean == mean


def test_slices_lie_close_together_at_the_long_end() -> None:
    lengths = independent_lengths(
        LognormalLength(Decimal(1000), Decimal(1)), ConstantLength(Decimal(1))
    )
    assert [bucket.share for bucket in lengths.buckets] == [
        Decimal(text)
        for text in ("0.05", "0.05", *["0.1"] * 8, "0.05", "0.025", "0.015", "0.005", "0.005")
    ]


def test_two_distributions_cross_independently() -> None:
    lengths = independent_lengths(
        LognormalLength(Decimal(1000), Decimal(1)), LognormalLength(Decimal(100), Decimal(1))
    )
    assert len(lengths.buckets) == 75
    # The dearest corner: the longest 0.5 % of inputs with the longest 5 % of outputs.
    assert lengths.buckets[-1].share == Decimal("0.00025")


def test_the_only_distribution_of_two_is_cut_finely() -> None:
    lengths = independent_lengths(
        ConstantLength(Decimal(1000)), LognormalLength(Decimal(100), Decimal(1))
    )
    assert len(lengths.buckets) == 15


def test_samples_with_few_values_keep_each_value() -> None:
    # A price step between 100 and 9,000 tokens must see both, not a blend.
    lengths = independent_lengths(
        SampleLengths((100, 100, 100, 9000), Decimal(1)), ConstantLength(Decimal(10))
    )
    assert [(b.share, b.input_tokens) for b in lengths.buckets] == [
        (Decimal("0.75"), 100),
        (Decimal("0.25"), 9000),
    ]


def test_thirds_still_sum_to_one() -> None:
    lengths = independent_lengths(
        SampleLengths((400, 500, 600), Decimal(1)), ConstantLength(Decimal(10))
    )
    assert _shares(lengths) == 1
    assert lengths.input_tokens.mean == pytest.approx(Decimal(500), abs=Decimal("1e-8"))


def test_equal_neighbours_become_one_bucket() -> None:
    table = linear_quantile_table(
        (Decimal(0), Decimal("0.5"), Decimal(1)), (Decimal(50), Decimal(50), Decimal(150))
    )
    lengths = independent_lengths(table, ConstantLength(Decimal(10)))
    # Slices 0-5, 5-10, 10-20 ... 40-50 all hold 50.
    assert (lengths.buckets[0].share, lengths.buckets[0].input_tokens) == (Decimal("0.5"), 50)
    assert _mean(lengths, "input_tokens") == 75


def test_joint_buckets_keep_the_correlation() -> None:
    # Long inputs have short outputs, input x output = 10,000 in each request. Crossing the two
    # sides would also make buckets of 10 x 10 and of 1000 x 1000.
    pairs = [(length, 10_000 // length) for length in (10, 20, 50, 100, 1000)] * 100
    lengths = joint_lengths(pairs)
    assert {b.input_tokens * b.output_tokens for b in lengths.buckets} == {Decimal(10_000)}
    assert [b.share for b in lengths.buckets] == [Decimal("0.2")] * 5


def test_joint_buckets_of_many_values_cut_by_input_then_by_output() -> None:
    # 2,000 requests, inputs 0..1999, output 1 for even and 3 for odd inputs.
    lengths = joint_lengths([(row, 1 + 2 * (row % 2)) for row in range(2000)])
    assert len(lengths.buckets) == 75
    first = lengths.buckets[:5]
    # Group 0-5 % = inputs 0..99, mean 49.5; its lower half by output is the even ones: 0..98.
    assert first[0].input_tokens + first[1].input_tokens == 2 * Decimal(49)
    assert {bucket.output_tokens for bucket in first} == {Decimal(1), Decimal(3)}
    assert _mean(lengths, "input_tokens") == Decimal("999.5")
    assert _mean(lengths, "output_tokens") == 2


def test_scales_multiply_joint_lengths() -> None:
    lengths = joint_lengths([(10, 1), (20, 2)], input_scale=Decimal("1.1"), output_scale=Decimal(3))
    assert [(b.input_tokens, b.output_tokens) for b in lengths.buckets] == [(11, 3), (22, 6)]
    assert (lengths.input_tokens.maximum, lengths.output_tokens.p50) == (22.0, 4.5)


def test_a_single_request_is_one_bucket() -> None:
    (bucket,) = joint_lengths([(7, 0)]).buckets
    assert (bucket.share, bucket.input_tokens, bucket.output_tokens) == (1, 7, 0)


@pytest.mark.parametrize("name", LENGTH_PROFILES)
def test_profile_buckets_have_the_published_mean_and_percentiles(name: str) -> None:
    table = length_table(name)
    levels = tuple(step / 100 for step in range(101))
    sides = [
        fit_quantile_table(levels, tuple(map(float, tokens)), mean)
        for tokens, mean in (
            (table.input_tokens, table.input_mean),
            (table.output_tokens, table.output_mean),
        )
    ]
    lengths = independent_lengths(*sides)
    assert _shares(lengths) == 1
    assert _mean(lengths, "input_tokens") == table.input_mean == lengths.input_tokens.mean
    assert _mean(lengths, "output_tokens") == table.output_mean == lengths.output_tokens.mean
    assert lengths.input_tokens.p95 == pytest.approx(table.input_tokens[95])
    assert lengths.output_tokens.p99 == pytest.approx(table.output_tokens[99])
    assert lengths.input_tokens.maximum == table.input_tokens[100]
    inputs = sorted({bucket.input_tokens for bucket in lengths.buckets})
    assert table.input_tokens[0] <= inputs[0] <= inputs[-1] <= table.input_tokens[100]
    assert len(lengths.buckets) <= 80


_TOKENS = st.decimals(0, 100_000, places=2)


@st.composite
def _distributions(draw: st.DrawFn) -> LengthDistribution:
    kind = draw(st.sampled_from(["constant", "lognormal", "quantiles", "samples"]))
    if kind == "constant":
        return ConstantLength(draw(_TOKENS))
    if kind == "lognormal":
        return LognormalLength(
            draw(st.decimals(1, 100_000, places=3)), draw(st.decimals("0.05", 4, places=2))
        )
    if kind == "quantiles":
        tokens = sorted(draw(st.lists(_TOKENS, min_size=4, max_size=4)))
        levels = (Decimal(0), Decimal("0.5"), Decimal("0.9"), Decimal(1))
        return linear_quantile_table(levels, tuple(tokens))
    counts = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
    return SampleLengths(tuple(sorted(counts)), draw(st.decimals("0.5", 3, places=2)))


@given(left=_distributions(), right=_distributions())
def test_independent_buckets_sum_to_one_and_to_the_means(
    left: LengthDistribution, right: LengthDistribution
) -> None:
    lengths = independent_lengths(left, right)
    assert _shares(lengths) == 1
    assert _mean(lengths, "input_tokens") == lengths.input_tokens.mean
    assert _mean(lengths, "output_tokens") == lengths.output_tokens.mean
    # Samples of few values have shares rounded to 1e-12; everything else is exact.
    slack = Decimal("1e-6") if isinstance(left, SampleLengths) else 0
    assert abs(lengths.input_tokens.mean - left.mean) <= slack
    assert len(lengths.buckets) <= 80
    assert all(
        b.share > 0 and b.input_tokens >= 0 and b.output_tokens >= 0 for b in lengths.buckets
    )
    assert lengths.input_tokens.p50 <= lengths.input_tokens.p95 <= lengths.input_tokens.p99


@given(
    pairs=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 500)), min_size=1, max_size=300),
    data=st.data(),
)
def test_joint_buckets_keep_the_means_whatever_the_order(
    pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    lengths = joint_lengths(pairs)
    assert lengths == joint_lengths(data.draw(st.permutations(pairs)))
    assert _shares(lengths) == 1
    assert _mean(lengths, "input_tokens") == lengths.input_tokens.mean
    exact = Decimal(sum(pair[0] for pair in pairs)) / len(pairs)
    assert abs(lengths.input_tokens.mean - exact) <= Decimal("1e-6")
    exact = Decimal(sum(pair[1] for pair in pairs)) / len(pairs)
    assert abs(lengths.output_tokens.mean - exact) <= Decimal("1e-6")
    assert all(bucket.output_tokens >= 0 for bucket in lengths.buckets)


def test_a_thinner_slicing_never_hides_the_tail() -> None:
    lengths = independent_lengths(
        LognormalLength(Decimal(1000), Decimal(2)), ConstantLength(Decimal(1))
    )
    tokens = [bucket.input_tokens for bucket in lengths.buckets]
    assert all(low < high for low, high in pairwise(tokens))
    assert tokens[-1] > 10_000

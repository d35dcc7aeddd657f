"""Exact binomial bounds: row R24 of the textbook, and sums of the binomial itself."""

from __future__ import annotations

from math import comb

import pytest

from planner.levers.intervals import clopper_pearson, pairs_to_certify, upper_bound


def at_most(errors: int, of: int, rate: float) -> float:
    """P(X <= errors), the plain sum."""
    return sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(errors + 1))


@pytest.mark.parametrize(("errors", "of", "expected"), [(0, 100, 0.0295), (1, 100, 0.0466)])
def test_r24_upper_bound_of_a_validation_sample(errors: int, of: int, expected: float) -> None:
    assert upper_bound(errors, of) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("limit", "pairs"), [(0.05, 59), (0.02, 149), (0.01, 299), (0.005, 598), (0.002, 1497)]
)
def test_r24_pairs_without_an_error_that_certify_a_limit(limit: float, pairs: int) -> None:
    assert pairs_to_certify(limit) == pairs
    assert upper_bound(0, pairs) <= limit < upper_bound(0, pairs - 1)


@pytest.mark.parametrize(("errors", "of"), [(0, 1), (3, 17), (16, 17), (8, 100), (40, 600)])
def test_at_its_upper_bound_so_few_errors_have_a_chance_of_five_percent(
    errors: int, of: int
) -> None:
    assert at_most(errors, of, upper_bound(errors, of)) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(("errors", "of"), [(3, 17), (16, 17), (8, 100), (40, 600)])
def test_each_end_of_the_two_sided_interval_leaves_a_tail_of_two_and_a_half_percent(
    errors: int, of: int
) -> None:
    low, high = clopper_pearson(errors, of)
    assert 1 - at_most(errors - 1, of, low) == pytest.approx(0.025, rel=1e-9)
    assert at_most(errors, of, high) == pytest.approx(0.025, rel=1e-9)


def test_ends_of_the_range() -> None:
    assert clopper_pearson(0, 10)[0] == 0
    assert upper_bound(10, 10) == 1


@pytest.mark.parametrize(("errors", "of"), [(-1, 5), (6, 5), (0, 0)])
def test_a_count_that_cannot_be_is_refused(errors: int, of: int) -> None:
    with pytest.raises(ValueError, match="errors of"):
        upper_bound(errors, of)

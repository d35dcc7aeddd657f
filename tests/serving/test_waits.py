"""Queueing formulas against textbook values and closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.waits import (
    Delay,
    delay_chance,
    exponential_wait,
    full_chance,
    no_delay,
    one_server_wait,
    skewed_quantile,
    skewed_tail,
    split_cv2,
    square_root_staffing,
    sum_at,
)

loads = st.floats(0.01, 0.99)


def _erlang_c(servers: int, load: float) -> float:
    """The textbook sum."""
    offered = servers * load
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1.0 - load * (1.0 - blocked))


def test_chance_of_a_wait_for_ten_servers_under_a_load_of_eight() -> None:
    # Published tables of M/M/10 at a = 8: 0.40918.
    assert _erlang_c(10, 0.8) == pytest.approx(0.40918, abs=5e-6)
    assert delay_chance(10.0, 0.8) == pytest.approx(0.40918, rel=0.005)


@given(st.integers(1, 300), st.floats(0.3, 0.99))
def test_chance_of_a_wait_is_that_of_erlangs_sum(servers: int, load: float) -> None:
    exact = _erlang_c(servers, load)
    assert delay_chance(servers, load) == pytest.approx(exact, rel=0.05, abs=1e-4)


@given(st.floats(1.0, 300.0), st.floats(1.0, 300.0), loads)
def test_more_servers_at_the_same_load_never_wait_more(
    one: float, other: float, load: float
) -> None:
    few, many = sorted((one, other))
    assert delay_chance(many, load) <= delay_chance(few, load) * (1 + 1e-9)


def test_everyone_waits_when_the_load_reaches_the_servers() -> None:
    assert delay_chance(4.0, 1.0) == 1.0
    assert delay_chance(4.0, 0.0) == 0.0


def test_rare_full_places_are_the_tail_of_an_unlimited_number() -> None:
    # Poisson of mean 50, 64 and more of it, by the sum.
    few = math.fsum(math.exp(-50.0 + n * math.log(50.0) - math.lgamma(n + 1)) for n in range(64))
    assert 1.0 - few == pytest.approx(0.0323, abs=5e-4)
    assert full_chance(50.0, 1.0, 64.0, 0.5) == pytest.approx(1.0 - few, rel=0.1)


def test_near_saturation_a_queue_makes_full_places_more_frequent() -> None:
    # M/M/64 at 62: Erlang C 0.73; the tail of a Poisson number of mean 62 beyond 64 is 0.42.
    assert _erlang_c(64, 62 / 64) == pytest.approx(0.7257, abs=1e-4)
    assert full_chance(62.0, 1.0, 64.0, 1.0) == pytest.approx(0.7257, abs=0.05)


@given(st.floats(0.1, 200.0), st.floats(0.1, 200.0), st.floats(1.0, 5.0))
def test_more_requests_find_places_full_more_often(
    one: float, other: float, peakedness: float
) -> None:
    few, many = sorted((one, other))
    below = full_chance(few, peakedness, 100.0, 1.0)
    assert 0.0 <= below <= full_chance(many, peakedness, 100.0, 1.0) + 1e-9


def test_bursts_fill_places_at_the_same_mean() -> None:
    assert full_chance(50.0, 4.0, 80.0, 1.0) > 100 * full_chance(50.0, 1.0, 80.0, 1.0)


def test_without_variation_places_are_full_from_the_mean_on() -> None:
    assert full_chance(63.9, 0.0, 64.0, 0.0) == 0.0
    assert full_chance(64.0, 0.0, 64.0, 0.0) == 1.0


def test_a_rare_wait_does_not_reach_the_percentile() -> None:
    # P(W > t) = 0.8·e^(−0.2 t), so the 95th percentile is ln(16) ÷ 0.2.
    wait = exponential_wait(0.8, 5.0, 0.95)
    assert (wait.mean, wait.late) == pytest.approx((4.0, math.log(16) / 0.2))
    assert exponential_wait(0.04, 5.0, 0.95) == Delay(mean=0.2, late=0.0)


def test_waits_for_one_server_are_endless_from_saturation_on() -> None:
    assert math.isinf(
        one_server_wait(
            rate=1.0, service=1.0, arrival_cv2=1.0, service_cv2=0.0, percentile=0.95
        ).late
    )


@given(loads, st.floats(0.0, 4.0))
def test_mean_wait_for_one_server_is_that_of_pollaczek_and_khinchine(
    load: float, service_cv2: float
) -> None:
    wait = one_server_wait(
        rate=load, service=1.0, arrival_cv2=1.0, service_cv2=service_cv2, percentile=0.95
    )
    assert wait.mean == pytest.approx(load * (1 + service_cv2) / (2 * (1 - load)), rel=1e-6)


def test_percentile_of_the_wait_for_one_server() -> None:
    # M/M/1 at 0.8: P(W > t) = 0.8·e^(−0.2 t), so the 95th percentile is ln(16) ÷ 0.2.
    wait = one_server_wait(rate=0.8, service=1.0, arrival_cv2=1.0, service_cv2=1.0, percentile=0.95)
    assert wait.late == pytest.approx(math.log(16) / 0.2)


@given(loads, st.floats(1.1, 9.0))
def test_bursts_make_waits_for_one_server_longer(load: float, arrival_cv2: float) -> None:
    def mean(cv2: float) -> float:
        return one_server_wait(
            rate=load, service=1.0, arrival_cv2=cv2, service_cv2=0.0, percentile=0.95
        ).mean

    assert mean(arrival_cv2) > mean(1.0)


def test_regular_arrivals_at_a_regular_server_do_not_wait() -> None:
    wait = one_server_wait(rate=0.5, service=1.0, arrival_cv2=0.0, service_cv2=0.0, percentile=0.95)
    assert wait.late == pytest.approx(0.0, abs=1e-5)


def test_one_delay_alone_sums_to_itself() -> None:
    assert sum_at((Delay(mean=2.0, late=7.0), no_delay(3.0))) == pytest.approx(10.0)


def test_two_equal_exponential_delays_sum_to_a_gamma_quantile() -> None:
    # Each has mean 1 and 95th percentile 2.9957; the sum, gamma of shape 2, has 4.7439.
    each = Delay(mean=1.0, late=2.9957)
    assert sum_at((each, each)) == pytest.approx(4.7439, rel=0.02)


def test_an_endless_delay_makes_an_endless_sum() -> None:
    assert math.isinf(sum_at((no_delay(math.inf), no_delay(1.0))))


@pytest.mark.parametrize(
    ("mean", "variance", "quantile"),
    # Gamma tables at 95 %: shape 1 (exponential) 2.9957, shape 4 with mean 4: 7.7537.
    [(1.0, 1.0, 2.9957), (4.0, 4.0, 7.7537)],
)
def test_skewed_quantile_is_that_of_a_gamma(mean: float, variance: float, quantile: float) -> None:
    assert skewed_quantile(mean, variance, 0.95) == pytest.approx(quantile, rel=0.01)


def test_a_quantity_without_variance_is_its_mean() -> None:
    assert skewed_quantile(3.0, 0.0, 0.95) == 3.0
    assert (skewed_tail(3.0, 0.0, 2.9), skewed_tail(3.0, 0.0, 3.0)) == (1.0, 0.0)


@given(st.floats(0.5, 50.0), st.floats(0.5, 50.0), st.floats(0.5, 0.99))
def test_the_tail_at_a_quantile_is_what_lies_beyond_it(
    mean: float, variance: float, percentile: float
) -> None:
    at = skewed_quantile(mean, variance, percentile)
    if at > 0.0:
        assert skewed_tail(mean, variance, at) == pytest.approx(1.0 - percentile, abs=1e-9)


def test_square_root_staffing() -> None:
    # 20 + 1.5·√20 = 26.71.
    assert square_root_staffing(20.0, 1.5) == 27


def test_a_shared_stream_of_bursts_looks_like_poisson_to_each() -> None:
    # ca² = 22 over one, seven and very many: 22, 1 + 21 ÷ 7 = 4, 1.
    assert split_cv2(22.0, 1) == 22.0
    assert split_cv2(22.0, 7) == pytest.approx(4.0)
    assert split_cv2(22.0, 10**9) == pytest.approx(1.0, abs=1e-6)

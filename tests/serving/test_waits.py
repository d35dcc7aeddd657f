"""Queueing formulas against textbook values and closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.serving.waits import (
    Delay,
    erlang_c,
    many_servers_wait,
    no_delay,
    one_server_wait,
    skewed_quantile,
    split_cv2,
    square_root_staffing,
    sum_at,
)

loads = st.floats(0.01, 0.99)


def test_erlang_c_of_ten_servers_under_a_load_of_eight() -> None:
    # Published tables of M/M/10 at a = 8.
    assert erlang_c(10, 8.0) == pytest.approx(0.40918, abs=5e-6)


@given(loads)
def test_erlang_c_of_one_server_is_its_load(load: float) -> None:
    assert erlang_c(1, load) == pytest.approx(load)


def test_everyone_waits_when_the_load_reaches_the_servers() -> None:
    assert erlang_c(4, 4.0) == 1.0
    assert erlang_c(4, 0.0) == 0.0


@given(st.integers(2, 300), loads)
def test_a_chance_below_the_least_of_interest_is_nothing(servers: int, load: float) -> None:
    exact, rough = erlang_c(servers, servers * load), erlang_c(servers, servers * load, least=0.01)
    assert rough == pytest.approx(exact) or (rough == 0.0 and exact <= 0.01)


def test_wait_for_one_of_ten_servers_at_the_99th_percentile() -> None:
    # Decay 2·(10 − 8) ÷ (1 + 1) = 2 per second, ln(0.40918 ÷ 0.01) ÷ 2 = 1.8558 s.
    wait = many_servers_wait(
        servers=10, rate=8.0, full_rate=10.0, arrival_cv2=1.0, service_cv2=1.0, percentile=0.99
    )
    assert wait.late == pytest.approx(1.8558, abs=5e-5)
    assert wait.mean == pytest.approx(0.40918 / 2, abs=5e-6)


def test_bursts_use_up_servers() -> None:
    # ca² = 3 has peakedness 2: as if five servers met half the load. C(5, 4) = 0.5541.
    wait = many_servers_wait(
        servers=10, rate=8.0, full_rate=10.0, arrival_cv2=3.0, service_cv2=1.0, percentile=0.99
    )
    assert wait.mean == pytest.approx(erlang_c(5, 4.0) * 4.0 / (2 * 2.0))
    assert erlang_c(5, 4.0) == pytest.approx(0.5541, abs=5e-5)


def test_wait_is_endless_from_saturation_on() -> None:
    wait = many_servers_wait(
        servers=4, rate=2.0, full_rate=2.0, arrival_cv2=1.0, service_cv2=0.0, percentile=0.95
    )
    assert math.isinf(wait.mean)
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
def test_bursts_make_waits_longer(load: float, arrival_cv2: float) -> None:
    def mean(cv2: float) -> float:
        return one_server_wait(
            rate=load, service=1.0, arrival_cv2=cv2, service_cv2=0.0, percentile=0.95
        ).mean

    assert mean(arrival_cv2) > mean(1.0)


def test_regular_arrivals_at_a_regular_server_do_not_wait() -> None:
    wait = one_server_wait(rate=0.5, service=1.0, arrival_cv2=0.0, service_cv2=0.0, percentile=0.95)
    assert wait.late == pytest.approx(0.0, abs=1e-6)


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


def test_square_root_staffing() -> None:
    # 20 + 1.5·√20 = 26.71.
    assert square_root_staffing(20.0, 1.5) == 27


def test_a_shared_stream_of_bursts_looks_like_poisson_to_each() -> None:
    # ca² = 22 over one, seven and very many: 22, 1 + 21 ÷ 7 = 4, 1.
    assert split_cv2(22.0, 1) == 22.0
    assert split_cv2(22.0, 7) == pytest.approx(4.0)
    assert split_cv2(22.0, 10**9) == pytest.approx(1.0, abs=1e-6)

"""Companions and dispersion of renewal arrivals against closed forms and counted arrivals."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.serving.bursts import bursts


def test_poisson_arrivals_have_no_companions() -> None:
    assert bursts(1.0).companions(5.0) == 0.0
    assert bursts(1.0).dispersion(5.0) == 1.0


@pytest.mark.parametrize("cv2", [0.5, 2.25, 4.0, 9.0])
def test_over_long_windows_companions_and_dispersion_reach_their_limits(cv2: float) -> None:
    # Renewal theory: m(u) − u tends to (ca² − 1) ÷ 2, the dispersion to ca².
    assert bursts(cv2).companions(2000.0) == pytest.approx((cv2 - 1) / 2, rel=0.01)
    assert bursts(cv2).dispersion(20_000.0) == pytest.approx(cv2, rel=0.01)


@pytest.mark.parametrize("window", [0.3, 1.0, 4.0])
def test_gaps_of_two_exponential_stages_have_their_closed_form(window: float) -> None:
    # Erlang-2 gaps of mean 1 (ca² = 1/2): m(u) = u − 1/4 + e^(−4u)/4.
    exact = -0.25 + 0.25 * math.exp(-4.0 * window)
    assert bursts(0.5).companions(window) == pytest.approx(exact, abs=0.006)


def test_dispersion_is_that_of_counted_arrivals() -> None:
    source = random.Random(1)
    window, cells = 3.0, 60_000
    moments = accumulate(source.gammavariate(0.25, 4.0) for _ in range(10**9))
    counts = [0] * cells
    for moment in moments:
        cell = int(moment / window)
        if cell >= cells:
            break
        counts[cell] += 1
    mean = sum(counts) / cells
    variance = sum((count - mean) ** 2 for count in counts) / cells
    assert bursts(4.0).dispersion(window) == pytest.approx(variance / mean, rel=0.05)


@settings(max_examples=40)
@given(st.floats(1.01, 30.0), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_a_longer_window_holds_more_companions(cv2: float, one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert bursts(cv2).companions(near) <= bursts(cv2).companions(far) + 1e-3
    assert bursts(cv2).dispersion(near) <= bursts(cv2).dispersion(far) + 1e-3


def test_an_empty_window_holds_nobody_else() -> None:
    assert bursts(4.0).companions(0.0) == pytest.approx(0.0, abs=0.1)
    assert bursts(4.0).dispersion(0.0) == pytest.approx(1.0, abs=0.1)

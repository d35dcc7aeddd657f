"""Errors and shares against hand calculation."""

from __future__ import annotations

import pytest

from planner.serving.backtest import ARRIVALS_SLICE, score, slices_of, summary_of
from tests.serving.backtest.support import judged

# Measured 1,000: errors +10, −20, +50 and 0 %; measured ÷ predicted 0.909, 1.25, 0.667, 1.
_FOUR = [judged(1100.0), judged(800.0), judged(1500.0, low=0.8, high=1.2), judged(1000.0)]


def test_errors_are_predicted_over_measured_less_one() -> None:
    found = score(_FOUR, "throughput")
    assert found.n == 4
    assert found.median_abs_error_pct == pytest.approx(15.0)
    assert found.mape_pct == pytest.approx(20.0)
    assert found.bias_pct == pytest.approx(10.0)


def test_a_row_is_in_its_band_where_measured_over_predicted_is() -> None:
    found = score(_FOUR, "throughput")
    # 1,500 is outside: 0.667 < 0.8. 800 is on the edge: 1.25.
    assert [each.in_band("throughput") for each in _FOUR] == [True, True, False, True]
    assert found.in_band_share == pytest.approx(0.75)
    # 1.25 ÷ 0.8 three times, 1.2 ÷ 0.8 once.
    assert found.median_band_ratio == pytest.approx(1.5625)


def test_the_band_is_of_measured_over_predicted_not_the_reverse() -> None:
    # Measured 1,000, predicted 800: 1.25 lies in 0.9 to 1.3, 0.8 would not.
    assert judged(800.0, low=0.9, high=1.3).in_band("throughput") is True
    assert judged(1250.0, low=0.9, high=1.3).in_band("throughput") is False


def test_rows_without_the_figure_do_not_count() -> None:
    rows = [judged(1100.0, ttft_ms=None), judged(900.0)]
    assert score(rows, "ttft").n == 1
    assert score(rows, "throughput").n == 2


def test_nothing_gives_no_figures() -> None:
    found = score([], "ttft")
    assert (found.n, found.mape_pct, found.in_band_share) == (0, None, None)


def test_streams_that_were_kept_up_with_count_for_latency_only() -> None:
    # 5 requests/s of 200 tokens arrive: 1,000 tokens/s is what arrives; 900 is not.
    kept_up = judged(1000.0, load_kind="open", load=5.0)
    behind = judged(1000.0, load_kind="open", load=5.6)
    assert summary_of([kept_up])["throughput"].n == 0
    assert summary_of([kept_up])["tpot"].n == 1
    assert summary_of([behind])["throughput"].n == 1
    (arrivals,) = [each for each in slices_of([kept_up, behind]) if each.value == ARRIVALS_SLICE]
    assert (arrivals.rows, arrivals.scores["throughput"].n) == (1, 1)


def test_every_slice_counts_its_own_rows() -> None:
    rows = [judged(1100.0, gpu="H100"), judged(1200.0, gpu="H200"), judged(1300.0, gpu="H200")]
    found = {(each.dimension, each.value): each for each in slices_of(rows)}
    assert found["gpu", "H100"].scores["throughput"].mape_pct == pytest.approx(10.0)
    assert found["gpu", "H200"].rows == 2
    assert found["gpu", "H200"].scores["throughput"].mape_pct == pytest.approx(25.0)
    names = {dimension for dimension, _ in found}
    assert {"source", "gpu", "model_kind", "precision", "load", "provider"} <= names

"""Bands fitted on made-up residuals whose answer is known."""

from __future__ import annotations

import math
import random

import pytest

from planner.serving.backtest import (
    CLASSES,
    Residual,
    fitted_band,
    half_width,
    residuals_of,
    weighted_quantile,
)
from tests.serving.backtest.support import judged


def residual(ratio: float, model: str = "m", gpu: str = "H100", band: str = "profile_dense"):
    return Residual(
        model=model,
        precision="bf16",
        accelerator=gpu,
        band_class=band,
        metric="throughput",
        ratio=ratio,
    )


def test_a_quantile_of_equal_weights_is_the_common_one() -> None:
    values = [(float(value), 1.0) for value in range(1, 102)]
    assert weighted_quantile(values, 0.5) == pytest.approx(51.0)
    assert weighted_quantile(values, 0.0) == 1.0
    assert weighted_quantile(values, 1.0) == 101.0


def test_weights_move_a_quantile() -> None:
    # Middles of the weights at 0.5 and 2.5 of 4.
    assert weighted_quantile([(0.0, 1.0), (1.0, 3.0)], 0.5) == pytest.approx(0.75)


def test_every_group_weighs_the_same() -> None:
    many = [residual(math.exp(0.1), "large") for _ in range(900)]
    few = [residual(math.exp(0.3), "small") for _ in range(3)]
    # 80 % lies well inside the half of the weight that the small group has.
    assert half_width([*many, *few]) == pytest.approx(0.3, abs=0.01)


def test_too_fast_and_too_slow_count_alike() -> None:
    assert half_width([residual(0.8)] * 9) == pytest.approx(half_width([residual(1.25)] * 9))


def test_the_band_of_a_known_spread_is_found() -> None:
    source = random.Random(3)
    rows = [
        residual(math.exp(source.gauss(0.0, 0.1)), f"model {number % 20}") for number in range(8000)
    ]
    band = fitted_band(CLASSES["profile_dense"], {"profile": rows}, "throughput")
    assert band is not None
    # 80 % of a normal distribution lie within 1.2816 standard deviations.
    assert band.high == pytest.approx(math.exp(0.12816), rel=0.01)
    assert band.low == pytest.approx(1.0 / band.high)


def test_a_new_model_gets_a_wider_band() -> None:
    rows = {"profile": [residual(1.1, "one"), residual(1.1, "two"), residual(0.9, "three")]}
    seen = fitted_band(CLASSES["profile_dense"], rows, "throughput")
    new = fitted_band(CLASSES["profile_unseen_dense"], rows, "throughput")
    assert seen is not None
    assert new is not None
    assert math.log(new.high) == pytest.approx(math.log(seen.high) * math.sqrt(1 + 1 / 3))


def test_a_new_gpu_gets_a_still_wider_one() -> None:
    rows = {
        "roofline": [
            residual(1.1, model, gpu, "roofline_dense")
            for model in ("one", "two")
            for gpu in ("H100", "H200")
        ]
    }
    band = fitted_band(CLASSES["roofline_dense"], rows, "throughput")
    assert band is not None
    assert math.log(band.high) == pytest.approx(math.log(1.1) * math.sqrt(1 + 1 / 2 + 1 / 2))


def test_one_model_tells_nothing_of_another() -> None:
    rows = {"profile": [residual(1.1), residual(0.9)]}
    assert fitted_band(CLASSES["profile_dense"], rows, "throughput") is None


def test_what_is_left_out_changes_nothing() -> None:
    rows = {"profile": [residual(1.1, "one"), residual(0.9, "two"), residual(5.0, "three")]}
    without = {"profile": rows["profile"][:2]}
    rule = CLASSES["profile_dense"]
    kept = fitted_band(rule, rows, "throughput", keep=lambda each: each.model != "three")
    assert kept == fitted_band(rule, without, "throughput")
    assert kept != fitted_band(rule, rows, "throughput")


def test_residuals_are_measured_over_predicted_of_what_tells_of_the_engine() -> None:
    kept_up = judged(1250.0, load_kind="open", load=5.0)
    found = {each.metric: each.ratio for each in residuals_of([kept_up])}
    assert found == pytest.approx({"tpot": 0.8, "ttft": 0.8})

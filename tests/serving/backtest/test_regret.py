"""What a pick by prediction costs, by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from planner.catalog.snapshot import load_snapshot
from planner.serving.backtest import Judged, on_demand_gpu_price, picks, regret_score
from tests.serving.backtest.support import judged


def price(accelerator: str, degree: int) -> Decimal | None:
    return {"H100": Decimal("3.6"), "H200": Decimal("7.2")}.get(accelerator)


def option(gpu: str, measured: float, predicted: float, **changes: Any) -> Judged:
    ratio = predicted / measured
    return judged(1000.0 * ratio, gpu=gpu, output_tokens_per_s=measured, **changes)


def test_regret_is_the_measured_price_of_the_pick_over_the_best() -> None:
    # $3.6 an hour is $0.001 a second: $1.00 and $0.80 for a million tokens; predicted 0.9 and 1.0.
    rows = [option("H100", 1000.0, 1000.0 / 0.9), option("H200", 2500.0, 2000.0)]
    (found,) = picks(rows, price)
    assert found.best.measured_usd_per_1m == pytest.approx(0.8)
    assert found.chosen.measured_usd_per_1m == pytest.approx(1.0)
    assert found.regret_pct == pytest.approx(25.0)


def test_the_best_pick_has_no_regret() -> None:
    rows = [option("H100", 1000.0, 900.0), option("H200", 1500.0, 1500.0)]
    assert picks(rows, price)[0].regret_pct == 0.0


def test_tensor_parallel_pays_for_every_gpu() -> None:
    rows = [option("H100", 1000.0, 1000.0), option("H100", 1500.0, 1500.0, tensor_parallel_size=2)]
    (found,) = picks(rows, price)
    assert found.best.judged.row.tensor_parallel_size == 1


def test_one_piece_of_hardware_is_no_choice() -> None:
    rows = [option("H100", 1000.0, 900.0, id="a"), option("H100", 800.0, 900.0, id="b")]
    assert picks(rows, price) == ()


def test_gpus_without_a_price_are_no_options() -> None:
    assert picks([option("H100", 1000.0, 900.0), option("B200", 9000.0, 9000.0)], price) == ()


def test_other_lengths_and_models_are_other_choices() -> None:
    rows = [
        option("H100", 1000.0, 900.0),
        option("H200", 1000.0, 900.0, input_tokens=4000.0),
        option("H200", 1000.0, 900.0, model="Qwen/Qwen3-8B"),
    ]
    assert picks(rows, price) == ()


def test_only_the_same_load_can_be_asked_for() -> None:
    rows = [option("H100", 1000.0, 900.0), option("H200", 1000.0, 900.0, load=32.0)]
    assert len(picks(rows, price)) == 1
    assert picks(rows, price, same_load=True) == ()


def test_the_score_is_over_all_picks() -> None:
    rows = [
        option("H100", 1000.0, 1000.0 / 0.9),
        option("H200", 2500.0, 2000.0),
        option("H100", 1000.0, 900.0, output_tokens=400.0),
        option("H200", 1500.0, 1500.0, output_tokens=400.0),
    ]
    found = regret_score(picks(rows, price))
    assert (found.picks, found.zero_share) == (2, 0.5)
    assert (found.median_pct, found.mean_pct, found.max_pct) == pytest.approx((12.5, 12.5, 25.0))


def test_a_gpu_hour_is_the_cheapest_share_of_an_instance() -> None:
    found = on_demand_gpu_price(load_snapshot(None))
    one, eight = found("H100", 1), found("H100", 8)
    assert one is not None
    assert eight is not None
    # p5.4xlarge has one H100, p5.48xlarge eight.
    assert one <= eight
    assert found("A100-PCIe-80GB", 2) is None

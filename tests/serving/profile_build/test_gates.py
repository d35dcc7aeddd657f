"""What is mended in the tables, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalog.architecture import Architecture
from planner.catalog.hardware import accelerators
from planner.serving.profile_build.gates import Bound, bound_of, repaired, too_slow

_NONE = Bound()
_SIZES = (1, 8, 64)


def test_times_that_never_fall_stay_as_they_are() -> None:
    values = [[1.0, 2.0], [1.0, 3.0], [4.0, 5.0]]
    found = repaired(values, _SIZES, _NONE)
    assert [list(row) for row in found.values] == values
    assert (found.points, found.most_pct) == (0, 0.0)


def test_a_step_is_at_most_as_slow_as_a_larger_one() -> None:
    # Llama 3.1 70B fp8 on 4 B200: 13.0 ms for one sequence, 8.3 for twelve, 12.9 for 128.
    found = repaired([[13.0], [8.3], [12.9]], _SIZES, _NONE)
    assert found.values == ((8.3,), (8.3,), (12.9,))
    assert found.points == 1
    # 8.3 / 13.0 - 1
    assert found.most_pct == 36.2


def test_more_context_or_past_never_makes_a_step_faster() -> None:
    # DeepSeek-V3 on 8 B300: one token in 10.1 ms, in 5.4 ms after a past of 1,024.
    found = repaired([[10.1, 5.4, 5.5], [25.2, 20.2, 26.0]], (1, 64), _NONE)
    assert found.values == ((10.1, 10.1, 10.1), (25.2, 25.2, 26.0))
    assert found.points == 3
    # 10.1 / 5.4 - 1
    assert found.most_pct == 87.0


@given(st.lists(st.lists(st.floats(0.1, 1e5), min_size=4, max_size=4), min_size=2, max_size=5))
def test_mended_times_never_fall_along_either_axis(values: list[list[float]]) -> None:
    found = repaired(values, range(1, len(values) + 1), Bound(weights_ms=0.1)).values
    for row in found:
        assert list(row) == sorted(row)
    for column in zip(*found, strict=True):
        assert list(column) == sorted(column)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_a_time_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="a step of"):
        repaired([[1.0, wrong]], (1,), _NONE)


def test_a_step_slightly_too_fast_is_raised_to_nine_tenths_of_the_bound() -> None:
    found = repaired([[7.5, 9.0]], (1,), Bound(weights_ms=10.0))
    assert found.values == ((9.0, 9.0),)
    assert found.points == 1


def test_a_step_that_cannot_be_true_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2,048 tokens in 4\.00 ms is faster .* peak \(10\.24 ms"):
        repaired([[4.0]], (2048,), Bound(compute_ms_per_token=0.005))


_MODEL = Architecture(
    text_params=8.0e9,
    vision_params=0.0,
    expert_params=0.0,
    unquantized_params=1.0e9,
    layers=32,
    hidden_size=4096,
    attention_heads=32,
    kv_heads=8,
    head_dim=128,
    experts=0,
    experts_per_token=0,
    kv_bytes_per_token=131072,
    window_kv_bytes_per_token=0,
    window_tokens=0,
    state_bytes_per_sequence=0,
    pair_flops=1.0,
    window_pair_flops=0,
    max_context_tokens=131072,
)


@pytest.mark.parametrize(
    ("precision", "weights_ms", "compute_us"),
    [
        # 7e9 weights of 2 bytes over 2 · 3,350 GB/s; 14e9 FLOPs over 2 · 989 TFLOPS.
        ("bf16", 2.0896, 7.0779),
        ("fp8", 1.0448, 3.5389),
        # fp4 at twice the FLOPs of fp8.
        ("fp4", 0.5224, 1.7695),
        ("int4", 0.5224, 7.0779),
    ],
)
def test_the_bound_is_weights_over_bandwidth_and_flops_over_peak(
    precision: str, weights_ms: float, compute_us: float
) -> None:
    bound = bound_of(_MODEL, accelerators()["H100"], precision, 2)
    assert bound.weights_ms == pytest.approx(weights_ms, rel=1e-3)
    assert bound.compute_ms_per_token * 1e3 == pytest.approx(compute_us, rel=1e-3)
    assert bound.least_ms(1) == bound.weights_ms
    assert bound.least_ms(10_000) == pytest.approx(bound.compute_ms_per_token * 10_000)


def test_there_is_no_bound_for_a_gpu_that_lacks_the_figure() -> None:
    assert bound_of(_MODEL, accelerators()["A100-80GB"], "fp8", 1) == Bound()


def test_fewer_bits_may_be_half_slower_than_bf16_and_no_more() -> None:
    assert too_slow(15.0, 10.0, "64 sequences") is None
    assert too_slow(24.0, 10.0, "64 sequences") == (
        "its table is 2.4x slower than bf16 (64 sequences)"
    )

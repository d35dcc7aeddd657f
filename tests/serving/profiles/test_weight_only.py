"""Weights of fewer bits than the GPU multiplies, from bf16 times."""

from __future__ import annotations

import pytest

from planner.serving.profiles import ProfileSteps, SavedBytes, WeightOnlySteps
from planner.serving.steps import StepTimes
from tests.serving.profiles.support import profile

_BF16 = ProfileSteps(profile())


def _steps(saved: SavedBytes, *, degree: int = 1, least_share: float = 0.0) -> WeightOnlySteps:
    return WeightOnlySteps(
        bf16=_BF16,
        saved=saved,
        bandwidth_gb_per_s=2000,
        tensor_parallel_size=degree,
        compute_factor=1.15,
        least_share=least_share,
    )


def test_decode_is_shorter_by_the_bytes_saved_at_peak_bandwidth() -> None:
    # 8 GB less over 2,000 GB/s: 4 ms; over two GPUs 2 ms.
    steps: StepTimes = _steps(SavedBytes(dense=8e9))
    assert _BF16.decode_ms(2, 1000) - steps.decode_ms(2, 1000) == pytest.approx(4.0)
    halves = _steps(SavedBytes(dense=8e9), degree=2)
    assert _BF16.decode_ms(2, 1000) - halves.decode_ms(2, 1000) == pytest.approx(2.0)


def test_a_mixture_saves_the_experts_a_step_touches() -> None:
    # 2 of 8 experts a token: one token touches a quarter, two 1 - 0.75^2 = 0.4375 of 8 GB.
    steps = _steps(SavedBytes(dense=0.0, experts=8e9, idle_share=0.75))
    assert _BF16.decode_ms(1, 100) - steps.decode_ms(1, 100) == pytest.approx(1.0)
    assert _BF16.decode_ms(2, 100) - steps.decode_ms(2, 100) == pytest.approx(1.75)


def test_no_step_falls_below_its_share_of_the_bytes() -> None:
    # 5 + 1 + 0.1 ms less 6 would be 0.1 ms; half of the bytes are still read.
    steps = _steps(SavedBytes(dense=12e9), least_share=0.5)
    assert steps.decode_ms(1, 100) == pytest.approx(3.05)


def test_prefill_pays_for_unpacking_and_saves_nothing() -> None:
    steps = _steps(SavedBytes(dense=8e9))
    assert steps.mixed_ms(1000, 500, 0, 0) == pytest.approx(1.15 * _BF16.prefill_ms(1000))


def test_the_cache_of_decoding_sequences_is_not_unpacked() -> None:
    # P(504) times the factor; D(4, 1000) - D(4, 1) = 3.6 as it is.
    steps = _steps(SavedBytes(dense=8e9))
    assert steps.mixed_ms(500, 250, 4, 1000) == pytest.approx(1.15 * 5.04 + 3.6)


def test_a_step_without_prefill_is_a_decode_step() -> None:
    steps = _steps(SavedBytes(dense=8e9))
    assert steps.mixed_ms(0, 0, 4, 500) == steps.decode_ms(4, 500)

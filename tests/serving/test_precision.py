"""Weights of a model on a GPU: bytes, peak, and what cannot be had."""

from __future__ import annotations

import pytest

from planner.serving.precision import Weights, resolve_weights
from tests.serving.support import card, gpu, weights


def test_native_weights_are_those_of_the_checkpoint() -> None:
    found = weights("openai/gpt-oss-120b", gpu("H100"))
    assert found.precision == "fp4"
    # The published checkpoint is 60.8 GiB.
    assert found.total_bytes / 2**30 == pytest.approx(60.8, rel=0.005)


def test_bf16_weights_are_two_bytes_each() -> None:
    found = weights("meta-llama/Llama-3.1-8B", gpu("H100"))
    assert found.total_bytes == 2 * card().params
    assert found.dense_bytes == found.total_bytes
    assert found.expert_bytes == 0.0


def test_int4_agrees_with_a_published_checkpoint() -> None:
    # Qwen3-8B-AWQ: 5.68 GiB of files.
    found = weights("Qwen/Qwen3-8B", gpu("H100"), "int4")
    assert found.total_bytes / 2**30 == pytest.approx(5.68, rel=0.005)


def test_parts_of_an_expert_model_make_the_whole() -> None:
    model = card("Qwen/Qwen3-30B-A3B")
    found = weights(model.id, gpu("H100"))
    assert found.dense_bytes + found.expert_bytes == pytest.approx(found.total_bytes)


def test_fp8_computes_at_twice_the_rate_where_the_gpu_can() -> None:
    fast = weights("meta-llama/Llama-3.1-8B", gpu("H100"), "fp8")
    assert (fast.peak_tflops, fast.compute_factor) == (1978.0, 1.0)


@pytest.mark.parametrize("accelerator", ["A100-80GB", "A10G", "T4"])
def test_fp8_without_hardware_saves_memory_but_no_compute(accelerator: str) -> None:
    device = gpu(accelerator)
    found = weights("meta-llama/Llama-3.1-8B", device, "fp8")
    assert found.total_bytes < 2 * card().params
    assert found.peak_tflops == (device.tflops_bf16 or device.tflops_fp16)
    assert found.compute_factor > 1.0
    assert any("weight-only" in warning for warning in found.warnings)


def test_int4_computes_in_16_bits_everywhere() -> None:
    found = weights("meta-llama/Llama-3.1-8B", gpu("H100"), "int4")
    assert (found.peak_tflops, found.compute_factor > 1.0) == (989.0, True)


def test_fp4_is_computed_on_gpus_that_can() -> None:
    assert weights("openai/gpt-oss-120b", gpu("B200")).compute_factor == 1.0
    assert weights("openai/gpt-oss-120b", gpu("H100")).compute_factor > 1.0


def test_t4_serves_in_fp16() -> None:
    found = weights("Qwen/Qwen3-0.6B", gpu("T4"))
    assert (found.precision, found.peak_tflops) == ("fp16", 65.0)
    assert any("fp16" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("model", "accelerator", "precision", "word"),
    [
        ("openai/gpt-oss-20b", "T4", "native", "no fp4 kernel on T4"),
        ("openai/gpt-oss-20b", "H100", "fp8", "there is no fp8 checkpoint"),
        ("meta-llama/Llama-3.1-8B", "Inferentia2", "native", "no data"),
        ("meta-llama/Llama-3.1-8B", "H100", "int3", "not known"),
    ],
)
def test_what_cannot_be_had_has_a_reason(
    model: str, accelerator: str, precision: str, word: str
) -> None:
    found = resolve_weights(card(model), gpu(accelerator), precision)
    assert not isinstance(found, Weights)
    assert word in found


def test_a_checkpoint_that_is_not_the_published_one_is_said() -> None:
    found = weights("meta-llama/Llama-3.1-8B", gpu("H100"), "fp8")
    assert any("needs a fp8 checkpoint" in warning for warning in found.warnings)
    wide = weights("openai/gpt-oss-20b", gpu("H100"), "bf16")
    assert any("converted to bf16" in warning for warning in wide.warnings)
    assert wide.total_bytes == 2 * card("openai/gpt-oss-20b").params

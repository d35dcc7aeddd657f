"""Memory: what fits, by hand and against an independent estimate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalog.models import model_cards
from planner.catalog.types import ModelCard
from planner.serving.memory import cache_shards, fit_memory, sequence_bytes, split_reason
from tests.serving.support import card, gpu

every_card = st.sampled_from(model_cards())
degrees = st.sampled_from([1, 2, 4, 8])


def _fit(
    model: ModelCard,
    mem_mib: int,
    *,
    degree: int = 1,
    longest: int = 2048,
    weights_bytes: float | None = None,
):
    return fit_memory(
        model,
        weights_bytes=model.native_weights_bytes if weights_bytes is None else weights_bytes,
        gpu_mem_mib=mem_mib,
        gpu_memory_utilization=0.9,
        max_num_batched_tokens=8192,
        tensor_parallel_size=degree,
        longest_sequence_tokens=longest,
        kv_scale=1.0,
    )


@pytest.mark.parametrize(
    ("accelerator", "tokens", "tolerance"),
    # aiconfigurator-core 0.12.0 estimate_kv_cache, with its reserve of 3.5 GiB on every GPU;
    # ours is smaller on smaller GPUs, and its activations are smaller.
    [("H100", 432_992, 0.02), ("L40S", 172_755, 0.08)],
)
def test_kv_cache_of_8b_agrees_with_an_independent_estimate(
    accelerator: str, tokens: int, tolerance: float
) -> None:
    fit = _fit(card(), gpu(accelerator).mem_mib)
    assert fit.kv_bytes / 131_072 == pytest.approx(tokens, rel=tolerance)


def test_what_is_left_is_what_is_usable_less_what_is_taken() -> None:
    fit = _fit(card(), 81_920)
    taken = fit.weights_bytes + fit.activation_bytes + fit.reserve_bytes
    assert fit.usable_bytes == pytest.approx(0.9 * 81_920 * 2**20)
    assert fit.kv_bytes == pytest.approx(fit.usable_bytes - taken)


def test_tensor_parallel_reserves_memory_for_communication() -> None:
    one, two = _fit(card(), 81_920), _fit(card(), 81_920, degree=2)
    # 0.33 to 0.38 GiB of NCCL buffers in aiconfigurator-core 0.12.0, rounded up.
    assert (two.reserve_bytes - one.reserve_bytes) / 2**30 == pytest.approx(0.4)
    assert two.weights_bytes == one.weights_bytes / 2


def test_cache_of_grouped_attention_is_split_over_the_gpus() -> None:
    # 32 layers x 2 x 8 heads x 128 x 2 bytes.
    one = sequence_bytes(card(), 1000, tensor_parallel_size=1, kv_scale=1.0)
    assert one == 131_072 * 1000
    assert sequence_bytes(card(), 1000, tensor_parallel_size=8, kv_scale=1.0) == one / 8


def test_an_fp8_cache_is_half_as_large() -> None:
    whole = sequence_bytes(card(), 1000, tensor_parallel_size=1, kv_scale=1.0)
    assert sequence_bytes(card(), 1000, tensor_parallel_size=1, kv_scale=0.5) == whole / 2


def test_cache_of_latent_attention_is_on_every_gpu() -> None:
    deepseek = card("deepseek-ai/DeepSeek-V3")
    # 61 layers x (512 + 64) x 2 bytes.
    assert sequence_bytes(deepseek, 10, tensor_parallel_size=8, kv_scale=1.0) == 70_272 * 10


def test_few_kv_heads_are_copied() -> None:
    assert cache_shards(card("Qwen/Qwen3-30B-A3B"), 8) == 4


def test_a_window_bounds_the_cache_of_its_layers() -> None:
    model = card("openai/gpt-oss-120b")
    # 18 full and 18 window layers of 2 x 8 x 64 x 2 bytes; a window is 128 tokens.
    each = 2 * 8 * 64 * 2
    found = sequence_bytes(model, 1000, tensor_parallel_size=1, kv_scale=1.0)
    assert found == 18 * each * 1000 + 18 * each * 128


def test_a_state_does_not_grow_with_the_sequence() -> None:
    model = card("Qwen/Qwen3.5-35B-A3B")
    short, long = (
        sequence_bytes(model, tokens, tensor_parallel_size=1, kv_scale=1.0)
        for tokens in (1000, 2000)
    )
    assert long - short == model.kv_bytes_per_token_bf16 * 1000


@given(every_card, degrees, st.integers(1_000, 300_000))
def test_no_model_fits_on_gpus_smaller_than_its_weights(
    model: ModelCard, degree: int, mem_mib: int
) -> None:
    fit = _fit(model, mem_mib, degree=degree)
    if model.native_weights_bytes / degree > mem_mib * 2**20:
        assert fit.reason is not None
        assert fit.kv_bytes == 0.0


@given(every_card, degrees, st.integers(1_000, 300_000), st.integers(0, 50_000))
def test_more_memory_never_leaves_less_cache(
    model: ModelCard, degree: int, mem_mib: int, more: int
) -> None:
    small, large = _fit(model, mem_mib, degree=degree), _fit(model, mem_mib + more, degree=degree)
    assert large.kv_bytes >= small.kv_bytes


def test_weights_that_are_too_large_are_named_with_the_numbers() -> None:
    reason = _fit(card("meta-llama/Llama-3.1-70B"), 81_920).reason
    assert reason is not None
    assert "weights 141.1 GB" in reason
    assert "77.3 GB usable (0.9 x 81,920 MiB)" in reason


def test_one_longest_request_must_fit() -> None:
    reason = _fit(card(), 22_888, longest=131_072).reason
    assert reason is not None
    assert "131,072 tokens" in reason


@pytest.mark.parametrize(
    ("model", "degree", "splits"),
    [
        ("meta-llama/Llama-3.1-8B", 8, True),
        # 14 attention heads.
        ("Qwen/Qwen2.5-0.5B-Instruct", 4, False),
        ("Qwen/Qwen2.5-0.5B-Instruct", 2, True),
        # 4 KV heads are copied to two GPUs each.
        ("Qwen/Qwen3-30B-A3B", 8, True),
        ("deepseek-ai/DeepSeek-V3", 8, True),
        # 28 attention heads.
        ("Qwen/Qwen2.5-7B-Instruct", 8, False),
    ],
)
def test_heads_must_divide_over_the_gpus(model: str, degree: int, splits: bool) -> None:
    assert (split_reason(card(model), degree) is None) is splits

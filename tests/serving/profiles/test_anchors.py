"""Shipped times against figures read from aiconfigurator-core 0.12.0 by hand.

Llama 3.1 8B in bf16 on one GPU unless said otherwise; the library's own calls are named.
"""

from __future__ import annotations

import pytest

from planner.serving.profiles import Profile, ProfileKey, ProfileSteps, shipped_profiles


def _profile(
    model: str = "meta-llama/Llama-3.1-8B",
    gpu: str = "H100",
    precision: str = "bf16",
    degree: int = 1,
) -> Profile:
    key = ProfileKey(
        accelerator=gpu, precision=precision, kv_cache="bf16", tensor_parallel_size=degree
    )
    found = shipped_profiles().profile([model], key)
    assert found is not None
    return found


def test_prefill_of_1024_tokens_on_h100() -> None:
    # predict_prefill_latency(1, 1024, 0) = 22.1093
    assert ProfileSteps(_profile()).prefill_ms(1024) == pytest.approx(22.11, abs=0.005)


def test_decode_of_64_sequences_at_1153_tokens_on_h100() -> None:
    # decode_step_latency(64, 1152, 2) = 10.6474, of 65 sequences 10.4188: a larger step is never
    # shorter, so the smaller one is lowered to it. Between two contexts of the grid it is a line.
    assert ProfileSteps(_profile()).decode_ms(64, 1153) == pytest.approx(10.419, rel=0.005)


def test_a_mixed_step_on_h100() -> None:
    # mixed_step_latency(1024, 63, 1024, 256) = 27.952; ours is a composition, 5 % below.
    mixed = ProfileSteps(_profile()).mixed_ms(1024, 512, 63, 1152)
    assert mixed == pytest.approx(27.952, rel=0.06)


@pytest.mark.parametrize(
    ("gpu", "tokens"),
    [
        ("H100", 432_992),
        ("A100-80GB", 432_992),
        # 0.9 · 40 GiB less 16.06 GB of weights, 0.74 and 3.76 GB to run, at 131,072 bytes.
        ("A100-40GB", 138_080),
        # EC2 reports 45,776 MiB; the library's own figure would give 174,857.
        ("L40S", 172_755),
    ],
)
def test_cache_tokens(gpu: str, tokens: int) -> None:
    room = _profile(gpu=gpu).cache
    assert room is not None
    assert room.tokens == tokens
    assert room.bytes_per_token == 131_072
    assert room.weights_bytes == 16_059_990_016


def test_the_40_gb_card_decodes_as_slowly_as_an_open_row_of_it() -> None:
    # johnmusgrave.com: 13.3 ms a token at one request.
    assert ProfileSteps(_profile(gpu="A100-40GB")).decode_ms(1, 1024) == pytest.approx(13.3, 0.01)


def test_an_fp8_model_does_not_silently_get_an_fp8_cache() -> None:
    # Qwen3-32B fp8 on H100: 144,034 tokens; with the checkpoint's own default it would be 288,068.
    room = _profile("Qwen/Qwen3-32B", precision="fp8").cache
    assert room is not None
    assert room.tokens == 144_034


def test_dense_fp8_is_not_that_of_the_slow_block_tables() -> None:
    # decode_step_latency(16, ...): 16.8 ms per tensor, 23.8 in blocks.
    steps = ProfileSteps(_profile("Qwen/Qwen3-32B", precision="fp8"))
    assert 13 < steps.decode_ms(16, 1024) < 20


def test_experts_in_fp8_are_faster_than_bf16_on_hopper() -> None:
    # The per-tensor tables would give 112 ms, bf16 gives 47.
    model = "Qwen/Qwen3-235B-A22B"
    fp8 = ProfileSteps(_profile(model, precision="fp8", degree=4)).decode_ms(64, 2048)
    bf16 = ProfileSteps(_profile(model, precision="bf16", degree=4)).decode_ms(64, 2048)
    assert fp8 < bf16


def test_latent_attention_is_not_priced_as_attention_over_all_heads() -> None:
    # DeepSeek-V3 fp8 on 8 B200, 64 sequences at 16k: 33 ms; with fp8 dense layers 92.
    steps = ProfileSteps(_profile("deepseek-ai/DeepSeek-V3", "B200", "fp8", 8))
    assert steps.decode_ms(64, 16384) == pytest.approx(33.2, rel=0.05)


def test_large_batches_of_fp8_on_b200_are_not_slowed_by_the_odd_small_ones() -> None:
    # Llama 3.1 70B fp8 on 4 B200: measured 8.0-8.4 ms a token at 4 sequences (InferenceX); the
    # table has 13.0 ms for 1 sequence, 11.7 for 4 and 8.3 for 12.
    steps = ProfileSteps(_profile("meta-llama/Llama-3.1-70B", "B200", "fp8", 4))
    assert steps.decode_ms(4, 1024) == pytest.approx(8.3, rel=0.03)

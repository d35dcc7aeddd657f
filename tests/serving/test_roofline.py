"""Step times from data sheets, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.catalog.models import model_cards
from planner.serving.calibration import calibration
from planner.serving.precision import Weights, resolve_weights
from planner.serving.roofline import RooflineProvider, roofline_steps
from planner.serving.steps import Question, ask
from tests.serving.support import LLAMA_70B, card, gpu, steps, weights

every_card = st.sampled_from(model_cards())
batches = st.floats(1.0, 512.0)
contexts = st.floats(1.0, 32_768.0)


def _question(model: str = "meta-llama/Llama-3.1-8B", device: str = "H100") -> Question:
    return Question(
        card=card(model),
        accelerator=gpu(device),
        tensor_parallel_size=1,
        weights=weights(model, gpu("H100")),
        kv_scale=1.0,
        input_tokens=1000.0,
        output_tokens=200.0,
    )


def test_decoding_one_sequence_reads_all_weights() -> None:
    # 16.06 GB ÷ (0.7 x 3,350 GB/s) + 1,000 x 131,072 B ÷ the same + 32 layers x 0.02 ms.
    expected = 16_059.99 / 2345 + 131.072 / 2345 + 0.64
    assert steps().decode_ms(1, 1000) == pytest.approx(expected, rel=1e-4)


def test_a_large_batch_is_bound_by_compute() -> None:
    # 2 x 8.03e9 x 1,024 FLOPs ÷ (0.7 x 989e12) is longer than reading the weights.
    expected = 2 * 8.029995e9 * 1024 / (0.7 * 989e12) * 1e3 + 0.64
    assert steps().decode_ms(1024, 0) == pytest.approx(expected, rel=1e-4)


def test_a_prompt_is_multiplied_and_attends_to_its_earlier_half() -> None:
    flops_per_ms = 0.7 * 989e9
    linear = 2 * 8.029995e9 * 4000 / flops_per_ms
    # 32 layers x 4 x 32 heads x 128 FLOPs a pair.
    attention = 4000 * 2000 * 524_288 / flops_per_ms
    expected = linear + attention + 0.64
    assert steps().mixed_ms(4000, 2000, 0, 0) == pytest.approx(expected, rel=1e-4)


def test_tensor_parallel_splits_the_work_and_adds_communication() -> None:
    one, eight = steps(LLAMA_70B), steps(LLAMA_70B, tensor_parallel_size=8)
    assert eight.dense_ms == pytest.approx(one.dense_ms / 8)
    assert eight.kv_ms_per_token == pytest.approx(one.kv_ms_per_token / 8)
    assert one.overhead_ms == pytest.approx(80 * 0.02)
    assert eight.overhead_ms == pytest.approx(80 * 0.05)
    # Two all-reduces a layer of 8,192 x 2 bytes a token at 120 GB/s.
    assert eight.overhead_ms_per_token == pytest.approx(160 * 16_384 / 120e6)


def test_communication_without_nvlink_is_slower() -> None:
    fast = steps(LLAMA_70B, gpu("A100-80GB"), tensor_parallel_size=4)
    slow = steps(LLAMA_70B, gpu("L40S"), tensor_parallel_size=4)
    assert slow.overhead_ms > fast.overhead_ms
    assert slow.overhead_ms_per_token > 10 * fast.overhead_ms_per_token


def test_a_gpu_with_a_measured_link_of_its_own_uses_it() -> None:
    own = steps(LLAMA_70B, gpu("RTX PRO 6000"), tensor_parallel_size=4)
    other = steps(LLAMA_70B, gpu("L40S"), tensor_parallel_size=4)
    assert own.overhead_ms_per_token < other.overhead_ms_per_token


def test_few_tokens_touch_few_experts() -> None:
    found = steps("Qwen/Qwen3-30B-A3B")
    # 8 of 128 experts for one token; 1 − (120 ÷ 128)^16 of them for sixteen.
    one = found.dense_ms + found.expert_ms * 8 / 128
    many = found.dense_ms + found.expert_ms * (1 - (120 / 128) ** 16)
    fixed = 48 * 0.02
    assert found.decode_ms(1, 0) == pytest.approx(one + fixed)
    assert found.decode_ms(16, 0) == pytest.approx(many + fixed)


def test_a_window_bounds_what_its_layers_read() -> None:
    found = steps("openai/gpt-oss-120b")
    short, middle, long = (found.decode_ms(1, context) for context in (100, 10_000, 20_000))
    # Only the full layers grow past the window of 128 tokens.
    assert long - middle == pytest.approx(found.kv_ms_per_token * 10_000)
    assert middle - short == pytest.approx(
        found.kv_ms_per_token * 9_900 + found.window_kv_ms_per_token * 28
    )


def test_a_state_is_read_and_written_for_each_sequence() -> None:
    found = steps("Qwen/Qwen3.5-35B-A3B")
    bytes_per_ms = 0.7 * 3350e6
    expected = 2 * card("Qwen/Qwen3.5-35B-A3B").state_bytes_per_sequence / bytes_per_ms
    assert found.state_ms == pytest.approx(expected)


def test_an_fp8_cache_is_read_in_half_the_time() -> None:
    plain, fp8 = (
        roofline_steps(replace(_question("openai/gpt-oss-120b"), kv_scale=scale))
        for scale in (1.0, 0.5)
    )
    assert fp8.kv_ms_per_token == plain.kv_ms_per_token / 2
    assert fp8.window_kv_ms_per_token == plain.window_kv_ms_per_token / 2


def test_unpacking_weights_costs_compute_and_saves_bandwidth() -> None:
    plain = steps(accelerator=gpu("A100-80GB"))
    packed = steps(accelerator=gpu("A100-80GB"), precision="fp8")
    assert packed.dense_ms < 0.6 * plain.dense_ms
    assert packed.compute_ms_per_token == pytest.approx(1.15 * plain.compute_ms_per_token)


@given(every_card, batches, batches, contexts, contexts)
def test_more_sequences_or_longer_ones_are_never_faster(
    model: object, batch: float, more: float, context: float, longer: float
) -> None:
    found = steps(model.id)  # type: ignore[attr-defined]
    low, high = sorted((batch, more))
    near, far = sorted((context, longer))
    assert found.decode_ms(high, far) >= found.decode_ms(low, near)
    assert found.mixed_ms(high, far, 1, near) >= found.mixed_ms(low, near, 1, near)


@given(every_card, batches, contexts, st.floats(0.1, 1.0), st.floats(0.1, 1.0))
def test_a_gpu_slower_in_both_respects_is_never_faster(
    model: object, batch: float, context: float, bandwidth: float, compute: float
) -> None:
    fast = gpu("H100")
    assert fast.hbm_gb_per_s and fast.tflops_bf16 and fast.tflops_fp8
    slow = replace(
        fast,
        hbm_gb_per_s=fast.hbm_gb_per_s * bandwidth,
        tflops_bf16=fast.tflops_bf16 * compute,
        tflops_fp8=fast.tflops_fp8 * compute,
    )
    name = model.id  # type: ignore[attr-defined]
    assert steps(name, slow).decode_ms(batch, context) >= steps(name, fast).decode_ms(
        batch, context
    )


@pytest.mark.parametrize("accelerator", ["Inferentia2", "RTX PRO 4500"])
def test_no_data_sheet_no_answer(accelerator: str) -> None:
    assert ask(_question(device=accelerator), (RooflineProvider(),)) is None


def test_the_answer_names_its_provider_band_and_sources() -> None:
    answer = ask(_question(), (RooflineProvider(),))
    assert answer is not None
    assert answer.provider == "roofline"
    assert answer.band_class == "roofline_dense"
    assert answer.band == calibration().bands["roofline_dense"].throughput
    assert answer.source_ids == ("accelerators.yaml#H100", "models.json#meta-llama/Llama-3.1-8B")


def test_experts_and_unpacked_weights_have_bands_of_their_own() -> None:
    experts = ask(_asked("mistralai/Mixtral-8x7B-Instruct-v0.1", "bf16"), (RooflineProvider(),))
    unpacked = ask(_asked("Qwen/Qwen3-14B-AWQ", "int4"), (RooflineProvider(),))
    assert experts is not None
    assert unpacked is not None
    assert (experts.band_class, unpacked.band_class) == ("roofline_moe", "roofline_derived")


def _asked(model: str, precision: str) -> Question:
    found = resolve_weights(card(model), gpu("H100"), precision)
    assert isinstance(found, Weights)
    return replace(_question(), card=card(model), weights=found)


def test_tensor_parallel_without_nvlink_has_a_wider_band_and_says_why() -> None:
    question = replace(_question(device="L40S"), tensor_parallel_size=2)
    answer = ask(question, (RooflineProvider(),))
    assert answer is not None
    assert answer.band.high / answer.band.low > 5
    assert any("PCIe" in warning for warning in answer.warnings)


def test_every_card_has_step_times_on_every_servable_gpu() -> None:
    for model in model_cards():
        found = resolve_weights(model, gpu("B200"), "native")
        assert isinstance(found, Weights)
        question = replace(_question(), card=model, accelerator=gpu("B200"), weights=found)
        assert roofline_steps(question).decode_ms(1, 1000) > 0

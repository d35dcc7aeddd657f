"""What no provider of step times may break: memory, peak FLOPs, and what is not known.

The bounds are worked out here from the model cards and the data sheets alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalog.hardware import accelerators, shipped_instances
from planner.catalog.types import Accelerator, InstanceType, ModelCard
from planner.errors import InputError
from planner.serving import PROVIDERS, ServingOption, serving_options
from planner.serving.memory import fit_memory
from planner.serving.profiles import ProfileProvider
from planner.serving.roofline import RooflineProvider
from planner.serving.steps import Answer, Provider, Question
from tests.serving.measured.files import vllm
from tests.serving.support import card, demand, gpu, instance, option, slo

_MODELS = (
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.1-70B",
    "Qwen/Qwen3-32B",
    "google/gemma-3-27b-it",
    "openai/gpt-oss-120b",
    "deepseek-ai/DeepSeek-V3",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
)
# One type with each kind of GPU, the largest.
_LARGEST: tuple[InstanceType, ...] = tuple(
    {
        each.accelerator: each
        for each in sorted(shipped_instances().values(), key=lambda i: i.accelerator_count)
    }.values()
)
_PROVIDERS: dict[str, Sequence[Provider]] = {
    "the chain": PROVIDERS,
    "profiles": (ProfileProvider(),),
    "roofline": (RooflineProvider(),),
    "measured": PROVIDERS[:1],
}

_models = st.sampled_from(_MODELS)
_precisions = st.sampled_from(("native", "bf16", "fp8", "int4"))
_prompts = st.integers(1, 20_000)
_answers = st.integers(1, 4000)
_each_provider = pytest.mark.parametrize("name", _PROVIDERS)


def _search(
    model: str,
    precision: str,
    prompt: int,
    answer: int,
    providers: Sequence[Provider],
    *,
    instances: Sequence[InstanceType] = _LARGEST,
    devices: dict[str, Accelerator] | None = None,
    model_card: ModelCard | None = None,
) -> tuple[ServingOption, ...]:
    return serving_options(
        option(model, precision=precision),
        demand(prompt, answer),
        slo(None, None),
        "us-east-1",
        instances=instances,
        accelerators=devices or accelerators(),
        card=model_card or card(model),
        providers=providers,
    )


# --- memory --------------------------------------------------------------------------------------


def _usable_bytes(device: str, types: Sequence[InstanceType] = _LARGEST) -> float:
    """0.9 of the smaller of two figures for one GPU's memory."""
    by_ec2 = next(each for each in types if each.accelerator == device).accelerator_mem_mib
    return 0.9 * min(by_ec2, gpu(device).mem_mib) * 2**20


def _least_weights_bytes(model: ModelCard, precision: str) -> float:
    """Bytes of the whole checkpoint; where it is not the published one, a lower bound."""
    if precision == "native":
        return model.native_weights_bytes
    return model.params * {"bf16": 2.0, "fp8": 1.0, "int4": 0.5}[precision]


def _cache_bytes(model: ModelCard, tokens: float, degree: int) -> float:
    """Of one sequence on one GPU, at 2 bytes an element."""
    ranks = min(degree, model.kv_heads)
    cache = model.kv_bytes_per_token_bf16 * tokens
    cache += model.window_kv_bytes_per_token_bf16 * min(tokens, model.window_tokens)
    return cache / ranks + model.state_bytes_per_sequence / degree


@_each_provider
@settings(max_examples=15)
@given(model=_models, precision=_precisions, prompt=_prompts, answer=_answers)
def test_what_can_serve_holds_its_weights_and_its_cache(
    name: str, model: str, precision: str, prompt: int, answer: int
) -> None:
    subject = card(model)
    for found in _search(model, precision, prompt, answer, _PROVIDERS[name]):
        if found.capacity is None:
            assert found.reason
            continue
        degree = found.tensor_parallel_size
        usable = _usable_bytes(found.accelerator)
        weights = _least_weights_bytes(subject, precision) / degree
        whole = _cache_bytes(subject, found.max_model_len, degree)
        assert found.max_model_len >= prompt + answer
        assert weights + whole <= usable
        # What a sequence holds on average while it grows.
        held = found.capacity.concurrency * _cache_bytes(subject, prompt + answer / 2, degree)
        assert weights + held <= usable * (1 + 1e-9)


@given(st.sampled_from(sorted(field.name for field in fields(ModelCard) if field.type == "float")))
def test_a_figure_that_is_not_known_fits_nowhere(name: str) -> None:
    # A float of the card that the memory sum does not read may be anything.
    unread = {
        "active_params",
        "attention_flops_per_pair",
        "expert_params",
        "native_weights_bytes",
        "params",
        "unquantized_params",
        "window_attention_flops_per_pair",
    }
    # A window that is there, so that its cache is part of the sum.
    whole = replace(card("google/gemma-3-27b-it"), state_bytes_per_sequence=0.0)
    subject = replace(whole, **{name: math.nan})  # type: ignore[arg-type]
    fit = fit_memory(
        subject,
        weights_bytes=16e9,
        gpu_mem_mib=81_920,
        gpu_memory_utilization=0.9,
        max_num_batched_tokens=8192,
        tensor_parallel_size=1,
        longest_sequence_tokens=2048,
        kv_scale=1.0,
    )
    assert (fit.reason is None) == (name in unread)


@pytest.mark.parametrize("name", ["native_weights_bytes", "params", "unquantized_params"])
def test_weights_of_unknown_size_fit_nowhere(name: str) -> None:
    subject = replace(card("openai/gpt-oss-120b"), **{name: math.nan})  # type: ignore[arg-type]
    found = _search("openai/gpt-oss-120b", "native", 100, 100, PROVIDERS, model_card=subject)
    assert not [each for each in found if each.capacity is not None]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"native_precision": "ternary"}, "precision ternary of"),
        ({"native_precision": "", "native_weights_bytes": 0.0}, "is not known"),
    ],
)
def test_weights_of_an_unknown_kind_fit_nowhere(changes: dict[str, object], reason: str) -> None:
    subject = replace(card("meta-llama/Llama-3.1-8B"), **changes)  # type: ignore[arg-type]
    found = _search("meta-llama/Llama-3.1-8B", "native", 100, 100, PROVIDERS, model_card=subject)
    for each in found:
        assert each.capacity is None
        assert reason in (each.reason or "") or "no data" in (each.reason or "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"servable": False}, "no data: no serving model for H100"),
        ({"tflops_bf16": None, "tflops_fp16": None}, "no data on the compute of H100"),
        ({"hbm_gb_per_s": None}, "no data: no serving model for H100"),
        ({"mem_mib": 0}, "0.0 GB usable"),
    ],
)
def test_a_gpu_that_is_not_known_serves_nothing(changes: dict[str, object], reason: str) -> None:
    device = replace(gpu("H100"), **changes)  # type: ignore[arg-type]
    found = _search(
        "meta-llama/Llama-3.1-8B",
        "bf16",
        100,
        100,
        _PROVIDERS["roofline"],
        instances=(instance("p5.48xlarge", "H100", 8),),
        devices={"H100": device},
    )
    assert found
    for each in found:
        assert each.capacity is None
        assert reason in (each.reason or "")


# --- FLOPs ---------------------------------------------------------------------------------------


def _peak_flops(device: Accelerator, precision: str) -> float:
    """Of one GPU; fp4 at twice the rate of fp8, whether or not it can."""
    half = device.tflops_bf16 or device.tflops_fp16
    assert half is not None
    eight = device.tflops_fp8 or half
    return {"fp8": eight, "fp4": 2 * eight}.get(precision, half) * 1e12


def _assert_within_peak(found: ServingOption, subject: ModelCard, tokens: int) -> None:
    if found.capacity is None:
        return
    peak = _peak_flops(gpu(found.accelerator), found.precision) * found.tensor_parallel_size
    for rate_rps in (found.capacity.low_rps, found.capacity.mid_rps, found.capacity.high_rps):
        assert rate_rps * 2 * subject.active_params * tokens <= peak * (1 + 1e-9)


@_each_provider
@settings(max_examples=15)
@given(model=_models, precision=_precisions, prompt=_prompts, answer=_answers)
def test_no_rate_needs_more_than_the_peak_flops(
    name: str, model: str, precision: str, prompt: int, answer: int
) -> None:
    for found in _search(model, precision, prompt, answer, _PROVIDERS[name]):
        _assert_within_peak(found, card(model), prompt + answer)


class _NoTime:
    """A microsecond for each step."""

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        return 1e-3

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        return 1e-3


class _Instant:
    """Knows every GPU, and needs no time."""

    def answer(self, question: Question) -> Answer | None:
        known = RooflineProvider().answer(question)
        return known and replace(known, steps=_NoTime())


@pytest.mark.parametrize("model", _MODELS)
def test_step_times_that_cannot_be_are_capped_at_the_peak(model: str) -> None:
    found = _search(model, "native", 8000, 100, (_Instant(),))
    assert any("peak FLOPs" in w for each in found if each.capacity for w in each.capacity.warnings)
    for each in found:
        _assert_within_peak(each, card(model), 8100)


@pytest.mark.parametrize("tokens_per_s", [2e3, 2e4, 2e5, 2e6])
def test_a_benchmark_file_cannot_claim_more_than_the_peak(
    tmp_path: Path, tokens_per_s: float
) -> None:
    # 64 in flight, 1,000 + 200 tokens; an L40S has 362e12 FLOPs a second: 22,500 output tokens/s
    # would need 2 x 8e9 x 6 x 22,500 = 2.2e15.
    path = tmp_path / "run.json"
    path.write_text(json.dumps(vllm(output_throughput=tokens_per_s)), encoding="utf-8")
    try:
        found = serving_options(
            option("meta-llama/Llama-3.1-8B-Instruct", instance_types=["g6e.xlarge"]),
            demand(1000, 200),
            slo(None, None),
            "us-east-1",
            instances=(instance("g6e.xlarge", "L40S", 1),),
            accelerators=accelerators(),
            card=card("meta-llama/Llama-3.1-8B-Instruct"),
            measured=path,
        )
    except InputError as error:
        assert "cannot be used" in error.message
        return
    for each in found:
        assert each.capacity is not None
        _assert_within_peak(each, card("meta-llama/Llama-3.1-8B-Instruct"), 1200)


# --- slower hardware -----------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    model=_models,
    device=st.sampled_from(("L4", "A10G", "H100", "B200")),
    degree=st.sampled_from((1, 2, 4, 8)),
    bandwidth=st.floats(0.3, 1.0),
    compute=st.floats(0.3, 1.0),
    prompt=_prompts,
    answer=_answers,
)
def test_a_gpu_slower_in_bandwidth_and_flops_never_serves_more(
    model: str,
    device: str,
    degree: int,
    bandwidth: float,
    compute: float,
    prompt: int,
    answer: int,
) -> None:
    fast = gpu(device)
    assert fast.hbm_gb_per_s is not None

    def slowed(tflops: float | None) -> float | None:
        return None if tflops is None else tflops * compute

    slow = replace(
        fast,
        hbm_gb_per_s=fast.hbm_gb_per_s * bandwidth,
        tflops_bf16=slowed(fast.tflops_bf16),
        tflops_fp16=slowed(fast.tflops_fp16),
        tflops_fp8=slowed(fast.tflops_fp8),
    )

    def capacity(figures: Accelerator) -> ServingOption:
        return _search(
            model,
            "native",
            prompt,
            answer,
            _PROVIDERS["roofline"],
            instances=(instance("any", device, degree),),
            devices={device: figures},
        )[-1]

    better, worse = capacity(fast).capacity, capacity(slow).capacity
    if worse is None:
        return
    assert better is not None
    for rate in ("low_rps", "mid_rps", "high_rps"):
        # The search for the rate stops within 1e-4.
        assert getattr(worse, rate) <= getattr(better, rate) * (1 + 1e-3)

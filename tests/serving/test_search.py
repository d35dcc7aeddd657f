"""All candidates for a model: capacity, bands, reasons, sharing between instance sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.catalog.hardware import accelerators, shipped_instances
from planner.catalog.models import model_cards
from planner.catalog.types import InstanceType
from planner.demand.types import Demand
from planner.scenario.economics import Slo
from planner.scenario.options import SelfHostOption
from planner.serving import Capacity, ServingOption, serving_options
from planner.serving.calibration import Band, calibration
from planner.serving.roofline import RooflineProvider
from planner.serving.search import PROVIDERS
from planner.serving.steps import Answer, Provider, Question
from tests.serving.support import LLAMA_8B, LLAMA_70B, card, demand, gpu, instance, option, slo
from tests.serving.test_batching import RoundSteps

_ALL = tuple(shipped_instances().values())
_FAMILY = (
    instance("g6e.xlarge", "L40S", 1),
    instance("g6e.12xlarge", "L40S", 4),
    instance("g6e.48xlarge", "L40S", 8),
)
_P5 = (instance("p5.48xlarge", "H100", 8),)
_LARGEST = (instance("p6-b300.48xlarge", "B300", 8),)


def _search(
    subject: SelfHostOption | None = None,
    load: Demand | None = None,
    level: Slo | None = None,
    *,
    instances: Sequence[InstanceType] = _P5,
    providers: Sequence[Provider] = PROVIDERS,
) -> tuple[ServingOption, ...]:
    asked = subject or option()
    return serving_options(
        asked,
        load or demand(),
        level or slo(),
        "us-east-1",
        instances=instances,
        accelerators=accelerators(),
        card=card(asked.model),
        providers=providers,
    )


def _capacity(found: ServingOption) -> Capacity:
    assert found.capacity is not None, found.reason
    return found.capacity


def test_every_size_and_degree_is_a_candidate_in_a_fixed_order() -> None:
    found = _search(instances=tuple(reversed(_FAMILY)))
    assert [(item.instance_type, item.tensor_parallel_size) for item in found] == [
        ("g6e.12xlarge", 1),
        ("g6e.12xlarge", 2),
        ("g6e.12xlarge", 4),
        ("g6e.48xlarge", 1),
        ("g6e.48xlarge", 2),
        ("g6e.48xlarge", 4),
        ("g6e.48xlarge", 8),
        ("g6e.xlarge", 1),
    ]


def test_sizes_of_a_family_share_the_capacity_of_a_replica() -> None:
    found = {
        item.instance_type: item
        for item in _search(instances=_FAMILY)
        if item.tensor_parallel_size == 1
    }
    assert found["g6e.xlarge"].capacity is found["g6e.48xlarge"].capacity
    assert found["g6e.xlarge"].replicas_per_instance == 1
    assert found["g6e.48xlarge"].replicas_per_instance == 8


def test_gpus_left_over_make_no_replica() -> None:
    found = _search(instances=(instance("odd", "H100", 6),))
    assert [item.replicas_per_instance for item in found] == [6, 3, 1]


def test_each_candidate_has_either_a_capacity_or_a_reason() -> None:
    for model in (LLAMA_8B, LLAMA_70B, "openai/gpt-oss-120b", "deepseek-ai/DeepSeek-V3"):
        for item in _search(option(model), instances=_ALL):
            assert (item.capacity is None) == bool(item.reason)


def test_every_model_card_can_be_searched() -> None:
    for model in model_cards():
        found = _search(option(model.id), level=slo(None, None), instances=_LARGEST)
        assert any(item.capacity for item in found), model.id


def test_the_answer_carries_provider_band_and_sources() -> None:
    capacity = _capacity(_search(providers=(RooflineProvider(),))[0])
    band = calibration().bands["roofline_dense"].throughput
    assert capacity.provider == "roofline"
    assert (capacity.band_low, capacity.band_high) == (band.low, band.high)
    assert capacity.source_ids == ("accelerators.yaml#H100", f"models.json#{LLAMA_8B}")


def test_capacity_is_judged_at_the_lower_band_edge() -> None:
    capacity = _capacity(_search()[0])
    assert capacity.low_rps < capacity.mid_rps < capacity.high_rps
    # Both objectives hold with every step 1 ÷ the lower edge as long.
    assert capacity.tpot_ms <= 100.0
    assert capacity.ttft_ms <= 2000.0


def test_without_objectives_capacity_scales_with_the_band() -> None:
    capacity = _capacity(_search(level=slo(None, None))[0])
    low, high = capacity.band_low, capacity.band_high
    assert capacity.low_rps / capacity.mid_rps == pytest.approx(low, rel=1e-3)
    assert capacity.high_rps / capacity.mid_rps == pytest.approx(high, rel=1e-3)


def test_the_engine_limits_are_those_asked_for() -> None:
    limits = {"max_num_seqs": 64, "max_num_batched_tokens": 4096, "kv_cache_dtype": "fp8"}
    found = _search(option(limits=limits))[0]
    assert (found.max_num_seqs, found.max_num_batched_tokens) == (64, 4096)
    assert found.kv_cache_dtype == "fp8"
    assert _capacity(found).concurrency <= 64
    assert found.max_model_len == 2048


def test_an_fp8_cache_holds_twice_the_tokens() -> None:
    plain = _search()[0].kv_cache_tokens
    assert _search(option(limits={"kv_cache_dtype": "fp8"}))[0].kv_cache_tokens == pytest.approx(
        2 * plain, abs=2
    )


@pytest.mark.parametrize(
    ("subject", "load", "level", "instances", "word"),
    [
        (option(LLAMA_70B), demand(), slo(), _FAMILY[:1], "weights 141.1 GB"),
        (option(), demand(), slo(None, 5), _P5, "ms > 5 ms with no load at 0.8"),
        (option(), demand(), slo(40, None), _P5, "TTFT p95"),
        (option(), demand(200_000, 10), slo(), _P5, "200,010 tokens > 131,072 context"),
        (option(), demand(), slo(), (instance("inf2.xlarge", "Inferentia2", 1),), "no data"),
        (option("openai/gpt-oss-20b"), demand(), slo(), (instance("g4dn", "T4", 1),), "no fp4"),
        (
            option(limits={"kv_cache_dtype": "fp8"}),
            demand(),
            slo(),
            (instance("g5.xlarge", "A10G", 1),),
            "kv_cache_dtype fp8",
        ),
        (option("openai/gpt-oss-20b", precision="fp8"), demand(), slo(), _P5, "no fp8 checkpoint"),
        (option(tensor_parallel_sizes=[8]), demand(), slo(), _FAMILY[:1], "needs 8 GPUs"),
        (
            option("Qwen/Qwen2.5-7B-Instruct", tensor_parallel_sizes=[8]),
            demand(),
            slo(),
            _P5,
            "28 attention heads",
        ),
    ],
)
def test_what_cannot_serve_says_why(
    subject: SelfHostOption,
    load: Demand,
    level: Slo,
    instances: tuple[InstanceType, ...],
    word: str,
) -> None:
    found = _search(subject, load, level, instances=instances)[0]
    assert found.capacity is None
    assert found.reason is not None
    assert word in found.reason


def test_an_accelerator_without_a_data_sheet_has_no_data() -> None:
    odd = replace(_P5[0], accelerator="X1")
    assert _search(instances=(odd,))[0].reason == "no data: X1 is not known"


def test_a_type_that_is_not_offered_is_named() -> None:
    found = _search(option(instance_types=["g6e.xlarge", "p5.48xlarge"]), instances=_FAMILY)
    assert [item.instance_type for item in found] == ["g6e.xlarge", "p5.48xlarge"]
    assert found[-1].reason == "p5.48xlarge is not offered in us-east-1"


def test_only_the_types_and_degrees_asked_for_are_candidates() -> None:
    found = _search(
        option(instance_types=["g6e.48xlarge"], tensor_parallel_sizes=[4, 2]), instances=_FAMILY
    )
    assert [item.tensor_parallel_size for item in found] == [2, 4]


def test_the_smaller_of_two_memory_figures_counts() -> None:
    small = replace(_P5[0], accelerator_mem_mib=40_000)
    large = replace(_P5[0], accelerator_mem_mib=90_000)
    usual = _search()[0].kv_cache_tokens
    assert _search(instances=(small,))[0].kv_cache_tokens < usual
    assert _search(instances=(large,))[0].kv_cache_tokens == usual


def test_t4_serves_in_fp16_and_says_so() -> None:
    found = _search(
        option("Qwen/Qwen3-0.6B"), level=slo(None, None), instances=(instance("g4dn", "T4", 1),)
    )[0]
    assert found.precision == "fp16"
    assert any("no bf16" in warning for warning in _capacity(found).warnings)


def test_a_shared_prefix_raises_capacity_and_is_an_assumption() -> None:
    plain = _capacity(_search(load=demand(2000, 100))[0])
    shared = _capacity(_search(load=demand(2000, 100, prefix_tokens=1600))[0])
    assert shared.mid_rps > 1.5 * plain.mid_rps
    assert any("shared prefix of 1,600 tokens" in warning for warning in shared.warnings)


def test_shared_prefixes_take_cache_from_requests() -> None:
    load = demand(20_000, 1000, prefix_tokens=19_200, distinct_prefixes=10)
    found = _search(load=load, level=slo(None, None, max_utilisation=Decimal(1)))[0]
    capacity = _capacity(found)
    left = found.kv_cache_tokens - 10 * 19_200
    # 800 prompt tokens and half of 1,000 answers are each request's own on average.
    assert capacity.concurrency <= left / 1300


def test_a_shared_prefix_is_computed_each_time_when_caching_is_off() -> None:
    load = demand(2000, 100, prefix_tokens=1600)
    off = _capacity(_search(option(limits={"prefix_caching": False}), load)[0])
    assert off.mid_rps == _capacity(_search(load=demand(2000, 100))[0]).mid_rps


def test_too_many_prefixes_are_not_reused() -> None:
    load = demand(2000, 100, prefix_tokens=1600, distinct_prefixes=5000)
    found = _capacity(_search(load=load)[0])
    assert found.mid_rps == _capacity(_search(load=demand(2000, 100))[0]).mid_rps
    assert any("no prefix reuse" in warning for warning in found.warnings)


def test_bursty_arrivals_lower_capacity_under_a_strict_ttft() -> None:
    level = slo(400, None)
    calm, wild = (_capacity(_search(load=demand(cv=cv), level=level)[0]) for cv in (1.0, 3.0))
    assert wild.low_rps < calm.low_rps * 0.8


def test_few_free_slots_are_worth_a_word() -> None:
    tight = _capacity(_search(option(limits={"max_num_seqs": 4}), level=slo(None, None))[0])
    assert any("of 4 sequences in use" in warning for warning in tight.warnings)
    assert not any("in use" in warning for warning in _capacity(_search()[0]).warnings)


@dataclass(frozen=True)
class _Wish:
    """A provider with times of its own for one kind of GPU."""

    accelerator: str
    factor: float = 1.0

    def answer(self, question: Question) -> Answer | None:
        if question.accelerator.name != self.accelerator:
            return None
        return Answer(
            steps=RoundSteps(),
            provider="wish",
            band=Band(low=0.9 * self.factor, high=1.1 * self.factor),
            source_ids=("row-1",),
            warnings=("from a wish",),
        )


def test_the_first_provider_with_data_answers_and_is_named() -> None:
    found = _search(instances=(*_P5, *_FAMILY[:1]), providers=(_Wish("H100"), _Wish("L40S")))
    both = [_capacity(item) for item in found if item.tensor_parallel_size == 1]
    assert {item.provider for item in both} == {"wish"}
    assert both[0].source_ids == ("row-1",)
    assert "from a wish" in both[0].warnings


def test_no_provider_with_data_is_no_data_even_for_known_gpus() -> None:
    found = _search(providers=(_Wish("L40S"),))[0]
    assert found.reason == "no data: no serving model for H100"


def test_no_rate_exceeds_the_peak_flops_of_the_gpus() -> None:
    # Steps that ignore the model are far too fast for 405B on L4; peak is 121 TFLOPS.
    found = _search(
        option("Qwen/Qwen3-8B"),
        demand(8000, 10),
        slo(None, None),
        instances=(instance("g6", "L4", 1),),
        providers=(_Wish("L4", factor=10.0),),
    )[0]
    capacity = _capacity(found)
    most = 121e12 / (2 * card("Qwen/Qwen3-8B").active_params * 8010)
    assert capacity.high_rps == pytest.approx(most)
    assert any("peak FLOPs" in warning for warning in capacity.warnings)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([model.id for model in model_cards()]),
    st.integers(1, 20_000),
    st.integers(1, 3_000),
    st.integers(50, 20_000),
    st.integers(5, 500),
)
def test_what_is_offered_holds_what_was_asked(
    model: str, prompt: int, answer: int, ttft_ms: int, tpot_ms: int
) -> None:
    load, level = demand(prompt, answer), slo(ttft_ms, tpot_ms)
    for item in _search(option(model), load, level, instances=_ALL):
        if item.capacity is None:
            continue
        found, device = item.capacity, gpu(item.accelerator)
        assert 0 < found.low_rps <= found.mid_rps * 1.005 <= found.high_rps * 1.01
        assert found.ttft_ms <= ttft_ms
        assert found.tpot_ms <= tpot_ms
        assert item.weights_bytes < device.mem_mib * 2**20
        assert item.kv_cache_tokens >= prompt + answer
        # What a sequence holds on average while it grows.
        held = Decimal(found.concurrency) * (prompt + Decimal(answer) / 2)
        assert held <= item.kv_cache_tokens + 1
        tokens = found.high_rps * (prompt + answer)
        peak = max(filter(None, (device.tflops_bf16, device.tflops_fp16, device.tflops_fp8)))
        flops = 2 * card(model).active_params * tokens
        assert flops <= item.tensor_parallel_size * peak * 1e12


@settings(max_examples=15, deadline=None)
@given(st.integers(100, 8_000), st.integers(10, 1_000), st.floats(1.0, 4.0))
def test_burstier_arrivals_never_raise_capacity(prompt: int, answer: int, cv: float) -> None:
    level = slo(1000, 100)
    plain = _search(load=demand(prompt, answer), level=level)
    bursty = _search(load=demand(prompt, answer, cv=cv), level=level)
    for calm, wild in zip(plain, bursty, strict=True):
        if wild.capacity is not None:
            assert _capacity(calm).low_rps >= wild.capacity.low_rps * (1 - 1e-3)


def test_many_replicas_share_a_burst_that_few_must_bear() -> None:
    level = slo(2000, 100)
    bursty = demand(1000, 200, cv=4.0)
    few = _capacity(_search(load=bursty, level=level)[0])
    busy = replace(bursty, requests_per_month=bursty.requests_per_month * 1000, mean_rps=1000.0)
    many = _capacity(_search(load=busy, level=level)[0])
    calm = _capacity(_search(load=demand(1000, 200), level=level)[0])
    assert few.low_rps < many.low_rps <= calm.low_rps * (1 + 1e-3)
    # Shared by hundreds, the bursts are all but gone.
    assert many.low_rps > calm.low_rps * 0.97


def test_the_same_question_has_the_same_answer() -> None:
    assert _search(instances=_ALL) == _search(instances=_ALL)

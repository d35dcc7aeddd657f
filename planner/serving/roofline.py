"""Step times from data sheets: the slower of reading weights and multiplying them.

    decode(b, l) = max(W(b) ÷ (tp·η·BW), 2·N·b·u ÷ (tp·η·F)) + b·kv(l) ÷ (ranks·η·BW) + overhead(b)
    mixed(c, a, b, l) = max(W(b + c) ÷ (tp·η·BW), 2·N·(b + c)·u ÷ (tp·η·F)) + c·a·pair ÷ (tp·η·F)
                        + b·kv(l) ÷ (ranks·η·BW) + overhead(b + c)

W(n) = dense + experts·(1 − (1 − k/E)^n) bytes that n tokens touch, N active parameters, u the cost
of unpacking, η the share of peak that kernels reach, kv(l) the cache of one sequence with its
state read and written, split over at most as many ranks as there are KV heads, overhead 0.02 ms a
layer and, for tp > 1, 0.03 ms a layer and two all-reduces of 2·n·h bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalog.types import Accelerator, ModelCard
from planner.serving.calibration import calibration
from planner.serving.constants import Link, constants
from planner.serving.memory import cache_shards
from planner.serving.steps import Answer, Question

__all__ = ["RooflineProvider", "RooflineSteps", "roofline_steps"]

_MS_PER_S = 1e3
_FLOPS_PER_PARAM = 2.0
_BYTES_BF16 = 2.0
_ALL_REDUCES_PER_LAYER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RooflineSteps:
    """Coefficients in ms: each is a quantity ÷ the rate it goes at."""

    dense_ms: float
    expert_ms: float
    idle_expert_share: float
    compute_ms_per_token: float
    attention_ms_per_pair: float
    window_attention_ms_per_pair: float
    kv_ms_per_token: float
    window_kv_ms_per_token: float
    window_tokens: float
    state_ms: float
    overhead_ms: float
    overhead_ms_per_token: float

    def decode_ms(self, sequences: float, context_tokens: float) -> float:
        """See the module; never below the time for one sequence."""
        number = sequences if sequences > 1.0 else 1.0
        weights = self.dense_ms
        if self.expert_ms:
            weights += self.expert_ms * (1.0 - self.idle_expert_share**number)
        compute = self.compute_ms_per_token * number
        return (
            (weights if weights > compute else compute)
            + number * self._cache_ms(context_tokens)
            + self.overhead_ms
            + number * self.overhead_ms_per_token
        )

    def mixed_ms(
        self,
        prefill_tokens: float,
        attended_tokens: float,
        sequences: float,
        context_tokens: float,
    ) -> float:
        """See the module."""
        number = sequences + prefill_tokens
        weights = self.dense_ms
        if self.expert_ms:
            weights += self.expert_ms * (1.0 - self.idle_expert_share**number)
        compute = self.compute_ms_per_token * number
        seen = attended_tokens if attended_tokens < self.window_tokens else self.window_tokens
        attention = prefill_tokens * (
            self.attention_ms_per_pair * attended_tokens + self.window_attention_ms_per_pair * seen
        )
        return (
            (weights if weights > compute else compute)
            + attention
            + sequences * self._cache_ms(context_tokens)
            + self.overhead_ms
            + number * self.overhead_ms_per_token
        )

    def _cache_ms(self, context_tokens: float) -> float:
        if not self.window_tokens:
            return self.kv_ms_per_token * context_tokens + self.state_ms
        seen = context_tokens if context_tokens < self.window_tokens else self.window_tokens
        return (
            self.kv_ms_per_token * context_tokens
            + self.window_kv_ms_per_token * seen
            + self.state_ms
        )


class RooflineProvider:
    """Answers for every GPU with bandwidth and FLOPs in its data sheet."""

    def answer(self, question: Question) -> Answer | None:
        """Step times by the formulas above; None without the data sheet's figures."""
        gpu, degree = question.accelerator, question.tensor_parallel_size
        if not gpu.servable or gpu.hbm_gb_per_s is None:
            return None
        slow_link = degree > 1 and not gpu.nvlink
        warnings = (
            (f"tensor parallel over PCIe on {gpu.name}: no serving measurement",)
            if slow_link
            else ()
        )
        band_class = _band_class(question, slow_link=slow_link)
        return Answer(
            steps=roofline_steps(question),
            provider="roofline",
            band=calibration().bands[band_class].throughput,
            band_class=band_class,
            source_ids=(f"accelerators.yaml#{gpu.name}", f"models.json#{question.card.id}"),
            warnings=warnings,
        )


def _band_class(question: Question, *, slow_link: bool) -> str:
    """Tensor parallel over PCIe, weights that are unpacked, mixtures of experts, and all others."""
    if slow_link:
        return "pcie"
    if question.weights.compute_factor > 1.0:
        return "roofline_derived"
    return "roofline_moe" if question.card.experts else "roofline_dense"


def roofline_steps(question: Question) -> RooflineSteps:
    """The coefficients for a model, GPU and tensor-parallel degree."""
    card, gpu, weights = question.card, question.accelerator, question.weights
    degree, fixed = question.tensor_parallel_size, constants()
    assert gpu.hbm_gb_per_s is not None
    # GB/s and TFLOPS to bytes and FLOPs per ms, as far as kernels reach.
    bytes_per_ms = gpu.hbm_gb_per_s * 1e9 / _MS_PER_S * fixed.efficiency
    flops_per_ms = weights.peak_tflops * 1e12 / _MS_PER_S * fixed.efficiency * degree
    half_flops_per_ms = _half_tflops(gpu) * 1e12 / _MS_PER_S * fixed.efficiency * degree
    cache_bytes_per_ms = bytes_per_ms * cache_shards(card, degree)
    return RooflineSteps(
        dense_ms=weights.dense_bytes / (bytes_per_ms * degree),
        expert_ms=weights.expert_bytes / (bytes_per_ms * degree),
        idle_expert_share=1.0 - card.experts_per_token / card.experts if card.experts else 0.0,
        compute_ms_per_token=(
            _FLOPS_PER_PARAM * card.active_params * weights.compute_factor / flops_per_ms
        ),
        attention_ms_per_pair=card.attention_flops_per_pair / half_flops_per_ms,
        window_attention_ms_per_pair=card.window_attention_flops_per_pair / half_flops_per_ms,
        kv_ms_per_token=card.kv_bytes_per_token_bf16 * question.kv_scale / cache_bytes_per_ms,
        window_kv_ms_per_token=(
            card.window_kv_bytes_per_token_bf16 * question.kv_scale / cache_bytes_per_ms
        ),
        window_tokens=float(card.window_tokens),
        state_ms=2.0 * card.state_bytes_per_sequence / (bytes_per_ms * degree),
        **_overheads(card, gpu, degree),
    )


def _half_tflops(gpu: Accelerator) -> float:
    found = gpu.tflops_bf16 or gpu.tflops_fp16
    assert found is not None
    return found


def _overheads(card: ModelCard, gpu: Accelerator, degree: int) -> dict[str, float]:
    fixed = constants()
    each = fixed.overhead_ms_per_layer
    if degree == 1:
        return {"overhead_ms": card.layers * each, "overhead_ms_per_token": 0.0}
    link = _link(gpu, degree)
    reduces = _ALL_REDUCES_PER_LAYER * card.layers
    each += fixed.parallel_overhead_ms_per_layer
    token_bytes = card.hidden_size * _BYTES_BF16
    return {
        "overhead_ms": card.layers * each + reduces * link.start_ms,
        "overhead_ms_per_token": reduces * token_bytes / (link.gb_per_s * 1e9 / _MS_PER_S),
    }


def _link(gpu: Accelerator, degree: int) -> Link:
    links = constants().links
    return links.get(gpu.name, links["nvlink" if gpu.nvlink else "pcie"])[degree]

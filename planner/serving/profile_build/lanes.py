"""Which tables stand for a precision: the quantisation modes to try, best first.

Traps, each measured on the tables of aiconfigurator-core 0.12.0:

- Dense ``fp8_block`` tables are slow beyond what engines show (Qwen3-32B, 16 sequences, B200:
  53 ms, per-tensor 9.5 ms; MiniMax M2.5 against InferenceX rows: 0.35-0.62 of measured on B200).
  Dense layers are always ``fp8``.
- Experts are the other way round: ``fp8_block`` is what the published FP8 checkpoints are, and on
  Hopper the per-tensor ``fp8`` tables are two to four times slower than bf16 (Qwen3-235B, 64
  sequences, 4 H100: 112 ms, bf16 47, blocks 31). ``fp8`` comes last, and a gate compares it.
- Blocks of 128 must divide the experts' share of a GPU (Qwen3-30B-A3B: 768 over 4); engines refuse
  it too. Then experts are spread whole over the GPUs (expert parallel).
- Latent attention has tables for bf16 and blocks only; with ``fp8`` it is priced as attention over
  all heads (DeepSeek-V3, 64 sequences at 16k, 8 B200: 92 ms instead of 33). Its dense layers are
  taken in bf16, an upper bound, and its memory in fp8.
- A shape of experts without a table is estimated from other shapes of the same kernel, last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from planner.serving.profile_build.engine import Modes

__all__ = ["KV_CACHES", "Kind", "kind_of", "lanes", "memory_modes"]

# Our word for the precision of a KV cache -> the library's.
KV_CACHES: Mapping[str, str] = {"bf16": "bfloat16", "fp8": "fp8"}

_EXPERT_FIELDS = ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What of a model decides about its tables."""

    experts: bool
    latent: bool
    mxfp4: bool


def kind_of(config: Mapping[str, Any]) -> Kind:
    """The kind of the model in an engine's config.json."""
    nested = config.get("text_config")
    text = cast(Mapping[str, Any], nested) if isinstance(nested, Mapping) else config
    quantization: Mapping[str, Any] = (
        config.get("quantization_config") or text.get("quantization_config") or {}
    )
    return Kind(
        experts=any(text.get(name) for name in _EXPERT_FIELDS),
        latent="kv_lora_rank" in text,
        mxfp4=quantization.get("quant_method") == "mxfp4",
    )


def lanes(kind: Kind, precision: str, kv_cache: str, degree: int) -> Iterator[Modes]:
    """The modes to try for a precision, the closest to what an engine runs first."""
    exact = [
        Modes(
            gemm=gemm,
            moe=moe,
            kv_cache=KV_CACHES[kv_cache],
            tensor_parallel_size=degree,
            expert_parallel_size=spread,
        )
        for gemm, moe in _pairs(kind, precision)
        for spread in ((1, degree) if kind.experts and degree > 1 else (1,))
    ]
    yield from exact
    yield from (replace(modes, transfer=True) for modes in exact)


def memory_modes(modes: Modes, precision: str) -> Modes:
    """The modes whose weights are as large as the checkpoint's."""
    return replace(modes, gemm="fp8") if precision == "fp8" else modes


def _pairs(kind: Kind, precision: str) -> list[tuple[str, str]]:
    """Modes of the dense layers and of the experts."""
    match precision:
        case "bf16":
            return [("bfloat16", "bfloat16")]
        case "fp8" if kind.latent:
            return [("bfloat16", "fp8_block"), ("bfloat16", "fp8")]
        case "fp8":
            return [("fp8", "fp8_block"), ("fp8", "fp8")] if kind.experts else [("fp8", "fp8")]
        case "fp4" if kind.mxfp4:
            return [("bfloat16", "w4a16_mxfp4")]
        case "fp4" if kind.latent:
            return [("bfloat16", "nvfp4")]
        case "fp4":
            return [("nvfp4", "nvfp4")]
        case "int4" if kind.experts:
            return [("bfloat16", "int4_wo")]
        case _:
            return []

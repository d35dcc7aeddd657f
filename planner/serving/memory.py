"""Whether weights and KV cache fit: fail closed.

    utilisation · GPU memory ≥ weights ÷ tp + activations + runtime reserve + KV cache

GPU memory is the smaller of what EC2 reports and the accelerator table's figure. The KV cache must
hold one longest request. The instance's own memory is no bound: engines map the weight files and
copy them to the GPU piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalog.types import ModelCard
from planner.serving.constants import constants
from planner.units import BYTES_PER_GB, BYTES_PER_GIB, BYTES_PER_MIB

__all__ = ["MemoryFit", "cache_shards", "fit_memory", "sequence_bytes", "split_reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFit:
    """Bytes on one GPU. ``reason`` says with the numbers why it does not fit, or is None."""

    usable_bytes: float
    weights_bytes: float
    activation_bytes: float
    reserve_bytes: float
    kv_bytes: float
    reason: str | None


def split_reason(card: ModelCard, tensor_parallel_size: int) -> str | None:
    """Why the model cannot be split over so many GPUs, or None.

    Query heads are split evenly; KV heads evenly, or each is copied to as many GPUs.
    """
    degree, heads, kv_heads = tensor_parallel_size, card.attention_heads, card.kv_heads
    if heads % degree:
        return f"{heads} attention heads do not divide by {degree}"
    if kv_heads % degree and degree % kv_heads:
        return f"{kv_heads} KV heads and {degree} GPUs do not divide"
    return None


def cache_shards(card: ModelCard, tensor_parallel_size: int) -> int:
    """Over how many GPUs one sequence's cache is spread; the others hold copies."""
    return min(tensor_parallel_size, card.kv_heads)


def sequence_bytes(
    card: ModelCard, tokens: float, *, tensor_parallel_size: int, kv_scale: float
) -> float:
    """Cache and state of one sequence on each GPU. ``kv_scale``: bytes of an element ÷ 2."""
    in_window = min(tokens, float(card.window_tokens))
    cache = card.kv_bytes_per_token_bf16 * tokens + card.window_kv_bytes_per_token_bf16 * in_window
    return (
        cache * kv_scale / cache_shards(card, tensor_parallel_size)
        + card.state_bytes_per_sequence / tensor_parallel_size
    )


def fit_memory(
    card: ModelCard,
    *,
    weights_bytes: float,
    gpu_mem_mib: int,
    gpu_memory_utilization: float,
    max_num_batched_tokens: int,
    tensor_parallel_size: int,
    longest_sequence_tokens: int,
    kv_scale: float,
) -> MemoryFit:
    """What is left for the KV cache on each GPU, and whether the longest request fits in it."""
    fixed = constants()
    usable = gpu_memory_utilization * gpu_mem_mib * BYTES_PER_MIB
    weights = weights_bytes / tensor_parallel_size
    per_token = fixed.activation_bytes_per_token_hidden
    per_token += fixed.activation_bytes_per_token_hidden_expert * card.experts_per_token
    activations = max_num_batched_tokens * card.hidden_size * per_token
    reserve = _reserve_bytes(gpu_mem_mib, tensor_parallel_size)
    left = usable - weights - activations - reserve
    needed = sequence_bytes(
        card,
        longest_sequence_tokens,
        tensor_parallel_size=tensor_parallel_size,
        kv_scale=kv_scale,
    )
    taken = f"weights {_gb(weights)} + activations {_gb(activations)} + runtime {_gb(reserve)}"
    usable_text = f"{_gb(usable)} usable ({gpu_memory_utilization:g} x {gpu_mem_mib:,} MiB)"
    reason = None
    # What is not a number fits nowhere.
    if not left > 0:
        reason = f"{taken} > {usable_text}"
    elif not needed <= left:
        reason = (
            f"one request of {longest_sequence_tokens:,} tokens needs {_gb(needed)} of KV cache, "
            f"{_gb(left)} are left: {taken} of {usable_text}"
        )
    return MemoryFit(
        usable_bytes=usable,
        weights_bytes=weights,
        activation_bytes=activations,
        reserve_bytes=reserve,
        kv_bytes=left if left > 0 else 0.0,
        reason=reason,
    )


def _reserve_bytes(gpu_mem_mib: int, tensor_parallel_size: int) -> float:
    fixed = constants()
    share = fixed.reserve_share * gpu_mem_mib * BYTES_PER_MIB / BYTES_PER_GIB
    gib = min(max(share, fixed.reserve_least_gib), fixed.reserve_most_gib)
    if tensor_parallel_size > 1:
        gib += fixed.reserve_parallel_gib
    return gib * BYTES_PER_GIB


def _gb(amount: float) -> str:
    return f"{amount / BYTES_PER_GB:.1f} GB"

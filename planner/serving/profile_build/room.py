"""What a model leaves for its cache on one GPU, by the library's memory model."""

from __future__ import annotations

from planner.catalog.architecture import Architecture
from planner.serving.profile_build.engine import (
    EngineSettings,
    Memory,
    Modes,
    NoData,
    NoMemoryModel,
    Target,
    memory_of,
)
from planner.serving.profile_build.gates import BYTES_PER_PARAM
from planner.serving.profile_build.lanes import memory_modes
from planner.serving.profiles.types import CacheRoom
from planner.units import BYTES_PER_GB

__all__ = ["cache_memory", "room"]

_LEAST_CACHE_TOKENS = 1024
# bf16 times are kept for weights of 4.16 bits, the smallest there are, where only those fit.
_SMALLEST_WEIGHTS = 4.16 / 16


def cache_memory(
    target: Target,
    modes: Modes,
    precision: str,
    settings: EngineSettings,
    counted: Architecture | None,
) -> Memory | None:
    """The library's memory sum, None where it has none; NoData when the model does not fit."""
    try:
        memory = memory_of(target, memory_modes(modes, precision), settings)
    except NoMemoryModel:
        if counted is None:
            raise
        _check_weights(target, modes, precision, settings, counted)
        return None
    _check_room(memory, precision, settings)
    return memory


def room(memory: Memory) -> CacheRoom | None:
    """The room as a profile says it; None when the weights leave none."""
    if memory.tokens < _LEAST_CACHE_TOKENS:
        return None
    return CacheRoom(
        gpu_bytes=memory.gpu_bytes,
        weights_bytes=memory.weights_bytes,
        activation_bytes=memory.activation_bytes,
        reserve_bytes=memory.reserve_bytes,
        cache_bytes=memory.cache_bytes,
        tokens=memory.tokens,
        bytes_per_token=memory.cache_bytes // memory.tokens,
    )


def _check_weights(
    target: Target, modes: Modes, precision: str, settings: EngineSettings, counted: Architecture
) -> None:
    weights = counted.params * BYTES_PER_PARAM[precision] / modes.tensor_parallel_size
    usable = settings.gpu_memory_utilization * target.gpu_bytes
    if weights >= usable:
        raise NoData(
            f"does not fit: weights {weights / BYTES_PER_GB:.1f} GB, "
            f"{usable / BYTES_PER_GB:.1f} GB usable"
        )


def _check_room(memory: Memory, precision: str, settings: EngineSettings) -> None:
    if memory.tokens >= _LEAST_CACHE_TOKENS:
        return
    smallest = memory.weights_bytes * (1 - _SMALLEST_WEIGHTS) if precision == "bf16" else 0.0
    if memory.cache_bytes + smallest <= 0 or not smallest:
        usable = settings.gpu_memory_utilization * memory.gpu_bytes / BYTES_PER_GB
        fixed = (memory.activation_bytes + memory.reserve_bytes) / BYTES_PER_GB
        raise NoData(
            f"does not fit: weights {memory.weights_bytes / BYTES_PER_GB:.1f} GB and "
            f"{fixed:.1f} GB to run, {usable:.1f} GB usable"
        )

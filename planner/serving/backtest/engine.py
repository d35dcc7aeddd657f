"""The engine a row was measured on: limits from its command line, else `vllm serve`'s own."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from planner.catalog.types import Accelerator
from planner.scenario.options import EngineLimits
from planner.serving.backtest.naming import conventions
from planner.serving.backtest.types import Row

__all__ = ["limits_of"]

_FLAGS = ("max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization")


def limits_of(row: Row, gpu: Accelerator) -> EngineLimits:
    """Flags named in the row's notes over the engine's defaults for the GPU.

    A closed loop has a slot for each request in flight: such runs set the limit to their load.
    """
    values: dict[str, object] = {**_defaults(gpu), **_flags(row.notes)}
    slots, tokens = int(str(values["max_num_seqs"])), int(str(values["max_num_batched_tokens"]))
    if row.load_kind == "closed":
        slots = max(slots, math.ceil(row.load))
    values["max_num_seqs"] = slots
    values["max_num_batched_tokens"] = max(tokens, slots)
    if re.search(r"--kv-cache-dtype[ =]fp8", row.notes):
        values["kv_cache_dtype"] = "fp8"
    return EngineLimits.model_validate(values)


def _defaults(gpu: Accelerator) -> dict[str, object]:
    found = conventions().engine_defaults
    large = gpu.mem_mib >= found["large_from_mib"] and not any(
        gpu.name.startswith(name.partition("-")[0]) for name in found["small_gpus"]
    )
    return dict(found["large" if large else "small"])


def _flags(notes: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in _FLAGS:
        match = re.search(rf"--{name.replace('_', '-')}[ =](\d[\d.]*)", notes)
        if match is not None:
            values[name] = Decimal(match[1]) if name.endswith("utilization") else int(match[1])
    return values

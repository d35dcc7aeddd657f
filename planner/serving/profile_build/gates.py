"""What a profile must pass before it is kept, and what is mended on the way.

- Times are finite and positive.
- More sequences or tokens never take less time. Tables break this in places (Llama 3.1 70B fp8 on
  4 B200: 13.0 ms for 1 sequence, 8.3 ms for 12). Engines pad a step to the next size they have a
  graph for, so a step is at most as slow as a larger one: it is lowered to that. Measured rows
  agree (8.0-8.4 ms at 4 sequences on those GPUs): over the 60 InferenceX rows of that model on
  B200 the median throughput error is 11 % so, 13 % with the tables as they are, 37 % when the
  larger time is carried on to larger steps instead.
- More context or past never takes less time. Nothing is padded there, and tables with a past lack
  operators (DeepSeek-V3 on 8 B300: one token in 10.1 ms, 5.4 ms after a past; a decode step takes
  9.9 ms): a step is raised to one with less.
- No step is faster than reading the weights of one token at peak bandwidth, or multiplying at peak
  FLOPs. Small operators are measured with their weights in the L2 cache, which a whole model never
  has (Llama 4 Scout on 4 L40S: 7.5 ms, peak bandwidth 8.7 ms): they are raised to nine tenths of
  the bound, and refused when they are further off than half.
- At most 3 % of a step's time is a speed-of-light estimate: those are 1.3-2.5 times too fast.
- Fewer bits are not slower than bf16 on the same GPUs by more than half: small models gain nothing
  from them, but kernels that nobody would run are two to four times slower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.catalog.architecture import Architecture
from planner.catalog.types import Accelerator

__all__ = ["BYTES_PER_PARAM", "Bound", "Repaired", "bound_of", "repaired", "too_slow"]

Table = Sequence[Sequence[float]]

BYTES_PER_PARAM = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5, "int4": 0.5}
_FLOPS_PER_PARAM = 2.0
_FP4_PER_FP8 = 2.0
_OF_PEAK = 0.9
_FURTHEST_OFF = 0.5
_MOST_OF_BF16 = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """``values`` non-decreasing along both axes; ``points`` changed, the most by ``most_pct``."""

    values: tuple[tuple[float, ...], ...]
    points: int
    most_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least ms a step can take: to read the weights once, and to multiply one token."""

    weights_ms: float = 0.0
    compute_ms_per_token: float = 0.0

    def least_ms(self, tokens: int) -> float:
        """Of a step of so many tokens."""
        return max(self.weights_ms, self.compute_ms_per_token * tokens)


def repaired(values: Table, sizes: Sequence[int], bound: Bound) -> Repaired:
    """Times by the module's rules: ``values[i][j]`` of a step of ``sizes[i]`` tokens.

    The second axis is context or past. ValueError when a time is not a positive finite number, or
    too far below the bound.
    """
    rows = [list(row) for row in values]
    _check(rows)
    for i in reversed(range(len(rows) - 1)):
        rows[i] = [min(here, larger) for here, larger in zip(rows[i], rows[i + 1], strict=True)]
    for i, size in enumerate(sizes):
        rows[i] = _raised(rows[i], bound.least_ms(size), size)
    changes = [
        abs(new / old - 1.0)
        for row, before in zip(rows, values, strict=True)
        for new, old in zip(row, before, strict=True)
        if new != old
    ]
    return Repaired(
        values=tuple(tuple(row) for row in rows),
        points=len(changes),
        most_pct=round(max(changes, default=0.0) * 100, 1),
    )


def _check(rows: Table) -> None:
    for value in (value for row in rows for value in row):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"a step of {value} ms")


def _raised(row: Sequence[float], least_ms: float, size: int) -> list[float]:
    if row[0] < _FURTHEST_OFF * least_ms:
        raise ValueError(
            f"a step of {size:,} tokens in {row[0]:.2f} ms is faster than the GPU's peak "
            f"({least_ms:.2f} ms)"
        )
    mended: list[float] = []
    for value in row:
        mended.append(max(value, _OF_PEAK * least_ms, mended[-1] if mended else 0.0))
    return mended


def bound_of(model: Architecture, gpu: Accelerator, precision: str, degree: int) -> Bound:
    """The bound of a model on ``degree`` GPUs; none where the data sheet lacks a figure.

    Embeddings and the output head are left out: the first is a look-up, the second is for one
    token of a prompt.
    """
    flops = gpu.tflops_bf16 if precision in ("bf16", "int4") else gpu.tflops_fp8
    if flops is None or gpu.hbm_gb_per_s is None:
        return Bound()
    if precision == "fp4":
        flops *= _FP4_PER_FP8
    active = max(model.active_params - model.unquantized_params, 0.0)
    return Bound(
        weights_ms=active * BYTES_PER_PARAM[precision] / (degree * gpu.hbm_gb_per_s * 1e6),
        compute_ms_per_token=_FLOPS_PER_PARAM * active / (degree * flops * 1e9),
    )


def too_slow(step_ms: float, bf16_ms: float, what: str) -> str | None:
    """Why a table of fewer bits is not believed, or None."""
    if step_ms <= _MOST_OF_BF16 * bf16_ms:
        return None
    return f"its table is {step_ms / bf16_ms:.1f}x slower than bf16 ({what})"

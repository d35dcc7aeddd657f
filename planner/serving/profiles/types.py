"""A serving profile: measured step times of one model on one kind of GPU, and where they are from.

Lengths are tokens, times milliseconds, memory bytes on one GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["CacheRoom", "ModelFacts", "NoProfile", "Profile", "ProfileKey", "ProfileSource"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProfileKey:
    """What a profile is for.

    ``accelerator`` as in the catalogue (``H100``); ``precision`` of the weights (``bf16``,
    ``fp8``, ``fp4``, ``int4``) and of the KV cache (``bf16``, ``fp8``).
    """

    accelerator: str
    precision: str
    kv_cache: str
    tensor_parallel_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRoom:
    """Memory of one GPU after the weights, under the settings of the profile's source.

    ``cache_bytes`` = utilisation · GPU bytes − weights − activations − runtime reserve.
    ``tokens`` is what one very long sequence could hold in them, ``bytes_per_token`` the mean over
    it; models whose cache does not grow evenly (windows, states) hold fewer tokens of short ones.
    """

    gpu_bytes: int
    weights_bytes: int
    activation_bytes: int
    reserve_bytes: int
    cache_bytes: int
    tokens: int
    bytes_per_token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Times of engine steps on grids, without the host's overhead.

    ``decode_ms[i][j]``: one step that adds a token to each of ``decode_sequences[i]`` sequences,
    at a mean context of ``decode_context_tokens[j]``.
    ``prefill_ms[i][j]``: one step that takes in ``prefill_tokens[j]`` tokens of one sequence,
    with ``prefill_past_tokens[i]`` before them.
    ``cache`` is None when the weights leave no room on the GPU: the times are kept for weights of
    fewer bits (see ``weight_only``).
    ``method`` is ``measured`` when every operator has a table, ``transferred`` when the times of
    its experts are estimated from experts of other shapes. The shares are of step time:
    ``measured_share`` from tables, ``mixed_share`` sums of table and formula, ``formula_share``
    bandwidth formulas and estimates. ``repaired_points`` were changed, the most by
    ``repaired_most_pct``, to make the times non-decreasing and physical.
    ``expert_parallel_size`` > 1 needs the engine's expert parallelism switched on.
    """

    key: ProfileKey
    decode_sequences: tuple[int, ...]
    decode_context_tokens: tuple[int, ...]
    decode_ms: tuple[tuple[float, ...], ...]
    prefill_tokens: tuple[int, ...]
    prefill_past_tokens: tuple[int, ...]
    prefill_ms: tuple[tuple[float, ...], ...]
    cache: CacheRoom | None
    method: str
    table: str
    modes: str
    expert_parallel_size: int
    measured_share: float
    mixed_share: float
    formula_share: float
    decode_factor: float
    repaired_points: int
    repaired_most_pct: float
    gates: tuple[str, ...]
    notes: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoProfile:
    """A combination without a profile, and why."""

    accelerator: str
    precision: str
    tensor_parallel_sizes: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """The architecture the times were computed for; None where it could not be counted.

    ``config_sha256`` is of the config.json, ``config_source`` where it was read. ``built_as``
    says which other architecture stood in for it, or is empty.
    """

    params: float | None
    active_params: float | None
    layers: int
    kv_heads: int
    head_dim: int
    experts: int
    experts_per_token: int
    max_context_tokens: int
    config_sha256: str
    config_source: str
    built_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSource:
    """Where the profiles of a file come from and with which engine settings.

    ``built`` is the day of the build as an ISO date.
    """

    name: str
    version: str
    licence: str
    backend: str
    builder: str
    built: str
    gpu_memory_utilization: float
    max_num_batched_tokens: int
    max_num_seqs: int
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

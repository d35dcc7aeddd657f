"""What serving hands on: what one replica on one instance type sustains, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.serving.batching import Replica

__all__ = ["Capacity", "ServingOption"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Largest rate one replica sustains inside the service level, with its 80 % band.

    Rates in requests per second: ``low_rps`` is judged with every step ``1 ÷ band_low`` times as
    long as predicted, and replicas are sized on it; ``mid_rps`` at the predicted speed, on which
    utilisation is reported; ``high_rps`` at ``band_high`` of it. ``ttft_ms`` and ``tpot_ms`` are
    those of ``low_rps`` for the percentiles of the service level.
    ``concurrency`` is the number of sequences decoded together at that rate.
    ``provider`` names who answered (``roofline``, ``profile``, ``measured``); ``source_ids`` the
    rows or tables behind it. ``replica`` is the one that ``low_rps`` was judged on, step times,
    limits and slowdown included, for who wants to judge it again; None where nothing was modelled.
    """

    low_rps: float
    mid_rps: float
    high_rps: float
    ttft_ms: float
    tpot_ms: float
    concurrency: float
    provider: str
    band_low: float
    band_high: float
    source_ids: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    # Step times hold whole tables: no part of what makes two capacities equal.
    replica: Replica | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOption:
    """A model at a precision on an instance type with a tensor-parallel degree.

    ``capacity`` is None when the combination cannot serve the workload; ``reason`` then says why
    with the numbers (``weights 141.0 GB > 20.1 GB usable``, ``TTFT p95 1.9 s > 1.0 s``).
    ``replicas_per_instance`` = accelerators ÷ tensor_parallel_size, rounded down.
    Byte figures are per accelerator; ``kv_cache_tokens`` is what the cache of one replica holds in
    sequences of the workload's mean length. ``prefix_caching``: shared prefixes are reused.
    """

    model_id: str
    precision: str
    kv_cache_dtype: str
    instance_type: str
    accelerator: str
    tensor_parallel_size: int
    replicas_per_instance: int
    max_model_len: int
    max_num_seqs: int
    max_num_batched_tokens: int
    weights_bytes: float
    kv_cache_tokens: int
    capacity: Capacity | None
    reason: str | None
    prefix_caching: bool = False

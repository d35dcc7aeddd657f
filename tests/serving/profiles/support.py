"""Profiles small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

from planner.serving.profiles import (
    INDEX_NAME,
    SUFFIX,
    CacheRoom,
    ModelFacts,
    NoProfile,
    Profile,
    ProfileKey,
    ProfileSource,
    encode_profiles,
    index_text,
    packed,
)

FACTS = ModelFacts(
    params=8.0e9,
    active_params=8.0e9,
    layers=32,
    kv_heads=8,
    head_dim=128,
    experts=0,
    experts_per_token=0,
    max_context_tokens=4096,
    config_sha256="0" * 64,
    config_source="made up",
)
SOURCE = ProfileSource(
    name="aiconfigurator-core",
    version="0.12.0",
    licence="Apache-2.0",
    backend="vllm",
    builder="planner 0",
    built="2026-11-22",
    gpu_memory_utilization=0.9,
    max_num_batched_tokens=8192,
    max_num_seqs=256,
)
ROOM = CacheRoom(
    gpu_bytes=80_000,
    weights_bytes=16_000,
    activation_bytes=1_000,
    reserve_bytes=3_000,
    cache_bytes=52_000,
    tokens=520,
    bytes_per_token=100,
)


def key(
    accelerator: str = "H100", precision: str = "bf16", kv_cache: str = "bf16", degree: int = 1
) -> ProfileKey:
    """A key; H100, bf16 and one GPU unless said otherwise."""
    return ProfileKey(
        accelerator=accelerator,
        precision=precision,
        kv_cache=kv_cache,
        tensor_parallel_size=degree,
    )


def profile(at: ProfileKey | None = None, **changes: object) -> Profile:
    """Decode 5 ms + 1 ms a sequence + 1 ms per 1,000 tokens of context and sequence; prefill 1 ms
    per 100 tokens, and 1 ms per 1,000 past tokens for each 1,000 tokens.

    Both are bilinear, so that interpolation gives them exactly.
    """
    sequences, contexts = (1, 2, 8), (100, 1000, 4000)
    tokens, past = (1, 100, 1000, 10000), (0, 1000, 4000, 16000, 64000)
    values: dict[str, object] = {
        "key": at or key(),
        "decode_sequences": sequences,
        "decode_context_tokens": contexts,
        "decode_ms": tuple(
            tuple(5.0 + b + b * length / 1000 for length in contexts) for b in sequences
        ),
        "prefill_tokens": tokens,
        "prefill_past_tokens": past,
        "prefill_ms": tuple(tuple(n / 100 + n * p / 1e6 for n in tokens) for p in past),
        "cache": ROOM,
        "method": "measured",
        "table": "vllm 0.24.0",
        "modes": "gemm bfloat16, moe bfloat16, kv bfloat16",
        "expert_parallel_size": 1,
        "measured_share": 0.9,
        "mixed_share": 0.06,
        "formula_share": 0.04,
        "decode_factor": 1.0,
        "repaired_points": 0,
        "repaired_most_pct": 0.0,
        "gates": ("finite",),
    }
    return Profile(**(values | changes))  # type: ignore[arg-type]


def text_of(
    *profiles: Profile,
    stem: str = "small",
    models: tuple[str, ...] = ("acme/Small",),
    rejected: tuple[NoProfile, ...] = (),
) -> str:
    """The text of a profile file."""
    return encode_profiles(
        stem=stem, models=models, facts=FACTS, source=SOURCE, rejected=rejected, profiles=profiles
    )


def write_folder(folder: Path, *texts: tuple[str, str]) -> Path:
    """A folder with an index and a file for each ``(stem, text)``."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in texts:
        (folder / f"{stem}{SUFFIX}").write_bytes(packed(text))
    (folder / INDEX_NAME).write_text(index_text(folder), encoding="utf-8")
    return folder

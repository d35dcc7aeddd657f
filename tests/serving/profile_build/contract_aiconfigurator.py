"""The real library keeps the promises the adapter and the shipped profiles are built on.

Not collected by `pytest` alone: it needs the extra `profiles`, which the development environment
does not hold. Install that and pytest into another one and name this file. A failure after an
update of the library means: read its release notes, look at `profile_build/lanes.py` and
`gates.py`, and build the profiles anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planner.serving.profile_build import BuildPlan, EngineSettings, build_profiles, model_source
from planner.serving.profile_build.engine import (
    EngineTimes,
    Modes,
    NoData,
    Target,
    bundled_config,
    engine_version,
    memory_of,
    open_engine,
    table_version,
)
from planner.serving.profile_build.sources import engine_config, systems
from planner.serving.profiles import ProfileKey, shipped_profiles

_LLAMA = "llama-3.1-8b"


def _target(folder: Path, stem: str, gpu: str, gpu_bytes: int | None = None) -> Target:
    folder = folder / stem
    folder.mkdir(exist_ok=True)
    config = engine_config(model_source(stem))
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    system = systems()[gpu].system
    version, own_bytes = table_version(system)
    return Target(
        config_dir=folder, system=system, version=version, gpu_bytes=gpu_bytes or own_bytes
    )


def _modes(gemm: str, moe: str | None = None, *, degree: int = 1, transfer: bool = False) -> Modes:
    return Modes(
        gemm=gemm,
        moe=moe or gemm,
        kv_cache="bfloat16",
        tensor_parallel_size=degree,
        transfer=transfer,
    )


def _engine(folder: Path, stem: str, gpu: str, modes: Modes) -> EngineTimes:
    return open_engine(_target(folder, stem, gpu), modes)


def test_the_version_is_the_pinned_one() -> None:
    assert engine_version().startswith("0.12.")


@pytest.mark.parametrize(
    ("gpu", "version"), [("H100", "0.24.0"), ("L40S", "0.24.0"), ("A100-80GB", "0.14.0")]
)
def test_table_versions(gpu: str, version: str) -> None:
    assert table_version(systems()[gpu].system)[0] == version


def test_anchors_of_llama_8b_on_h100(tmp_path: Path) -> None:
    engine = _engine(tmp_path, _LLAMA, "H100", _modes("bfloat16"))
    assert engine.prefill_ms(1024, 0) == pytest.approx(22.11, abs=0.005)
    assert engine.decode_ms(64, 1153) == pytest.approx(10.65, abs=0.005)
    assert engine.mixed_ms(1024, 63, 1024, 256) == pytest.approx(27.95, abs=0.005)


@pytest.mark.parametrize(
    ("gpu", "gpu_bytes", "tokens"),
    [
        ("H100", None, 432_992),
        ("L40S", 45776 * 2**20, 172_755),
        ("L40S", None, 174_857),
        ("A100-40GB", 40 * 2**30, 138_080),
    ],
)
def test_cache_of_llama_8b(tmp_path: Path, gpu: str, gpu_bytes: int | None, tokens: int) -> None:
    target = _target(tmp_path, _LLAMA, gpu, gpu_bytes)
    memory = memory_of(target, _modes("bfloat16"), EngineSettings())
    assert memory.tokens == tokens
    assert memory.weights_bytes == 16_059_990_016


def test_prefill_takes_the_past_apart_from_the_new_tokens(tmp_path: Path) -> None:
    engine = _engine(tmp_path, _LLAMA, "H100", _modes("bfloat16"))
    assert engine.prefill_ms(512, 32768) > engine.prefill_ms(512, 0)
    assert engine.prefill_ms(512, 32768) < engine.prefill_ms(512 + 32768, 0)


def test_the_cache_precision_is_the_one_that_is_passed(tmp_path: Path) -> None:
    # The checkpoint's own default would be fp8, and twice the tokens.
    target = _target(tmp_path, "qwen3-32b", "H100")
    assert memory_of(target, _modes("fp8"), EngineSettings()).tokens == 144_034


def test_dense_blocks_are_still_slow(tmp_path: Path) -> None:
    # When this fails the tables were mended, and `lanes.py` can be simplified.
    blocks = _engine(tmp_path, "qwen3-32b", "B200", _modes("fp8_block"))
    plain = _engine(tmp_path, "qwen3-32b", "B200", _modes("fp8"))
    assert blocks.decode_ms(16, 1024) > 2 * plain.decode_ms(16, 1024)


def test_per_tensor_experts_are_still_slow_on_hopper(tmp_path: Path) -> None:
    plain, blocks = (
        _engine(tmp_path, "qwen3-235b-a22b", "H100", _modes("fp8", moe, degree=4))
        for moe in ("fp8", "fp8_block")
    )
    assert plain.decode_ms(64, 2048) > 2 * blocks.decode_ms(64, 2048)


def test_latent_attention_with_fp8_dense_layers_is_still_mispriced(tmp_path: Path) -> None:
    wrong, right = (
        _engine(tmp_path, "deepseek-v3", "B200", _modes(gemm, "fp8_block", degree=8))
        for gemm in ("fp8", "bfloat16")
    )
    assert wrong.decode_ms(64, 16384) > 2 * right.decode_ms(64, 16384)


@pytest.mark.parametrize(
    ("stem", "gpu", "modes", "words"),
    [
        (_LLAMA, "A100-80GB", _modes("fp8"), "the GPU does not multiply fp8"),
        (_LLAMA, "H100", _modes("nvfp4"), "the GPU does not multiply fp4"),
        ("glm-4.5", "H100", _modes("bfloat16", degree=8), "no operator table: MoE data missing"),
        ("qwen3-30b-a3b", "H100", _modes("fp8", "fp8_block", degree=4), "whole blocks of 128"),
        ("qwen2.5-0.5b", "H100", _modes("bfloat16", degree=4), "divi"),
    ],
)
def test_what_is_not_possible_has_a_reason(
    tmp_path: Path, stem: str, gpu: str, modes: Modes, words: str
) -> None:
    with pytest.raises(NoData, match=words):
        _engine(tmp_path, stem, gpu, modes).decode_ms(1, 1024)


def test_a_shape_of_experts_without_a_table_is_estimated_when_asked(tmp_path: Path) -> None:
    engine = _engine(tmp_path, "glm-4.5", "H100", _modes("bfloat16", degree=8, transfer=True))
    assert 5 < engine.decode_ms(1, 1024) < 20
    assert engine.decode_shares(64, 2048)["empirical"] > 0.5


def test_shares_of_a_step_add_up(tmp_path: Path) -> None:
    engine = _engine(tmp_path, _LLAMA, "H100", _modes("bfloat16"))
    for shares in (engine.decode_shares(64, 1153), engine.prefill_shares(1024)):
        assert sum(shares.values()) == pytest.approx(1.0)
        assert shares["silicon"] > 0.8


def test_a_config_is_only_ever_read_from_the_library_itself() -> None:
    assert bundled_config("acme/does-not-exist") is None
    found = bundled_config("meta-llama/Meta-Llama-3.1-8B")
    assert found is not None
    assert found["num_hidden_layers"] == 32


@pytest.mark.parametrize(
    ("stem", "gpu", "precision", "degree"),
    [
        (_LLAMA, "H100", "bf16", 1),
        (_LLAMA, "A100-40GB", "bf16", 2),
        ("gpt-oss-120b", "H200", "fp4", 1),
        ("qwen3-30b-a3b", "H100", "fp8", 4),
        ("glm-4.5-air", "L40S", "fp8", 4),
    ],
)
def test_a_rebuild_gives_the_shipped_profile_bit_for_bit(
    tmp_path: Path, stem: str, gpu: str, precision: str, degree: int
) -> None:
    plan = BuildPlan(
        accelerators=(gpu,),
        precisions=(precision,),
        kv_caches=("bf16",),
        degrees=(degree,),
        built="2026-11-22",
        settings=EngineSettings(),
    )
    (built,) = build_profiles(model_source(stem), plan, tmp_path).profiles
    key = ProfileKey(
        accelerator=gpu, precision=precision, kv_cache="bf16", tensor_parallel_size=degree
    )
    shipped = shipped_profiles().file([stem])
    assert shipped is not None
    line = shipped.lines[key]
    assert json.dumps(built.decode_ms, separators=(",", ":")) in line
    assert json.dumps(built.prefill_ms, separators=(",", ":")) in line
    assert f'"modes":"{built.modes}"' in line

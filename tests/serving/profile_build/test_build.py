"""Building a file with a library made up for the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.serving.profile_build import build as building
from planner.serving.profile_build import room as rooms
from planner.serving.profile_build.build import BuildPlan, Built, build_profiles
from planner.serving.profile_build.engine import (
    EngineSettings,
    Memory,
    Modes,
    NoData,
    NoMemoryModel,
    Target,
)
from planner.serving.profile_build.sources import ModelSource
from planner.serving.profiles import ProfileKey, packed, read_profiles

_GB = 10**9
_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}


@dataclass(frozen=True)
class _Engine:
    """Straight lines; fp8 takes half the time, and ``slow`` times as long."""

    modes: Modes
    slow: float = 1.0
    shares: tuple[tuple[str, float], ...] = (("silicon", 0.9), ("empirical", 0.1))

    @property
    def _factor(self) -> float:
        return self.slow * (0.5 if self.modes.gemm == "fp8" else 1.0)

    def decode_ms(self, sequences: int, context_tokens: int) -> float:
        return self._factor * (20.0 + sequences * (0.1 + context_tokens / 1e4))

    def prefill_ms(self, tokens: int, past_tokens: int) -> float:
        return self._factor * (20.0 + tokens * (0.05 + past_tokens / 1e6))

    def mixed_ms(self, tokens: int, sequences: int, input_tokens: int, output_tokens: int) -> float:
        raise AssertionError("a build asks for no mixed step")

    def decode_shares(self, sequences: int, context_tokens: int) -> Mapping[str, float]:
        return dict(self.shares)

    def prefill_shares(self, tokens: int) -> Mapping[str, float]:
        return dict(self.shares)


Opens = Callable[[Target, Modes], _Engine]


@dataclass
class _Library:
    """Answers the questions of a build; tests replace parts of it."""

    weights_bytes: int = 16 * _GB
    opens: Opens = lambda _, modes: _Engine(modes)
    knows_memory: bool = True

    def memory_of(self, target: Target, modes: Modes, settings: EngineSettings) -> Memory:
        if not self.knows_memory:
            raise NoMemoryModel("insufficient model metadata")
        weights = self.weights_bytes // modes.tensor_parallel_size
        weights //= 2 if modes.gemm == "fp8" else 1
        left = int(settings.gpu_memory_utilization * target.gpu_bytes) - weights - 4 * _GB
        return Memory(
            gpu_bytes=target.gpu_bytes,
            weights_bytes=weights,
            activation_bytes=_GB,
            reserve_bytes=3 * _GB,
            cache_bytes=left,
            tokens=max(left, 0) // 131072,
        )

    def open_engine(self, target: Target, modes: Modes) -> _Engine:
        return self.opens(target, modes)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> _Library:
    made_up = _Library()
    monkeypatch.setattr(rooms, "memory_of", lambda *args: made_up.memory_of(*args))
    monkeypatch.setattr(building, "open_engine", lambda *args: made_up.open_engine(*args))
    monkeypatch.setattr(building, "engine_version", lambda: "0.12.0")
    monkeypatch.setattr(building, "table_version", lambda system: ("0.24.0", 90 * 2**30))
    return made_up


def _built(folder: Path, *gpus: str, degrees: tuple[int, ...] = (1,), **changes: object) -> Built:
    source = ModelSource(
        stem="acme-8b",
        models=("acme/Acme-8B",),
        config=_CONFIG | changes,
        config_source="made up",
        engine={},
        built_as="",
        max_context_tokens=None,
        precisions=("bf16", "fp8", "fp4"),
    )
    plan = BuildPlan(
        accelerators=gpus or ("H100",),
        precisions=("bf16", "fp8"),
        kv_caches=("bf16",),
        degrees=degrees,
        built="2026-11-22",
        settings=EngineSettings(),
    )
    folder.mkdir(exist_ok=True)
    return build_profiles(source, plan, folder)


def _key(precision: str, gpu: str = "H100", degree: int = 1) -> ProfileKey:
    return ProfileKey(
        accelerator=gpu, precision=precision, kv_cache="bf16", tensor_parallel_size=degree
    )


def test_every_combination_becomes_a_profile_with_its_source(
    library: _Library, tmp_path: Path
) -> None:
    built = _built(tmp_path / "s", degrees=(1, 2))
    assert [profile.key for profile in built.profiles] == [
        _key("bf16"),
        _key("bf16", degree=2),
        _key("fp8"),
        _key("fp8", degree=2),
    ]
    assert built.rejected == ()
    path = tmp_path / "acme-8b.jsonl.gz"
    path.write_bytes(packed(built.text))
    found = read_profiles(path)
    assert found.source.version == "0.12.0"
    assert found.source.built == "2026-11-22"
    assert found.facts.params == pytest.approx(8.03e9, rel=1e-3)
    profile = found.profile(_key("fp8"))
    assert profile.table == "vllm 0.24.0"
    assert profile.modes == "gemm fp8, moe fp8, kv bfloat16"
    assert (profile.measured_share, profile.formula_share) == (0.9, 0.1)
    assert profile.gates == (
        "finite",
        "non_decreasing",
        "above_bound",
        "no_speed_of_light",
        "not_slower_than_bf16",
    )


def test_the_grid_holds_the_times_of_the_engine(library: _Library, tmp_path: Path) -> None:
    profile = _built(tmp_path).profiles[0]
    i, j = profile.decode_sequences.index(64), profile.decode_context_tokens.index(2048)
    assert profile.decode_ms[i][j] == pytest.approx(20.0 + 64 * 0.3048, rel=1e-4)
    i, j = profile.prefill_past_tokens.index(4096), profile.prefill_tokens.index(1024)
    assert profile.prefill_ms[i][j] == pytest.approx(20.0 + 1024 * (0.05 + 0.004096), rel=1e-4)


def test_contexts_end_at_the_first_point_that_holds_the_longest(
    library: _Library, tmp_path: Path
) -> None:
    assert _built(tmp_path / "a").profiles[0].decode_context_tokens[-1] == 8192
    longer = _built(tmp_path / "b", max_position_embeddings=40960)
    assert longer.profiles[0].decode_context_tokens[-1] == 65536


def test_gpu_memory_is_the_smaller_of_both_figures(library: _Library, tmp_path: Path) -> None:
    built = _built(tmp_path, "L40S", "H200")
    rooms = {profile.key.accelerator: profile.cache for profile in built.profiles}
    assert rooms["L40S"] is not None
    assert rooms["H200"] is not None
    assert rooms["L40S"].gpu_bytes == 45776 * 2**20
    assert rooms["H200"].gpu_bytes == 90 * 2**30


def test_the_40_gb_card_decodes_slower_than_the_tables_of_the_80_gb_card(
    library: _Library, tmp_path: Path
) -> None:
    small, large = (_built(tmp_path / gpu, gpu).profiles[0] for gpu in ("A100-40GB", "A100-80GB"))
    assert small.decode_ms[0][0] == pytest.approx(1.12 * large.decode_ms[0][0], rel=1e-4)
    assert small.prefill_ms == large.prefill_ms
    assert (small.decode_factor, large.decode_factor) == (1.12, 1.0)


def test_a_combination_without_tables_is_listed_with_its_reason(
    library: _Library, tmp_path: Path
) -> None:
    def opens(target: Target, modes: Modes) -> _Engine:
        if modes.gemm == "fp8":
            raise NoData("the GPU does not multiply fp8")
        return _Engine(modes)

    library.opens = opens
    built = _built(tmp_path, degrees=(1, 2, 4))
    assert {profile.key.precision for profile in built.profiles} == {"bf16"}
    (refused,) = built.rejected
    assert (refused.accelerator, refused.precision) == ("H100", "fp8")
    assert refused.tensor_parallel_sizes == (1, 2, 4)
    assert refused.reason == "the GPU does not multiply fp8"


def test_a_defect_of_the_library_is_no_reason(library: _Library, tmp_path: Path) -> None:
    def opens(target: Target, modes: Modes) -> _Engine:
        raise KeyError("its own mistake")

    library.opens = opens
    with pytest.raises(KeyError):
        _built(tmp_path)


def test_bf16_times_are_kept_where_only_four_bits_fit(library: _Library, tmp_path: Path) -> None:
    # 141 GB on a 46 GB card: not in bf16, nor in fp8 (70.5); in 4.16 bits (36.7) it would.
    library.weights_bytes = 141 * _GB
    built = _built(tmp_path, "L40S")
    (kept,) = built.profiles
    assert kept.key.precision == "bf16"
    assert kept.cache is None
    (refused,) = built.rejected
    assert refused.reason == ("does not fit: weights 70.5 GB and 4.0 GB to run, 43.2 GB usable")


def test_nothing_is_kept_where_not_even_four_bits_fit(library: _Library, tmp_path: Path) -> None:
    library.weights_bytes = 800 * _GB
    built = _built(tmp_path, "L40S")
    assert built.profiles == ()
    assert [each.precision for each in built.rejected] == ["bf16", "fp8"]


def test_fewer_bits_slower_than_bf16_are_refused(library: _Library, tmp_path: Path) -> None:
    library.opens = lambda _, modes: _Engine(modes, slow=4.0 if modes.gemm == "fp8" else 1.0)
    (refused,) = _built(tmp_path).rejected
    assert refused.reason == "its table is 2.0x slower than bf16 (64 sequences at 2048 tokens)"


def test_times_that_are_speed_of_light_are_refused(library: _Library, tmp_path: Path) -> None:
    library.opens = lambda _, modes: _Engine(modes, shares=(("silicon", 0.9), ("sol", 0.1)))
    built = _built(tmp_path)
    assert built.profiles == ()
    assert built.rejected[0].reason == "10% of its times would be speed of light only"


def test_a_few_speed_of_light_times_are_kept_and_named(library: _Library, tmp_path: Path) -> None:
    library.opens = lambda _, modes: _Engine(modes, shares=(("silicon", 0.98), ("sol", 0.02)))
    built = _built(tmp_path)
    assert built.profiles
    for profile in built.profiles:
        assert "no_speed_of_light" not in profile.gates
        assert "2.0% of its times are speed-of-light estimates" in profile.notes


def test_times_are_kept_where_the_library_has_no_memory_model(
    library: _Library, tmp_path: Path
) -> None:
    # 8.03e9 parameters are 16.1 GB in bf16, an L40S has 48 GB.
    library.knows_memory = False
    built = _built(tmp_path, "L40S")
    assert built.profiles
    for profile in built.profiles:
        assert profile.cache is None
        assert "aiconfigurator-core has no memory model for it" in profile.notes


def test_the_same_tables_give_the_same_bytes(library: _Library, tmp_path: Path) -> None:
    first, second = (_built(tmp_path / name, "H100", "L40S") for name in ("a", "b"))
    assert packed(first.text) == packed(second.text)


def test_the_engine_gets_a_folder_with_the_config(library: _Library, tmp_path: Path) -> None:
    _built(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == _CONFIG

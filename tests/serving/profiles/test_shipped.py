"""Laws that every shipped profile keeps, and what has to be among them."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from planner.catalog.hardware import accelerators
from planner.catalog.models import model_card, model_cards
from planner.serving.precision import Weights, resolve_weights
from planner.serving.profiles import (
    SUFFIX,
    Profile,
    ProfileFile,
    ProfileKey,
    ProfileSteps,
    read_profiles,
    shipped_profiles,
)
from planner.serving.profiles.format import unpacked

_FOLDER = Path(__file__).resolve().parents[3] / "planner/serving/profiles/data"
_PATHS = sorted(_FOLDER.glob(f"*{SUFFIX}"))
_MOST_BYTES = 8_000_000

_each_file = pytest.mark.parametrize(
    "path", _PATHS, ids=[path.name.removesuffix(SUFFIX) for path in _PATHS]
)


@cache
def _file(path: Path) -> ProfileFile:
    return read_profiles(path)


@cache
def _profiles(path: Path) -> tuple[Profile, ...]:
    found = _file(path)
    # Reading one checks its SHA-256.
    return tuple(found.profile(key) for key in found.keys)


# --- laws ----------------------------------------------------------------------------------------


@_each_file
def test_every_profile_is_the_one_its_header_was_written_for(path: Path) -> None:
    found = _file(path)
    assert found.stem == path.name.removesuffix(SUFFIX)
    assert [profile.sha256 for profile in _profiles(path)] == list(found.hashes.values())
    assert list(found.keys) == sorted(found.keys)


@_each_file
def test_more_sequences_or_context_never_decode_faster(path: Path) -> None:
    for profile in _profiles(path):
        grid = profile.decode_ms
        assert all(list(row) == sorted(row) for row in grid), profile.key
        assert all(list(column) == sorted(column) for column in zip(*grid, strict=True))


@_each_file
def test_more_tokens_or_past_never_prefill_faster(path: Path) -> None:
    for profile in _profiles(path):
        grid = profile.prefill_ms
        assert all(list(row) == sorted(row) for row in grid), profile.key
        assert all(list(column) == sorted(column) for column in zip(*grid, strict=True))


@_each_file
def test_grids_have_the_shape_of_their_axes_and_positive_times(path: Path) -> None:
    for profile in _profiles(path):
        for rows, columns, grid in (
            (profile.decode_sequences, profile.decode_context_tokens, profile.decode_ms),
            (profile.prefill_past_tokens, profile.prefill_tokens, profile.prefill_ms),
        ):
            assert len(grid) == len(rows)
            assert {len(row) for row in grid} == {len(columns)}
            assert list(rows) == sorted(set(rows))
            assert list(columns) == sorted(set(columns))
            assert all(math.isfinite(value) and value > 0 for row in grid for value in row)


@_each_file
def test_interpolation_gives_grid_points_exactly(path: Path) -> None:
    profile = _profiles(path)[0]
    steps = ProfileSteps(profile)
    for i, sequences in enumerate(profile.decode_sequences):
        for j, context in enumerate(profile.decode_context_tokens):
            assert steps.decode_ms(sequences, context) == profile.decode_ms[i][j]
    for i, past in enumerate(profile.prefill_past_tokens):
        for j, tokens in enumerate(profile.prefill_tokens):
            assert steps.prefill_ms(tokens, past) == profile.prefill_ms[i][j]


@_each_file
def test_cache_tokens_agree_with_the_bytes_they_take(path: Path) -> None:
    share = _file(path).source.gpu_memory_utilization
    for profile in _profiles(path):
        room = profile.cache
        if room is None:
            # Without room only bf16 times are kept, to derive those of fewer bits from.
            unknown = any("no memory model" in note for note in profile.notes)
            assert unknown or profile.key.precision == "bf16"
            continue
        used = room.weights_bytes + room.activation_bytes + room.reserve_bytes
        assert room.cache_bytes == pytest.approx(share * room.gpu_bytes - used, abs=2)
        assert room.bytes_per_token == room.cache_bytes // room.tokens
        assert room.gpu_bytes <= accelerators()[profile.key.accelerator].mem_mib * 2**20


@_each_file
def test_weights_are_those_of_the_catalogue(path: Path) -> None:
    # Two counts of the same files, made apart. They differ in what stays unquantised beside the
    # embeddings and in the vision tower, and the library counts tied embeddings twice.
    card = model_card(_file(path).models[0])
    assert card is not None
    for profile in _profiles(path):
        if profile.cache is None or profile.key.tensor_parallel_size > 1:
            continue
        gpu = accelerators()[profile.key.accelerator]
        weights = resolve_weights(card, gpu, profile.key.precision)
        if isinstance(weights, Weights):
            ours, theirs = weights.total_bytes, profile.cache.weights_bytes
            assert 0.75 * ours <= theirs <= 1.25 * ours + 2 * card.unquantized_params


@_each_file
def test_fewer_bits_are_not_much_slower_where_both_fit(path: Path) -> None:
    # The gate compares tables as they are; mended ones may differ a little more.
    times = {profile.key: ProfileSteps(profile).decode_ms(64, 2048) for profile in _profiles(path)}
    for key, spent in times.items():
        whole = ProfileKey(
            accelerator=key.accelerator,
            precision="bf16",
            kv_cache=key.kv_cache,
            tensor_parallel_size=key.tensor_parallel_size,
        )
        assert spent <= 1.5 * times.get(whole, math.inf), key


@_each_file
def test_every_profile_says_where_it_is_from(path: Path) -> None:
    found = _file(path)
    assert (found.source.name, found.source.licence) == ("aiconfigurator-core", "Apache-2.0")
    assert found.source.version.startswith("0.12.")
    assert found.facts.config_source
    for profile in _profiles(path):
        shares = (profile.measured_share, profile.mixed_share, profile.formula_share)
        assert sum(shares) == pytest.approx(1.0, abs=0.002)
        assert min(shares) >= 0
        assert profile.table.startswith("vllm 0.")
        assert {"finite", "non_decreasing"} <= set(profile.gates)
        guessed = any("speed-of-light" in note for note in profile.notes)
        assert ("no_speed_of_light" in profile.gates) == (not guessed)
        assert (profile.method == "transferred") == any("estimated" in n for n in profile.notes)


@_each_file
def test_a_combination_has_a_profile_or_a_reason(path: Path) -> None:
    found = _file(path)
    there = {(k.accelerator, k.precision, k.tensor_parallel_size) for k in found.keys}
    missing = [
        (row.accelerator, row.precision, degree)
        for row in found.rejected
        for degree in row.tensor_parallel_sizes
    ]
    assert len(missing) == len(set(missing))
    assert there.isdisjoint(missing)
    precisions = {precision for _, precision, _ in (*there, *missing)}
    assert len(there) + len(missing) == len(_GPUS) * len(precisions) * 4
    assert all(row.reason for row in found.rejected)


# --- what is shipped -----------------------------------------------------------------------------

_GPUS = ("L40S", "RTX PRO 6000", "A100-40GB", "A100-80GB", "H100", "H200", "B200", "B300")


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in _FOLDER.iterdir()) < _MOST_BYTES


def test_the_index_names_the_files_with_their_hashes() -> None:
    index = json.loads((_FOLDER / "index.json").read_text(encoding="utf-8"))
    assert [entry["stem"] for entry in index["files"]] == [
        path.name.removesuffix(SUFFIX) for path in _PATHS
    ]
    for entry, path in zip(index["files"], _PATHS, strict=True):
        assert entry["sha256"] == hashlib.sha256(unpacked(path).encode()).hexdigest()
        assert entry["models"] == list(_file(path).models)
        assert entry["profiles"] == len(_file(path).keys)


def test_at_least_25_architectures_on_every_gpu_with_tables() -> None:
    assert len(_PATHS) >= 25
    for gpu in _GPUS:
        having = [path for path in _PATHS if any(k.accelerator == gpu for k in _file(path).keys)]
        assert len(having) >= 25, gpu


@pytest.mark.parametrize(
    "model",
    [
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-70B-Instruct",
        "meta-llama/Llama-3.1-405B-Instruct",
        "meta-llama/Llama-3.3-70B-Instruct",
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-32B",
        "Qwen/Qwen3-30B-A3B-Instruct-2507",
        "Qwen/Qwen3-235B-A22B",
        "Qwen/Qwen3.5-27B",
        "Qwen/Qwen3.5-397B-A17B",
        "openai/gpt-oss-20b",
        "openai/gpt-oss-120b",
        "deepseek-ai/DeepSeek-V3",
        "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-V3.2",
        "moonshotai/Kimi-K2-Instruct",
        "moonshotai/Kimi-K2.5",
        "zai-org/GLM-4.5",
        "zai-org/GLM-4.6",
        "zai-org/GLM-5",
        "MiniMaxAI/MiniMax-M2",
        "google/gemma-3-27b-it",
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
    ],
)
def test_the_models_people_host_have_profiles(model: str) -> None:
    card = model_card(model)
    assert card is not None
    found = shipped_profiles().file((card.id, *card.aliases))
    assert found is not None
    assert any(key.accelerator in ("H200", "B300") for key in found.keys)


def test_every_card_of_the_catalogue_finds_its_profiles() -> None:
    store = shipped_profiles()
    assert [card.id for card in model_cards() if store.file([card.id]) is None] == []


def test_reading_profiles_needs_neither_numpy_nor_the_extra() -> None:
    code = (
        "import sys\n"
        "from planner.serving.profiles import ProfileSteps, shipped_profiles\n"
        "found = shipped_profiles().file(['meta-llama/Llama-3.1-8B'])\n"
        "ProfileSteps(found.profile(found.keys[0])).mixed_ms(512, 300, 8, 700)\n"
        "print(sorted({'numpy', 'aiconfigurator_core'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

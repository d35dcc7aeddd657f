"""What the search gets to hear from profiles, and what it is told beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planner.catalog.hardware import accelerators
from planner.catalog.models import model_card
from planner.serving.calibration import calibration
from planner.serving.precision import Weights, resolve_weights
from planner.serving.profiles import Profile, ProfileProvider, ProfileStore
from planner.serving.steps import Provider, Question
from tests.serving.profiles.support import key, profile, text_of, write_folder

_LLAMA = "meta-llama/Llama-3.1-8B"
_MIXTRAL = "mistralai/Mixtral-8x7B-Instruct-v0.1"


def _provider(folder: Path, *profiles_of_llama, stem: str = "llama-3.1-8b", model: str = _LLAMA):
    text = text_of(*profiles_of_llama, stem=stem, models=(model,))
    return ProfileProvider(ProfileStore.of(write_folder(folder, (stem, text))))


def _question(
    gpu: str = "H100",
    precision: str = "bf16",
    *,
    degree: int = 1,
    kv_scale: float = 1.0,
    model: str = _LLAMA,
) -> Question:
    card, accelerator = model_card(model), accelerators()[gpu]
    assert card is not None
    weights = resolve_weights(card, accelerator, precision)
    assert isinstance(weights, Weights)
    return Question(
        card=card,
        accelerator=accelerator,
        tensor_parallel_size=degree,
        weights=weights,
        kv_scale=kv_scale,
        input_tokens=500,
        output_tokens=200,
    )


def test_a_profile_answers_with_its_name_and_hash(tmp_path: Path) -> None:
    provider: Provider = _provider(tmp_path, profile())
    answer = provider.answer(_question())
    assert answer is not None
    assert answer.provider == "profile"
    assert answer.steps.decode_ms(2, 1000) == pytest.approx(9.0)
    assert answer.source_ids[0].startswith("llama-3.1-8b/H100/bf16/kv-bf16/tp1 sha256 ")
    assert answer.source_ids[1] == "aiconfigurator-core 0.12.0, vllm 0.24.0"
    assert answer.warnings == ()


@pytest.mark.parametrize("model", ["meta-llama/Llama-3.1-8B-Instruct", _LLAMA.upper()])
def test_a_model_is_found_by_every_name_its_card_has(tmp_path: Path, model: str) -> None:
    assert _provider(tmp_path, profile()).answer(_question(model=model)) is not None


@pytest.mark.parametrize(
    "question",
    [
        _question("H200"),
        _question(degree=2),
        _question(model=_MIXTRAL),
        # H100 multiplies fp8, so nothing is derived from bf16 there.
        _question(precision="fp8"),
    ],
)
def test_without_a_profile_the_next_provider_is_asked(tmp_path: Path, question: Question) -> None:
    assert _provider(tmp_path, profile()).answer(question) is None


def test_fp8_on_a_gpu_without_fp8_is_derived_from_bf16(tmp_path: Path) -> None:
    answer = _provider(tmp_path, profile(key("A100-80GB"))).answer(_question("A100-80GB", "fp8"))
    assert answer is not None
    # 6.98e9 weights outside the embeddings, 1 byte each less, over 2,039 GB/s: 3.42 ms.
    saved = 9.0 - answer.steps.decode_ms(2, 1000)
    assert saved == pytest.approx(3.42, abs=0.02)
    assert any("derived from bf16 times" in warning for warning in answer.warnings)


def test_int4_is_derived_everywhere(tmp_path: Path) -> None:
    answer = _provider(tmp_path, profile()).answer(_question(precision="int4"))
    assert answer is not None
    assert answer.steps.mixed_ms(1000, 500, 0, 0) == pytest.approx(11.5)


def test_an_fp8_cache_has_its_own_times(tmp_path: Path) -> None:
    fast = profile(key(kv_cache="fp8"), decode_factor=1.0, measured_share=0.5)
    answer = _provider(tmp_path, profile(), fast).answer(_question(kv_scale=0.5))
    assert answer is not None
    assert "kv-fp8" in answer.source_ids[0]
    assert answer.warnings == ()


def test_without_them_the_slower_bf16_cache_stands_for_it_and_is_named(tmp_path: Path) -> None:
    answer = _provider(tmp_path, profile()).answer(_question(kv_scale=0.5))
    assert answer is not None
    assert answer.warnings == ("no times with an fp8 cache: those of a bf16 cache stand for them",)


def test_notes_and_large_repairs_reach_the_user(tmp_path: Path) -> None:
    mended = profile(notes=("needs --x",), repaired_points=7, repaired_most_pct=40.0)
    answer = _provider(tmp_path, mended).answer(_question())
    assert answer is not None
    assert answer.warnings == (
        "needs --x",
        "7 points of the tables were mended, the most by 40 %",
    )


def test_tensor_parallel_without_nvlink_widens_the_band(tmp_path: Path) -> None:
    provider = _provider(tmp_path, profile(key("L40S", degree=2)), profile(key("L40S")))
    one, two = provider.answer(_question("L40S")), provider.answer(_question("L40S", degree=2))
    assert one is not None
    assert two is not None
    assert two.band_class == "pcie"
    assert two.band.high / two.band.low > one.band.high / one.band.low
    assert any("PCIe" in warning for warning in two.warnings)


@pytest.mark.parametrize(
    ("subject", "question", "expected"),
    [
        (profile(key("A100-40GB")), _question("A100-40GB"), "profile_a100"),
        (profile(key("A100-80GB")), _question("A100-80GB", "fp8"), "profile_derived"),
        (profile(method="transferred"), _question(), "profile_transferred"),
    ],
)
def test_the_band_is_that_of_the_least_certain_class(
    tmp_path: Path, subject: Profile, question: Question, expected: str
) -> None:
    answer = _provider(tmp_path, subject).answer(question)
    assert answer is not None
    assert answer.band_class == expected
    assert answer.band == calibration().bands[expected].throughput


@pytest.mark.parametrize(
    ("seen", "expected"),
    [({"llama-3.1-8b"}, "profile_dense"), ({"qwen3-8b"}, "profile_unseen_dense")],
)
def test_models_with_measured_rows_are_told_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: set[str], expected: str
) -> None:
    known = replace(calibration(), seen=frozenset(seen))
    monkeypatch.setattr("planner.serving.profiles.provider.calibration", lambda: known)
    answer = _provider(tmp_path, profile()).answer(_question())
    assert answer is not None
    assert answer.band_class == expected


def test_mixtures_of_experts_have_bands_of_their_own(tmp_path: Path) -> None:
    provider = _provider(tmp_path, profile(), stem="mixtral-8x7b", model=_MIXTRAL)
    answer = provider.answer(_question(model=_MIXTRAL))
    assert answer is not None
    assert answer.band_class.endswith("_moe")

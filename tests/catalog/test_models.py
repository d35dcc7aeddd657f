"""Cards of open-weight models: built from their sources, and true to published figures."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from planner.catalog.models import known_model_ids, model_card, model_cards
from planner.scenario.options import SelfHostOption

_ROOT = Path(__file__).resolve().parents[2]


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_models", _ROOT / "scripts/build_models.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_BUILD = _builder()
_SOURCES = _BUILD.read_sources()


def test_cards_are_what_the_sources_say() -> None:
    built = _BUILD.cards_text(_SOURCES)
    shipped = (_ROOT / "planner/catalog/data/models.json").read_text(encoding="utf-8")
    assert shipped == built, "run scripts/build_models.py"


def test_counts_agree_with_published_figures() -> None:
    assert _BUILD.disagreements(_SOURCES) == []


def test_a_count_that_is_off_is_reported() -> None:
    wrong = {**_SOURCES["models"][0], "published": {"params_b": 9.0, "tolerance": 0.01}}
    assert _BUILD.disagreements({"models": [wrong]}) == [
        "meta-llama/Llama-3.1-8B: parameters 8.030B, published 9.0B (-10.8%)"
    ]


def test_every_published_figure_names_its_source() -> None:
    for model in _SOURCES["models"]:
        assert model["published"]["source"] in _SOURCES["published_sources"], model["id"]


def test_at_least_25_models_of_every_family_people_serve_have_a_card() -> None:
    assert len(_SOURCES["models"]) >= 25
    ids = " ".join(known_model_ids()).lower()
    for family in (
        "llama-3.1",
        "llama-3.3",
        "llama-4",
        "qwen3-",
        "qwen3.5",
        "gpt-oss",
        "gemma",
        "deepseek-v3.2",
        "deepseek-r1",
        "kimi",
        "glm-4.6",
        "minimax",
        "mistral",
        "mixtral",
        "nemotron",
    ):
        assert family in ids, family


@pytest.mark.parametrize(
    ("name", "gib"),
    # Sums of the checkpoints' files: model cards of gpt-oss, kaito model catalog at 037fb35.
    [
        ("openai/gpt-oss-120b", 60.8),
        ("openai/gpt-oss-20b", 12.8),
        ("Qwen/Qwen3-8B-AWQ", 5.68),
        ("meta-llama/Llama-3.3-70B-Instruct", 131.42),
        ("google/gemma-3-27b-it", 51.10),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 58.82),
    ],
)
def test_weights_are_as_large_as_the_published_files(name: str, gib: float) -> None:
    card = model_card(name)
    assert card is not None
    assert card.native_weights_bytes / 2**30 == pytest.approx(gib, rel=0.005)


@pytest.mark.parametrize(
    ("name", "kv_bytes"),
    # aiconfigurator-core 0.12.0 estimate_kv_cache, kv_size_per_token_bytes at bf16, whole model.
    [
        ("meta-llama/Llama-3.1-8B", 131_072),
        ("meta-llama/Llama-3.1-70B", 327_680),
        ("Qwen/Qwen3-32B", 262_144),
        ("Qwen/Qwen3-30B-A3B", 98_304),
        ("deepseek-ai/DeepSeek-V3", 70_272),
        ("MiniMaxAI/MiniMax-M2.5", 253_952),
    ],
)
def test_cache_per_token_agrees_with_an_independent_count(name: str, kv_bytes: int) -> None:
    card = model_card(name)
    assert card is not None
    assert card.kv_bytes_per_token_bf16 == kv_bytes


@pytest.mark.parametrize(
    ("name", "kv_bytes"), [("openai/gpt-oss-120b", 73_728), ("google/gemma-4-26B-A4B", 225_280)]
)
def test_cache_of_window_layers_agrees_with_an_independent_count(name: str, kv_bytes: int) -> None:
    card = model_card(name)
    assert card is not None
    assert card.kv_bytes_per_token_bf16 + card.window_kv_bytes_per_token_bf16 == kv_bytes


def test_ids_and_aliases_are_found_in_any_case_and_lead_to_one_card() -> None:
    names = [name for card in model_cards() for name in (card.id, *card.aliases)]
    assert len(names) == len({name.casefold() for name in names})
    for card in model_cards():
        for name in (card.id, *card.aliases, card.id.upper()):
            assert model_card(name) is card


def test_an_unknown_model_has_no_card() -> None:
    assert model_card("meta-llama/Llama-9-1T") is None


def test_known_ids_are_sorted_and_whole() -> None:
    ids = known_model_ids()
    assert list(ids) == sorted(set(ids))
    assert {"meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-32B-FP8"} <= set(ids)


def test_a_quantised_checkpoint_has_a_card_of_its_own() -> None:
    plain, packed = model_card("Qwen/Qwen3-32B"), model_card("Qwen/Qwen3-32B-FP8")
    assert plain is not None and packed is not None
    assert (plain.native_precision, packed.native_precision) == ("bf16", "fp8")
    assert packed.params == plain.params
    assert packed.native_weights_bytes < 0.6 * plain.native_weights_bytes


def test_figures_of_every_card_are_consistent() -> None:
    precisions = str(SelfHostOption.model_fields["precision"].annotation)
    for card in model_cards():
        assert 0 < card.active_params <= card.params, card.id
        # A vision tower is all that a dense model does not use for text.
        assert card.experts or card.active_params > 0.85 * card.params, card.id
        assert card.unquantized_params < card.params, card.id
        assert card.native_precision in precisions, card.id
        assert card.native_weights_bytes <= 2 * card.params, card.id
        assert bool(card.experts) == bool(card.expert_params), card.id
        assert card.experts_per_token <= card.experts, card.id
        assert bool(card.window_tokens) == bool(card.window_kv_bytes_per_token_bf16), card.id
        assert card.max_context_tokens >= 8192, card.id
        assert card.attention_heads % card.kv_heads == 0, card.id
        assert card.source and card.license, card.id


def test_imported_configs_name_their_package() -> None:
    document = json.loads(_BUILD.CONFIGS.read_text(encoding="utf-8"))
    assert "aiconfigurator-core 0.12.0 (Apache-2.0)" in document["source"]

"""The models that are built, and what is laid over their config."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from planner.catalog.hardware import accelerators
from planner.catalog.models import model_card, model_cards
from planner.errors import InputError, MissingExtra
from planner.serving.profile_build import sources
from planner.serving.profile_build.sources import (
    ModelSource,
    engine_config,
    model_facts,
    model_source,
    model_stems,
    own_source,
    systems,
)

_FIELDS = {"num_hidden_layers": 4, "model_type": "qwen3_next", "hidden_size": 8}


def _source(config: dict[str, object], engine: dict[str, object]) -> ModelSource:
    return ModelSource(
        stem="x",
        models=("acme/X",),
        config=config,
        config_source="made up",
        engine=engine,
        built_as="",
        max_context_tokens=None,
        precisions=("bf16",),
    )


@pytest.fixture
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the base install: the extra is not there, whatever this machine has."""
    monkeypatch.setitem(sys.modules, "aiconfigurator_core", None)
    monkeypatch.setitem(sys.modules, "aiconfigurator_core.sdk", None)


def test_fields_are_laid_over_and_patterns_fill_the_layers() -> None:
    engine = {"architectures": ["Other"], "layer_types": {"repeat": ["a", "a", "b"]}}
    assert engine_config(_source(_FIELDS, engine)) == {
        **_FIELDS,
        "architectures": ["Other"],
        "layer_types": ["a", "a", "b", "a"],
    }


def test_the_language_part_of_a_multimodal_config_is_laid_over_alone() -> None:
    config = {"model_type": "gemma3", "text_config": _FIELDS}
    merged = engine_config(_source(config, {"text_config": {"layer_types": {"repeat": ["a"]}}}))
    assert merged["text_config"] == {**_FIELDS, "layer_types": ["a"] * 4}
    assert merged["model_type"] == "gemma3"


@pytest.mark.usefixtures("_no_library")
def test_a_model_whose_config_is_not_bundled_needs_the_extra_only_to_build() -> None:
    found = model_source("qwen/qwen3-14b-fp8")
    assert found.stem == "qwen3-14b"
    facts, counted = model_facts(found)
    assert counted is not None
    assert facts.params == pytest.approx(14.77e9, rel=1e-3)


@pytest.mark.usefixtures("_no_library")
def test_a_bundled_config_without_the_extra_says_how_to_get_it() -> None:
    with pytest.raises(MissingExtra, match=r"llm-serving-planner\[profiles\]"):
        model_source("meta-llama/Llama-3.1-8B")


def test_a_folder_of_ones_own_is_named_after_itself(tmp_path: Path) -> None:
    folder = tmp_path / "Acme-8B"
    folder.mkdir()
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["LlamaForCausalLM"]}), encoding="utf-8"
    )
    found = own_source(folder, None)
    assert (found.stem, found.models) == ("acme-8b", ("Acme-8B",))
    named = own_source(folder, "acme/Acme-8B-Chat")
    assert (named.stem, named.models) == ("acme-8b-chat", ("acme/Acme-8B-Chat",))


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot read"), ("{", "not JSON"), ("[]", "no `architectures`"), ("{}", "no `archi")],
)
def test_a_folder_without_a_config_is_refused(
    tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        own_source(tmp_path, None)


def test_every_id_has_a_card_and_belongs_to_one_model() -> None:
    entries = sources._entries().values()
    ids = [model for entry in entries for model in entry["models"]]
    assert len(ids) == len(set(ids))
    assert [model for model in ids if model_card(model) is None] == []


def test_every_card_can_be_built() -> None:
    known = sources._by_model()
    assert [card.id for card in model_cards() if card.id.casefold() not in known] == []


def test_models_of_one_entry_share_their_architecture() -> None:
    for entry in sources._entries().values():
        cards = [model_card(model) for model in entry["models"]]
        shapes = {
            (card.layers, card.hidden_size, card.attention_heads, card.kv_heads, card.experts)
            for card in cards
            if card is not None
        }
        assert len(shapes) == 1, entry["stem"]


def test_the_longest_context_of_an_entry_is_that_of_its_models() -> None:
    for entry in sources._entries().values():
        longest = max(card.max_context_tokens for card in map(model_card, entry["models"]) if card)
        fields = entry["config"].get("fields", {})
        own = fields.get("text_config", fields).get("max_position_embeddings")
        if "max_context_tokens" in entry or own is not None:
            assert entry.get("max_context_tokens", own) == longest, entry["stem"]


def test_systems_are_accelerators_of_the_catalogue() -> None:
    assert set(systems()) <= set(accelerators())


def test_stems_are_file_names() -> None:
    assert all(stem == stem.lower() and "/" not in stem for stem in model_stems())

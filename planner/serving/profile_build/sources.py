"""What can be built: the models of ``data/models.yaml``, others by id, or a folder of one's own."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.catalog.architecture import Architecture, architecture
from planner.catalog.models import model_card
from planner.errors import InputError
from planner.files import read_text
from planner.serving.profile_build.engine import PACKAGE, bundled_config, engine_version
from planner.serving.profiles.types import ModelFacts

__all__ = [
    "PRECISIONS",
    "ModelSource",
    "SystemSource",
    "engine_config",
    "model_facts",
    "model_source",
    "model_stems",
    "own_source",
    "systems",
]

PRECISIONS = ("bf16", "fp8", "fp4", "int4")
_DEFAULT_PRECISIONS = ("bf16", "fp8", "fp4")
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model to build profiles of.

    ``config`` is its config.json, ``engine`` what is laid over it for the library.
    """

    stem: str
    models: tuple[str, ...]
    config: Mapping[str, Any]
    config_source: str
    engine: Mapping[str, Any]
    built_as: str
    max_context_tokens: int | None
    precisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSource:
    """An accelerator and the library's system for it; decode times are multiplied by a factor."""

    accelerator: str
    system: str
    decode_factor: float = 1.0
    note: str = ""


@cache
def systems() -> Mapping[str, SystemSource]:
    """The accelerators that have tables, by name."""
    raw = _yaml("systems.yaml")["accelerators"]
    return {name: SystemSource(accelerator=name, **each) for name, each in raw.items()}


def model_stems() -> tuple[str, ...]:
    """The models that are built when none is named."""
    return tuple(_entries())


def model_source(name: str) -> ModelSource:
    """The model of a stem, a Hugging Face id or one of its aliases, in any case.

    InputError when there is no config.json for it.
    """
    entry = _entries().get(name) or _by_model().get(_card_id(name).casefold())
    if entry is not None:
        return _source(entry)
    config = bundled_config(name)
    if config is not None:
        return _plain(name, config, f"{PACKAGE} {engine_version()} (Apache-2.0), {name}")
    known = [*_entries(), *(model for each in _entries().values() for model in each["models"])]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f" (did you mean `{near[0]}`?)" if near else ""
    raise InputError(
        f"no config.json for {name!r}{hint}; give a folder that holds one with --config"
    )


def own_source(folder: Path, model_id: str | None) -> ModelSource:
    """The model of the config.json in ``folder``, named after it unless an id is given."""
    path = folder / "config.json"
    try:
        config = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(config, dict) or "architectures" not in config:
        raise InputError(f"{path}: no `architectures` in it; it has to be a model's config.json")
    return _plain(model_id or folder.resolve().name, cast(dict[str, Any], config), str(path))


def engine_config(source: ModelSource) -> dict[str, Any]:
    """The config.json the library gets."""
    layers = int(_text(source.config)["num_hidden_layers"]) if source.engine else 0
    return _laid_over(source.config, source.engine, layers)


def model_facts(source: ModelSource) -> tuple[ModelFacts, Architecture | None]:
    """What a profile says of the model; parameters are None when its type is not known here."""
    text = _text(source.config)
    try:
        counted = architecture(source.config)
    except (KeyError, ValueError):
        counted = None
    heads = int(text.get("num_attention_heads") or 0)
    size = int(text.get("head_dim") or (int(text["hidden_size"]) // heads if heads else 0))
    longest = source.max_context_tokens or int(text["max_position_embeddings"])
    facts = ModelFacts(
        params=counted.params if counted else None,
        active_params=counted.active_params if counted else None,
        layers=counted.layers if counted else int(text.get("num_hidden_layers") or 0),
        kv_heads=counted.kv_heads if counted else int(text.get("num_key_value_heads") or heads),
        head_dim=counted.head_dim if counted else size,
        experts=counted.experts if counted else 0,
        experts_per_token=counted.experts_per_token if counted else 0,
        max_context_tokens=longest,
        config_sha256=hashlib.sha256(_canonical(source.config)).hexdigest(),
        config_source=source.config_source,
        built_as=source.built_as,
    )
    return facts, counted


def _plain(name: str, config: Mapping[str, Any], where: str) -> ModelSource:
    return ModelSource(
        stem=name.rsplit("/", 1)[-1].lower(),
        models=(name,),
        config=config,
        config_source=where,
        engine={},
        built_as="",
        max_context_tokens=None,
        precisions=_DEFAULT_PRECISIONS,
    )


def _source(entry: Mapping[str, Any]) -> ModelSource:
    config, where = entry["config"], entry["config"].get("source", "")
    bundled = config.get("bundled")
    fields = bundled_config(bundled) if bundled else config["fields"]
    if fields is None:
        raise InputError(f"{PACKAGE} {engine_version()} carries no config.json of {bundled}")
    return ModelSource(
        stem=entry["stem"],
        models=tuple(entry["models"]),
        config=fields,
        config_source=where or f"{PACKAGE} {engine_version()} (Apache-2.0), {bundled}",
        engine=entry.get("engine", {}),
        built_as=entry.get("built_as", ""),
        max_context_tokens=entry.get("max_context_tokens"),
        precisions=tuple(entry.get("precisions", _DEFAULT_PRECISIONS)),
    )


def _card_id(name: str) -> str:
    card = model_card(name)
    return name if card is None else card.id


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    return {entry["stem"]: entry for entry in _yaml("models.yaml")["models"]}


@cache
def _by_model() -> Mapping[str, Mapping[str, Any]]:
    return {model.casefold(): entry for entry in _entries().values() for model in entry["models"]}


def _yaml(name: str) -> dict[str, Any]:
    import yaml

    return cast(dict[str, Any], yaml.safe_load(read_text(_DATA / name)))


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the language model, also of a multimodal config."""
    nested = config.get("text_config")
    return cast(Mapping[str, Any], nested) if isinstance(nested, Mapping) else config


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any], layers: int) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        if not isinstance(value, Mapping):
            merged[name] = value
            continue
        inner = cast(Mapping[str, Any], value)
        if "repeat" in inner:
            pattern = cast(Sequence[object], inner["repeat"])
            merged[name] = [pattern[n % len(pattern)] for n in range(layers)]
        else:
            merged[name] = _laid_over(base.get(name, {}), inner, layers)
    return merged


def _canonical(config: Mapping[str, Any]) -> bytes:
    return json.dumps(config, sort_keys=True, separators=(",", ":")).encode()

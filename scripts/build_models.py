"""Build planner/catalog/data/models.json: the cards of open-weight models.

``python scripts/build_models.py`` counts every config of ``data/model_sources.yaml``, checks the
counts against the published figures and writes the cards. ``--import DIR`` first takes the configs
named there from the ``model_configs`` folder of an installed aiconfigurator-core into
``data/model_configs.json``, so that nothing but this repository is needed afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from planner.catalog.architecture import Architecture, architecture  # noqa: E402
from planner.files import write_atomic  # noqa: E402

SOURCES = ROOT / "scripts/data/model_sources.yaml"
CONFIGS = ROOT / "scripts/data/model_configs.json"
CARDS = ROOT / "planner/catalog/data/models.json"

_IMPORTED_FROM = "aiconfigurator-core 0.12.0 (Apache-2.0), model_configs/{name}_config.json"
_BYTES_BF16 = 2
_BITS_PER_BYTE = 8


def main() -> int:
    """Import when asked, build, and say what does not agree with what is published."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--import", dest="folder", type=Path, help="model_configs of the package")
    folder = parser.parse_args().folder
    sources = read_sources()
    if folder is not None:
        import_configs(sources, folder)
    wrong = disagreements(sources)
    for line in wrong:
        print(line, file=sys.stderr)
    write_atomic(CARDS, cards_text(sources))
    return 1 if wrong else 0


def read_sources() -> dict[str, Any]:
    """The list of models with their sources."""
    return yaml.safe_load(SOURCES.read_text(encoding="utf-8"))


def import_configs(sources: Mapping[str, Any], folder: Path) -> None:
    """Take the fields that matter from the package's files."""
    wanted = frozenset(sources["config_fields"])
    names = sorted({m["config"]["bundled"] for m in sources["models"] if "bundled" in m["config"]})
    kept = {
        name: _trimmed(
            json.loads((folder / f"{name}_config.json").read_text(encoding="utf-8")), wanted
        )
        for name in names
    }
    document = {"source": _IMPORTED_FROM, "configs": kept}
    write_atomic(CONFIGS, json.dumps(document, indent=1, sort_keys=True) + "\n")


def _trimmed(value: Any, wanted: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _trimmed(item, wanted)
            for key, item in value.items()
            if key in wanted and item is not None
        }
    return [_trimmed(item, wanted) for item in value] if isinstance(value, list) else value


def config_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model's config, typed in or imported."""
    config = model["config"]
    if "fields" in config:
        return config["fields"]
    imported = json.loads(CONFIGS.read_text(encoding="utf-8"))["configs"][config["bundled"]]
    return {**imported, **config.get("change", {})}


def counted(model: Mapping[str, Any]) -> Architecture:
    """The architecture of a model; ValueError naming it when its config cannot be read."""
    try:
        return architecture(config_of(model))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{model['id']}: {error}") from error


def disagreements(sources: Mapping[str, Any]) -> list[str]:
    """Counts that are further from the published figure than the list allows."""
    wrong: list[str] = []
    for model in sources["models"]:
        published, found = model["published"], counted(model)
        total = found.params / 1e9 + model.get("extra_params_b", 0)
        wrong += _off(
            model["id"], "parameters", total, published["params_b"], published["tolerance"]
        )
        if "active_b" in published:
            active = active_b(model, found)
            allowed = published.get("active_tolerance", published["tolerance"])
            wrong += _off(model["id"], "active", active, published["active_b"], allowed)
    return wrong


def active_b(model: Mapping[str, Any], found: Architecture) -> float:
    """Active parameters in billions by the definition of the published figure."""
    if not model["published"].get("active_without_input_table"):
        return found.active_params / 1e9
    config = config_of(model)
    return (found.active_params - config["vocab_size"] * config["hidden_size"]) / 1e9


def _off(model: str, what: str, found: float, published: float, allowed: float) -> list[str]:
    error = found / published - 1
    if abs(error) <= allowed:
        return []
    return [f"{model}: {what} {found:.3f}B, published {published}B ({error:+.1%})"]


def cards_text(sources: Mapping[str, Any]) -> str:
    """The cards as JSON, one a line, sorted by id."""
    cards = sorted(
        (card for model in sources["models"] for card in cards_of(model, sources)),
        key=lambda card: card["id"],
    )
    lines = ",\n".join(json.dumps(card, ensure_ascii=False) for card in cards)
    return f'{{"cards": [\n{lines}\n]}}\n'


def cards_of(model: Mapping[str, Any], sources: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The card of a model and of each of its quantised checkpoints."""
    found = counted(model)
    for checkpoint in (model, *model.get("variants", [])):
        yield {
            "id": checkpoint["id"],
            "aliases": sorted(checkpoint.get("aliases", [])),
            **_architecture_fields(found, model.get("extra_params_b", 0) * 1e9),
            **_weights_fields(found, checkpoint.get("native"), model),
            "license": model["license"],
            "source": _source(model),
            "observed": sources["observed"].isoformat(),
            "kv_note": _kv_note(found, model.get("note")),
        }


def _architecture_fields(found: Architecture, extra_params: float) -> dict[str, Any]:
    return {
        "params": _number(found.params + extra_params),
        "active_params": _number(found.active_params),
        "layers": found.layers,
        "hidden_size": found.hidden_size,
        "attention_heads": found.attention_heads,
        "kv_heads": found.kv_heads,
        "head_dim": found.head_dim,
        "kv_bytes_per_token_bf16": _number(found.kv_bytes_per_token),
        "window_kv_bytes_per_token_bf16": _number(found.window_kv_bytes_per_token),
        "window_tokens": found.window_tokens,
        "state_bytes_per_sequence": _number(found.state_bytes_per_sequence),
        "attention_flops_per_pair": _number(found.pair_flops),
        "window_attention_flops_per_pair": _number(found.window_pair_flops),
        "experts": found.experts,
        "experts_per_token": found.experts_per_token,
        "expert_params": _number(found.expert_params),
        "max_context_tokens": found.max_context_tokens,
    }


def _weights_fields(
    found: Architecture, native: Mapping[str, Any] | None, model: Mapping[str, Any]
) -> dict[str, Any]:
    """Precision and bytes of a checkpoint: the covered weights at its bits, the rest at bf16."""
    params = found.params + model.get("extra_params_b", 0) * 1e9
    plain = found.unquantized_params + model.get("extra_params_b", 0) * 1e9
    if native is not None and native.get("covers") == "experts":
        plain = params - found.expert_params
    bytes_each = native["bits"] / _BITS_PER_BYTE if native else _BYTES_BF16
    return {
        "native_precision": native["precision"] if native else "bf16",
        "unquantized_params": _number(plain),
        "native_weights_bytes": _number(plain * _BYTES_BF16 + (params - plain) * bytes_each),
    }


def _source(model: Mapping[str, Any]) -> str:
    config = model["config"]
    if "source" in config:
        return config["source"]
    return _IMPORTED_FROM.format(name=config["bundled"])


def _kv_note(found: Architecture, note: str | None) -> str:
    said = [note] if note else []
    if found.window_tokens:
        said.append(f"layers with a window keep their last {found.window_tokens} tokens only")
    if found.state_bytes_per_sequence:
        said.append("layers without attention keep a state per sequence instead of a cache")
    if found.kv_heads == 1 and found.attention_heads > 1:
        said.append("each tensor-parallel rank keeps the whole cache")
    return "; ".join(said)


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


if __name__ == "__main__":
    sys.exit(main())

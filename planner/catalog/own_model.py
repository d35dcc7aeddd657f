"""The card of a model of one's own, from the config.json in its folder.

Precision and size of the weights are those its ``quantization_config`` names; without one they are
served in bf16. What is not known here is refused: memory that cannot be summed up cannot fit.
``data/quantisation.yaml`` lists the methods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.catalog.architecture import Architecture, architecture
from planner.catalog.model_layers import Config
from planner.catalog.snapshot import DATA_DIR
from planner.catalog.types import ModelCard
from planner.errors import InputError
from planner.files import read_text

__all__ = ["card_of_config"]

_METHODS = DATA_DIR / "quantisation.yaml"
_BYTES_BF16 = 2.0
_BITS_BF16 = 16.0
_BITS_PER_BYTE = 8.0
_DEFAULT_GROUP = 128


def card_of_config(folder: Path, model: str) -> ModelCard:
    """The card of the config.json in ``folder``, under the id ``model``.

    InputError when there is none, or when its type or quantisation is not known.
    """
    path = folder / "config.json"
    config = _config(path)
    try:
        counted = architecture(config)
        precision, plain, bits = _weights(config, counted)
    except KeyError as error:
        raise InputError(
            f"{path}: no field {error}; without it neither memory nor speed can be computed"
        ) from error
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"{path}: {error}; without its architecture neither memory nor speed can be computed"
        ) from error
    packed = counted.params - plain
    return ModelCard(
        id=model,
        aliases=(),
        params=counted.params,
        active_params=counted.active_params,
        layers=counted.layers,
        hidden_size=counted.hidden_size,
        attention_heads=counted.attention_heads,
        kv_heads=counted.kv_heads,
        head_dim=counted.head_dim,
        kv_bytes_per_token_bf16=counted.kv_bytes_per_token,
        window_kv_bytes_per_token_bf16=counted.window_kv_bytes_per_token,
        window_tokens=counted.window_tokens,
        state_bytes_per_sequence=counted.state_bytes_per_sequence,
        attention_flops_per_pair=counted.pair_flops,
        window_attention_flops_per_pair=counted.window_pair_flops,
        experts=counted.experts,
        experts_per_token=counted.experts_per_token,
        expert_params=counted.expert_params,
        max_context_tokens=counted.max_context_tokens,
        native_precision=precision,
        unquantized_params=plain,
        native_weights_bytes=plain * _BYTES_BF16 + packed * bits / _BITS_PER_BYTE,
        license="not known",
        source=str(path),
        observed=_written_on(path),
    )


def _config(path: Path) -> Config:
    try:
        config = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: no JSON object; it has to be a model's config.json")
    return cast(Config, config)


def _weights(config: Config, counted: Architecture) -> tuple[str, float, float]:
    """Precision, parameters that stay at 2 bytes, and bits of each of the others.

    ValueError for a quantisation that is not known.
    """
    given = config.get("quantization_config") or _text(config).get("quantization_config")
    if not isinstance(given, Mapping):
        return "bf16", counted.unquantized_params, _BITS_BF16
    weights = cast(Mapping[str, object], given)
    name, group_size = _method(weights)
    known = _methods()
    if name not in known:
        raise ValueError(
            f"the quantisation `{name}` is not known (known: {', '.join(known)}); take the "
            "config.json of the weights in bf16 and name a precision"
        )
    method = known[name]
    bits = method["bits"]
    if "group" in method:
        size = group_size if isinstance(group_size, int) else _DEFAULT_GROUP
        # -1: one group for each row of a weight matrix.
        bits += method["group"] / (size if size > 0 else counted.hidden_size)
    experts_only = method.get("covers") == "experts"
    plain = counted.params - counted.expert_params if experts_only else counted.unquantized_params
    return method["precision"], plain, bits


def _method(weights: Mapping[str, object]) -> tuple[str, object]:
    """The name in the data file, and the group size where one is given."""
    name = str(weights.get("quant_method", "?")).lower()
    if name == "modelopt":
        return f"{name}-{weights.get('quant_algo', '?')}".lower(), None
    if name == "compressed-tensors":
        return _compressed(weights)
    if name in ("awq", "gptq"):
        return f"{name}-{weights.get('bits', '?')}", weights.get("group_size")
    return name, None


def _compressed(weights: Mapping[str, object]) -> tuple[str, object]:
    """compressed-tensors: all groups have to agree on type and bits."""
    groups = cast(Mapping[str, Mapping[str, object]], weights.get("config_groups") or {})
    kinds = {
        (f"compressed-tensors-{each.get('type', '?')}{each.get('num_bits', '?')}", group_size)
        for group in groups.values()
        for each in (cast(Mapping[str, object], group.get("weights") or {}),)
        for group_size in (each.get("group_size"),)
    }
    return kinds.pop() if len(kinds) == 1 else ("compressed-tensors", None)


@cache
def _methods() -> Mapping[str, Mapping[str, Any]]:
    import yaml

    return cast(Mapping[str, Any], yaml.safe_load(read_text(_METHODS)))["methods"]


def _text(config: Config) -> Config:
    nested = config.get("text_config")
    return cast(Config, nested) if isinstance(nested, Mapping) else config


def _written_on(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()

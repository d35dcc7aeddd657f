"""Cards of models of one's own, against the shipped cards of the same architecture."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner.catalog.models import model_card
from planner.catalog.own_model import card_of_config
from planner.catalog.types import ModelCard
from planner.errors import InputError

_ROOT = Path(__file__).resolve().parents[2]
_ARCHITECTURE = (
    "params", "active_params", "layers", "hidden_size", "attention_heads", "kv_heads", "head_dim",
    "kv_bytes_per_token_bf16", "window_kv_bytes_per_token_bf16", "window_tokens",
    "state_bytes_per_sequence", "attention_flops_per_pair", "experts", "experts_per_token",
    "expert_params", "max_context_tokens",
)  # fmt: skip


@cache
def _configs() -> dict[str, Any]:
    path = _ROOT / "scripts/data/model_configs.json"
    return json.loads(path.read_text(encoding="utf-8"))["configs"]


def _own(folder: Path, config: object) -> ModelCard:
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text, encoding="utf-8")
    return card_of_config(folder, "acme/mine")


def _known(model: str) -> ModelCard:
    found = model_card(model)
    assert found is not None
    return found


def _llama(**quantization: object) -> dict[str, Any]:
    config = dict(_configs()["meta-llama--Meta-Llama-3.1-8B"])
    return config | ({"quantization_config": quantization} if quantization else {})


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("meta-llama--Meta-Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("Qwen--Qwen3-30B-A3B", "Qwen/Qwen3-30B-A3B"),
        ("deepseek-ai--DeepSeek-V3", "deepseek-ai/DeepSeek-V3"),
        ("Qwen--Qwen3.5-27B", "Qwen/Qwen3.5-27B"),
    ],
)
def test_a_config_counts_as_the_shipped_card_of_it(tmp_path: Path, name: str, model: str) -> None:
    own, known = _own(tmp_path, _configs()[name]), _known(model)
    for field in _ARCHITECTURE:
        assert getattr(own, field) == getattr(known, field), field
    assert (own.id, own.aliases) == ("acme/mine", ())


def test_weights_without_a_quantisation_are_two_bytes_each(tmp_path: Path) -> None:
    own = _own(tmp_path, _llama())
    assert own.native_precision == "bf16"
    assert own.native_weights_bytes == 2 * own.params


def test_mxfp4_covers_the_experts_only(tmp_path: Path) -> None:
    config = _configs()["openai--gpt-oss-120b"] | {"quantization_config": {"quant_method": "mxfp4"}}
    own, known = _own(tmp_path, config), _known("openai/gpt-oss-120b")
    assert own.native_precision == "fp4"
    assert own.unquantized_params == known.unquantized_params
    assert own.native_weights_bytes == pytest.approx(known.native_weights_bytes)


@pytest.mark.parametrize(
    ("quantization", "precision", "bits"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", 8),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "fp4", 4.5),
        # 16 bits of scale and 4 of zero point for each group of 128, the default, and of 32.
        ({"quant_method": "awq", "bits": 4}, "int4", 4 + 20 / 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "int4", 4 + 20 / 32),
        # A group for each row of 4,096.
        ({"quant_method": "gptq", "bits": 4, "group_size": -1}, "int4", 4 + 20 / 4096),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}},
            },
            "fp8",
            8,
        ),
    ],
)
def test_quantised_weights_have_their_bits_and_the_rest_two_bytes(
    tmp_path: Path, quantization: dict[str, Any], precision: str, bits: float
) -> None:
    own = _own(tmp_path, _llama(**quantization))
    # Input table and output head of Llama 3.1 8B.
    plain = 2 * 128_256 * 4096
    assert own.native_precision == precision
    assert own.unquantized_params == plain
    assert own.native_weights_bytes == pytest.approx(2 * plain + (own.params - plain) * bits / 8)


@pytest.mark.parametrize(
    ("quantization", "name"),
    [
        ({"quant_method": "bitnet"}, "bitnet"),
        ({"quant_method": "gptq", "bits": 3}, "gptq-3"),
        ({"bits": 4}, "?"),
        ({"quant_method": "compressed-tensors", "config_groups": {}}, "compressed-tensors"),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {
                    "a": {"weights": {"num_bits": 8, "type": "float"}},
                    "b": {"weights": {"num_bits": 4, "type": "int"}},
                },
            },
            "compressed-tensors",
        ),
    ],
)
def test_a_quantisation_that_is_not_known_is_refused(
    tmp_path: Path, quantization: dict[str, Any], name: str
) -> None:
    with pytest.raises(InputError, match=rf"quantisation `{name.replace('?', '.')}` is not known"):
        _own(tmp_path, _llama(**quantization))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ({"model_type": "llama"}, "config.json: no field"),
        ({"model_type": "perceiver", "hidden_size": 1, "vocab_size": 1}, "perceiver"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, config: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _own(tmp_path, config)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json: cannot read"):
        card_of_config(tmp_path, "acme/mine")

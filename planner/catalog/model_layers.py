"""What each layer of a transformer adds: parameters, cache, state, FLOPs of attention.

Everything is counted from the fields of a Hugging Face config.json. Norm weights and biases are
left out (below 0.1 % of the parameters). With h the hidden size, q query heads, k KV heads and d
the size of a head:

- attention with grouped KV heads: h·q·d (twice with an output gate) + 2·h·k·d + q·d·h weights;
  cache 2·k·d elements a token; 4·q·d FLOPs for each pair of a token and one it attends to
- latent attention (MLA): the low-rank projections; cache one latent row of kv_lora + rope elements
  a token, which every tensor-parallel rank keeps whole; 2·q·(nope + rope + v) FLOPs a pair
- gated delta rule and Mamba-2: no cache but a state per sequence, kept in 4-byte floats
- experts of width m: 3·h·m weights each (gate, up, down), 2·h·m without a gate
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

__all__ = [
    "Config",
    "LayerPart",
    "experts_of",
    "first_whole",
    "head_dim_of",
    "kv_heads_of",
    "layer_parts",
    "layers_of",
    "routed_of",
    "whole",
]

Config = Mapping[str, object]

_BYTES_BF16 = 2
_BYTES_FP32 = 4
# The selection index of sparse attention: one fp8 key with a 4-byte scale.
_INDEX_SCALE_BYTES = 4

_PLAIN_TYPES = frozenset(
    {
        "deepseek_v3",
        "deepseek_v32",
        "gemma3_text",
        "glm4_moe",
        "glm_moe_dsa",
        "gpt_oss",
        "kimi_k2",
        "llama",
        "minimax_m2",
        "mistral",
        "mixtral",
        "qwen2",
        "qwen3",
        "qwen3_5_moe_text",
        "qwen3_5_text",
        "qwen3_moe",
        "qwen3_next",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPart:
    """What one sublayer adds; cache at 2 bytes an element. ``window`` 0: whole context."""

    params: float = 0.0
    expert_params: float = 0.0
    router_params: float = 0.0
    kv_bytes: float = 0.0
    window: int = 0
    state_bytes: float = 0.0
    pair_flops: float = 0.0


def layer_parts(text: Config) -> Iterable[LayerPart]:
    """The sublayers of a text config; ValueError for a model_type that is not known."""
    model_type = str(text.get("model_type"))
    special: Mapping[str, Callable[[Config], Iterable[LayerPart]]] = {
        "nemotron_h": _nemotron_h,
        "nemotron-nas": _searched_blocks,
        "llama4_text": _llama4,
        "gemma4_text": _gemma4,
    }
    known = special.get(model_type)
    if known is not None:
        return known(text)
    if model_type not in _PLAIN_TYPES:
        raise ValueError(f"model_type {model_type!r} is not known")
    return _plain_layers(text)


def _plain_layers(text: Config) -> Iterable[LayerPart]:
    """An attention of some kind, then dense or expert feed-forward, in each layer."""
    dense_first = whole(text, "first_k_dense_replace", 0)
    for layer, kind in enumerate(_layer_kinds(text)):
        if kind == "linear_attention":
            yield _delta_rule(text)
        elif "kv_lora_rank" in text:
            yield _latent_attention(text)
        else:
            window = whole(text, "sliding_window") if kind == "sliding_attention" else 0
            yield _grouped_attention(text, window=window)
        if experts_of(text) and layer >= dense_first:
            yield _expert_layer(text)
        else:
            yield _dense(text)


def _layer_kinds(text: Config) -> list[str]:
    """``full_attention``, ``sliding_attention`` or ``linear_attention`` for each layer."""
    given = text.get("layer_types")
    layers = layers_of(text)
    if isinstance(given, list):
        return [str(kind) for kind in cast(list[object], given)]
    if "full_attention_interval" in text:
        return _every(whole(text, "full_attention_interval"), "linear_attention", layers)
    if "sliding_window_pattern" in text:
        return _every(whole(text, "sliding_window_pattern"), "sliding_attention", layers)
    return ["full_attention"] * layers


def _every(interval: int, otherwise: str, layers: int) -> list[str]:
    return [otherwise if (n + 1) % interval else "full_attention" for n in range(layers)]


def _grouped_attention(
    text: Config,
    *,
    window: int = 0,
    kv_heads: int | None = None,
    head_dim: int | None = None,
    shared_kv: bool = False,
) -> LayerPart:
    hidden, heads = whole(text, "hidden_size"), whole(text, "num_attention_heads")
    groups = kv_heads_of(text) if kv_heads is None else kv_heads
    size = head_dim_of(text) if head_dim is None else head_dim
    gate = 2 if text.get("attn_output_gate") or text.get("model_type") == "qwen3_next" else 1
    projections = hidden * size * (heads * gate + groups * (1 if shared_kv else 2) + heads)
    return LayerPart(
        params=float(projections),
        kv_bytes=float(2 * groups * size * _BYTES_BF16),
        window=window,
        pair_flops=float(4 * heads * size),
    )


def _latent_attention(text: Config) -> LayerPart:
    hidden, heads = whole(text, "hidden_size"), whole(text, "num_attention_heads")
    q_rank, kv_rank = whole(text, "q_lora_rank"), whole(text, "kv_lora_rank")
    nope, rope = whole(text, "qk_nope_head_dim"), whole(text, "qk_rope_head_dim")
    value = whole(text, "v_head_dim")
    params = (
        hidden * q_rank
        + q_rank * heads * (nope + rope)
        + hidden * (kv_rank + rope)
        + kv_rank * heads * (nope + value)
        + heads * value * hidden
    )
    index_heads, index_dim = whole(text, "index_n_heads", 0), whole(text, "index_head_dim", 0)
    params += q_rank * index_heads * index_dim + hidden * (index_dim + index_heads)
    index_bytes = index_dim + _INDEX_SCALE_BYTES if index_heads else 0
    return LayerPart(
        params=float(params),
        kv_bytes=float((kv_rank + rope) * _BYTES_BF16 + index_bytes),
        pair_flops=float(2 * heads * (nope + rope + value)),
    )


def _delta_rule(text: Config) -> LayerPart:
    """Gated delta rule of the Qwen3-Next family: a matrix per value head instead of a cache."""
    hidden = whole(text, "hidden_size")
    key_dim, value_dim = whole(text, "linear_key_head_dim"), whole(text, "linear_value_head_dim")
    value_heads = whole(text, "linear_num_value_heads")
    keys, values = whole(text, "linear_num_key_heads") * key_dim, value_heads * value_dim
    kernel = whole(text, "linear_conv_kernel_dim")
    convolved = 2 * keys + values
    params = hidden * (2 * keys + 2 * values + 2 * value_heads) + convolved * kernel
    state = value_heads * key_dim * value_dim * _BYTES_FP32
    return LayerPart(
        params=float(params + values * hidden),
        state_bytes=float(state + convolved * (kernel - 1) * _BYTES_BF16),
    )


def _expert_layer(text: Config, *, width: int | None = None, gated: bool = True) -> LayerPart:
    """Router, routed experts, shared experts. A latent size shrinks what the experts see."""
    hidden, experts = whole(text, "hidden_size"), experts_of(text)
    middle = whole(text, "moe_intermediate_size", 0) or whole(text, "intermediate_size")
    matrices = 3 if gated else 2
    latent = whole(text, "moe_latent_size", 0)
    inner = latent or hidden
    shared = width if width is not None else _shared_width(text, middle)
    return LayerPart(
        params=float(matrices * hidden * shared + 2 * hidden * latent),
        expert_params=float(experts * matrices * inner * middle),
        router_params=float(experts * hidden),
    )


def _dense(text: Config, *, matrices: int = 3) -> LayerPart:
    size = whole(text, "hidden_size") * whole(text, "intermediate_size")
    return LayerPart(params=float(matrices * size))


def _shared_width(text: Config, middle: int) -> int:
    for field in ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"):
        if field in text:
            return whole(text, field)
    return whole(text, "n_shared_experts", 0) * middle


def _llama4(text: Config) -> Iterable[LayerPart]:
    """Every ``interleave_moe_layer_step``-th layer has one shared and one routed expert.

    Chunked layers are counted as full ones: vLLM keeps their whole cache by default.
    """
    hidden, step = whole(text, "hidden_size"), whole(text, "interleave_moe_layer_step")
    for layer in range(layers_of(text)):
        yield _grouped_attention(text)
        if (layer + 1) % step == 0:
            yield _expert_layer(text, width=whole(text, "intermediate_size"))
        else:
            yield LayerPart(params=3.0 * hidden * whole(text, "intermediate_size_mlp"))


def _gemma4(text: Config) -> Iterable[LayerPart]:
    """Full layers have their own head size and number, and one projection for keys and values."""
    for kind in _layer_kinds(text):
        if kind == "full_attention":
            yield _grouped_attention(
                text,
                kv_heads=whole(text, "num_global_key_value_heads"),
                head_dim=whole(text, "global_head_dim"),
                shared_kv=bool(text.get("attention_k_eq_v")),
            )
        else:
            yield _grouped_attention(text, window=whole(text, "sliding_window"))
        yield _dense(text)
        if experts_of(text):
            yield _expert_layer(text, width=0)


def _nemotron_h(text: Config) -> Iterable[LayerPart]:
    """One sublayer per letter of the pattern: M Mamba-2, E experts, * attention, - dense."""
    for letter in str(text["hybrid_override_pattern"]):
        match letter:
            case "M":
                yield _mamba2(text)
            case "E":
                yield _expert_layer(text, gated=False)
            case "*":
                yield _grouped_attention(text)
            case "-":
                yield _dense(text, matrices=2)
            case _:
                raise ValueError(f"layer {letter!r} of hybrid_override_pattern is not known")


def _mamba2(text: Config) -> LayerPart:
    hidden, heads = whole(text, "hidden_size"), whole(text, "mamba_num_heads")
    inner, state = heads * whole(text, "mamba_head_dim"), whole(text, "ssm_state_size")
    kernel = whole(text, "conv_kernel")
    convolved = inner + 2 * whole(text, "n_groups") * state
    params = hidden * (inner + convolved + heads) + convolved * kernel + inner * hidden
    return LayerPart(
        params=float(params),
        state_bytes=float(inner * state * _BYTES_FP32 + convolved * (kernel - 1) * _BYTES_BF16),
    )


def _searched_blocks(text: Config) -> Iterable[LayerPart]:
    """Blocks found by architecture search: KV groups and width of each, or none at all."""
    hidden, heads = whole(text, "hidden_size"), whole(text, "num_attention_heads")
    for block in cast(list[Mapping[str, Mapping[str, object]]], text["block_configs"]):
        attention, feed_forward = block["attention"], block["ffn"]
        if not attention["no_op"]:
            yield _grouped_attention(text, kv_heads=heads // whole(attention, "n_heads_in_group"))
        if not feed_forward["no_op"]:
            width = _rounded_width(cast(float, feed_forward["ffn_mult"]), hidden)
            yield LayerPart(params=3.0 * hidden * width)


def _rounded_width(multiple: float, hidden: int) -> int:
    """Two thirds of 4·hidden·multiple ÷ 4, up to the next multiple of 256."""
    width = int(2 * multiple * hidden / 3)
    return -(-width // 256) * 256


def layers_of(text: Config) -> int:
    """Transformer layers; a letter of a hybrid pattern is half of one."""
    pattern = text.get("hybrid_override_pattern")
    if isinstance(pattern, str):
        return -(-len(pattern) // 2)
    return whole(text, "num_hidden_layers")


def experts_of(text: Config) -> int:
    """Routed experts of a layer; 0 for a dense model."""
    for field in ("n_routed_experts", "num_experts", "num_local_experts"):
        if text.get(field):
            return whole(text, field)
    return 0


def routed_of(text: Config) -> int:
    """Routed experts that one token goes through."""
    return first_whole(text, "num_experts_per_tok", "top_k_experts")


def kv_heads_of(text: Config) -> int:
    """KV heads of a layer; of the layer with fewest where layers differ."""
    if "block_configs" in text:
        blocks = cast(list[Mapping[str, Mapping[str, object]]], text["block_configs"])
        groups = [
            whole(block["attention"], "n_heads_in_group")
            for block in blocks
            if not block["attention"]["no_op"]
        ]
        return whole(text, "num_attention_heads") // max(groups)
    return whole(text, "num_key_value_heads")


def head_dim_of(text: Config) -> int:
    """Size of an attention head."""
    given = text.get("head_dim")
    if isinstance(given, int):
        return given
    return whole(text, "hidden_size") // whole(text, "num_attention_heads")


def first_whole(source: Config, *fields: str) -> int:
    """The first of ``fields`` that is there; KeyError with the first name otherwise."""
    for field in fields:
        if source.get(field) is not None:
            return whole(source, field)
    raise KeyError(fields[0])


def whole(source: Config, field: str, default: int | None = None) -> int:
    """A whole number; KeyError when it is missing, ValueError when it is something else."""
    value = source.get(field, default)
    if value is None:
        raise KeyError(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{field} is {value!r}, not a whole number")
    return value

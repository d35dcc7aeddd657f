"""Architecture of a transformer from its Hugging Face config.json.

Everything a serving estimate needs, counted layer by layer (see ``model_layers``): parameters,
routed experts, those quantisation leaves alone, bytes of KV cache per token, state per sequence,
FLOPs of attention. Layers for multi-token prediction are left out: engines do not load them unless
told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from planner.catalog.model_layers import (
    Config,
    LayerPart,
    experts_of,
    first_whole,
    head_dim_of,
    kv_heads_of,
    layer_parts,
    layers_of,
    routed_of,
    whole,
)

__all__ = ["Architecture", "architecture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Counts over the whole model; bytes at 2 bytes an element of KV cache.

    ``unquantized_params`` are those that quantised checkpoints keep at 2 bytes: embeddings, output
    head, routers and the vision tower. ``linear_params`` touched by every token outside the routed
    experts is ``text_params - expert_params``. KV bytes and pair FLOPs of layers with a sliding
    window of ``window_tokens`` are apart.
    """

    text_params: float
    vision_params: float
    expert_params: float
    unquantized_params: float
    layers: int
    hidden_size: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    experts: int
    experts_per_token: int
    kv_bytes_per_token: float
    window_kv_bytes_per_token: float
    window_tokens: int
    state_bytes_per_sequence: float
    pair_flops: float
    window_pair_flops: float
    max_context_tokens: int

    @property
    def params(self) -> float:
        """All parameters of the checkpoint, without multi-token-prediction layers."""
        return self.text_params + self.vision_params

    @property
    def active_params(self) -> float:
        """Parameters one token touches."""
        if not self.experts:
            return self.text_params
        idle_share = 1.0 - self.experts_per_token / self.experts
        return self.text_params - self.expert_params * idle_share


def architecture(config: Config) -> Architecture:
    """Count a config.json; KeyError names a field that is missing, ValueError what is not known.

    Multimodal configs are read from their ``text_config``, the vision tower from
    ``vision_config``.
    """
    text = _text_config(config)
    parts = list(layer_parts(text))
    base = _summed(text, parts)
    vision = _vision_params(config, base.hidden_size)
    return replace(
        base,
        vision_params=vision,
        unquantized_params=base.unquantized_params + vision,
    )


def _text_config(config: Config) -> Config:
    nested = config.get("text_config")
    if not isinstance(nested, Mapping):
        return config
    text = cast(Config, nested)
    outer = {k: config[k] for k in ("tie_word_embeddings",) if k in config and k not in text}
    return {**text, **outer}


def _summed(text: Config, parts: list[LayerPart]) -> Architecture:
    hidden = whole(text, "hidden_size")
    tables = 1 if text.get("tie_word_embeddings", _tied_by_default(text)) else 2
    embeddings = float(whole(text, "vocab_size") * hidden * tables)
    windows = {part.window for part in parts if part.window}
    if len(windows) > 1:
        raise ValueError(f"layers with windows of different sizes: {sorted(windows)}")
    full = [part for part in parts if not part.window]
    narrow = [part for part in parts if part.window]
    experts = sum(part.expert_params for part in parts)
    routers = sum(part.router_params for part in parts)
    latent = "kv_lora_rank" in text
    return Architecture(
        text_params=embeddings + experts + routers + sum(part.params for part in parts),
        vision_params=0.0,
        expert_params=experts,
        unquantized_params=embeddings + routers,
        layers=layers_of(text),
        hidden_size=hidden,
        attention_heads=whole(text, "num_attention_heads"),
        kv_heads=1 if latent else kv_heads_of(text),
        head_dim=whole(text, "kv_lora_rank") + whole(text, "qk_rope_head_dim")
        if latent
        else head_dim_of(text),
        experts=experts_of(text) if experts else 0,
        experts_per_token=routed_of(text) if experts else 0,
        kv_bytes_per_token=sum(part.kv_bytes for part in full),
        window_kv_bytes_per_token=sum(part.kv_bytes for part in narrow),
        window_tokens=max(windows, default=0),
        state_bytes_per_sequence=sum(part.state_bytes for part in parts),
        pair_flops=sum(part.pair_flops for part in full),
        window_pair_flops=sum(part.pair_flops for part in narrow),
        max_context_tokens=whole(text, "max_position_embeddings"),
    )


def _tied_by_default(text: Config) -> bool:
    # The families below leave the field out of their files and tie the tables.
    return str(text.get("model_type")) in ("gemma3_text", "gemma4_text")


def _vision_params(config: Config, text_hidden: int) -> float:
    """A vision tower: plain transformer blocks, patch and position tables, a projector."""
    nested = config.get("vision_config")
    if not isinstance(nested, Mapping):
        return 0.0
    vision = cast(Config, nested)
    hidden = first_whole(vision, "hidden_size", "vt_hidden_size")
    middle = first_whole(vision, "intermediate_size", "vt_intermediate_size")
    depth = first_whole(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers")
    gated = vision.get("model_type") in ("pixtral", "gemma4_vision")
    blocks = depth * (4 * hidden * hidden + (3 if gated else 2) * hidden * middle)
    patch = whole(vision, "patch_size")
    tables = 3 * patch * patch * hidden + whole(vision, "num_position_embeddings", 0) * hidden
    merged = hidden * whole(vision, "spatial_merge_size", 1) ** 2
    projector = merged * merged + merged * text_hidden if merged > hidden else hidden * text_hidden
    return float(blocks + tables + projector)

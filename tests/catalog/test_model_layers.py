"""Counts of each kind of layer, by hand on small round configs."""

from __future__ import annotations

from typing import Any

import pytest

from planner.catalog.architecture import Architecture, architecture

_PLAIN: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 8,
    "intermediate_size": 10,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "max_position_embeddings": 4096,
}
_TABLE = 100 * 8
_ATTENTION = 8 * 8 + 2 * 8 * 4 + 8 * 8
_DENSE = 3 * 8 * 10


def _count(**changes: Any) -> Architecture:
    return architecture({**_PLAIN, **changes})


def test_a_dense_model() -> None:
    found = _count()
    assert found.params == 2 * _TABLE + 2 * (_ATTENTION + _DENSE)
    assert found.active_params == found.params
    assert found.unquantized_params == 2 * _TABLE
    # 2 layers x 2 x 2 KV heads x 2 x 2 bytes; 2 x 4 x 4 heads x 2 FLOPs.
    assert found.kv_bytes_per_token == 2 * 2 * 2 * 2 * 2
    assert found.pair_flops == 2 * 4 * 4 * 2
    assert (found.layers, found.head_dim, found.max_context_tokens) == (2, 2, 4096)


def test_tied_tables_count_once() -> None:
    assert _count().params - _count(tie_word_embeddings=True).params == _TABLE


def test_a_head_size_of_its_own() -> None:
    found = _count(head_dim=6)
    assert found.kv_bytes_per_token == 2 * 2 * 2 * 6 * 2
    assert found.params == 2 * _TABLE + 2 * (8 * 24 + 2 * 8 * 12 + 24 * 8 + _DENSE)


def test_experts() -> None:
    found = _count(
        model_type="qwen3_moe", num_experts=16, num_experts_per_tok=4, moe_intermediate_size=5
    )
    experts = 2 * 16 * 3 * 8 * 5
    assert found.expert_params == experts
    assert found.params == 2 * _TABLE + 2 * (_ATTENTION + 16 * 8) + experts
    assert found.active_params == found.params - experts * 12 / 16
    assert found.unquantized_params == 2 * _TABLE + 2 * 16 * 8


def test_first_layers_may_be_dense_and_experts_shared() -> None:
    found = _count(
        model_type="glm4_moe",
        n_routed_experts=16,
        num_experts_per_tok=4,
        moe_intermediate_size=5,
        n_shared_experts=2,
        first_k_dense_replace=1,
    )
    experts = 16 * 3 * 8 * 5
    shared = 3 * 8 * 10
    assert found.params == 2 * _TABLE + 2 * _ATTENTION + _DENSE + 16 * 8 + experts + shared


def test_latent_attention_keeps_one_row_for_all_heads() -> None:
    found = _count(
        model_type="deepseek_v3",
        q_lora_rank=6,
        kv_lora_rank=5,
        qk_nope_head_dim=3,
        qk_rope_head_dim=2,
        v_head_dim=4,
    )
    attention = 8 * 6 + 6 * 4 * 5 + 8 * 7 + 5 * 4 * 7 + 4 * 4 * 8
    assert found.params == 2 * _TABLE + 2 * (attention + _DENSE)
    assert found.kv_bytes_per_token == 2 * 7 * 2
    assert (found.kv_heads, found.head_dim) == (1, 7)
    assert found.pair_flops == 2 * 2 * 4 * (5 + 4)


def test_sparse_attention_adds_its_index() -> None:
    dense = dict(
        model_type="deepseek_v32",
        q_lora_rank=6,
        kv_lora_rank=5,
        qk_nope_head_dim=3,
        qk_rope_head_dim=2,
        v_head_dim=4,
    )
    plain, sparse = _count(**dense), _count(**dense, index_n_heads=2, index_head_dim=16)
    assert sparse.params - plain.params == 2 * (6 * 2 * 16 + 8 * (16 + 2))
    assert sparse.kv_bytes_per_token - plain.kv_bytes_per_token == 2 * (16 + 4)


def test_window_layers_are_counted_apart() -> None:
    found = _count(
        model_type="gpt_oss",
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=128,
    )
    assert found.kv_bytes_per_token == found.window_kv_bytes_per_token == 2 * 2 * 2 * 2
    assert found.window_tokens == 128
    assert found.window_pair_flops == found.pair_flops == 4 * 4 * 2


def test_every_nth_layer_is_full_in_a_pattern() -> None:
    found = _count(
        model_type="gemma3_text",
        num_hidden_layers=12,
        sliding_window=64,
        sliding_window_pattern=6,
    )
    assert found.window_kv_bytes_per_token == 5 * found.kv_bytes_per_token


def test_a_recurrent_layer_keeps_a_state() -> None:
    found = _count(
        model_type="qwen3_next",
        full_attention_interval=2,
        linear_conv_kernel_dim=4,
        linear_key_head_dim=3,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        linear_value_head_dim=5,
    )
    convolved = 2 * 6 + 20
    recurrent = 8 * (12 + 40 + 8) + convolved * 4 + 20 * 8
    gated = 8 * 16 + 2 * 8 * 4 + 8 * 8
    assert found.params == 2 * _TABLE + recurrent + gated + 2 * _DENSE
    # 4 heads x 3 x 5 floats of 4 bytes, and 3 columns of the convolution in bf16.
    assert found.state_bytes_per_sequence == 4 * 3 * 5 * 4 + convolved * 3 * 2


def test_a_hybrid_pattern_is_read_letter_by_letter() -> None:
    found = _count(
        model_type="nemotron_h",
        hybrid_override_pattern="M*E-",
        mamba_num_heads=4,
        mamba_head_dim=3,
        ssm_state_size=5,
        n_groups=2,
        conv_kernel=4,
        n_routed_experts=16,
        num_experts_per_tok=4,
        moe_intermediate_size=6,
        moe_shared_expert_intermediate_size=7,
    )
    inner, convolved = 12, 12 + 2 * 2 * 5
    mamba = 8 * (inner + convolved + 4) + convolved * 4 + inner * 8
    experts = 16 * 2 * 8 * 6
    expert_layer = experts + 16 * 8 + 2 * 8 * 7
    assert found.params == 2 * _TABLE + mamba + _ATTENTION + expert_layer + 2 * 8 * 10
    assert found.state_bytes_per_sequence == inner * 5 * 4 + convolved * 3 * 2
    # Two sublayers make a layer.
    assert found.layers == 2


def test_blocks_found_by_search_differ() -> None:
    attention = {"no_op": False, "n_heads_in_group": 2}
    found = _count(
        model_type="nemotron-nas",
        block_configs=[
            {"attention": attention, "ffn": {"no_op": False, "ffn_mult": 1.5}},
            {"attention": {"no_op": True}, "ffn": {"no_op": True}},
        ],
    )
    # 2/3 of 1.5 x 8 is 8, up to the next multiple of 256.
    assert found.params == 2 * _TABLE + _ATTENTION + 3 * 8 * 256
    assert found.kv_bytes_per_token == 2 * 2 * 2 * 2


def test_experts_in_every_other_layer() -> None:
    found = _count(
        model_type="llama4_text",
        interleave_moe_layer_step=2,
        intermediate_size_mlp=20,
        num_local_experts=4,
        num_experts_per_tok=1,
    )
    experts = 4 * 3 * 8 * 10
    expected = 2 * _TABLE + 2 * _ATTENTION + 3 * 8 * 20 + experts + 4 * 8 + _DENSE
    assert found.params == expected


def test_full_layers_may_have_heads_of_their_own() -> None:
    found = _count(
        model_type="gemma4_text",
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=64,
        num_global_key_value_heads=1,
        global_head_dim=4,
        attention_k_eq_v=True,
    )
    full = 8 * 16 + 8 * 4 + 16 * 8
    assert found.params == _TABLE + _ATTENTION + full + 2 * _DENSE
    assert found.kv_bytes_per_token == 2 * 1 * 4 * 2


def test_a_vision_tower_is_weight_but_not_active() -> None:
    found = architecture(
        {
            "model_type": "mistral3",
            "text_config": {**_PLAIN, "model_type": "mistral"},
            "vision_config": {
                "model_type": "siglip_vision_model",
                "hidden_size": 4,
                "intermediate_size": 6,
                "num_hidden_layers": 3,
                "patch_size": 2,
                "num_position_embeddings": 5,
            },
        }
    )
    vision = 3 * (4 * 16 + 2 * 24) + 3 * 4 * 4 + 5 * 4 + 4 * 8
    assert found.vision_params == vision
    assert found.params == _count().params + vision
    assert found.active_params == _count().params
    assert found.unquantized_params == _count().unquantized_params + vision


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"model_type": "unheard_of"}, "unheard_of"),
        ({"hidden_size": "8"}, "hidden_size"),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M?"}, "ssm|mamba|hybrid"),
    ],
)
def test_what_is_not_known_is_an_error(changes: dict[str, Any], word: str) -> None:
    with pytest.raises((ValueError, KeyError), match=word):
        _count(**changes)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(KeyError, match="vocab_size"):
        architecture({key: value for key, value in _PLAIN.items() if key != "vocab_size"})

"""Which tables are tried for a precision, and in which order."""

from __future__ import annotations

import pytest

from planner.serving.profile_build.lanes import Kind, kind_of, lanes, memory_modes

_DENSE = Kind(experts=False, latent=False, mxfp4=False)
_MIXTURE = Kind(experts=True, latent=False, mxfp4=False)
_LATENT = Kind(experts=True, latent=True, mxfp4=False)
_MXFP4 = Kind(experts=True, latent=False, mxfp4=True)
_ALL = (_DENSE, _MIXTURE, _LATENT, _MXFP4)


def _tried(kind: Kind, precision: str, degree: int = 1) -> list[tuple[str, str, int, bool]]:
    return [
        (modes.gemm, modes.moe, modes.expert_parallel_size, modes.transfer)
        for modes in lanes(kind, precision, "bf16", degree)
    ]


@pytest.mark.parametrize("kind", _ALL)
@pytest.mark.parametrize("precision", ["bf16", "fp8", "fp4", "int4"])
def test_dense_layers_are_never_taken_in_blocks(kind: Kind, precision: str) -> None:
    # fp8_block tables of dense layers are three times slower than what engines show.
    assert all(modes.gemm != "fp8_block" for modes in lanes(kind, precision, "bf16", 4))


@pytest.mark.parametrize(("kv_cache", "named"), [("bf16", "bfloat16"), ("fp8", "fp8")])
def test_the_precision_of_the_cache_is_always_passed(kv_cache: str, named: str) -> None:
    assert {modes.kv_cache for modes in lanes(_MIXTURE, "fp8", kv_cache, 4)} == {named}


def test_dense_models_have_one_table_for_each_precision() -> None:
    assert _tried(_DENSE, "bf16") == [("bfloat16", "bfloat16", 1, t) for t in (False, True)]
    assert _tried(_DENSE, "fp8", 8) == [("fp8", "fp8", 1, t) for t in (False, True)]
    assert _tried(_DENSE, "int4") == []


def test_experts_in_blocks_come_before_per_tensor_ones_and_whole_before_estimated() -> None:
    # On Hopper the per-tensor tables of experts are slower than bf16.
    assert _tried(_MIXTURE, "fp8", 4) == [
        ("fp8", "fp8_block", 1, False),
        ("fp8", "fp8_block", 4, False),
        ("fp8", "fp8", 1, False),
        ("fp8", "fp8", 4, False),
        ("fp8", "fp8_block", 1, True),
        ("fp8", "fp8_block", 4, True),
        ("fp8", "fp8", 1, True),
        ("fp8", "fp8", 4, True),
    ]


@pytest.mark.parametrize("precision", ["bf16", "fp8", "fp4", "int4"])
def test_latent_attention_has_its_dense_layers_in_bf16(precision: str) -> None:
    # With fp8 it is priced as attention over all heads: 92 ms instead of 33 on 8 B200.
    assert {gemm for gemm, *_ in _tried(_LATENT, precision)} == {"bfloat16"}


def test_mxfp4_experts_keep_16_bit_activations() -> None:
    assert _tried(_MXFP4, "fp4")[0] == ("bfloat16", "w4a16_mxfp4", 1, False)


def test_memory_of_fp8_counts_all_weights_in_fp8() -> None:
    modes = next(lanes(_LATENT, "fp8", "bf16", 8))
    assert (modes.gemm, memory_modes(modes, "fp8").gemm) == ("bfloat16", "fp8")
    assert memory_modes(modes, "fp4") == modes


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"hidden_size": 8}, _DENSE),
        ({"num_experts": 8}, _MIXTURE),
        ({"num_experts": 0, "num_local_experts": None}, _DENSE),
        ({"n_routed_experts": 8, "kv_lora_rank": 512}, _LATENT),
        ({"text_config": {"num_experts": 8}}, _MIXTURE),
        ({"num_local_experts": 8, "quantization_config": {"quant_method": "mxfp4"}}, _MXFP4),
        ({"num_local_experts": 8, "quantization_config": {"quant_method": "fp8"}}, _MIXTURE),
    ],
)
def test_the_kind_is_read_from_the_config(config: dict[str, object], kind: Kind) -> None:
    assert kind_of(config) == kind

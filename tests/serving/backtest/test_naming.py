"""GPUs, models and sources by the names that files give them."""

from __future__ import annotations

import pytest

from planner.catalog.hardware import accelerators
from planner.catalog.types import Accelerator
from planner.serving.backtest.naming import gpu_of, known_as, source_name


@pytest.mark.parametrize(
    ("name", "accelerator"),
    [
        ("H100-SXM", "H100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("h100_sxm", "H100"),
        ("H200-SXM", "H200"),
        ("B200", "B200"),
        ("A100-SXM-80GB", "A100-80GB"),
        ("A100-40GB", "A100-40GB"),
        ("A100-PCIe-80GB", "A100-80GB"),
        ("L4", "L4"),
        ("L40S", "L40S"),
        ("A10G", "A10G"),
        ("Tesla T4", "T4"),
        ("RTX-PRO-6000", "RTX PRO 6000"),
    ],
)
def test_cards_have_many_names(name: str, accelerator: str) -> None:
    found = gpu_of(name, 1)
    assert isinstance(found, Accelerator)
    assert found.name == accelerator


@pytest.mark.parametrize("name", ["H100-PCIe", "H100 NVL", "GB200", "MI300X", "L40", "A10"])
def test_cards_unlike_those_of_ec2_are_refused_with_a_reason(name: str) -> None:
    found = gpu_of(name, 1)
    assert isinstance(found, str)
    assert found.startswith(f"{name}: ")


def test_joined_pcie_cards_are_no_sxm_cards() -> None:
    found = gpu_of("A100-PCIe-80GB", 2)
    assert isinstance(found, Accelerator)
    assert (found.name, found.nvlink, found.hbm_gb_per_s) == ("A100-PCIe-80GB", False, 1935)


@pytest.mark.parametrize(
    ("model", "precision", "card", "resolved"),
    [
        (
            "meta-llama/Llama-3.1-70B (InferenceX runs 3.3)",
            "fp8",
            "meta-llama/Llama-3.1-70B",
            "fp8",
        ),
        ("openai/gpt-oss-120b", "mxfp4", "openai/gpt-oss-120b", "fp4"),
        ("Qwen/Qwen3-14B-AWQ", "awq-int4", "Qwen/Qwen3-14B-AWQ", "int4"),
        # Published in int4, so that only another checkpoint of the family has fp4.
        ("moonshotai/Kimi-K2.5", "nvfp4", "nvidia/Kimi-K2.5-NVFP4", "fp4"),
    ],
)
def test_a_row_finds_its_checkpoint(model: str, precision: str, card: str, resolved: str) -> None:
    found = known_as(model, precision, accelerators()["B200"])
    assert not isinstance(found, str)
    assert (found[0].id, found[1].precision) == (card, resolved)


def test_an_unknown_model_is_named() -> None:
    assert known_as("acme/New-1B", "bf16", accelerators()["H100"]) == "acme/New-1B: no model card"


@pytest.mark.parametrize(
    "source",
    [
        "SemiAnalysis InferenceX/InferenceMAX via aiconfigurator_core 0.12.0 silicon_sample.csv",
        "inferencex",
        "InferenceMAX v1",
    ],
)
def test_one_source_under_several_names_is_one(source: str) -> None:
    assert source_name(source) == "inferencex"


def test_another_source_keeps_its_name() -> None:
    assert source_name(" My Lab ") == "my lab"

"""Instance types and accelerators: consistent with each other and with EC2's own figures."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import moto
import pytest

from planner.catalog.hardware import (
    accelerators,
    instance_to_json,
    instances_of,
    parse_instances,
    shipped_instances,
)
from planner.errors import PriceFileError
from tests.catalog.price_support import snapshot

_INSTANCES = list(shipped_instances().values())
_EC2 = Path(moto.__file__).parent / "ec2" / "resources"


def _ec2_answers() -> dict[str, Any]:
    """EC2's answers to DescribeInstanceTypes, as moto records them: an independent copy."""
    with gzip.open(_EC2 / "instance_types.json.gz") as handle:
        return json.load(handle)


def test_hardware_is_what_ec2_says() -> None:
    answers = _ec2_answers()
    for known in _INSTANCES:
        said = answers[known.name]
        assert known.vcpu == said["VCpuInfo"]["DefaultVCpus"]
        assert known.mem_mib == said["MemoryInfo"]["SizeInMiB"]
        assert known.local_nvme_gb == said.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0)
        assert known.usage_classes == tuple(sorted(said["SupportedUsageClasses"]))
        assert [known.arch] == said["ProcessorInfo"]["SupportedArchitectures"]
        if "GpuInfo" in said:
            (gpu,) = said["GpuInfo"]["Gpus"]
            assert known.accelerator_count == gpu["Count"]
            assert known.accelerator_mem_mib == gpu["MemoryInfo"]["SizeInMiB"]
            # The table calls the server card by another name than EC2 does elsewhere.
            plain = known.accelerator.split("-")[0].replace("PRO 6000", "PRO Server 6000")
            assert gpu["Name"] in (plain, known.accelerator)
        else:
            (device,) = said["NeuronInfo"]["NeuronDevices"]
            assert (known.accelerator, known.accelerator_count) == (device["Name"], device["Count"])


def test_the_memory_of_trainium2_is_corrected_and_said_to_be() -> None:
    # EC2 reports 524,288 MiB a device, 8 TiB on one trn2.48xlarge; a device has 96 GiB.
    for name in ("trn2.3xlarge", "trn2.48xlarge"):
        known = shipped_instances()[name]
        assert known.accelerator_mem_mib == 96 * 1024
        assert any("Trainium2" in note for note in known.notes)


def test_offerings_are_what_ec2_says() -> None:
    offered: dict[str, set[str]] = {}
    for path in (_EC2 / "instance_type_offerings" / "region").iterdir():
        raw = path.read_bytes()
        for offering in json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw):
            offered.setdefault(offering["InstanceType"], set()).add(path.name.split(".")[0])
    for known in _INSTANCES:
        assert set(known.regions) == offered[known.name]


@pytest.mark.parametrize(
    ("family", "sizes"),
    [
        ("g4dn", {"xlarge": 1, "16xlarge": 1, "12xlarge": 4, "metal": 8}),
        ("g5", {"xlarge": 1, "16xlarge": 1, "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
        ("g6e", {"xlarge": 1, "16xlarge": 1, "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
        ("g7e", {"2xlarge": 1, "8xlarge": 1, "12xlarge": 2, "24xlarge": 4, "48xlarge": 8}),
        ("p5", {"4xlarge": 1, "48xlarge": 8}),
        ("trn1", {"2xlarge": 1, "32xlarge": 16}),
    ],
)
def test_accelerators_per_size(family: str, sizes: dict[str, int]) -> None:
    for size, count in sizes.items():
        assert shipped_instances()[f"{family}.{size}"].accelerator_count == count


def test_every_accelerator_is_on_an_instance_and_the_reverse() -> None:
    assert {known.accelerator for known in _INSTANCES} == set(accelerators())
    for known in _INSTANCES:
        assert known.accelerator_mem_mib == accelerators()[known.accelerator].mem_mib


def test_both_sizes_of_a100_are_told_apart() -> None:
    assert shipped_instances()["p4d.24xlarge"].accelerator == "A100-40GB"
    assert shipped_instances()["p4de.24xlarge"].accelerator == "A100-80GB"


@pytest.mark.parametrize("name", ["Inferentia2", "Trainium", "Trainium2", "RTX PRO 4500"])
def test_devices_without_serving_figures_are_not_servable(name: str) -> None:
    device = accelerators()[name]
    assert not device.servable
    assert (device.hbm_gb_per_s, device.tflops_bf16, device.tflops_fp8) == (None, None, None)


@pytest.mark.parametrize("name", ["T4", "A10G", "A100-40GB", "A100-80GB"])
def test_gpus_before_ada_have_no_fp8(name: str) -> None:
    assert accelerators()[name].tflops_fp8 is None


def test_the_t4_has_no_bf16() -> None:
    assert (accelerators()["T4"].tflops_bf16, accelerators()["T4"].tflops_fp16) == (None, 65.0)


def test_servable_accelerators_have_plausible_figures() -> None:
    for device in accelerators().values():
        if device.servable:
            assert device.hbm_gb_per_s is not None
            assert 300 <= device.hbm_gb_per_s <= 8000
            assert device.tflops_fp16 is not None
            assert 60 <= device.tflops_fp16 <= 2500
            # Twice the rate at half the width, on every GPU that has fp8.
            if device.tflops_fp8 is not None:
                assert device.tflops_fp8 == pytest.approx(2 * device.tflops_fp16, rel=0.02)
        assert device.source


@pytest.mark.parametrize("name", ["T4", "A10G", "L4", "L40S", "RTX PRO 6000", "RTX PRO 4500"])
def test_g_families_have_no_nvlink(name: str) -> None:
    assert not accelerators()[name].nvlink


@pytest.mark.parametrize(
    ("name", "on_demand", "spot"),
    [
        ("g6e.xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("gr6.4xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("p4d.24xlarge", "L-417A185B", "L-7212CCBC"),
        ("p5.48xlarge", "L-417A185B", "L-C4BD4855"),
        ("inf2.xlarge", "L-1945791B", "L-B5D1601B"),
        ("trn1.32xlarge", "L-2C3B7624", "L-6B0D517C"),
    ],
)
def test_quota_codes_follow_the_family(name: str, on_demand: str, spot: str) -> None:
    known = shipped_instances()[name]
    assert (known.quota_code_on_demand, known.quota_code_spot) == (on_demand, spot)


def test_what_is_not_certain_is_noted() -> None:
    notes = {known.name: " ".join(known.notes) for known in _INSTANCES}
    assert "ap-southeast-1 has a price but no offering" in notes["p4d.24xlarge"]
    assert "no on-demand price in any region" in notes["p5e.48xlarge"]
    assert "unconfirmed" in notes["p6-b200.48xlarge"]
    assert notes["g6e.xlarge"] == ""


def test_an_instance_survives_the_way_to_a_file_and_back() -> None:
    entries = json.loads(json.dumps([instance_to_json(known) for known in _INSTANCES]))
    assert parse_instances(entries, "x.json") == shipped_instances()


def test_a_snapshot_with_its_own_instances_replaces_the_shipped_ones() -> None:
    entry = {**instance_to_json(shipped_instances()["g5.xlarge"]), "observed": "2026-11-22"}
    found = instances_of(snapshot(instances=[entry]))
    assert list(found) == ["g5.xlarge"]
    assert found["g5.xlarge"].observed == date(2026, 11, 22)
    assert instances_of(snapshot()) is shipped_instances()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"vcpu": "4"}, "vcpu is '4', not int"),
        ({"vcpu": -1}, "vcpu is -1, not int"),
        ({"vcpu": True}, "vcpu is True, not int"),
        ({"regions": ["us-east-1", 1]}, "regions is .* not a list of text"),
        ({"observed": "soon"}, "Invalid isoformat"),
        ({"gpu": "L40S"}, "missing or unknown: gpu"),
    ],
)
def test_a_bad_entry_is_named(change: dict[str, object], says: str) -> None:
    entry = {**instance_to_json(shipped_instances()["g5.xlarge"]), **change}
    with pytest.raises(PriceFileError, match=f"x.json: instance 1: {says}"):
        parse_instances([entry], "x.json")


def test_an_instance_named_twice_is_refused() -> None:
    entry = instance_to_json(shipped_instances()["g5.xlarge"])
    with pytest.raises(PriceFileError, match=r"instance 2: g5.xlarge is there twice"):
        parse_instances([entry, entry], "x.json")


def test_an_accelerator_without_a_data_sheet_is_refused() -> None:
    entry = {**instance_to_json(shipped_instances()["g5.xlarge"]), "accelerator": "A10"}
    with pytest.raises(PriceFileError, match=r"g5.xlarge: .* `A10` \(did you mean `A10G`\?\)"):
        instances_of(snapshot(instances=[entry]))

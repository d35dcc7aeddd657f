"""Instance types and accelerators from ``data/instances.json`` and ``data/accelerators.yaml``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from typing import cast

from planner.catalog.names import did_you_mean
from planner.catalog.snapshot import DATA_DIR, Snapshot
from planner.catalog.types import Accelerator, InstanceType
from planner.errors import PriceFileError
from planner.files import read_text

__all__ = [
    "accelerators",
    "instance_to_json",
    "instances_of",
    "parse_instances",
    "shipped_instances",
]

_INSTANCE_FIELDS = {field.name: str(field.type) for field in fields(InstanceType)}
_ACCELERATOR_FIELDS = {field.name: str(field.type) for field in fields(Accelerator)}


@cache
def shipped_instances() -> Mapping[str, InstanceType]:
    """The instance types of this version, by name."""
    path = DATA_DIR / "instances.json"
    raw = cast(list[Mapping[str, object]], json.loads(read_text(path)))
    return parse_instances(raw, str(path))


def instances_of(snapshot: Snapshot) -> Mapping[str, InstanceType]:
    """The instance types of a snapshot, by name: its own, else those of this version."""
    if snapshot.instances is None:
        return shipped_instances()
    found = parse_instances(snapshot.instances, snapshot.name)
    for known in found.values():
        if known.accelerator not in accelerators():
            raise PriceFileError(
                f"{snapshot.name}: {known.name}: no data sheet figures for accelerator "
                f"`{known.accelerator}`{did_you_mean(known.accelerator, accelerators())}"
            )
    return found


def parse_instances(raw: Iterable[Mapping[str, object]], where: str) -> Mapping[str, InstanceType]:
    """Instance types of a file, by name; PriceFileError naming ``where`` and the entry."""
    found: dict[str, InstanceType] = {}
    for number, item in enumerate(raw, start=1):
        try:
            instance = _instance(item)
            if instance.name in found:
                raise ValueError(f"{instance.name} is there twice")
        except ValueError as error:
            raise PriceFileError(f"{where}: instance {number}: {error}") from None
        found[instance.name] = instance
    return found


def _instance(raw: Mapping[str, object]) -> InstanceType:
    values = _checked(raw, _INSTANCE_FIELDS)
    return InstanceType(
        name=cast(str, values["name"]),
        accelerator=cast(str, values["accelerator"]),
        accelerator_count=cast(int, values["accelerator_count"]),
        accelerator_mem_mib=cast(int, values["accelerator_mem_mib"]),
        vcpu=cast(int, values["vcpu"]),
        mem_mib=cast(int, values["mem_mib"]),
        local_nvme_gb=cast(int, values["local_nvme_gb"]),
        arch=cast(str, values["arch"]),
        usage_classes=cast(tuple[str, ...], values["usage_classes"]),
        regions=cast(tuple[str, ...], values["regions"]),
        quota_code_on_demand=cast(str, values["quota_code_on_demand"]),
        quota_code_spot=cast(str, values["quota_code_spot"]),
        source=cast(str, values["source"]),
        observed=cast(date | None, values["observed"]),
        notes=cast(tuple[str, ...], values["notes"]),
    )


def instance_to_json(instance: InstanceType) -> dict[str, object]:
    """The entry of a file for an instance type."""
    values: dict[str, object] = {name: getattr(instance, name) for name in _INSTANCE_FIELDS}
    observed = instance.observed
    return values | {
        "usage_classes": list(instance.usage_classes),
        "regions": list(instance.regions),
        "notes": list(instance.notes),
        "observed": None if observed is None else observed.isoformat(),
    }


@cache
def accelerators() -> Mapping[str, Accelerator]:
    """The accelerators of this version, by name."""
    import yaml

    path = DATA_DIR / "accelerators.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = cast(Mapping[str, Mapping[str, object]], yaml.load(read_text(path), Loader=loader))
    found: dict[str, Accelerator] = {}
    for name, item in raw.items():
        try:
            found[name] = _accelerator({"name": name, **item})
        except ValueError as error:
            raise PriceFileError(f"{path}: {name}: {error}") from None
    return found


def _accelerator(raw: Mapping[str, object]) -> Accelerator:
    values = _checked(raw, _ACCELERATOR_FIELDS)
    return Accelerator(
        name=cast(str, values["name"]),
        mem_mib=cast(int, values["mem_mib"]),
        hbm_gb_per_s=cast(float | None, values["hbm_gb_per_s"]),
        tflops_bf16=cast(float | None, values["tflops_bf16"]),
        tflops_fp16=cast(float | None, values["tflops_fp16"]),
        tflops_fp8=cast(float | None, values["tflops_fp8"]),
        nvlink=cast(bool, values["nvlink"]),
        servable=cast(bool, values["servable"]),
        source=cast(str, values["source"]),
        observed=cast(date, values["observed"]),
    )


def _checked(raw: Mapping[str, object], types: Mapping[str, str]) -> dict[str, object]:
    """The values in the types the annotations name; ValueError for a wrong or missing one."""
    if raw.keys() != types.keys():
        wrong = sorted(raw.keys() ^ types.keys())
        raise ValueError(f"missing or unknown: {', '.join(wrong)}")
    return {name: _typed(name, value, types[name]) for name, value in raw.items()}


def _typed(name: str, value: object, annotation: str) -> object:
    result = value
    match annotation, value:
        case ("str", str()) | ("bool", bool()) | ("date" | "date | None", date()):
            pass
        case (("float | None" | "date | None"), None):
            pass
        case (("date" | "date | None"), str()):
            result = date.fromisoformat(value)
        case ("int", int()) if not isinstance(value, bool) and value >= 0:
            pass
        case ("float | None", int() | float()) if not isinstance(value, bool) and value > 0:
            result = float(value)
        case ("tuple[str, ...]", list()):
            items = cast(list[object], value)
            if not all(isinstance(item, str) for item in items):
                raise ValueError(f"{name} is {value!r}, not a list of text")
            result = tuple(items)
        case _:
            raise ValueError(f"{name} is {value!r}, not {annotation}")
    return result

"""The shipped rows of published runs, read only for the model that is asked for."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import cast

from planner.files import read_text
from planner.serving.measured.types import LoadKind, Run

__all__ = ["shipped_rows", "shipped_runs", "weights_family"]

_FILE = Path(__file__).parent / "data/measurements.csv"
_QUANTISED = ("-fp8-dynamic", "-fp8", "-nvfp4", "-fp4", "-awq", "-gptq-int4", "-bf16")
# Named in warnings, because no EC2 instance has this card.
_PCIE_CARD = "A100-PCIe-80GB"


def weights_family(model: str) -> str:
    """A model id without its organisation, ``Meta-`` and the precision of the checkpoint.

    ``Qwen/Qwen3-32B-FP8`` and ``Qwen/Qwen3-32B`` in fp8 are the same weights to an engine.
    """
    name = model.rstrip("/").rpartition("/")[2].casefold().removeprefix("meta-")
    for ending in _QUANTISED:
        name = name.removesuffix(ending)
    return name


def shipped_runs(names: Iterable[str]) -> tuple[Run, ...]:
    """Runs of the models so named, on GPUs that EC2 has; in the file's order, sorted by id."""
    families = {weights_family(name) for name in names}
    found: list[Run] = []
    for family in sorted(families):
        found += _runs_of(family)
    return tuple(sorted(found, key=lambda run: run.id))


def shipped_rows() -> tuple[dict[str, str], ...]:
    """Every row as text by column, for checks and back-tests."""
    return tuple(csv.DictReader(_lines()))


@cache
def _lines() -> tuple[str, ...]:
    return tuple(read_text(_FILE).splitlines())


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Lines by the family of their model, which is the second column."""
    by_family: dict[str, list[str]] = {}
    for line in _lines()[1:]:
        model = line.split(",", 2)[1]
        by_family.setdefault(weights_family(model), []).append(line)
    return {family: tuple(lines) for family, lines in by_family.items()}


@cache
def _runs_of(family: str) -> tuple[Run, ...]:
    lines = _index().get(family, ())
    header = _lines()[0].split(",")
    rows = (dict(zip(header, row, strict=True)) for row in csv.reader(lines))
    return tuple(_run(row) for row in rows if row["accelerator"])


def _run(row: dict[str, str]) -> Run:
    tpot = row["tpot_ms"]
    note = f"measured on {_PCIE_CARD}, a slower card" if row["gpu"] == _PCIE_CARD else ""
    return Run(
        id=row["id"],
        source=row["source"],
        model=row["model"],
        precision=row["precision"],
        accelerator=row["accelerator"],
        tensor_parallel_size=int(row["tp"]),
        input_tokens=float(row["isl"]),
        output_tokens=float(row["osl"]),
        load_kind=cast(LoadKind, row["load_kind"]),
        load=float(row["load"]),
        output_tokens_per_s=float(row["out_tok_s"]),
        tpot_ms=float(tpot) if tpot else None,
        ramp=row["ramp"] == "1",
        hardware_note=note,
    )

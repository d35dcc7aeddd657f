"""The constants of the serving model, from ``data/constants.yaml`` with their sources.

Those fitted on measured runs are in ``calibration``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.files import read_text

__all__ = ["Constants", "Link", "constants"]

_FILE = Path(__file__).parent / "data/constants.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One all-reduce: ``start_ms``, then ``gb_per_s`` (1e9 bytes of the message a second)."""

    start_ms: float
    gb_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """See the data file for what each figure is and where it comes from."""

    efficiency: float
    overhead_ms_per_layer: float
    parallel_overhead_ms_per_layer: float
    links: Mapping[str, Mapping[int, Link]]
    front_end_ms: float
    weight_bits: Mapping[str, float]
    weight_only_compute_factor: float
    fp4_compute: frozenset[str]
    no_kernel: Mapping[str, frozenset[str]]
    activation_bytes_per_token_hidden: float
    activation_bytes_per_token_hidden_expert: float
    reserve_share: float
    reserve_least_gib: float
    reserve_most_gib: float
    reserve_parallel_gib: float


@cache
def constants() -> Constants:
    """The constants of this version."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = cast(dict[str, dict[str, Any]], yaml.load(read_text(_FILE), Loader=loader))
    roofline, host, weight_only = raw["roofline"], raw["host"], raw["weight_only"]
    return Constants(
        efficiency=roofline["efficiency"],
        overhead_ms_per_layer=roofline["overhead_ms_per_layer"],
        parallel_overhead_ms_per_layer=roofline["parallel_overhead_ms_per_layer"],
        links={
            name: {int(degree): Link(**link) for degree, link in table.items()}
            for name, table in _tables(raw["all_reduce"])
        },
        front_end_ms=host["front_end_ms"],
        weight_bits={k: v for k, v in raw["weight_bits"].items() if isinstance(v, int | float)},
        weight_only_compute_factor=weight_only["compute_factor"],
        fp4_compute=frozenset(weight_only["fp4_compute"]),
        no_kernel={gpu: frozenset(kinds) for gpu, kinds in weight_only["no_kernel"].items()},
        **{k: v for k, v in raw["memory"].items() if isinstance(v, int | float)},
    )


def _tables(block: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The entries of a block that are tables, not its source or date."""
    return [
        (name, cast(Mapping[str, Any], item))
        for name, item in block.items()
        if isinstance(item, dict)
    ]

"""What was fitted on measured runs: host overhead and bands, from ``data/calibration.json``.

Written by ``scripts/calibrate_serving.py``; ``docs/serving_accuracy.md`` says how far it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from planner.files import read_text

__all__ = ["Band", "Calibration", "ClassBands", "calibration", "calibration_of"]

_FILE = Path(__file__).parent / "data/calibration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """80 % of measured ÷ predicted figures lie between ``low`` and ``high``."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBands:
    """The bands of a class of models and hardware, by figure."""

    throughput: Band
    tpot: Band
    ttft: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Host overheads are milliseconds for each sequence in each step.

    ``host_ms_by_engine``: first engine version and overhead, newest first. ``slow_host_ms`` holds,
    whatever the version, for accelerators whose name begins with one of ``slow_hosts``. ``seen``
    are stems of profiles whose model has measured rows.
    """

    id: str
    fitted: str
    host_ms_by_engine: tuple[tuple[tuple[int, ...], float], ...]
    slow_hosts: tuple[str, ...]
    slow_host_ms: float
    seen: frozenset[str]
    bands: Mapping[str, ClassBands]

    def host_ms(self, accelerator: str, engine_version: str = "") -> float:
        """Host overhead on machines with an accelerator; of the newest engine when not known."""
        if accelerator.startswith(self.slow_hosts):
            return self.slow_host_ms
        found = re.match(r"\d+(\.\d+)+", engine_version)
        if found is None:
            return self.host_ms_by_engine[0][1]
        version = tuple(map(int, found[0].split(".")))
        for first, spent in self.host_ms_by_engine:
            if version >= first:
                return spent
        return self.host_ms_by_engine[-1][1]


@cache
def calibration() -> Calibration:
    """The calibration of this version."""
    return calibration_of(read_text(_FILE))


def calibration_of(text: str) -> Calibration:
    """A calibration from the text of its file."""
    raw = cast(dict[str, Any], json.loads(text))
    host = raw["host_overhead"]
    engines = [
        (tuple(map(int, each["from_version"].split("."))), float(each["ms_per_sequence"]))
        for each in host["engines"]
    ]
    return Calibration(
        id=raw["id"],
        fitted=raw["fitted"],
        host_ms_by_engine=tuple(sorted(engines, reverse=True)),
        slow_hosts=tuple(host["slow_hosts"]["accelerators"]),
        slow_host_ms=float(host["slow_hosts"]["ms_per_sequence"]),
        seen=frozenset(raw["seen"]),
        bands={
            name: ClassBands(**{figure: Band(**raw["bands"][name][figure]) for figure in _FIGURES})
            for name in raw["bands"]
        },
    )


_FIGURES = ("throughput", "tpot", "ttft")

"""The faults and figures of ``data/cases.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from planner.drill.types import LagModel

__all__ = ["Fault", "faults", "lag_model", "traffic_figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A change of the planned traffic from one minute on.

    ``traffic`` and ``unit_cost`` are factors, ``growth_per_day`` compounds. ``instances`` follow
    the load, stay as planned, or go to the most. ``waste``: what instances cost counts as
    overspend although it was planned. ``needs``: spend by use, or GPUs.
    """

    name: str
    description: str
    traffic: float = 1.0
    unit_cost: float = 1.0
    growth_per_day: float = 0.0
    metered: bool = True
    instances: Literal["follow", "planned", "most"] = "follow"
    waste: bool = False
    needs: Literal["use", "gpu"] | None = None


@cache
def _file() -> Mapping[str, Mapping[str, Any]]:
    import yaml

    text = files("planner.drill").joinpath("data/cases.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


@cache
def faults() -> tuple[Fault, ...]:
    """In the order of the file."""
    return tuple(Fault(name=name, **fields) for name, fields in _file()["cases"].items())


def lag_model() -> LagModel:
    """How late each clock tells."""
    return LagModel(**{name: int(entry["value"]) for name, entry in _file()["lag"].items()})


def traffic_figure(name: str) -> float:
    """A figure of the traffic model."""
    return float(_file()["traffic"][name]["value"])

"""The figures that thresholds are made with: ``data/thresholds.yaml``, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Thresholds", "thresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Ratios and windows of the alarms; what each means stands in the file."""

    fast_ratio: float
    fast_sigmas: float
    slow_sigmas: float
    volume_ratio: float
    volume_sigmas: float
    floor_share: float
    cost_cv: float
    unit_cost_cv: float
    unit_least_requests: int
    idle_least_requests: int
    idle_least_minutes: int
    under_used_share: float
    breakeven_margin: float
    budget_first_pct: float
    budget_margin: float
    utilisation_pct: float
    mute_days: int
    overflow_slack_share: float


@cache
def thresholds() -> Thresholds:
    """The file, read once."""
    import yaml

    text = files("planner.emit.guard").joinpath("data/thresholds.yaml").read_text(encoding="utf-8")
    raw: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return Thresholds(**{name: entry["value"] for name, entry in raw.items()})

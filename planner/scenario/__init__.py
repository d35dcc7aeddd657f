"""The scenario file: its model, its reader, its presets and its JSON Schema.

Names are imported on first use: the schema alone costs 50 ms to build.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.scenario.given import Given, Rule
    from planner.scenario.load import LoadedScenario, load_scenario, parse_scenario
    from planner.scenario.model import Scenario
    from planner.scenario.presets import PRESETS, preset_text
    from planner.scenario.provenance import Assumption, Origin
    from planner.scenario.schema import scenario_schema
    from planner.scenario.yaml_marks import Finding

__all__ = [
    "PRESETS",
    "Assumption",
    "Finding",
    "Given",
    "LoadedScenario",
    "Origin",
    "Rule",
    "Scenario",
    "load_scenario",
    "parse_scenario",
    "preset_text",
    "scenario_schema",
]

_HOMES = {
    "PRESETS": "presets",
    "Assumption": "provenance",
    "Finding": "yaml_marks",
    "Given": "given",
    "LoadedScenario": "load",
    "Origin": "provenance",
    "Rule": "given",
    "Scenario": "model",
    "load_scenario": "load",
    "parse_scenario": "load",
    "preset_text": "presets",
    "scenario_schema": "schema",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""Builds serving profiles with aiconfigurator-core (extra ``profiles``)."""

from __future__ import annotations

from planner.serving.profile_build.build import BuildPlan, Built, build_profiles
from planner.serving.profile_build.engine import EngineSettings
from planner.serving.profile_build.sources import (
    PRECISIONS,
    ModelSource,
    model_source,
    model_stems,
    own_source,
    systems,
)

__all__ = [
    "PRECISIONS",
    "BuildPlan",
    "Built",
    "EngineSettings",
    "ModelSource",
    "build_profiles",
    "model_source",
    "model_stems",
    "own_source",
    "systems",
]

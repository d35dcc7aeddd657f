"""Serving profiles: reading, finding and interpolating them."""

from __future__ import annotations

from planner.serving.profiles.format import (
    SUFFIX,
    ProfileFile,
    encode_profiles,
    packed,
    read_profiles,
)
from planner.serving.profiles.provider import ProfileProvider
from planner.serving.profiles.steps import ProfileSteps
from planner.serving.profiles.store import (
    INDEX_NAME,
    ProfileStore,
    index_text,
    profile_store,
    shipped_profiles,
)
from planner.serving.profiles.types import (
    CacheRoom,
    ModelFacts,
    NoProfile,
    Profile,
    ProfileKey,
    ProfileSource,
)
from planner.serving.profiles.weight_only import SavedBytes, WeightOnlySteps

__all__ = [
    "INDEX_NAME",
    "SUFFIX",
    "CacheRoom",
    "ModelFacts",
    "NoProfile",
    "Profile",
    "ProfileFile",
    "ProfileKey",
    "ProfileProvider",
    "ProfileSource",
    "ProfileSteps",
    "ProfileStore",
    "SavedBytes",
    "WeightOnlySteps",
    "encode_profiles",
    "index_text",
    "packed",
    "profile_store",
    "read_profiles",
    "shipped_profiles",
]

"""Prices with source and date, hardware and models: what every cost is computed from.

Names are imported when they are first used: a command that needs the types only does not load the
price data.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from planner.catalog.types import (
    Accelerator,
    InstanceType,
    LlmQuote,
    LlmRate,
    LlmRef,
    ModelCard,
    PriceRow,
    Processing,
    Purchase,
    RateTier,
)

if TYPE_CHECKING:
    from planner.catalog.age import AgePolicy, PriceAge, age_policy
    from planner.catalog.catalog import Catalog, load_catalog
    from planner.catalog.quotas import Quota
    from planner.catalog.snapshot import Snapshot, load_snapshot

__all__ = [
    "Accelerator",
    "AgePolicy",
    "Catalog",
    "InstanceType",
    "LlmQuote",
    "LlmRate",
    "LlmRef",
    "ModelCard",
    "PriceAge",
    "PriceRow",
    "Processing",
    "Purchase",
    "Quota",
    "RateTier",
    "Snapshot",
    "age_policy",
    "load_catalog",
    "load_snapshot",
]

_HOMES = {
    "AgePolicy": "age",
    "Catalog": "catalog",
    "PriceAge": "age",
    "Quota": "quotas",
    "Snapshot": "snapshot",
    "age_policy": "age",
    "load_catalog": "catalog",
    "load_snapshot": "snapshot",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

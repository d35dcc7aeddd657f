"""Scenario -> Demand: volume, the week's shape, and the lengths of requests.

Names are imported when they are first used: a command that needs the types only reads no profile.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from planner.demand.types import (
    Demand,
    LengthBucket,
    LengthStats,
    SharedPrefixDemand,
    TraceWindow,
)

if TYPE_CHECKING:
    from planner.demand.build import build_demand
    from planner.demand.load import (
        capacity_needed_rps,
        load_by_hour_rps,
        mean_rps,
        utc_hour_weights,
    )
    from planner.demand.tokenizer import (
        EncodingChoice,
        count_tokens,
        encoding_for,
        encoding_names,
    )

__all__ = [
    "Demand",
    "EncodingChoice",
    "LengthBucket",
    "LengthStats",
    "SharedPrefixDemand",
    "TraceWindow",
    "build_demand",
    "capacity_needed_rps",
    "count_tokens",
    "encoding_for",
    "encoding_names",
    "load_by_hour_rps",
    "mean_rps",
    "utc_hour_weights",
]

_HOMES = {
    "EncodingChoice": "tokenizer",
    "build_demand": "build",
    "capacity_needed_rps": "load",
    "count_tokens": "tokenizer",
    "encoding_for": "tokenizer",
    "encoding_names": "tokenizer",
    "load_by_hour_rps": "load",
    "mean_rps": "load",
    "utc_hour_weights": "load",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

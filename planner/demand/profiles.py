"""The tables that ship with the package: length and traffic profiles, and the defaults.

``data/SOURCES.md`` says where they come from; ``scripts/build_demand_profiles.py`` makes them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

__all__ = [
    "DefaultFigure",
    "LengthTable",
    "TrafficTable",
    "default_burst",
    "default_figure",
    "length_table",
    "traffic_table",
]

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthTable:
    """Tokens at the percentiles 0..100 of one trace, input and output apart, and their means.

    ``request_share_with_lengths`` is the part of the trace's requests the lengths were known for.
    """

    name: str
    input_tokens: tuple[int, ...]
    output_tokens: tuple[int, ...]
    input_mean: Decimal
    output_mean: Decimal
    request_share_with_lengths: Decimal
    source: str
    licence: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficTable:
    """Hourly weights of one trace (24 or 168, mean 1), hours counted from the trace's start."""

    name: str
    weights: tuple[float, ...]
    days: int
    source: str
    licence: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultFigure:
    """A default with the document it rests on."""

    value: str
    source: str


# Any: the parsed JSON of a data file that ships with this package and is checked by its tests.
@functools.cache
def _table(name: str) -> dict[str, Any]:
    return json.loads((_DATA / name).read_text(encoding="utf-8"))


def length_table(name: str) -> LengthTable:
    """The length profile ``name`` of ``planner.scenario.workload.LENGTH_PROFILES``."""
    row = _table("length_profiles.json")[name]
    return LengthTable(
        name=name,
        input_tokens=tuple(row["input_tokens"]),
        output_tokens=tuple(row["output_tokens"]),
        input_mean=Decimal(row["input_mean"]),
        output_mean=Decimal(row["output_mean"]),
        request_share_with_lengths=Decimal(row["request_share_with_lengths"]),
        source=row["source"],
        licence=row["licence"],
        observed=row["observed"],
    )


def traffic_table(name: str) -> TrafficTable:
    """The traffic profile ``name`` of ``TRAFFIC_PROFILES``, other than ``flat``."""
    row = _table("traffic_profiles.json")[name]
    return TrafficTable(
        name=name,
        weights=tuple(row["weights"]),
        days=row["days"],
        source=row["source"],
        licence=row["licence"],
        observed=row["observed"],
    )


def default_figure(name: str) -> DefaultFigure:
    """The default ``name`` of ``data/defaults.json``."""
    row = _table("defaults.json")[name]
    return DefaultFigure(value=row["value"], source=row["source"])


def default_burst(length_profile: str | None) -> DefaultFigure:
    """Busiest minute ÷ mean of its hour: that of the length profile's trace, or of chat."""
    table = _table("defaults.json")["burst_within_hour"]
    row = table.get(length_profile, table["chat"])
    return DefaultFigure(value=row["value"], source=row["source"])

"""Where a figure came from, carried beside it through every later step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Assumption", "Origin"]

Origin = Literal["scenario", "default", "trace", "catalog", "model", "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One input of the answer that a reader may want to check or change.

    ``path`` is the scenario field that sets it (``workload.traffic.burst_within_hour``), or the
    quantity's own dotted name when no field does. ``value`` is text with its unit.
    ``mark`` is empty for a measured or list figure, ``~`` estimated, ``^`` extrapolated outside
    the data, ``?`` assumed default.
    """

    path: str
    value: str
    origin: Origin
    source: str
    mark: Literal["", "~", "^", "?"] = ""

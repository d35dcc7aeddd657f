"""The week's shape: 168 hourly weights with mean 1, and the burst inside an hour."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence

from planner.demand.problems import did_you_mean, field_error
from planner.units import HOURS_PER_WEEK

__all__ = ["normalised", "stretched", "timezone_of", "week_of"]


def normalised(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights ÷ their mean; not all may be zero."""
    mean = math.fsum(weights) / len(weights)
    return tuple(weight / mean for weight in weights)


def week_of(weights: Sequence[float]) -> tuple[float, ...]:
    """168 weights with mean 1 from 168, or from 24 that repeat every day."""
    return normalised(tuple(weights) * (HOURS_PER_WEEK // len(weights)))


def stretched(weights: Sequence[float], peak_to_mean: float) -> tuple[float, ...]:
    """The shape stretched or shrunk around its mean until largest ÷ mean is ``peak_to_mean``.

    w' = 1 + (w - 1)·s, cut off at 0 and divided by the new mean. Written with the gaps
    d = largest - w this is the family w' ~ max(1 - d/depth, 0), whose ratio falls as depth grows
    and reaches any peak up to count ÷ (number of hours that share the largest weight). ValueError
    when the shape cannot reach the peak.
    """
    largest, count = max(weights), len(weights)
    if peak_to_mean == 1:
        return (1.0,) * count
    reachable = count / list(weights).count(largest)
    if not 1 < peak_to_mean <= reachable:
        raise ValueError(
            f"this shape can have a busiest hour ÷ mean from 1 to {reachable:.6g}, "
            f"not {peak_to_mean:.6g}"
        )
    if peak_to_mean == reachable:
        return tuple(reachable if weight == largest else 0.0 for weight in weights)
    gaps = [largest - weight for weight in weights]
    depth = _depth(sorted(gaps), peak_to_mean)
    return tuple(peak_to_mean * max(1 - gap / depth, 0.0) for gap in gaps)


def _depth(rising: list[float], peak_to_mean: float) -> float:
    """The depth at which largest ÷ mean is ``peak_to_mean``, for gaps that rise from 0.

    While k hours stay above 0, the mean is (k - (their gaps)/depth)/count times the largest, so
    depth = peak·(their gaps)/(peak·k - count): exact for the k at which it cuts no further hour.
    """
    count, total = len(rising), 0.0
    for kept, gap in enumerate(rising, start=1):
        total += gap
        slope = peak_to_mean * kept - count
        if slope > 0 and total > 0:
            depth = peak_to_mean * total / slope
            if kept == count or depth <= rising[kept]:
                return depth
    return math.inf  # The peak is 1 as far as floats can tell: flat.


def timezone_of(name: str) -> datetime.tzinfo:
    """The IANA zone ``name``; ScenarioError at ``timezone`` when there is none."""
    if name == "UTC":
        return datetime.UTC
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, zoneinfo.available_timezones())
        raise field_error(
            "timezone",
            f'"{name}" is not an IANA time zone{near}; give one such as Europe/Berlin, or UTC',
        ) from None

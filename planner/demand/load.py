"""What costs need from a demand at any volume: rates by hour, and the capacity to hold."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

from planner.demand.traffic import timezone_of
from planner.demand.types import Demand
from planner.units import HOURS_PER_WEEK, SECONDS_PER_DAY, SECONDS_PER_HOUR

__all__ = ["capacity_needed_rps", "load_by_hour_rps", "mean_rps", "utc_hour_weights"]

_HOURS_PER_DAY = 24


def mean_rps(requests_per_month: Decimal, days_per_month: Decimal) -> float:
    """Requests per second when a month's volume is spread evenly over its days."""
    return float(requests_per_month / (days_per_month * SECONDS_PER_DAY))


def load_by_hour_rps(demand: Demand, requests_per_month: Decimal) -> tuple[float, ...]:
    """Mean requests per second of the 168 hours of a week, from Monday 00:00 local time."""
    mean = mean_rps(requests_per_month, demand.days_per_month)
    return tuple(mean * weight for weight in demand.hour_weights)


def capacity_needed_rps(demand: Demand, requests_per_month: Decimal) -> float:
    """Smallest constant capacity in requests per second that holds the demand.

    Interactive requests must be served at once: (1 - deferrable share) x busiest hour x burst.
    Deferrable ones may wait up to a day, so each local day's whole load must fit into its
    24 hours at that capacity. Without deferrable work this is mean x largest weight x burst.
    """
    load = load_by_hour_rps(demand, requests_per_month)
    interactive_share = float(1 - demand.deferrable_share)
    interactive_peak = interactive_share * max(load) * demand.burst_within_hour
    busiest_day = max(
        math.fsum(load[start : start + _HOURS_PER_DAY]) / _HOURS_PER_DAY
        for start in range(0, HOURS_PER_WEEK, _HOURS_PER_DAY)
    )
    return max(interactive_peak, busiest_day)


def utc_hour_weights(demand: Demand, month: datetime.date) -> tuple[float, ...]:
    """The 168 weights from Monday 00:00 UTC, with the zone's offset on the day ``month``.

    Offsets of half or quarter hours share each local hour between the two UTC hours it lies in;
    the mean stays 1.
    """
    noon = datetime.datetime.combine(month, datetime.time(12), timezone_of(demand.timezone))
    offset = noon.utcoffset() or datetime.timedelta(0)
    whole, rest_s = divmod(int(offset.total_seconds()), SECONDS_PER_HOUR)
    later = rest_s / SECONDS_PER_HOUR
    weights = demand.hour_weights
    return tuple(
        weights[(hour + whole) % HOURS_PER_WEEK] * (1 - later)
        + weights[(hour + whole + 1) % HOURS_PER_WEEK] * later
        for hour in range(HOURS_PER_WEEK)
    )

"""A scenario's options as points."""

from __future__ import annotations

from decimal import Decimal

from planner.costs.types import Ledger, Option
from planner.demand.types import Demand
from planner.levers.pareto.frontier import Point
from planner.levers.pareto.table import COST, LATENCY, QUALITY
from planner.money import usd_from_float

__all__ = ["option_point"]


def option_point(option: Option, mean: Ledger, demand: Demand) -> Point:
    """Cost per request of the mean month, the option's quality score, and predicted latency.

    Cost is total cost of ownership, as options are ranked. Latency in ms is the predicted time to
    first token plus that of the mean output's further tokens, both at the percentiles of the
    service level; an API states none.
    """
    values: dict[str, Decimal] = {}
    if mean.requests_per_month:
        values[COST] = mean.total_usd / mean.requests_per_month
    if option.quality_score is not None:
        values[QUALITY] = option.quality_score
    capacity = None if option.serving is None else option.serving.capacity
    if capacity is not None:
        further = max(float(demand.output_tokens.mean) - 1, 0.0)
        values[LATENCY] = usd_from_float(capacity.ttft_ms + further * capacity.tpot_ms)
    return Point(name=option.name, values=values)

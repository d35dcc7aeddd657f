"""All levers of a scenario together: declared, resolved, applied one after the other."""

from __future__ import annotations

from planner.levers.together.apply import (
    applied_to,
    interactions,
    lever_savings,
    lever_waterfall,
    price_with_levers,
    without_levers,
)
from planner.levers.together.batch_table import (
    BatchTable,
    Component,
    GroupedRow,
    MultiItemTable,
    batch_table,
)
from planner.levers.together.cache_table import CacheTable
from planner.levers.together.claims import Claim, claim
from planner.levers.together.declared import ORDER, Declared, Lever
from planner.levers.together.request_price import RequestPrice, model_name, request_price
from planner.levers.together.resolve import Resolved, call_items, counting, resolve_levers
from planner.levers.together.route_table import Alone, RouteTable, route_table
from planner.levers.together.waterfall import Step, Waterfall, waterfall

__all__ = [
    "ORDER",
    "Alone",
    "BatchTable",
    "CacheTable",
    "Claim",
    "Component",
    "Declared",
    "GroupedRow",
    "Lever",
    "MultiItemTable",
    "RequestPrice",
    "Resolved",
    "RouteTable",
    "Step",
    "Waterfall",
    "applied_to",
    "batch_table",
    "call_items",
    "claim",
    "counting",
    "interactions",
    "lever_savings",
    "lever_waterfall",
    "model_name",
    "price_with_levers",
    "request_price",
    "resolve_levers",
    "route_table",
    "waterfall",
    "without_levers",
]

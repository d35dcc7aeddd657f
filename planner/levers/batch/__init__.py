"""Batching: several items in one call, and the provider's batch price."""

from __future__ import annotations

from planner.levers.batch.multi_item import (
    DEFAULT_MOST_ITEMS,
    ItemCost,
    Items,
    Retry,
    best_size,
    item_cost,
)

__all__ = ["DEFAULT_MOST_ITEMS", "ItemCost", "Items", "Retry", "best_size", "item_cost"]

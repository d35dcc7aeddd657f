"""Several items in one call: the shared prompt is paid once, a failure takes all of them along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["DEFAULT_MOST_ITEMS", "ItemCost", "Items", "Retry", "best_size", "item_cost"]

Retry = Literal["call", "item"]

# Section 11.4 "Cost-Performance Optimization at Scale" guides to 5-20 items a call: 20 is the most
# that one bad answer may take with it unless the scenario says otherwise.
DEFAULT_MOST_ITEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Tokens of an item (``shared`` once a call, ``own_input`` and ``output`` each), prices in USD
    per 1M tokens, and the share (0-1) of items that come back unusable.
    """

    shared_tokens: Decimal
    own_input_tokens: Decimal
    output_tokens: Decimal
    input_usd_per_1m_tokens: Decimal
    output_usd_per_1m_tokens: Decimal
    item_failure_share: Decimal = Decimal(0)
    retry: Retry = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCost:
    """``items_per_call`` items in one call.

    ``usd_per_1000_items`` is without failures, ``expected_usd_per_1000_items`` with those done
    again; ``call_failure_share`` the probability that some item of a call fails.
    """

    items_per_call: int
    usd_per_1000_items: Decimal
    expected_usd_per_1000_items: Decimal
    call_failure_share: Decimal
    redo_call_factor: Decimal
    redo_item_factor: Decimal

    @property
    def blast_radius_items(self) -> int:
        """Items that one failed call takes with it."""
        return self.items_per_call


def item_cost(items: Items, items_per_call: int) -> ItemCost:
    """1000 ((A + b u) p_in / b + o p_out) / 1e6 USD; a call fails with 1 - (1 - p)^b.

    Done again until it works, a whole call costs 1 / (1 - p)^b times as much, single items
    1 / (1 - p). ValueError for fewer than one item, or if every item fails.
    """
    works = 1 - items.item_failure_share
    if items_per_call < 1 or works <= 0:
        raise ValueError(f"{items_per_call} items a call, of which {works} come back")
    sent = items.shared_tokens / items_per_call + items.own_input_tokens
    usd = (
        sent * items.input_usd_per_1m_tokens + items.output_tokens * items.output_usd_per_1m_tokens
    ) / 1000
    all_work = works**items_per_call
    redo_call, redo_item = 1 / all_work, 1 / works
    return ItemCost(
        items_per_call=items_per_call,
        usd_per_1000_items=usd,
        expected_usd_per_1000_items=usd * (redo_call if items.retry == "call" else redo_item),
        call_failure_share=1 - all_work,
        redo_call_factor=redo_call,
        redo_item_factor=redo_item,
    )


def best_size(items: Items, most: int) -> ItemCost:
    """The size from 1 to ``most`` with the lowest expected cost; of equals the smallest."""
    sizes: Sequence[ItemCost] = [item_cost(items, size) for size in range(1, most + 1)]
    return min(sizes, key=lambda each: (each.expected_usd_per_1000_items, each.items_per_call))

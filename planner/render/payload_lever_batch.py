"""Batching in full, for ``planner optimize --show batch``."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from planner.levers.batch import ItemCost
from planner.levers.together import BatchTable, Component, MultiItemTable, Resolved, batch_table
from planner.render.numbers import significant

__all__ = ["BatchComponentView", "BatchView", "ItemsView", "MultiItemView", "batch_view"]

_DIGITS = 12


class BatchComponentView(NamedTuple):
    """Tokens of one kind in a month, or a fee beside tokens, which no batch price lowers.

    ``discount_share`` is null where no batch price is sold.
    """

    component: str
    standard_usd_per_1m_tokens: Decimal | None
    batch_usd_per_1m_tokens: Decimal | None
    discount_share: Decimal | None
    standard_monthly_usd: Decimal
    monthly_usd: Decimal


class ItemsView(NamedTuple):
    """One size of a call; ``expected`` with the work that is done again after failures."""

    items_per_call: int
    usd_per_1000_items: Decimal
    batch_usd_per_1000_items: Decimal | None
    expected_usd_per_1000_items: Decimal
    call_failure_share: Decimal
    redo_call_factor: Decimal
    redo_item_factor: Decimal
    blast_radius_items: int
    is_recommended: bool
    is_in_use: bool


class MultiItemView(NamedTuple):
    """Several items in one call at the baseline's standard price.

    ``recommended_items_per_call`` is the cheapest up to ``max_items_per_call``, the most that one
    failed call may take with it; ``cheapest_items_per_call`` is without that limit, null where
    failures never outweigh a larger call.
    """

    shared_tokens: Decimal
    own_input_tokens: Decimal
    output_tokens: Decimal
    item_failure_share: Decimal
    retry: Literal["call", "item"]
    max_items_per_call: int
    recommended_items_per_call: int
    cheapest_items_per_call: int | None
    sizes: tuple[ItemsView, ...]


class BatchView(NamedTuple):
    """Batching alone on the baseline, first month's prices at the mean month's volume.

    ``monthly_usd`` has the deferrable share at the batch price, the rest at the standard one.
    """

    baseline: str
    batch_is_sold: bool
    deferrable_share: Decimal
    components: tuple[BatchComponentView, ...]
    standard_monthly_usd: Decimal
    monthly_usd: Decimal
    saving_monthly_usd: Decimal
    multi_item: MultiItemView | None


def batch_view(resolved: Resolved) -> BatchView | None:
    """The view; None where no API option has a price."""
    table = batch_table(resolved)
    if table is None:
        return None
    return BatchView(
        baseline=table.baseline,
        batch_is_sold=table.is_sold,
        deferrable_share=table.deferrable_share,
        components=tuple(_component(each) for each in table.components),
        standard_monthly_usd=_exact(table.standard_monthly_usd),
        monthly_usd=_exact(table.with_batch_monthly_usd),
        saving_monthly_usd=_exact(_saving(table)),
        multi_item=None if table.multi_item is None else _multi_item(table.multi_item),
    )


def _saving(table: BatchTable) -> Decimal:
    return table.standard_monthly_usd - table.with_batch_monthly_usd


def _component(component: Component) -> BatchComponentView:
    return BatchComponentView(
        component=component.name,
        standard_usd_per_1m_tokens=_maybe(component.standard_usd_per_1m_tokens),
        batch_usd_per_1m_tokens=_maybe(component.batch_usd_per_1m_tokens),
        discount_share=_maybe(component.discount_share),
        standard_monthly_usd=_exact(component.standard_monthly_usd),
        monthly_usd=_exact(component.with_batch_monthly_usd),
    )


def _multi_item(table: MultiItemTable) -> MultiItemView:
    items = table.items
    return MultiItemView(
        shared_tokens=items.shared_tokens,
        own_input_tokens=_exact(items.own_input_tokens),
        output_tokens=_exact(items.output_tokens),
        item_failure_share=items.item_failure_share,
        retry=items.retry,
        max_items_per_call=table.most_items,
        recommended_items_per_call=table.recommended.items_per_call,
        cheapest_items_per_call=None if table.unlimited is None else table.unlimited.items_per_call,
        sizes=tuple(_items(row.size, row.batch_usd_per_1000_items, table) for row in table.rows),
    )


def _items(size: ItemCost, batch: Decimal | None, table: MultiItemTable) -> ItemsView:
    return ItemsView(
        items_per_call=size.items_per_call,
        usd_per_1000_items=_exact(size.usd_per_1000_items),
        batch_usd_per_1000_items=_maybe(batch),
        expected_usd_per_1000_items=_exact(size.expected_usd_per_1000_items),
        call_failure_share=_exact(size.call_failure_share),
        redo_call_factor=_exact(size.redo_call_factor),
        redo_item_factor=_exact(size.redo_item_factor),
        blast_radius_items=size.blast_radius_items,
        is_recommended=size.items_per_call == table.recommended.items_per_call,
        is_in_use=size.items_per_call == table.in_use.items_per_call,
    )


def _maybe(value: Decimal | None) -> Decimal | None:
    return None if value is None else _exact(value)


def _exact(value: Decimal) -> Decimal:
    return significant(value, _DIGITS)

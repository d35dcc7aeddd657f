"""Batching in blocks: the batch price by component, and the size of a call."""

from __future__ import annotations

from planner.render.blocks import Block, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import NOT_APPLICABLE, count, money, percent, unit_cost, unit_price
from planner.render.payload_lever_batch import BatchComponentView, BatchView, ItemsView
from planner.render.payload_lever_batch import MultiItemView as _MultiItem
from planner.render.wording import plural

__all__ = ["batch_blocks"]


def batch_blocks(view: BatchView | None) -> list[Block]:
    """The whole section."""
    if view is None:
        return [Paragraph("No API option with a price: there is nothing to batch.")]
    return [
        Paragraph(_verdict(view), strong=True),
        *_component_blocks(view),
        *_multi_item_blocks(view.multi_item),
    ]


def _verdict(view: BatchView) -> str:
    if not view.batch_is_sold:
        return f"No batch price of {view.baseline} is known: nothing is saved."
    if not view.deferrable_share:
        return (
            "No request may wait (`workload.deferrable_share` is 0): interactive traffic is never "
            "batched."
        )
    return (
        f"{percent(view.deferrable_share)} of the requests may wait: at the batch price "
        f"{view.baseline} saves {money(view.saving_monthly_usd)} a month."
    )


def _component_blocks(view: BatchView) -> list[Block]:
    columns = (
        Column(header="component", is_name=True),
        Column(header="standard $/1M", align="decimal"),
        Column(header="batch $/1M", align="decimal"),
        Column(header="discount", align="decimal"),
        Column(header="standard a month", align="decimal"),
        Column(header="with batch", align="decimal"),
    )
    total = (
        "total",
        "",
        "",
        "",
        money(view.standard_monthly_usd),
        money(view.monthly_usd),
    )
    rows = [Row(_component_row(each)) for each in view.components]
    return [
        Heading("Batch price by component"),
        Grid(columns=columns, rows=(*rows, Row(total, is_total=True))),
        Paragraph(
            "The discount acts on the share of requests that may wait; fees beside tokens "
            "(`tco.api.infrastructure`) have none."
        ),
    ]


def _component_row(each: BatchComponentView) -> tuple[str, ...]:
    is_fee = each.standard_usd_per_1m_tokens is None
    return (
        each.component,
        NOT_APPLICABLE if is_fee else unit_price(each.standard_usd_per_1m_tokens),
        NOT_APPLICABLE if is_fee else unit_price(each.batch_usd_per_1m_tokens),
        percent(each.discount_share),
        money(each.standard_monthly_usd),
        money(each.monthly_usd),
    )


def _multi_item_blocks(view: _MultiItem | None) -> list[Block]:
    if view is None:
        return []
    columns = (
        Column(header="items a call", align="right"),
        Column(header="$/1,000 items", align="decimal"),
        Column(header="at batch price", align="decimal", priority=2),
        Column(header="with re-runs", align="decimal"),
        Column(header="call fails", align="decimal"),
        Column(header="redo call", align="decimal", priority=1),
        Column(header="redo items", align="decimal", priority=1),
        Column(header="blast radius", align="right"),
        Column(header=""),
    )
    return [
        Heading("Several items in one call"),
        Grid.of(columns, [_size_row(each) for each in view.sizes]),
        Paragraph(_advice(view)),
    ]


def _size_row(each: ItemsView) -> tuple[str, ...]:
    notes = [
        word
        for word, holds in (("recommended", each.is_recommended), ("in use", each.is_in_use))
        if holds
    ]
    batch = each.batch_usd_per_1000_items
    return (
        count(each.items_per_call),
        unit_cost(each.usd_per_1000_items),
        NOT_APPLICABLE if batch is None else unit_cost(batch),
        unit_cost(each.expected_usd_per_1000_items),
        f"{each.call_failure_share * 100:.2f} %",
        f"{each.redo_call_factor:.4f}x",
        f"{each.redo_item_factor:.4f}x",
        plural(each.blast_radius_items, "item"),
        ", ".join(notes),
    )


def _advice(view: _MultiItem) -> str:
    redone = "the whole call is" if view.retry == "call" else "the failed items are"
    said = (
        f"{percent(view.item_failure_share)} of items fail and {redone} done again. Recommended: "
        f"{count(view.recommended_items_per_call)} a call, the cheapest up to "
        f"{count(view.max_items_per_call)}, the most one failed call may take with it."
    )
    if view.cheapest_items_per_call is not None:
        said += f" Without that limit: {count(view.cheapest_items_per_call)}."
    return f"{said} Accuracy may fall with the number of items: measure it before."

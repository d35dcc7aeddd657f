"""Batching alone: the provider's batch price by component, and several items in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from planner.levers.batch import DEFAULT_MOST_ITEMS, ItemCost, Items, best_size, item_cost
from planner.levers.together.request_price import RequestPrice, model_name, request_price
from planner.levers.together.resolve import Resolved, call_items
from planner.units import TOKENS_PER_MTOK

__all__ = ["BatchTable", "Component", "GroupedRow", "MultiItemTable", "batch_table"]

_SIZES = (1, 2, 5, 10, 20, 50)
# A call of which this many items fail on average is done again far too often to be cheapest.
_FAILURES = 5
_LARGEST_CALL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Tokens of one kind over a month of all requests, or what is not paid by the token: a fee, a
    price by the request.

    Prices are USD per 1M tokens, None for the latter; the batch price is None where none is sold.
    ``with_batch_usd`` has the deferrable share at the batch price.
    """

    name: str
    standard_usd_per_1m_tokens: Decimal | None
    batch_usd_per_1m_tokens: Decimal | None
    standard_monthly_usd: Decimal
    with_batch_monthly_usd: Decimal

    @property
    def discount_share(self) -> Decimal | None:
        """Share (0-1) taken off by the batch price; 0 for what is not paid by the token, None where
        none is sold.
        """
        if self.standard_usd_per_1m_tokens is None:
            return Decimal(0)
        if self.batch_usd_per_1m_tokens is None or not self.standard_usd_per_1m_tokens:
            return None
        return 1 - self.batch_usd_per_1m_tokens / self.standard_usd_per_1m_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedRow:
    """One size of a call; the batch figure is None where no batch price is sold."""

    size: ItemCost
    batch_usd_per_1000_items: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiItemTable:
    """Sizes beside each other, the recommended one and the one in use.

    ``unlimited`` is the cheapest of all sizes; None where failures never outweigh a larger call.
    """

    items: Items
    rows: tuple[GroupedRow, ...]
    most_items: int
    recommended: ItemCost
    in_use: ItemCost
    unlimited: ItemCost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTable:
    """The baseline's mean month, without any other lever."""

    baseline: str
    deferrable_share: Decimal
    components: tuple[Component, ...]
    is_sold: bool
    multi_item: MultiItemTable | None

    @property
    def standard_monthly_usd(self) -> Decimal:
        """All components at standard prices."""
        return sum((each.standard_monthly_usd for each in self.components), Decimal(0))

    @property
    def with_batch_monthly_usd(self) -> Decimal:
        """All components, the deferrable share at batch prices."""
        return sum((each.with_batch_monthly_usd for each in self.components), Decimal(0))


def batch_table(resolved: Resolved) -> BatchTable | None:
    """The table; None where no API option has a price."""
    inputs, baseline = resolved.inputs, resolved.baseline
    if baseline is None:
        return None
    standard = request_price(inputs, baseline, inputs.demand)
    if standard is None:
        return None
    batch = request_price(inputs, baseline, inputs.demand, "batch")
    requests = inputs.months.mean_requests
    fees = inputs.scenario.tco.api.infrastructure
    return BatchTable(
        baseline=model_name(baseline),
        deferrable_share=inputs.demand.deferrable_share,
        components=(
            *_tokens(resolved, standard, batch, requests),
            *([_fee("requests", requests * standard.request_usd)] if standard.request_usd else ()),
            *(_fee(item.name, item.monthly_usd) for item in (fees.items if fees else ())),
        ),
        is_sold=batch is not None,
        multi_item=_multi_item(resolved, standard, batch),
    )


def _tokens(
    resolved: Resolved, standard: RequestPrice, batch: RequestPrice | None, requests: Decimal
) -> Sequence[Component]:
    demand = resolved.inputs.demand
    lengths = (demand.input_tokens.mean, demand.output_tokens.mean)
    rows = (
        ("input tokens", lengths[0], standard.input_usd, batch and batch.input_usd),
        ("output tokens", lengths[1], standard.output_usd, batch and batch.output_usd),
    )
    share = demand.deferrable_share
    return [
        Component(
            name=name,
            standard_usd_per_1m_tokens=_per_1m(usd, tokens),
            batch_usd_per_1m_tokens=None if cheap is None else _per_1m(cheap, tokens),
            standard_monthly_usd=requests * usd,
            with_batch_monthly_usd=requests
            * ((1 - share) * usd + share * (usd if cheap is None else cheap)),
        )
        for name, tokens, usd, cheap in rows
        if tokens and (usd or not standard.request_usd)
    ]


def _per_1m(usd: Decimal, tokens: Decimal) -> Decimal:
    return usd * TOKENS_PER_MTOK / tokens


def _fee(name: str, monthly_usd: Decimal) -> Component:
    return Component(
        name=name,
        standard_usd_per_1m_tokens=None,
        batch_usd_per_1m_tokens=None,
        standard_monthly_usd=monthly_usd,
        with_batch_monthly_usd=monthly_usd,
    )


def _multi_item(
    resolved: Resolved, standard: RequestPrice, batch: RequestPrice | None
) -> MultiItemTable | None:
    given = resolved.settings.given.multi_item
    if given is None or resolved.baseline is None:
        return None
    items = call_items(resolved.inputs, resolved.baseline, resolved.settings.given)
    if items is None:
        return None
    most = given.max_items_per_call or DEFAULT_MOST_ITEMS
    recommended = best_size(items, most)
    in_use = recommended if given.items_per_call is None else item_cost(items, given.items_per_call)
    sizes = sorted({*_SIZES, recommended.items_per_call, in_use.items_per_call})
    cheap = _at_batch_price(items, standard, batch)
    return MultiItemTable(
        items=items,
        rows=tuple(
            GroupedRow(
                size=item_cost(items, size),
                batch_usd_per_1000_items=None
                if cheap is None
                else item_cost(cheap, size).usd_per_1000_items,
            )
            for size in sizes
        ),
        most_items=most,
        recommended=recommended,
        in_use=in_use,
        unlimited=_unlimited(items),
    )


def _unlimited(items: Items) -> ItemCost | None:
    """Savings shrink with 1 / size and failures grow with it, if whole calls are done again."""
    if not items.item_failure_share or items.retry == "item":
        return None
    return best_size(items, min(_LARGEST_CALL, int(_FAILURES / items.item_failure_share) + 1))


def _at_batch_price(
    items: Items, standard: RequestPrice, batch: RequestPrice | None
) -> Items | None:
    if batch is None:
        return None

    def scaled(price: Decimal, now: Decimal, then: Decimal) -> Decimal:
        return price * then / now if now else price

    return replace(
        items,
        input_usd_per_1m_tokens=scaled(
            items.input_usd_per_1m_tokens, standard.input_usd, batch.input_usd
        ),
        output_usd_per_1m_tokens=scaled(
            items.output_usd_per_1m_tokens, standard.output_usd, batch.output_usd
        ),
    )

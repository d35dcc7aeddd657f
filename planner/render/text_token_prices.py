"""Token prices with their source and day, as a table below a report."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Column, Grid, Heading
from planner.render.numbers import NOT_APPLICABLE, per_request, unit_price
from planner.render.payload_token_prices import TokenPriceView

__all__ = ["token_price_blocks"]

_ITEMS = (("input", "in"), ("output", "out"), ("cache_read", "cached"), ("cache_write", "write"))


def token_price_blocks(views: Sequence[TokenPriceView]) -> list[Block]:
    """One row for the prices of a model that have the same conditions, source and day."""
    if not views:
        return []
    rows: dict[TokenPriceView, dict[str, str]] = {}
    for view in views:
        # `tokens` and `embedding` prices are the same for all the tokens that are sent.
        item = "input" if view.item in ("tokens", "embedding") else view.item
        key = view._replace(
            option="",
            item="input" if view.item in ("output", "cache_read", "cache_write") else view.item,
            usd_per_1m=None,
            usd_per_request=None,
        )
        rows.setdefault(key, {})[item] = _price(view)
    shown = [(name, word) for name, word in _ITEMS if any(name in cells for cells in rows.values())]
    columns = (
        Column(header="model", is_name=True),
        Column(header="for", wraps=True),
        *(Column(header=word, align="decimal") for _, word in shown),
        Column(header="observed"),
        Column(header="source", wraps=True),
    )
    changes = len({view.valid_from for view in views}) > 1
    cells = [
        (
            key.model,
            _conditions(key, changes=changes),
            *(found.get(name, found.get("request", NOT_APPLICABLE)) if name == "input"
              else found.get(name, NOT_APPLICABLE) for name, _ in shown),
            NOT_APPLICABLE if key.observed is None else key.observed.isoformat(),
            key.source,
        )
        for key, found in rows.items()
    ]  # fmt: skip
    return [Heading("Token prices, $ per 1M"), Grid.of(columns, cells)]


def _price(view: TokenPriceView) -> str:
    if view.usd_per_request is not None:
        return f"{per_request(view.usd_per_request)} a request"
    return unit_price(view.usd_per_1m)


def _conditions(view: TokenPriceView, *, changes: bool) -> str:
    words = {"tokens": "all tokens", "embedding": "embeddings", "request": "requests"}
    parts = [words.get(view.item, view.processing)]
    if view.condition is not None:
        parts.append(view.condition)
    if changes:
        parts.append(f"from {view.valid_from}")
    return ", ".join(parts)

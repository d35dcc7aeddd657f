"""What would flip the answer, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.render.blocks import Block, Column, Grid, Heading
from planner.render.numbers import (
    NOT_APPLICABLE,
    multiple,
    probability,
    rate,
    unit_cost,
    volume,
)
from planner.render.payload_types import FlipView

__all__ = ["flip_blocks"]

_INPUTS = {
    "volume": "volume",
    "api_price": "API price",
    "gpu_price": "GPU price",
    "capacity": "capacity",
    "labour": "labour",
}
_COLUMNS = (
    Column(header="input"),
    Column(header="now", align="right"),
    Column(header="flips at", align="right"),
    Column(header="factor", align="decimal", priority=1),
    Column(header="how likely", align="decimal"),
    Column(header="unit", wraps=True),
    Column(header="then cheapest", is_name=True),
)


def flip_blocks(flips: Sequence[FlipView]) -> list[Block]:
    """One row for each input; one that never flips says how far was searched."""
    if not flips:
        return []
    return [Heading("What would flip it"), Grid.of(_COLUMNS, [_row(flip) for flip in flips])]


def _row(flip: FlipView) -> tuple[str, ...]:
    now = _amount(flip, flip.now)
    of = "" if flip.of in (None, "workload") else f", {flip.of}"
    unit = NOT_APPLICABLE if flip.unit is None else f"{flip.unit}{of}"
    if flip.factor is None:
        where = flip.searched
        never = ("never", NOT_APPLICABLE, NOT_APPLICABLE)
        return (_INPUTS[flip.input], now, *never, unit, f"not in {where}")
    return (
        _INPUTS[flip.input],
        now,
        _amount(flip, flip.at_flip),
        multiple(flip.factor),
        probability(flip.probability),
        unit,
        flip.to_option or NOT_APPLICABLE,
    )


def _amount(flip: FlipView, value: Decimal | None) -> str:
    if value is None:
        return NOT_APPLICABLE
    if (flip.unit or "").startswith("USD"):
        return unit_cost(value)
    return volume(value) if flip.input == "volume" else rate(value)

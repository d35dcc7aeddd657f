"""Breakeven as a section of a report."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import count, multiple, rate
from planner.render.payload_types import BreakevenView

__all__ = ["breakeven_blocks", "interval_grid", "pair_line"]

_INTERVAL_COLUMNS = (
    Column(header="from requests/month", align="right"),
    Column(header="to", align="right"),
    Column(header="cheaper"),
    Column(header="option", is_name=True),
)
_SIDES = {"api": "API", "selfhost": "self-hosting"}


def breakeven_blocks(pair: BreakevenView, others: Sequence[BreakevenView]) -> list[Block]:
    """The pair that decides with its winning intervals; the other APIs in one line each."""
    if pair.status == "not_applicable":
        return [Heading("Breakeven"), Paragraph(f"Not applicable: {pair.reason}.")]
    blocks: list[Block] = [
        Heading("Breakeven"),
        Paragraph(f"Against {pair_line(pair)}"),
        interval_grid(pair),
    ]
    rest = tuple(pair_line(each) for each in others if each.api != pair.api)
    if rest:
        blocks += [Paragraph("Against the other APIs:"), Bullets(rest)]
    return blocks


def interval_grid(pair: BreakevenView) -> Grid:
    """The volumes at which each side is cheaper."""
    return Grid.of(
        _INTERVAL_COLUMNS,
        [
            (
                count(each.from_requests_per_month),
                "no end"
                if each.to_requests_per_month is None
                else count(each.to_requests_per_month),
                _SIDES[each.cheaper],
                each.option,
            )
            for each in pair.intervals
        ],
    )


def pair_line(pair: BreakevenView) -> str:
    """One API: where self-hosting becomes cheaper, in requests and tokens and by second."""
    mark = ", which may not be used" if pair.informational else ""
    return f"{pair.api}{mark}: {_status(pair)}"


def _status(pair: BreakevenView) -> str:
    lasting = pair.lasting_requests_per_month
    if lasting is not None:
        return (
            f"self-hosting is cheaper for good from {count(lasting)} requests a month"
            f"{_in_other_units(pair)}{_when(pair)}."
        )
    first = pair.first_crossing_requests_per_month
    began = "" if first is None else f", first at {count(first)} requests a month"
    name = {
        "capacity_exceeded": "beyond its limit",
        "intermittent": "only in parts",
        "not_applicable": "not applicable",
    }
    status = name.get(pair.status, pair.status)
    return f"{status}{began}: {pair.reason}."


def _in_other_units(pair: BreakevenView) -> str:
    tokens, per_s = pair.lasting_tokens_per_month, pair.lasting_requests_per_s
    if tokens is None or per_s is None:
        return ""
    ratio = pair.lasting_to_now_ratio
    today = "" if ratio is None else f", {multiple(ratio)} today's volume"
    return f" ({count(tokens / 1e6)} M tokens, {rate(per_s)} requests/s{today})"


def _when(pair: BreakevenView) -> str:
    if pair.reached_month is None:
        return ", not reached within the horizon"
    return ", reached already" if pair.reached_month == 0 else f", in month {pair.reached_month}"

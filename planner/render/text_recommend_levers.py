"""Levers in the report of ``planner recommend``, in blocks."""

from __future__ import annotations

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, money, percent
from planner.render.payload_levers import lever_words
from planner.render.payload_recommend_levers import LeverOptionView, RecommendLeversView
from planner.render.wording import and_list

__all__ = ["lever_blocks"]


def lever_blocks(view: RecommendLeversView | None) -> list[Block]:
    """Every option with and without its levers; nothing where none is declared."""
    if view is None:
        return []
    columns = (
        Column(header="option", is_name=True),
        Column(header="without levers", align="decimal"),
        Column(header="with levers", align="decimal"),
        Column(header="saves", align="decimal"),
        Column(header="of it", align="decimal"),
        Column(header="levers", wraps=True, priority=1),
    )
    grid = Grid.of(columns, [_row(each) for each in view.options])
    shown: list[Block] = [grid] if view.options else []
    return [
        Heading("Levers, total a month"),
        *shown,
        *([Bullets(notes)] if (notes := _notes(view)) else []),
        Paragraph("`planner optimize` shows each lever on what the others leave."),
    ]


def _row(each: LeverOptionView) -> tuple[str, ...]:
    return (
        each.option,
        _amount(each.without_monthly_usd is None, money(each.without_monthly_usd)),
        _amount(each.with_monthly_usd is None, money(each.with_monthly_usd)),
        _amount(each.saving_monthly_usd is None, money(each.saving_monthly_usd)),
        percent(each.saving_share),
        ", ".join(lever_words(lever) for lever in each.levers),
    )


def _amount(is_unknown: bool, text: str) -> str:
    return NOT_APPLICABLE if is_unknown else text


def _notes(view: RecommendLeversView) -> tuple[str, ...]:
    assumed = [lever_words(e.lever) for e in view.declared if e.applied and not e.counts]
    notes = [f"{lever_words(e.lever)} is {e.setting}" for e in view.declared if not e.applied]
    if assumed:
        verb = "is" if len(assumed) == 1 else "are"
        notes.append(f"{and_list(assumed)} {verb} assumed and counted nowhere here")
    if any(each.without_monthly_usd is None for each in view.options):
        notes.append(
            "– without levers: not feasible so, or what may wait and what is shared is part of "
            "how the option is sized"
        )
    return tuple(notes)

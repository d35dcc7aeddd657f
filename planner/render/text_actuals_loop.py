"""Measured values in a scenario and what they do to the verdict, in blocks."""

from __future__ import annotations

from planner.render.blocks import Block, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, money_in_words, percent
from planner.render.payload_actuals_loop import ChoiceView, LoopView

__all__ = ["loop_blocks"]


def loop_blocks(view: LoopView) -> list[Block]:
    """Whether the verdict stands, then every figure that was replaced."""
    columns = (
        Column(header="figure"),
        Column(header="scenario", align="right"),
        Column(header="measured", align="right"),
        Column(header="change", align="right"),
        Column(header="used"),
        Column(header="note", wraps=True, priority=1),
    )
    rows = [
        (
            each.what,
            each.before,
            each.after,
            NOT_APPLICABLE if each.relative is None else _signed(each.relative),
            "yes" if each.is_applied else "no",
            each.note,
        )
        for each in view.changes
    ]
    return [
        Paragraph(_verdict(view), strong=True),
        Paragraph(f"Measured: {view.source}."),
        Heading("Measured in place of the scenario's figures"),
        Grid.of(columns, rows),
        Heading("The scenario with the measured figures"),
    ]


def _signed(relative: float) -> str:
    return f"{'+' if relative >= 0 else '-'}{percent(abs(relative))}"


def _verdict(view: LoopView) -> str:
    if not view.is_reopened:
        return f"The verdict stands by what was measured: {_told(view.after)}."
    now = view.before_now_monthly_cost_usd
    costs = (
        "is not feasible any more" if now is None else f"costs {money_in_words(now)} a month now"
    )
    if view.before.option is None:
        return f"Reopened: nothing was feasible, by what was measured {_told(view.after)} is."
    return f"Reopened: {view.before.option} {costs}; by what was measured take {_told(view.after)}."


def _told(choice: ChoiceView) -> str:
    if choice.option is None:
        return "no option, as none is feasible"
    return f"{choice.option} at {money_in_words(choice.monthly_cost_usd)} a month"

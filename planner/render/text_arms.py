"""The sections on what to buy, when it has paid back, and what falling prices would do."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, count, money, percent
from planner.render.payload_arms import BuyView, CommitmentView, DeclineView, PaybackView
from planner.render.payload_types import OptionView
from planner.render.wording import and_list, plural

__all__ = ["commitment_blocks", "time_blocks"]


def commitment_blocks(options: Sequence[OptionView]) -> list[Block]:
    """What each committed option buys, and what a price cut after that would cost."""
    committed = [(o.name, o.commitment) for o in options if o.commitment is not None]
    if not committed:
        return []
    cuts = [regret.price_cut_pct for regret in committed[0][1].regret_after_price_cut]
    columns = (
        Column(header="option", is_name=True),
        Column(header="buy"),
        Column(header="from"),
        Column(header="an hour", align="decimal"),
        Column(header="over the term", align="decimal"),
        Column(header="paid back on"),
        *(Column(header=f"after -{cut:f} %", align="decimal", priority=1) for cut in cuts),
    )
    rows = [
        _row(name, found, buy, is_first=index == 0)
        for name, found in committed
        for index, buy in enumerate(found.buys)
    ]
    words = " and ".join(f"{cut:f} %" for cut in cuts)
    return [
        Heading("What to buy"),
        Grid.of(columns, rows),
        Paragraph(
            "Paid back: the day by which the same hours on demand would have cost as much as the "
            "whole term. The last columns are the regret: what the commitment costs a month more "
            f"than on demand if on-demand prices fall by {words} the day after signing."
        ),
    ]


def _row(name: str, found: CommitmentView, buy: BuyView, *, is_first: bool) -> tuple[str, ...]:
    what = "an hourly amount"
    hourly = found.usd_per_hour_committed
    if buy.instances is not None and found.usd_per_instance_hour is not None:
        what = f"{count(buy.instances)} x {found.instance_type}"
        hourly = found.usd_per_instance_hour * buy.instances
    regrets = found.regret_after_price_cut
    return (
        name,
        f"{what}, {plural(found.term_months, 'month')}",
        buy.starts_on.isoformat(),
        money(hourly),
        money(buy.term_usd),
        "never" if buy.paid_back_on is None else buy.paid_back_on.isoformat(),
        *(money(each.monthly_usd) if is_first else NOT_APPLICABLE for each in regrets),
    )


def time_blocks(payback: PaybackView | None, declines: Sequence[DeclineView]) -> list[Block]:
    """Payback of the set-up, and the API at falling prices."""
    lines = [*_payback_line(payback), *_decline_lines(declines)]
    return [Heading("Over time"), Bullets(tuple(lines))] if lines else []


def _payback_line(payback: PaybackView | None) -> list[str]:
    if payback is None:
        return []
    pair = f"{payback.option} against {payback.against}"
    discounted = ", discounted" if payback.discounted else ""
    if payback.setup_usd <= 0:
        earns = "saves" if payback.saved_usd >= 0 else "loses"
        return [
            f"{pair}: no further set-up to pay back; it {earns} "
            f"{money(abs(payback.saved_usd))} over the horizon{discounted}."
        ]
    setup = money(payback.setup_usd)
    if payback.month is None:
        return [f"{pair}: its further set-up of {setup} is not paid back inside the horizon."]
    months = plural(payback.month + 1, "month")
    return [f"{pair}: its further set-up of {setup} is paid back after {months}{discounted}."]


def _decline_lines(declines: Sequence[DeclineView]) -> list[str]:
    if not declines:
        return []
    parts = [
        f"{money(each.api_monthly_usd)} if {percent(each.left_after_a_year)} of its price is left "
        f"after a year{', which changes the answer' if each.changes_the_answer else ''}"
        for each in declines
    ]
    return [f"{declines[0].api} would cost {and_list(parts)} (a sensitivity, not a forecast)."]

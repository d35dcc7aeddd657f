"""Several scenarios as text: each report, then a table of all and of what sharing saves."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import NOT_APPLICABLE, count, money, money_in_words, probability
from planner.render.payload_portfolio import (
    MemberView,
    PortfolioReport,
    PortfolioView,
    SharedServiceView,
)
from planner.render.text_common import floor_cell

__all__ = ["portfolio_blocks"]


def portfolio_blocks(report: PortfolioReport, each: Sequence[Sequence[Block]]) -> list[Block]:
    """``each`` holds the blocks of every scenario, or nothing where only answers are shown."""
    blocks: list[Block] = []
    for one, its_blocks in zip(report.scenarios, each, strict=False):
        blocks += [Heading(one.scenario.id, level=1), *its_blocks]
    total = report.portfolio
    blocks += [
        Heading("All scenarios", level=1),
        Paragraph(_sentence(total), strong=True),
        _table(total),
    ]
    if any(saving.monthly_usd for saving in total.savings):
        blocks += [Heading("What sharing saves"), _savings(total)]
    if total.services:
        blocks += [Heading("Shared replicas"), _services(total.services)]
    if total.stacks:
        blocks.append(Bullets(tuple(_stack_lines(total))))
    if total.not_shared:
        blocks += [Heading("Not shared"), Bullets(total.not_shared)]
    blocks.append(
        Paragraph(
            "Shares of a replica are added up hour by hour; bursts inside the hour are not assumed "
            "to even out. Labour, quality and operational cost stay each scenario's own."
        )
    )
    return blocks


def _sentence(total: PortfolioView) -> str:
    decided = len(total.scenarios) - len(total.undecided)
    floor = "at least " if total.is_floor else ""
    said = (
        f"{count(decided)} scenarios, each decided by itself, cost "
        f"{floor}{money_in_words(total.alone_monthly_cost_usd)} a month"
    )
    saved = total.alone_monthly_cost_usd - total.total_monthly_cost_usd
    if saved:
        said += (
            f" and {floor}{money_in_words(total.total_monthly_cost_usd)} together: sharing saves "
            f"{money_in_words(saved)}"
        )
    else:
        said += "; they have nothing to share that saves money"
    if total.total_range is not None:
        low, high = (money_in_words(edge) for edge in total.total_range)
        said += f". In four cases of five the total is between {low} and {high}"
    if total.undecided:
        said += f". {', '.join(total.undecided)}: no feasible option, not in the sum"
    return f"{said}."


def _table(total: PortfolioView) -> Grid:
    rows = [_member_row(each) for each in total.scenarios]
    rows.append(
        Row(
            (
                f"{count(len(total.scenarios))} scenarios",
                "",
                floor_cell(money(total.alone_monthly_cost_usd), is_floor=total.is_floor),
                "",
                "",
            ),
            is_total=True,
        )
    )
    return Grid(
        columns=(
            Column(header="scenario", is_name=True),
            Column(header="alone", is_name=True),
            Column(header="a month alone", align="decimal"),
            Column(header="together", is_name=True, priority=1),
            Column(header="the cheaper", priority=2),
        ),
        rows=tuple(rows),
    )


def _member_row(each: MemberView) -> Row:
    if each.option is None:
        none = (NOT_APPLICABLE,) * 3
        return Row((each.scenario, "no feasible option", *none))
    moves = "" if each.together == each.option else f" on {each.together}"
    together = "as alone" if each.shared_by == 1 else f"shared by {count(each.shared_by)}{moves}"
    cost = money(each.monthly_cost_usd)
    return Row((each.scenario, each.option, cost, together, _how_sure(each)))


def _how_sure(each: MemberView) -> str:
    """``likely, 72.4 %``: whether the choice is cheaper than its rival."""
    word = each.confidence or NOT_APPLICABLE
    if each.p_choice_cheaper is None:
        return word
    return f"{word}, {probability(each.p_choice_cheaper)}"


def _savings(total: PortfolioView) -> Grid:
    rows = [Row(("sum of the scenarios", money(total.alone_monthly_cost_usd)))]
    rows += [Row((saving.step, money(-saving.monthly_usd))) for saving in total.savings]
    rows.append(Row(("together", money(total.total_monthly_cost_usd)), is_total=True))
    return Grid(
        columns=(Column(header="step"), Column(header="a month", align="decimal")),
        rows=tuple(rows),
    )


def _services(services: Sequence[SharedServiceView]) -> Grid:
    return Grid.of(
        (
            Column(header="model", is_name=True),
            Column(header="hardware"),
            Column(header="scenarios", wraps=True),
            Column(header="replicas", align="right"),
            Column(header="instances", align="right"),
            Column(header="saves a month", align="decimal"),
        ),
        [
            (
                f"{service.model} ({service.precision}, {service.purchase.replace('_', ' ')})",
                service.hardware,
                ", ".join(
                    f"{name} (joins)" if name in service.joined else name
                    for name in service.scenarios
                ),
                f"{count(service.replicas)}, alone {count(service.replicas_alone)}",
                f"{count(service.instances)}, alone {count(service.instances_alone)}",
                money(service.alone_monthly_cost_usd - service.monthly_cost_usd),
            )
            for service in services
        ],
    )


def _stack_lines(total: PortfolioView) -> list[str]:
    return [
        f"one {stack.kind} stack in {stack.region} for {count(len(stack.scenarios))} scenarios: "
        f"{money(stack.monthly_cost_usd)} a month at no load instead of "
        f"{money(stack.alone_monthly_cost_usd)}"
        for stack in total.stacks
    ]

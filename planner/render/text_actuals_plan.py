"""Plan against actual, budgets, findings and savings of ``planner actuals report`` in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph, Row
from planner.render.numbers import NOT_APPLICABLE, count, money, percent
from planner.render.payload_actuals import BudgetView, FindingView, ReportView
from planner.render.payload_actuals_plan import ComparisonView, FactorView
from planner.render.wording import plural

__all__ = ["budget_grid", "comparison_blocks", "finding_blocks", "savings_grid"]

_FACTOR_WORDS = {
    "volume": "calls",
    "mix": "mix of models",
    "input": "input tokens a call",
    "output": "output tokens a call",
    "cache": "share read from the cache",
    "price": "prices",
    "retries": "retries",
    "beside_tokens": "charges beside tokens",
    "unattributed": "unattributed",
    "hours": "instance hours",
    "purchase_mix": "how hours were bought",
    "hourly_price": "price of an hour",
    "storage_network_logs": "storage, network, logs",
}


def comparison_blocks(found: ComparisonView) -> list[Block]:
    """From the planned to the actual figure, factor by factor."""
    how = (
        "each factor's mean over all orders (Shapley)"
        if found.method == "shapley"
        else "each factor after those above it"
    )
    blocks: list[Block] = [
        Heading("Against the plan"),
        Paragraph(
            f"Plan {found.plan_hash} ({found.scenario_id}, {found.option}) for "
            f"{count(found.covered_hours)} covered hours: {count(found.planned_calls)} calls, in "
            f"fact {count(found.actual_calls)}. USD by {how}; cents add up."
        ),
        _factor_grid("tokens", found.planned_usd, found.actual_usd, found.factors),
    ]
    machines = found.machines
    if machines is not None:
        blocks += [
            Paragraph(
                f"Resources of the stack on the days its bill has: "
                f"{count(machines.planned_instance_hours)} instance hours planned, "
                f"{count(machines.actual_instance_hours)} in fact."
            ),
            _factor_grid("resources", machines.planned_usd, machines.actual_usd, machines.factors),
        ]
    told = list(found.notes)
    if found.only_planned:
        told.append(f"planned and not seen: {', '.join(found.only_planned)}")
    if found.only_actual:
        told.append(f"seen and not planned: {', '.join(found.only_actual)}")
    return [*blocks, Bullets(tuple(told))] if told else blocks


def _factor_grid(
    what: str, planned: Decimal, actual: Decimal, factors: Sequence[FactorView]
) -> Grid:
    """From the plan to the actual; the last cent is where the factors put it."""
    always = {"volume", "mix", "input", "output", "cache", "price", "retries", "hours"}
    rows = [Row((f"planned {what}", money(planned)))]
    rows += [
        Row((_FACTOR_WORDS[each.factor], _signed(each.shown_usd)))
        for each in factors
        if each.usd or each.factor in always
    ]
    rows.append(Row((f"actual {what}", money(actual)), is_total=True))
    return Grid(
        columns=(Column(header="from plan to actual"), Column(header="USD", align="decimal")),
        rows=tuple(rows),
    )


def _signed(value: Decimal) -> str:
    return f"{'+' if value >= 0 else '-'}${abs(value):,.2f}"


def budget_grid(budgets: Sequence[BudgetView]) -> Grid:
    """One row a budget and month."""
    columns = (
        Column(header="budget", is_name=True),
        Column(header="month"),
        Column(header="limit", align="decimal"),
        Column(header="80 % line", align="decimal", priority=2),
        Column(header="spent", align="decimal"),
        Column(header="state"),
        Column(header="line passed", priority=1),
        Column(header="at record", align="right", priority=3),
        Column(header="alerts", align="right", priority=2),
    )
    return Grid.of(columns, [_budget_cells(each) for each in budgets])


def _budget_cells(budget: BudgetView) -> tuple[str, ...]:
    first = budget.alerts[0] if budget.alerts else None
    state = "over budget" if budget.is_over else "over the line" if first else "within"
    return (
        f"{budget.axis} {budget.key}".rstrip(),
        budget.month,
        money(budget.limit_usd),
        money(budget.line_usd),
        money(budget.spent_usd),
        state,
        NOT_APPLICABLE if first is None else f"{first.at:%Y-%m-%d %H:%M} UTC",
        NOT_APPLICABLE if first is None or first.record is None else count(first.record),
        count(len(budget.alerts)),
    )


def finding_blocks(findings: Sequence[FindingView]) -> list[Block]:
    """The runaways, or that there are none."""
    blocks: list[Block] = [Heading("What stands out")]
    if not findings:
        return [*blocks, Paragraph("No prompt regression, retry storm or evaluation sprawl.")]
    columns = (
        Column(header="finding"),
        Column(header="feature", is_name=True),
        Column(header="model", is_name=True, priority=2),
        Column(header="first seen (UTC)"),
        Column(header="a day", align="decimal"),
        Column(header="30 days", align="decimal", priority=1),
        Column(header="evidence", wraps=True),
    )
    return [*blocks, Grid.of(columns, [_finding_cells(each) for each in findings])]


def _finding_cells(found: FindingView) -> tuple[str, ...]:
    day, month = found.usd_per_day, found.usd_per_30_days
    return (
        found.detector.replace("_", " "),
        found.feature,
        found.model,
        f"{found.first_seen:%Y-%m-%d %H:%M}",
        found.usd_reason or "" if day is None else money(day),
        NOT_APPLICABLE if month is None else money(month),
        "; ".join((_evidence(found), *found.detail)),
    )


def _evidence(found: FindingView) -> str:
    said = found.evidence
    if found.detector == "prompt_regression":
        return (
            f"{said['input_tokens_per_call']:.1f} input tokens a call, usually "
            f"{said['usual_input_tokens_per_call']:.1f}: {said['ratio']:.2f} times, on "
            f"{count(said['calls_per_day'])} calls a day, {plural(len(found.days), 'day')}"
        )
    if found.detector == "retry_storm":
        return (
            f"{count(said['attempts'])} attempts for {count(said['calls'])} calls "
            f"({said['attempts_per_call']:.2f} a call), {percent(said['error_share'])} failed"
        )
    return f"{percent(said['share'])} of the month's spend is tests and evaluation"


def savings_grid(report: ReportView) -> Grid:
    """What each lever saved, by source."""
    columns = (
        Column(header="lever"),
        Column(header="saved", align="decimal"),
        Column(header="source"),
    )
    rows = [(e.lever.replace("_", " "), money(e.usd), e.source) for e in report.savings]
    return Grid.of(columns, rows)

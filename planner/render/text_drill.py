"""The report of ``planner drill`` in blocks."""

from __future__ import annotations

from planner.drill import CaseResult, DrillReport
from planner.render.blocks import Block, Bullets, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, money
from planner.render.wording import and_list, plural

__all__ = ["drill_blocks"]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_NEVER = "never"


def drill_blocks(report: DrillReport) -> list[Block]:
    """The verdict, the planned days, a table of faults, caps, and how late each clock is."""
    return [
        Paragraph(_verdict(report), strong=True),
        *([] if report.note is None else [Paragraph(report.note)]),
        Paragraph(_planned(report)),
        *_false_alarms(report),
        Heading("Planted faults"),
        Grid.of(
            (
                Column(header="case"),
                Column(header="first alarm", is_name=True),
                Column(header="told after", align="right"),
                Column(header="over plan by then", align="decimal"),
                Column(header="Budgets alone", align="right", priority=1),
                Column(header="over plan by then", align="decimal", priority=1),
            ),
            [_row(report, case) for case in report.cases],
        ),
        Bullets(tuple(_explained(case) for case in report.cases)),
        *_left_out(report),
        Heading("How it is reckoned"),
        Bullets(_reckoned(report)),
    ]


def _verdict(report: DrillReport) -> str:
    missed = [case.case for case in report.cases if case.missed]
    faults = plural(len(report.cases), "planted fault")
    words = [
        f"{plural(report.planned.false_alarms, 'false alarm')} in {report.planned.days} planned "
        "days",
        f"{faults} drilled, {len(missed)} missed" + (f" ({and_list(missed)})" if missed else ""),
    ]
    if report.over_limit:
        words.append(
            f"{and_list(report.over_limit)} cost more than the limit of "
            f"{money(report.max_overspend_usd)}"
        )
    return f"{'Passed' if report.passed else 'Failed'}: {'; '.join(words)}."


def _planned(report: DrillReport) -> str:
    planned = report.planned
    change = planned.clock_change
    clocks = (
        "the zone never changes its clocks"
        if change is None
        else f"clocks change at {change:%Y-%m-%d %H:%M} UTC"
    )
    watch = f"{plural(report.alarms, 'alarm')} and {plural(report.budgets, 'budget')}"
    source = "as the program registers them" if report.as_registered else "as defined"
    return (
        f"Stack {report.stack_id} ({report.kind}), plan {report.plan_hash}: {watch}, {source}. "
        f"Planned days from {planned.starts:%Y-%m-%d}; {clocks}."
    )


def _false_alarms(report: DrillReport) -> list[Block]:
    told = report.planned.alarms
    if not told:
        return []
    lines = tuple(f"{each.at:%Y-%m-%d %H:%M} UTC {each.name}" for each in told)
    return [Heading("False alarms"), Bullets(lines)]


def _row(report: DrillReport, case: CaseResult) -> tuple[str, ...]:
    name = case.first_alarm
    return (
        case.case,
        NOT_APPLICABLE if name is None else name.removeprefix(f"{report.stack_id}-"),
        _duration(case.time_to_detect_s),
        money(case.overspend_usd),
        _duration(case.budgets_only_time_to_detect_s),
        money(case.budgets_only_overspend_usd),
    )


def _duration(seconds: int | None) -> str:
    """Minutes, from two hours on hours, from two days on days."""
    if seconds is None:
        return _NEVER
    for unit, word in ((_DAY, "days"), (_HOUR, "h")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {word}"
    return f"{seconds // _MINUTE} min"


def _explained(case: CaseResult) -> str:
    words = f"{case.case}: {case.description}."
    if case.cap_at_s is not None:
        words += (
            f" A cap bites after {_duration(case.cap_at_s)}: {money(case.capped_overspend_usd)} "
            f"over plan by the end of the run instead of {money(case.uncapped_overspend_usd)}."
        )
    if case.missed:
        words += f" Missed: {money(case.capped_overspend_usd)} over plan and nobody was told."
    elif not case.detected:
        words += f" Nobody is told; {money(case.capped_overspend_usd)} over plan is in headroom."
    return words


def _left_out(report: DrillReport) -> list[Block]:
    if not report.not_applicable:
        return []
    return [
        Heading("Not drilled"),
        Bullets(tuple(f"{each.case}: {each.reason}" for each in report.not_applicable)),
    ]


def _reckoned(report: DrillReport) -> tuple[str, ...]:
    lag = report.lag
    started = report.cases[0].started if report.cases else None
    begins = "" if started is None else f" Faults begin at {started:%Y-%m-%d %H:%M} UTC, the hour"
    return (
        f"Traffic by the minute, seed {report.seed}.{begins} with the most planned requests.",
        f"Metrics are {lag.metric_s // _MINUTE} minutes late, alarms are evaluated every "
        f"{lag.evaluation_s} s; both are in the times above.",
        f"Budgets see the AWS bill only, {lag.budget_s // _HOUR} hours late, "
        f"{lag.budget_refreshes_per_day} times a day; their column has no cap in it.",
        "The anomaly band and the forecast of Budgets are approximations of ours.",
    )

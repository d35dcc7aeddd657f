"""The section on what the simulator said of the replicas."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.blocks import Block, Column, Grid, Heading, Paragraph
from planner.render.numbers import NOT_APPLICABLE, count, duration_ms, percent, rate
from planner.render.payload_check import CapacityCheckView
from planner.render.payload_types import OptionView

__all__ = ["check_blocks"]

_NOT_PREDICTED = "not predicted"


def check_blocks(options: Sequence[OptionView]) -> list[Block]:
    """Both answers for each option with modelled replicas; nothing where there is none."""
    checked = [
        (option.name, option.capacity_check)
        for option in options
        if option.feasible and option.capacity_check is not None
    ]
    if not checked:
        return []
    first = checked[0][1]
    columns = (
        Column(header="option", is_name=True),
        Column(header="working replicas"),
        Column(header="requests/s each", align="decimal", priority=3),
        Column(header="of capacity", align="decimal", priority=2),
        Column(header=f"TTFT p{first.ttft_percentile}", align="decimal"),
        Column(header="simulated", align="decimal"),
        Column(header=f"TPOT p{first.tpot_percentile}", align="decimal"),
        Column(header="simulated", align="decimal"),
    )
    return [
        Heading("Capacity check"),
        Paragraph(
            "The busiest moment of the horizon, without the spare, at the lower edge of the "
            "throughput band: by formulas, and simulated engine step by engine step "
            f"({_played(first)}). Where the simulator misses the service level"
            f"{_level(first)}, replicas are added."
        ),
        Grid.of(columns, [_row(name, check) for name, check in checked]),
        *_why_not_predicted([check for _, check in checked]),
    ]


def _level(check: CapacityCheckView) -> str:
    limits = (
        ("TTFT", check.ttft_percentile, check.ttft_limit_ms),
        ("TPOT", check.tpot_percentile, check.tpot_limit_ms),
    )
    said = [
        f"{name} p{percentile} within {duration_ms(limit)}"
        for name, percentile, limit in limits
        if limit is not None
    ]
    return f" ({', '.join(said)})" if said else ""


def _played(check: CapacityCheckView) -> str:
    simulated = check.simulated
    arrivals = {
        "trace": "the trace's own around its busiest minute",
        "poisson": "Poisson arrivals",
        "gamma": f"gaps that vary {simulated.interarrival_cv:.3g} times their mean",
    }[simulated.arrivals]
    return (
        f"{count(simulated.requests)} requests of {count(simulated.requests_played)}, {arrivals}, "
        f"seed {simulated.seed}"
    )


def _why_not_predicted(checks: Sequence[CapacityCheckView]) -> list[Block]:
    if all(check.ttft_not_predicted is None for check in checks):
        return []
    from planner.serving.operating import MOST_PREDICTABLE

    return [
        Paragraph(
            f"Times to first token are not predicted above {percent(MOST_PREDICTABLE)} of "
            "capacity: a small error of capacity is a large one of the wait there."
        )
    ]


def _row(name: str, check: CapacityCheckView) -> tuple[str, ...]:
    analytic, simulated = check.analytic, check.simulated
    added = f" ({count(check.replicas_added)} added)" if check.replicas_added else ""
    return (
        name,
        f"{count(check.working_replicas)}{added}",
        rate(check.replica_rps),
        percent(analytic.utilisation),
        _time(analytic.ttft_ms, _NOT_PREDICTED),
        _time(None if simulated.ttft_ms is None else simulated.ttft_ms.slo, _NOT_PREDICTED),
        _time(analytic.tpot_ms, NOT_APPLICABLE),
        _time(simulated.tpot_ms.slo, NOT_APPLICABLE),
    )


def _time(value_ms: float | None, otherwise: str) -> str:
    return otherwise if value_ms is None else duration_ms(value_ms)

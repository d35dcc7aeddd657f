"""AWS Budgets over a run: they see the AWS bill only, half a day late, three times a day.

A forecast is not documented; ours is what the month has cost, and for the rest of it the mean of
the two weeks before. AWS needs about five weeks of history for one, and so does ours.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.drill.types import LagModel
from planner.drill.windows import Timeline
from planner.emit.guard import BudgetNotice, BudgetSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]

__all__ = ["budget_told"]

_MINUTES_PER_DAY = 1_440
_FORECAST_HISTORY_DAYS = 35
_FORECAST_MEAN_DAYS = 14


def budget_told(
    budgets: Sequence[BudgetSpec], aws_usd: Series, timeline: Timeline, lag: LagModel
) -> tuple[tuple[int, str], ...]:
    """(minute, budget and notice) of every notification of cost budgets, in order of time."""
    found: list[tuple[int, str]] = []
    for budget in budgets:
        if budget.budget_type != "COST":
            continue
        for notice in budget.notices:
            for minute in _notified(budget, notice, aws_usd, timeline, lag):
                found.append((minute, f"{budget.name} {notice.kind} {notice.threshold_pct:g} %"))
    return tuple(sorted(found))


def _notified(
    budget: BudgetSpec, notice: BudgetNotice, aws_usd: Series, timeline: Timeline, lag: LagModel
) -> list[int]:
    """Once a month, at the first refresh whose known cost passes the share of the limit."""
    import numpy as np

    whole = np.concatenate(([0.0], np.cumsum(aws_usd)))
    step = _MINUTES_PER_DAY // lag.budget_refreshes_per_day
    told: dict[tuple[int, int], int] = {}
    for minute in range(step, timeline.minutes + 1, step):
        known = minute - lag.budget_s // 60
        if known <= 0:
            continue
        at = timeline.at(known - 1)
        month = (at.year, at.month)
        limit = _limit(budget, month)
        if month in told or limit is None:
            continue
        first = max(timeline.minute_of(at.replace(day=1, hour=0, minute=0)), 0)
        usd = float(whole[known] - whole[first])
        if notice.kind == "FORECASTED":
            if known < _FORECAST_HISTORY_DAYS * _MINUTES_PER_DAY:
                continue
            usd += _still_to_come(whole, timeline, known, at)
        if usd * 100 > limit * notice.threshold_pct:
            told[month] = minute
    return list(told.values())


def _limit(budget: BudgetSpec, month: tuple[int, int]) -> float | None:
    """USD of that month; None where the budget has no limit for it."""
    if budget.limit is not None:
        return float(budget.limit)
    text = dict(budget.monthly_limits).get(f"{month[0]}-{month[1]:02d}")
    return None if text is None else float(text)


def _still_to_come(whole: Series, timeline: Timeline, known: int, at: datetime.datetime) -> float:
    days = _FORECAST_MEAN_DAYS
    mean = float(whole[known] - whole[known - days * _MINUTES_PER_DAY]) / (days * _MINUTES_PER_DAY)
    after = (at.replace(day=28) + datetime.timedelta(days=4)).replace(day=1, hour=0, minute=0)
    return mean * max(timeline.minute_of(after) - known, 0)

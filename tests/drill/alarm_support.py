"""Small alarms over a few minutes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np

from planner.drill.evaluator import Evaluator
from planner.drill.windows import Timeline
from planner.emit.guard import AlarmSpec, Expression, MetricRef

__all__ = ["MONDAY", "alarm", "letters", "metric"]

MONDAY = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)
_LETTERS = "OAI"


def metric(id_: str = "m", *, period_s: int = 60, stat: Any = "Sum") -> MetricRef:
    """A metric of no particular service."""
    return MetricRef(
        id=id_, namespace="Test", name=id_, dimensions={}, stat=stat, period_s=period_s
    )


def alarm(*queries: MetricRef | Expression, **changes: Any) -> AlarmSpec:
    """An alarm above 1 of the last query, 1 of 1, if nothing else is said."""
    fields: dict[str, Any] = {
        "name": "a",
        "description": "",
        "queries": queries,
        "returned": queries[-1].id,
        "comparison": "GreaterThanThreshold",
        "threshold": 1.0,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
    }
    return AlarmSpec(**{**fields, **changes})


def letters(spec: AlarmSpec, start: datetime.datetime = MONDAY, **series: Sequence[float]) -> str:
    """State at the end of each minute: O (OK), A (ALARM), I (insufficient data)."""
    minutes = max(len(each) for each in series.values())
    timeline = Timeline(start=start, minutes=minutes)
    samples = {name: np.array(each, dtype=float) for name, each in series.items()}
    states = Evaluator.over(timeline).states(spec, lambda ref: samples.get(ref.name))
    return "".join(_LETTERS[state] for state in states)

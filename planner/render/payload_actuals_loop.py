"""Measured values in a scenario and what they do to the verdict, as views."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from planner.actuals.replacing import Replacement
from planner.decision import Recommendation

__all__ = ["LoopView", "loop_view"]


class ChangeView(NamedTuple):
    """One figure of the scenario beside the measured one."""

    path: str
    what: str
    before: str
    after: str
    relative: float | None
    is_applied: bool
    note: str


class ChoiceView(NamedTuple):
    """An option and its cost, null when nothing is feasible."""

    option: str | None
    arm: str | None
    monthly_cost_usd: Decimal | None


class LoopView(NamedTuple):
    """What was measured, what it changed, and whether the verdict is another now.

    ``before`` is the choice by the scenario as written, ``after`` by the measured values;
    ``before_now_monthly_cost_usd`` is what the former choice costs by the measured values.
    """

    source: str
    first_day: date
    observed: date
    complete_days: int
    retries: float
    changes: tuple[ChangeView, ...]
    before: ChoiceView
    after: ChoiceView
    before_now_monthly_cost_usd: Decimal | None
    is_reopened: bool


def loop_view(found: Replacement, before: Recommendation, after: Recommendation) -> LoopView:
    """The two recommendations side by side."""
    old, new = _choice(before), _choice(after)
    again = next((e for e in after.options if e.option.name == old.option), None)
    measured = found.measured
    return LoopView(
        source=measured.source,
        first_day=measured.first_day,
        observed=measured.observed,
        complete_days=measured.days,
        retries=float(measured.retries),
        changes=tuple(
            ChangeView(
                path=each.path,
                what=each.what,
                before=each.before,
                after=each.after,
                relative=each.relative,
                is_applied=each.is_applied,
                note=each.note,
            )
            for each in found.changes
        ),
        before=old,
        after=new,
        before_now_monthly_cost_usd=again.monthly_cost_usd
        if again is not None and again.option.feasible
        else None,
        is_reopened=old.option != new.option,
    )


def _choice(recommendation: Recommendation) -> ChoiceView:
    chosen = recommendation.chosen
    if chosen is None:
        return ChoiceView(option=None, arm=None, monthly_cost_usd=None)
    return ChoiceView(
        option=chosen.option.name,
        arm=chosen.option.arm,
        monthly_cost_usd=chosen.monthly_cost_usd,
    )

"""A drill: planned traffic and planted faults through the alarms, one answer each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.drill.billing import budget_told
from planner.drill.calendar import PLANNED_DAYS, DrillDays, drill_days
from planner.drill.composite import composite_states
from planner.drill.evaluator import ALARM, Evaluator
from planner.drill.model import Fault, faults, lag_model
from planner.drill.subject import Subject, Watch
from planner.drill.types import (
    Alarmed,
    CaseResult,
    LagModel,
    NotApplicable,
    PlannedResult,
)
from planner.drill.world import World, WorldMaker
from planner.emit.guard import GuardPlan, thresholds
from planner.money import round_usd, usd_from_float

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    States = npt.NDArray[np.int8]

__all__ = ["Drill", "applicable"]

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 1_440
_HOURS_PER_WEEK = 168


def applicable(fault: Fault, plan: GuardPlan) -> str | None:
    """Why this kind of stack cannot have the fault; None when it can."""
    gpu = plan.gpu
    if fault.needs == "gpu" and gpu is None:
        return "no instances of its own"
    if fault.needs == "use" and plan.kind == "vllm_gpu":
        return "nothing is paid by the token"
    if gpu is None or fault.instances != "most":
        return None
    if gpu.max_instances > min(gpu.instances_by_hour_utc):
        return None
    return f"the group has {gpu.max_instances} instances at all hours, and no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """When somebody is told, minutes of the run, lag included."""

    minute: int
    name: str


class Drill:
    """One subject, its watch and its noise. The same seed gives the same answers."""

    def __init__(self, subject: Subject, watch: Watch, *, seed: int) -> None:
        guard = subject.guard
        self._subject = subject
        self._watch = watch
        self._lag = lag_model()
        self._days: DrillDays = drill_days(guard.timezone, guard.start_month)
        self._evaluator = Evaluator.over(self._days.timeline)
        self._worlds = WorldMaker(subject, self._days.timeline, seed)
        self._planned = self._worlds.run(None, 0)
        self._start = _busiest_start(subject, self._days)

    @property
    def lag(self) -> LagModel:
        """How late each clock tells."""
        return self._lag

    def planned(self) -> PlannedResult:
        """Thirty planned days; every alarm and every notice of a budget is a false one."""
        days = self._days
        told = [
            each
            for each in (*self._alarms(self._planned), *self._budgets(self._planned))
            if each.minute >= days.first
        ]
        return PlannedResult(
            days=PLANNED_DAYS,
            starts=days.starts,
            clock_change=days.clock_change,
            false_alarms=len(told),
            alarms=tuple(self._alarmed(each) for each in told),
        )

    def cases(self) -> tuple[tuple[CaseResult, ...], tuple[NotApplicable, ...]]:
        """All faults of the list: those the kind can have, and the others with the reason."""
        found: list[CaseResult] = []
        left_out: list[NotApplicable] = []
        for fault in faults():
            reason = applicable(fault, self._subject.guard)
            if reason is None:
                found.append(self.case(fault))
            else:
                left_out.append(NotApplicable(case=fault.name, reason=reason))
        return tuple(found), tuple(left_out)

    def case(self, fault: Fault) -> CaseResult:
        """One fault, from the start of the busiest planned hour on."""
        start = self._start
        world = self._worlds.run(fault, start)
        free = self._worlds.run(fault, start, caps=False)
        told = _first((*self._alarms(world), *self._budgets(world)), start)
        late = _first(self._budgets(free), start)
        whole = self._over_usd(world, start, None)
        allowed = self._planned_usd(start) * (self._subject.guard.headroom_ratio - 1)
        return CaseResult(
            case=fault.name,
            description=fault.description,
            started=self._days.timeline.at(start),
            detected=told is not None,
            first_alarm=None if told is None else told.name,
            time_to_detect_s=_seconds(told, start),
            overspend_usd=_usd(self._over_usd(world, start, told)),
            budgets_only_alarm=None if late is None else late.name,
            budgets_only_time_to_detect_s=_seconds(late, start),
            budgets_only_overspend_usd=_usd(self._over_usd(free, start, late)),
            cap_at_s=_cap_at_s(world, start),
            capped_overspend_usd=_usd(whole),
            uncapped_overspend_usd=_usd(self._over_usd(free, start, None)),
            missed=told is None and whole > allowed,
        )

    def _over_usd(self, world: World, start: int, told: _Told | None) -> float:
        """Spent beyond the planned run, and in vain, from the start until somebody is told."""
        end = len(world.total_usd) if told is None else min(told.minute, len(world.total_usd))
        over = world.total_usd - self._planned.total_usd + world.waste_usd
        return math.fsum(over[start:end])

    def _planned_usd(self, start: int) -> float:
        return math.fsum(self._planned.total_usd[start:])

    def _alarms(self, world: World) -> list[_Told]:
        """Every change of an alarm to ALARM after its mute, with the lag of metrics."""
        composites = {composite.name for composite in self._watch.composites}
        states: dict[str, States] = {
            alarm.name: self._evaluator.states(alarm, world.samples) for alarm in self._watch.alarms
        }
        muted = {alarm.name for alarm in self._watch.alarms if alarm.band is not None}
        tells = {alarm.name for alarm in self._watch.alarms if alarm.notifies} | composites
        for composite in self._watch.composites:
            states[composite.name] = composite_states(composite.rule, states)
        quiet = thresholds().mute_days * _MINUTES_PER_DAY
        return [
            _Told(minute=minute, name=name)
            # Of two that tell at once the one that measures comes first.
            for name in sorted(tells, key=lambda each: (each in composites, each))
            for minute in self._changes(states[name], quiet if name in muted else 0)
        ]

    def _changes(self, states: States, quiet: int) -> list[int]:
        """Minutes at which the change is told: the end of its minute, and the lag."""
        import numpy as np

        alarm = states == ALARM
        alarm[:quiet] = False
        changes = np.flatnonzero(alarm[1:] & ~alarm[:-1]) + 1
        lag = (self._lag.metric_s + self._lag.evaluation_s) // 60
        return [int(minute) + 1 + lag for minute in changes]

    def _budgets(self, world: World) -> list[_Told]:
        found = budget_told(self._watch.budgets, world.aws_usd, self._days.timeline, self._lag)
        return [_Told(minute=minute, name=name) for minute, name in found]

    def _alarmed(self, told: _Told) -> Alarmed:
        return Alarmed(name=told.name, at=self._days.timeline.at(told.minute))


def _busiest_start(subject: Subject, days: DrillDays) -> int:
    """The start of the dearest planned hour of the first week, where most money is at stake."""
    guard = subject.guard
    weekday = days.starts.weekday() * 24
    spend: Sequence[float] = guard.requests_utc
    hours = [spend[(weekday + hour) % _HOURS_PER_WEEK] for hour in range(_HOURS_PER_WEEK)]
    return days.first + max(range(_HOURS_PER_WEEK), key=hours.__getitem__) * _MINUTES_PER_HOUR


def _first(told: Sequence[_Told], start: int) -> _Told | None:
    after = [each for each in told if each.minute > start]
    return min(after, key=lambda each: each.minute, default=None)


def _seconds(told: _Told | None, start: int) -> int | None:
    return None if told is None else (told.minute - start) * 60


def _cap_at_s(world: World, start: int) -> int | None:
    import numpy as np

    bit = np.flatnonzero(world.capped[start:])
    return int(bit[0] + 1) * 60 if len(bit) else None


def _usd(value: float) -> Decimal:
    """To the cent; a run that cost less than planned did not overspend."""
    return round_usd(usd_from_float(max(value, 0.0)))

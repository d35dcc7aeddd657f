"""How much of a load is worth serving on own instances when an API takes the rest.

Each further instance serves less of the week than the one before, so instances are added while
what one saves at the API exceeds its price: no other number is cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from planner.costs.load_duration import Leftover, WeekLoad, leftover, levelled, overflow_rate
from planner.costs.terms import ONE
from planner.money import usd_from_float
from planner.units import SECONDS_PER_HOUR

__all__ = ["BasePlan", "HybridBase"]

# An instance count beyond this is no plan.
_MOST_INSTANCES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePlan:
    """The own instances of a hybrid at one volume, and what they leave to the API.

    ``instances`` by hour of the week (local, Monday 00:00 first); ``instance_hours`` of a week,
    starts included. Shares are of the interactive, the deferrable and all requests.
    """

    instances: tuple[int, ...]
    instance_hours: Decimal
    interactive_overflow_share: Decimal
    deferrable_overflow_share: Decimal
    overflow_share: Decimal

    @property
    def most_instances(self) -> int:
        """Instances of the fullest hour."""
        return max(self.instances)


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridBase:
    """The decision how many instances to run beside an API.

    ``instance_rps`` is what one serves inside the service level. ``saved_interactive_usd`` and
    ``saved_deferrable_usd`` are what a request served here saves: the API's price less the own
    variable cost. ``usd_per_instance_hour`` holds what comes with an instance.
    ``committed_usd_per_instance_hour`` is set when instances are bought for ``term_months``.
    ``scheduled`` instances run in the hours that pay, and take ``cold_start_s`` to start; others
    run always. ``volume_hours_per_month`` are the hours over which a month's requests come;
    ``reaching_share`` of them reach a model.
    """

    week: WeekLoad
    instance_rps: float
    saved_interactive_usd: float
    saved_deferrable_usd: float
    usd_per_instance_hour: Decimal
    committed_usd_per_instance_hour: Decimal | None
    term_months: int
    hours_per_month: Decimal
    volume_hours_per_month: Decimal
    max_instances: int | None
    scheduled: bool
    cold_start_s: float
    reaching_share: Decimal = ONE

    @property
    def weeks(self) -> Decimal:
        """Weeks in a month of paid hours."""
        return self.hours_per_month / self.week.hours

    @property
    def steady_usd_per_hour(self) -> Decimal:
        """Price of an instance hour at a steady volume."""
        return self.committed_usd_per_instance_hour or self.usd_per_instance_hour

    def plan(self, requests: Decimal, capacity_factor: Decimal = ONE) -> BasePlan:
        """The cheapest plan for a steady monthly volume."""
        return _plan(self, requests, capacity_factor)

    def plan_of(self, count: int, requests: Decimal, capacity_factor: Decimal = ONE) -> BasePlan:
        """The plan with a given number of instances that run always."""
        return _evaluated(self, (count,) * self.week.hours, 0, requests, capacity_factor)

    def of_months(
        self, requests: Sequence[Decimal], capacity_factor: Decimal = ONE
    ) -> tuple[tuple[int, int], ...]:
        """Committed and on-demand instances of each month, instances that run always.

        The j-th is committed for a term when what it saves over the term is more than its price
        and leaves more than buying only the months that pay on demand.
        """
        reserved, on_demand = [0] * len(requests), [0] * len(requests)
        for count in range(1, self.most + 1):
            saved = [_saved_by(self, count, volume, capacity_factor) for volume in requests]
            bought = self._buy(saved)
            if not any(bought):
                break
            for month, way in enumerate(bought):
                reserved[month] += way == "committed"
                on_demand[month] += way == "on_demand"
        return tuple(zip(reserved, on_demand, strict=True))

    def _buy(self, saved: Sequence[float]) -> list[str]:
        """How one instance is bought in each month; empty text where it is not."""
        per_month = float(self.usd_per_instance_hour * self.hours_per_month)
        committed = float(self.steady_usd_per_hour * self.hours_per_month)
        ways: list[str] = []
        while len(ways) < len(saved):
            term = saved[len(ways) : len(ways) + self.term_months]
            kept = math.fsum(term) - self.term_months * committed
            free = math.fsum(max(usd - per_month, 0.0) for usd in term)
            if len(term) == self.term_months and kept > 0 and kept >= free:
                ways += ["committed"] * self.term_months
            else:
                ways.append("on_demand" if saved[len(ways)] > per_month else "")
        return ways

    @property
    def most(self) -> int:
        """Most instances there may be."""
        return _MOST_INSTANCES if self.max_instances is None else self.max_instances

    def mean_rps(self, requests: Decimal) -> float:
        """Mean rate of a monthly volume."""
        seconds = self.volume_hours_per_month * SECONDS_PER_HOUR
        return float(requests * self.reaching_share / seconds)

    def left_over(
        self, instances: Sequence[int], requests: Decimal, capacity_factor: Decimal = ONE
    ) -> Leftover:
        """What these instances by hour do not serve, in hours of the mean rate a week."""
        if requests <= 0:
            return Leftover(interactive=0.0, deferrable=0.0)
        each = self.instance_rps * float(capacity_factor)
        return leftover(self.week, self.mean_rps(requests), [each * n for n in instances])

    def saved_usd(self, left: Leftover, requests: Decimal) -> float:
        """USD a month that serving all but ``left`` saves, before the price of instances."""
        per_hour = float(requests * self.reaching_share) / self.week.hours
        served = math.fsum(self.week.interactive) - left.interactive
        worked_off = math.fsum(self.week.deferrable) - left.deferrable
        return per_hour * (
            served * self.saved_interactive_usd + worked_off * self.saved_deferrable_usd
        )


@lru_cache(maxsize=4096)
def _plan(base: HybridBase, requests: Decimal, capacity_factor: Decimal) -> BasePlan:
    if requests <= 0:
        return base.plan_of(0, requests, capacity_factor)
    if base.scheduled:
        return _scheduled(base, requests, capacity_factor)
    count = _cheapest_count(base, requests, capacity_factor)
    return base.plan_of(count, requests, capacity_factor)


@lru_cache(maxsize=65536)
def _saved_with(base: HybridBase, count: int, requests: Decimal, factor: Decimal) -> float:
    """USD a month saved by a number of instances that run always."""
    instances = (count,) * base.week.hours
    return base.saved_usd(base.left_over(instances, requests, factor), requests)


def _saved_by(base: HybridBase, count: int, requests: Decimal, factor: Decimal) -> float:
    """What the ``count``-th instance saves; falls with the count."""
    return _saved_with(base, count, requests, factor) - _saved_with(
        base, count - 1, requests, factor
    )


def _cheapest_count(base: HybridBase, requests: Decimal, factor: Decimal) -> int:
    """The largest count whose last instance saves more than it costs, found by doubling."""
    price = float(base.steady_usd_per_hour * base.hours_per_month)

    def pays(count: int) -> bool:
        return _saved_by(base, count, requests, factor) > price

    low, high = 0, 1
    while high <= base.most and pays(high):
        low, high = high, high * 2
    high = min(high, base.most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


def _scheduled(base: HybridBase, requests: Decimal, factor: Decimal) -> BasePlan:
    """Each instance runs in the hours that pay, a start counted as its idle time.

    Deferrable work is planned at its levelled place in the day.
    """
    hours = base.week.hours
    price = float(base.steady_usd_per_hour * base.weeks)
    start = price * base.cold_start_s / SECONDS_PER_HOUR
    loads = levelled(base.week)
    instances, starts = [0] * hours, 0
    before = [0.0] * hours
    for count in range(1, base.most + 1):
        served = _served_by_hour(base, loads, count, requests, factor)
        worth = float(requests * base.reaching_share) / hours * base.saved_interactive_usd
        gains = [(now - old) * worth - price for now, old in zip(served, before, strict=True)]
        runs = _best_hours(gains, start)
        if not any(runs):
            break
        starts += sum(runs[hour] and not runs[hour - 1] for hour in range(hours))
        instances = [n + run for n, run in zip(instances, runs, strict=True)]
        before = served
    return _evaluated(base, tuple(instances), starts, requests, factor)


def _served_by_hour(
    base: HybridBase, loads: Sequence[float], count: int, requests: Decimal, factor: Decimal
) -> list[float]:
    capacity = count * base.instance_rps * float(factor) / base.mean_rps(requests)
    # Most weeks are one day seven times.
    burst = base.week.burst
    served = {load: load - overflow_rate(load, capacity, burst) for load in set(loads)}
    return [served[load] for load in loads]


def _best_hours(gains: Sequence[float], start: float) -> list[bool]:
    """The hours of a repeating week to run in: the largest sum of gains less starts."""
    best_total, best = 0.0, [False] * len(gains)
    for running_at_first in (False, True):
        total, runs = _best_from(gains, start, running_at_first)
        if total > best_total:
            best_total, best = total, runs
    return best


def _best_from(gains: Sequence[float], start: float, first: bool) -> tuple[float, list[bool]]:
    """The best choice whose first hour is given; states are (stopped, running)."""
    totals = (gains[0], -math.inf) if first else (-math.inf, 0.0)
    running, stopped = totals
    came_from: list[tuple[bool, bool]] = []
    for gain in gains[1:]:
        from_running, from_stopped = running, stopped - start
        keep_stopped = stopped >= running
        came_from.append((from_running >= from_stopped, not keep_stopped))
        running, stopped = max(from_running, from_stopped) + gain, max(stopped, running)
    # The week repeats: a week that begins running and ends stopped pays one start more.
    ends = (running, stopped - start if first else stopped)
    state = ends[0] > ends[1]
    total = max(ends)
    runs = [state]
    for was_running_if_running, was_running_if_stopped in reversed(came_from):
        state = was_running_if_running if state else was_running_if_stopped
        runs.append(state)
    return total, runs[::-1]


def _evaluated(
    base: HybridBase, instances: tuple[int, ...], starts: int, requests: Decimal, factor: Decimal
) -> BasePlan:
    everything = Leftover(
        interactive=math.fsum(base.week.interactive), deferrable=math.fsum(base.week.deferrable)
    )
    left = base.left_over(instances, requests, factor) if any(instances) else everything
    cold = usd_from_float(starts * base.cold_start_s) / SECONDS_PER_HOUR
    return BasePlan(
        instances=instances,
        instance_hours=sum(instances) + cold,
        interactive_overflow_share=_share(left.interactive, everything.interactive),
        deferrable_overflow_share=_share(left.deferrable, everything.deferrable),
        overflow_share=_share(
            left.interactive + left.deferrable, everything.interactive + everything.deferrable
        ),
    )


def _share(part: float, whole: float) -> Decimal:
    return usd_from_float(min(part / whole, 1.0)) if whole > 0 else Decimal(0)

"""How much of a load is worth serving on own instances when an API takes the rest.

Each further instance serves less of the week than the one before, so instances are added while
what one saves at the API exceeds its price: no other number is cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from planner.costs.ladder import largest, steps
from planner.costs.load_duration import Leftover, WeekLoad, leftover, levelled, overflow_rate
from planner.costs.terms import ONE, Bought
from planner.money import usd_from_float
from planner.units import SECONDS_PER_HOUR

__all__ = ["BasePlan", "HybridBase"]

# An instance count beyond this is no plan.
_MOST_INSTANCES = 100_000
_HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePlan:
    """The own instances of a hybrid at one volume, and what they leave to the API.

    ``instances`` by hour of the week (local, Monday 00:00 first); ``instance_hours`` of a week,
    starts included. ``committed`` of them run always, at the price of a term. Shares are of the
    interactive, the deferrable and all requests.
    """

    instances: tuple[int, ...]
    instance_hours: Decimal
    committed: int
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
    ``scheduled`` instances run in the hours that pay, and take ``cold_start_s`` to start, but for
    committed ones, which run always, like those of a base that is not scheduled.
    ``volume_hours_per_month`` are the hours over which a month's requests come; ``reaching_share``
    of them reach a model.
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
        committed = 0 if self.committed_usd_per_instance_hour is None else count
        always = (count,) * self.week.hours
        return _evaluated(self, always, 0, requests, capacity_factor, committed=committed)

    def plan_bought(
        self, bought: Bought, requests: Decimal, capacity_factor: Decimal = ONE
    ) -> BasePlan:
        """The plan with these committed instances; above them those on demand run always, or in
        the hours that pay where the base is scheduled.
        """
        committed, on_demand = bought
        return _plan_bought(self, requests, capacity_factor, committed, on_demand)

    def of_months(
        self, requests: Sequence[Decimal], capacity_factor: Decimal = ONE
    ) -> tuple[Bought, ...]:
        """Committed and on-demand instances of each month.

        The j-th is committed for a term when what it saves over the term is more than its price
        and leaves more than paying on demand for the months, or the hours of a scheduled base,
        that pay. On-demand instances of a scheduled base follow the load: none are named.
        """

        def bought(count: int) -> tuple[str, ...]:
            ways = self._buy(self._worth(count, requests, capacity_factor))
            # Hours on demand are not named.
            return tuple("" if self.scheduled and way == "on_demand" else way for way in ways)

        reserved, on_demand = [0] * len(requests), [0] * len(requests)
        last = largest(lambda count: any(bought(count)), self.most)
        for count, ways in steps(1, last, bought):
            for month, way in enumerate(ways):
                reserved[month] += count * (way == "committed")
                on_demand[month] += count * (way == "on_demand")
        return tuple(zip(reserved, on_demand, strict=True))

    def _worth(
        self, count: int, requests: Sequence[Decimal], factor: Decimal
    ) -> list[tuple[float, float]]:
        """By month what the ``count``-th instance saves when it always runs, and what is left of
        its best hours on demand.
        """
        found: dict[Decimal, tuple[float, float]] = {}
        per_month = float(self.usd_per_instance_hour * self.hours_per_month)
        for volume in requests:
            if volume in found:
                continue
            if self.scheduled:
                rung = _rung(self, count, volume, factor)
                found[volume] = rung.saved_usd, rung.left_usd
            else:
                saved = _saved_by(self, count, volume, factor)
                found[volume] = saved, max(saved - per_month, 0.0)
        return [found[volume] for volume in requests]

    def _buy(self, worth: Sequence[tuple[float, float]]) -> list[str]:
        """How one instance is bought in each month; empty text where it is not."""
        committed = float(self.steady_usd_per_hour * self.hours_per_month)
        ways: list[str] = []
        while len(ways) < len(worth):
            term = worth[len(ways) : len(ways) + self.term_months]
            kept = math.fsum(saved for saved, _ in term) - self.term_months * committed
            free = math.fsum(left for _, left in term)
            if len(term) == self.term_months and kept > 0 and kept >= free:
                ways += ["committed"] * self.term_months
            else:
                ways.append("on_demand" if worth[len(ways)][1] > 0 else "")
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


@lru_cache(maxsize=4096)
def _plan_bought(
    base: HybridBase, requests: Decimal, factor: Decimal, committed: int, on_demand: int
) -> BasePlan:
    if base.scheduled:
        return _scheduled(base, requests, factor, committed)
    plan = base.plan_of(committed + on_demand, requests, factor)
    return replace(plan, committed=committed)


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
    """The largest count whose last instance saves more than it costs."""
    price = float(base.steady_usd_per_hour * base.hours_per_month)
    return largest(lambda count: _saved_by(base, count, requests, factor) > price, base.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    """The j-th instance of a scheduled base, in USD a month.

    ``saved_usd`` is what it saves when it runs always, ``runs`` the hours that pay on demand, and
    ``left_usd`` what those leave after their price, starts included.
    """

    saved_usd: float
    left_usd: float
    runs: tuple[bool, ...]


@lru_cache(maxsize=16384)
def _rung(base: HybridBase, count: int, requests: Decimal, factor: Decimal) -> _Rung:
    """Deferrable work is planned at its levelled place in the day."""
    if requests <= 0:
        return _Rung(saved_usd=0.0, left_usd=0.0, runs=(False,) * base.week.hours)
    price = float(base.usd_per_instance_hour * base.weeks)
    worth = float(requests * base.reaching_share) / base.week.hours * base.saved_interactive_usd
    now, before = (_served_by_hour(base, n, requests, factor) for n in (count, count - 1))
    saved = [(more - less) * worth for more, less in zip(now, before, strict=True)]
    left, runs = _best_hours(
        [usd - price for usd in saved], price * base.cold_start_s / SECONDS_PER_HOUR
    )
    return _Rung(saved_usd=math.fsum(saved), left_usd=left, runs=tuple(runs))


def _scheduled(
    base: HybridBase, requests: Decimal, factor: Decimal, committed: int | None = None
) -> BasePlan:
    """Each instance runs in the hours that pay, a start counted as its idle time.

    The first ``committed`` run always; None: as many as save most at this volume, month by month.
    The hours that pay for one are among those that pay for the one before.
    """
    if committed is None:
        committed = _best_committed(base, requests, factor)

    def runs(count: int) -> tuple[bool, ...]:
        return _rung(base, count, requests, factor).runs

    hours, starts = base.week.hours, 0
    instances = [committed] * hours
    last = largest(lambda count: any(runs(count)), base.most)
    for count, running in steps(committed + 1, last, runs):
        starts += count * sum(running[hour] and not running[hour - 1] for hour in range(hours))
        instances = [n + count * run for n, run in zip(instances, running, strict=True)]
    return _evaluated(base, tuple(instances), starts, requests, factor, committed=committed)


def _best_committed(base: HybridBase, requests: Decimal, factor: Decimal) -> int:
    """As many as save more than their price, and leave more than their best hours on demand."""
    price = base.committed_usd_per_instance_hour
    if price is None:
        return 0
    per_month = float(price * base.hours_per_month)

    def commits(count: int) -> bool:
        rung = _rung(base, count, requests, factor)
        kept = rung.saved_usd - per_month
        return kept > 0 and kept >= rung.left_usd

    return largest(commits, base.most)


@lru_cache(maxsize=64)
def _loads(week: WeekLoad) -> tuple[float, ...]:
    return levelled(week)


@lru_cache(maxsize=4096)
def _served_by_hour(
    base: HybridBase, count: int, requests: Decimal, factor: Decimal
) -> Sequence[float]:
    if not count:
        return (0.0,) * base.week.hours
    loads = _loads(base.week)
    capacity = count * base.instance_rps * float(factor) / base.mean_rps(requests)
    # Most weeks are one day seven times.
    burst = base.week.burst
    served = {load: load - overflow_rate(load, capacity, burst) for load in set(loads)}
    return [served[load] for load in loads]


def _best_hours(gains: Sequence[float], start: float) -> tuple[float, list[bool]]:
    """The largest sum of gains less starts in a repeating week, and the hours that make it.

    Where all days are alike, so is the best choice of each: where two days chose otherwise, the
    parts of their choices between two moments at which they agree could be exchanged.
    """
    if max(gains) <= 0:
        return 0.0, [False] * len(gains)
    if min(gains) >= 0:
        return math.fsum(gains), [True] * len(gains)
    day = gains[:_HOURS_PER_DAY]
    days, rest = divmod(len(gains), _HOURS_PER_DAY)
    if days > 1 and not rest and list(gains) == list(day) * days:
        total, runs = _best_hours(day, start)
        return total * days, runs * days
    best_total, best = 0.0, [False] * len(gains)
    for running_at_first in (False, True):
        total, runs = _best_from(gains, start, running_at_first)
        if total > best_total:
            best_total, best = total, runs
    return best_total, best


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
    base: HybridBase,
    instances: tuple[int, ...],
    starts: int,
    requests: Decimal,
    factor: Decimal,
    *,
    committed: int,
) -> BasePlan:
    everything = Leftover(
        interactive=math.fsum(base.week.interactive), deferrable=math.fsum(base.week.deferrable)
    )
    left = base.left_over(instances, requests, factor) if any(instances) else everything
    cold = usd_from_float(starts * base.cold_start_s) / SECONDS_PER_HOUR
    return BasePlan(
        instances=instances,
        instance_hours=sum(instances) + cold,
        committed=committed,
        interactive_overflow_share=_share(left.interactive, everything.interactive),
        deferrable_overflow_share=_share(left.deferrable, everything.deferrable),
        overflow_share=_share(
            left.interactive + left.deferrable, everything.interactive + everything.deferrable
        ),
    )


def _share(part: float, whole: float) -> Decimal:
    return usd_from_float(min(part / whole, 1.0)) if whole > 0 else Decimal(0)

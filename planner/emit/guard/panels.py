"""What the dashboard draws: actual beside planned, by the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.emit.guard import metrics
from planner.emit.guard.hours import nested_week
from planner.emit.guard.inputs import GuardPlan
from planner.emit.guard.meters import meters_of
from planner.emit.guard.types import Expression, Query

__all__ = ["Panel", "panels"]

_HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One graph; only the queries whose ids are ``shown`` are drawn."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    shown: tuple[str, ...]


def panels(plan: GuardPlan) -> tuple[Panel, ...]:
    """Spend and requests of each meter; instances and their work; what the cap refused."""
    found: list[Panel] = []
    for meter in meters_of(plan):
        what = "Instances" if meter.name == "gpu" else "Metered use"
        usd, requests = meter.spend(_HOUR), meter.requests(_HOUR)
        found += [
            _against_plan(f"{what}: USD an hour", "USD", usd, "s", meter.shown_usd),
            _against_plan("Requests an hour", "requests", requests, "r", meter.shown_requests),
        ]
        if meter.name == "gpu":
            group = metrics.instances("g", _HOUR)
            running = metrics.running("n", _HOUR)
            hours = Expression(id="h", text="g/60", label="instance hours")
            found.append(
                Panel(
                    title="Instances, and most requests in work",
                    unit="count",
                    queries=(group, hours, running),
                    shown=("h", "n"),
                )
            )
        if meter.name == "gateway":
            blocked = metrics.gateway("b", "Blocked", _HOUR)
            unsettled = metrics.gateway("u", "UnsettledUSD", _HOUR)
            found.append(
                Panel(
                    title="Refused by the cap, and not settled",
                    unit="requests, USD",
                    queries=(blocked, unsettled),
                    shown=("b", "u"),
                )
            )
    return tuple(found)


def _against_plan(
    title: str, unit: str, queries: Sequence[Query], actual: str, planned: Sequence[float]
) -> Panel:
    days, chosen = nested_week(planned, actual, prefix="d")
    plan = Expression(id="planned", text=chosen, label="planned")
    return Panel(title=title, unit=unit, queries=(*queries, *days, plan), shown=(actual, "planned"))

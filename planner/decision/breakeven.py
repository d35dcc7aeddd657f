"""At which volumes self-hosting costs no more than an API, hardware chosen again at each volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planner.costs import AS_GIVEN, Factors, Months, Option
from planner.decision.crossings import (
    Interval,
    volumes_any_at_or_below,
    volumes_at_or_below,
)
from planner.decision.curve import CostCurve, curve_of

__all__ = ["Breakeven", "Span", "Status", "breakeven", "reached_month"]

Status = Literal["lasting", "intermittent", "never", "capacity_exceeded", "not_applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Volumes (whole requests a month, ends included) over which one side is cheaper.

    ``to_requests_per_month`` is None without end. ``option`` is that side's cheapest option at
    the start of the span. Ties go to self-hosting.
    """

    from_requests_per_month: int
    to_requests_per_month: int | None
    cheaper: Literal["api", "selfhost"]
    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakeven:
    """Where one API option and all self-hosted options cross.

    ``lasting_requests_per_month`` is the smallest volume from which self-hosting stays cheaper
    without end, None unless ``status`` is ``lasting``. ``limit`` names what stops self-hosting
    when ``status`` is ``capacity_exceeded``. ``reached_month`` is the month of the horizon that
    first reaches the lasting volume. ``informational`` marks an API that may not be used.
    """

    api: str | None
    status: Status
    spans: tuple[Span, ...]
    first_crossing_requests_per_month: int | None
    lasting_requests_per_month: int | None
    reached_month: int | None
    limit: str | None
    reason: str
    informational: bool = False


def breakeven(
    api: Option | None,
    selfhost: Sequence[Option],
    months: Months,
    *,
    factors: Factors = AS_GIVEN,
) -> Breakeven:
    """Solve ``api`` against every hardware choice of the self-hosted options.

    Exact on every segment between steps of capacity; see ``crossings``. Prices are those of the
    first month; growth only enters ``reached_month``.
    """
    hardware = [candidate for option in selfhost for candidate in option.hardware]
    if api is None or not hardware:
        if api is not None and selfhost:
            return _not_applicable(api, "no feasible self-hosted option to compare with")
        missing = "API" if api is None else "self-hosted"
        return _not_applicable(api, f"no {missing} option to compare with")
    rival = curve_of(api, factors)
    curves = [curve_of(option, factors) for option in hardware]
    won = volumes_any_at_or_below(curves, rival)
    status, limit = _status(won, curves, rival)
    lasting = won[-1][0] if status == "lasting" else None
    return Breakeven(
        api=api.name,
        status=status,
        spans=tuple(_spans(won, curves, rival)),
        first_crossing_requests_per_month=won[0][0] if won else None,
        lasting_requests_per_month=lasting,
        reached_month=None if lasting is None else reached_month(lasting, months),
        limit=limit,
        reason=_reason(status, limit),
        informational=not api.feasible,
    )


def reached_month(lasting_requests: int, months: Months) -> int | None:
    """First month of the horizon with at least this volume; None when none has."""
    for month, requests in enumerate(months.requests):
        if requests >= lasting_requests:
            return month
    return None


def _not_applicable(api: Option | None, reason: str) -> Breakeven:
    return Breakeven(
        api=None if api is None else api.name,
        status="not_applicable",
        spans=(),
        first_crossing_requests_per_month=None,
        lasting_requests_per_month=None,
        reached_month=None,
        limit=None,
        reason=reason,
    )


def _status(
    won: list[Interval], curves: Sequence[CostCurve], rival: CostCurve
) -> tuple[Status, str | None]:
    if won and won[-1][1] is None:
        return "lasting", None
    last = won[-1][1] or 0 if won else 0
    limited = [curve for curve in curves if curve.max_requests is not None]
    beyond: list[tuple[Decimal, str]] = []
    for curve in limited:
        intervals = volumes_at_or_below(curve.without_limit(), rival)
        if any(high is None or high > last for _, high in intervals) and curve.fleet is not None:
            name = curve.fleet.limit_name or f"fixed_replicas {curve.fleet.fixed_replicas}"
            beyond.append((curve.max_requests or Decimal(0), name))
    if beyond:
        return "capacity_exceeded", max(beyond)[1]
    return ("intermittent", None) if won else ("never", None)


def _reason(status: Status, limit: str | None) -> str:
    if status == "lasting":
        return "self-hosting stays cheaper from the lasting volume on"
    if status == "intermittent":
        return "self-hosting is cheaper at some volumes, but every further instance undoes it"
    if status == "capacity_exceeded":
        return f"self-hosting would be cheaper at volumes beyond its limit: {limit}"
    return "a full replica costs more per request than the API, so no volume helps"


def _spans(won: list[Interval], curves: Sequence[CostCurve], rival: CostCurve) -> list[Span]:
    spans: list[Span] = []
    start = 1
    for low, high in won:
        if low > start:
            spans.append(_span(start, low - 1, "api", rival.name))
        spans.append(_span(low, high, "selfhost", _cheapest_at(curves, low)))
        if high is None:
            return spans
        start = high + 1
    spans.append(_span(start, None, "api", rival.name))
    return spans


def _span(low: int, high: int | None, cheaper: Literal["api", "selfhost"], option: str) -> Span:
    return Span(
        from_requests_per_month=low, to_requests_per_month=high, cheaper=cheaper, option=option
    )


def _cheapest_at(curves: Sequence[CostCurve], requests: int) -> str:
    volume = Decimal(requests)
    able = [c for c in curves if c.max_requests is None or volume <= c.max_requests]
    return min(able, key=lambda curve: (curve.at(volume), curve.name)).name

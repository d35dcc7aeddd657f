"""From which volume a hybrid costs no more than an API alone, found numerically."""

from __future__ import annotations

from decimal import Decimal

from planner.costs import Months, Option, ledger_at
from planner.decision.breakeven import Breakeven, Span, reached_month

__all__ = ["hybrid_breakeven"]

# Volumes searched upwards from the scenario's, as a multiple.
_FURTHEST = 2**20


def hybrid_breakeven(api: Option, hybrid: Option, months: Months) -> Breakeven:
    """The crossing at first-month prices and steady volumes.

    What the base saves grows faster than what comes with the hybrid once an instance pays, so
    there is one change of sign; it is bisected to a whole request.
    """
    now = max(int(months.requests[0]), 1)

    def is_cheaper(requests: int) -> bool:
        volume = Decimal(requests)
        return ledger_at(hybrid, volume).total_usd <= ledger_at(api, volume).total_usd

    low, high = 0, now
    while not is_cheaper(high):
        low, high = high, high * 2
        if high > now * _FURTHEST:
            return _found(api, hybrid, None, months)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_cheaper(middle) else (middle, high)
    return _found(api, hybrid, high, months)


def _found(api: Option, hybrid: Option, volume: int | None, months: Months) -> Breakeven:
    spans: list[Span] = []
    if volume != 1:
        end = None if volume is None else volume - 1
        spans.append(
            Span(
                from_requests_per_month=1,
                to_requests_per_month=end,
                cheaper="api",
                option=api.name,
            )
        )
    if volume is not None:
        spans.append(
            Span(
                from_requests_per_month=volume,
                to_requests_per_month=None,
                cheaper="selfhost",
                option=hybrid.label,
            )
        )
    return Breakeven(
        api=api.name,
        status="never" if volume is None else "lasting",
        spans=tuple(spans),
        first_crossing_requests_per_month=volume,
        lasting_requests_per_month=volume,
        reached_month=None if volume is None else reached_month(volume, months),
        limit=None,
        reason="no instance beside the API pays for what comes with it"
        if volume is None
        else "beside the API, instances pay from this volume on",
        informational=not api.feasible,
    )

"""Breakeven as it stands in the reports."""

from __future__ import annotations

from decimal import Decimal

from planner.decision import Breakeven, Recommendation
from planner.render.numbers import significant
from planner.render.payload_types import BreakevenView, IntervalView
from planner.units import SECONDS_PER_DAY

__all__ = ["breakeven_view", "breakeven_views"]


def breakeven_views(recommendation: Recommendation) -> tuple[BreakevenView, ...]:
    """One for each API option, in the scenario's order."""
    return tuple(breakeven_view(recommendation, pair) for pair in recommendation.breakevens)


def breakeven_view(recommendation: Recommendation, pair: Breakeven) -> BreakevenView:
    """One pair, its lasting volume also by day, by second, in tokens and against today's."""
    demand = recommendation.demand
    lasting = pair.lasting_requests_per_month

    def per(factor: Decimal) -> float | None:
        return None if lasting is None else float(significant(lasting * factor, 12))

    per_day = 1 / demand.days_per_month
    return BreakevenView(
        status=pair.status,
        api=pair.api,
        intervals=tuple(
            IntervalView(
                from_requests_per_month=span.from_requests_per_month,
                to_requests_per_month=span.to_requests_per_month,
                cheaper=span.cheaper,
                option=span.option,
            )
            for span in pair.spans
        ),
        first_crossing_requests_per_month=pair.first_crossing_requests_per_month,
        lasting_requests_per_month=lasting,
        lasting_requests_per_day=per(per_day),
        lasting_requests_per_s=per(per_day / SECONDS_PER_DAY),
        lasting_tokens_per_month=per(demand.tokens_per_request),
        lasting_to_now_ratio=per(1 / recommendation.months.requests[0]),
        reached_month=pair.reached_month,
        limit=pair.limit,
        reason=pair.reason,
        informational=pair.informational,
    )

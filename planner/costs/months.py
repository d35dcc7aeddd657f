"""The months of the horizon: when each begins, and how much is asked of the service in it."""

from __future__ import annotations

import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

__all__ = ["Months", "add_months", "day_after", "plan_months"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """``priced_on[t]`` is the day month t is priced at, ``requests[t]`` its volume."""

    priced_on: tuple[date, ...]
    requests: tuple[Decimal, ...]

    def __len__(self) -> int:
        return len(self.requests)

    @property
    def mean_requests(self) -> Decimal:
        """Requests of the mean month."""
        return sum(self.requests, Decimal(0)) / len(self.requests)


def add_months(day: date, months: int) -> date:
    """The first day of the month ``months`` after that of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def day_after(day: date, months: Decimal) -> date:
    """The day on which so many months, whole ones and a part, have passed since ``day``.

    A whole month ends on the same day of the next one, or on its last day where it is shorter.
    """
    whole = int(months)
    start, end = _same_day(day, whole), _same_day(day, whole + 1)
    return start + timedelta(days=math.ceil((months - whole) * (end - start).days))


def _same_day(day: date, months: int) -> date:
    first = add_months(day, months)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def plan_months(
    *, first_day: date, months: int, requests: Decimal, growth_per_month: Decimal
) -> Months:
    """Month t has volume ``requests`` x (1 + growth)^t; later months are priced on their first."""
    return Months(
        priced_on=(first_day, *(add_months(first_day, t) for t in range(1, months))),
        requests=tuple(requests * (1 + growth_per_month) ** t for t in range(months)),
    )

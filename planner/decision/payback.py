"""When the dearer start of self-hosting has paid back, and what falling API prices would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planner.costs import Ledger
from planner.decision.recommendation import Evaluated
from planner.decision.stress import api_price_declines
from planner.decision.time_value import monthly_rate

__all__ = ["Decline", "Payback", "payback", "price_declines", "setup_usd"]

_MONTHS_PER_YEAR = 12
# The one line that is paid before the first month and spread over the horizon.
_SETUP = "set-up"
_EXACT = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payback:
    """Set-up against savings: ``month`` is the first (0 is the first of the plan) by whose end
    the savings over the API reach the further set-up cost, None inside the horizon when they do
    not. ``discounted`` where the scenario has a discount rate.
    """

    month: int | None
    setup_usd: Decimal
    saved_usd: Decimal
    discounted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """The API at prices that fall steadily to ``left_after_a_year`` of today's; mean month."""

    left_after_a_year: Decimal
    api_monthly_usd: Decimal
    still_chosen: bool


def setup_usd(evaluated: Evaluated) -> Decimal:
    """What is paid once, before the first month."""
    return sum((_setup_of(ledger) for ledger in evaluated.months), Decimal(0))


def payback(selfhost: Evaluated, api: Evaluated, rate_per_year: Decimal) -> Payback:
    """Savings are counted without set-up, at the end of their month, discounted at the rate."""
    # Thirds of a set-up do not add up to it in the last digit.
    needed = (setup_usd(selfhost) - setup_usd(api)).quantize(_EXACT)
    growth = 1 + monthly_rate(rate_per_year)
    saved, found = Decimal(0), None
    for month, (own, other) in enumerate(zip(selfhost.months, api.months, strict=True)):
        difference = _running(other) - _running(own)
        saved += difference / growth ** (month + 1)
        if found is None and saved >= needed:
            found = month
    return Payback(month=found, setup_usd=needed, saved_usd=saved, discounted=rate_per_year > 0)


def _setup_of(ledger: Ledger) -> Decimal:
    return sum(
        (a.usd for a in ledger.lines if a.usd is not None and a.line.name == _SETUP), Decimal(0)
    )


def _running(ledger: Ledger) -> Decimal:
    return ledger.total_usd - _setup_of(ledger)


def price_declines(
    api: Evaluated, chosen: Evaluated, others: Sequence[Evaluated]
) -> tuple[Decline, ...]:
    """The API's mean month at falling prices; the best of ``others`` stays as it is."""
    rivals = [e.monthly_cost_usd for e in others if e is not api]
    found: list[Decline] = []
    for left in api_price_declines():
        usd = _declining(api, left)
        is_cheapest = all(usd <= rival for rival in rivals)
        found.append(
            Decline(
                left_after_a_year=left,
                api_monthly_usd=usd,
                still_chosen=is_cheapest == (chosen is api),
            )
        )
    return tuple(found)


def _declining(api: Evaluated, left_after_a_year: Decimal) -> Decimal:
    """p(t) = p0 x left^(t/12) on the tokens of month t."""
    total = Decimal(0)
    for month, ledger in enumerate(api.months):
        tokens = sum(
            (a.usd for a in ledger.lines if a.usd is not None and a.line.driver == "api_price"),
            Decimal(0),
        )
        factor = left_after_a_year ** (Decimal(month) / _MONTHS_PER_YEAR)
        total += ledger.total_usd - tokens * (1 - factor)
    return total / len(api.months)

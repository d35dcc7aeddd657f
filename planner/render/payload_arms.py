"""What only some options have in the reports: overflow, commitments, payback, falling prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from planner.decision import Evaluated, Recommendation
from planner.decision.commitment import commitment_of
from planner.decision.machines import hybrid_plan
from planner.decision.payback import payback, price_declines
from planner.money import usd_from_float
from planner.render.numbers import significant

__all__ = [
    "BuyView",
    "CommitmentView",
    "DeclineView",
    "OverflowView",
    "PaybackView",
    "RegretView",
    "commitment_view",
    "decline_views",
    "overflow_view",
    "payback_view",
]

_DIGITS = 12


class OverflowView(NamedTuple):
    """The API behind a hybrid, and the share of the first month's requests that goes there."""

    option: str
    share: float
    base_instances: int


class BuyView(NamedTuple):
    """One purchase; ``term_usd`` is paid over the term whatever is used.

    ``instances`` is null for an hourly amount of money. ``paid_back_on`` is the first day by which
    the same hours on demand would have cost as much, null when they never do.
    """

    starts_on: date
    instances: int | None
    term_usd: Decimal
    paid_back_on: date | None


class RegretView(NamedTuple):
    """What the commitment costs more than on demand when the price falls the day after."""

    price_cut_pct: Decimal
    monthly_usd: Decimal


class CommitmentView(NamedTuple):
    """What a committed option buys over the horizon."""

    purchase: str
    instance_type: str
    term_months: int
    usd_per_instance_hour: Decimal | None
    usd_per_hour_committed: Decimal
    on_demand_usd_per_instance_hour: Decimal
    buys: tuple[BuyView, ...]
    regret_after_price_cut: tuple[RegretView, ...]


class PaybackView(NamedTuple):
    """Self-hosted set-up against what is saved over the API; month 0 is the first."""

    option: str
    against: str
    month: int | None
    setup_usd: Decimal
    saved_usd: Decimal
    discounted: bool


class DeclineView(NamedTuple):
    """The cheapest API if its price fell steadily; shown, never ranked by."""

    api: str
    left_after_a_year: Decimal
    api_monthly_usd: Decimal
    changes_the_answer: bool


def overflow_view(recommendation: Recommendation, evaluated: Evaluated) -> OverflowView | None:
    """Of a feasible hybrid; None for other options."""
    option = evaluated.option
    if not option.feasible or option.hybrid is None or option.overflow is None:
        return None
    plan = hybrid_plan(option, recommendation.months.requests)
    return OverflowView(
        option=option.overflow,
        share=float(usd_from_float(float(plan.overflow_share))),
        base_instances=plan.most_instances,
    )


def commitment_view(recommendation: Recommendation, evaluated: Evaluated) -> CommitmentView | None:
    """Of a feasible option that commits; None for other options."""
    found = commitment_of(evaluated.option, recommendation.months)
    if found is None:
        return None
    return CommitmentView(
        purchase=found.purchase,
        instance_type=found.instance_type,
        term_months=found.term_months,
        usd_per_instance_hour=found.usd_per_hour,
        usd_per_hour_committed=found.usd_per_hour_committed,
        on_demand_usd_per_instance_hour=found.on_demand_usd_per_hour,
        buys=tuple(
            BuyView(
                starts_on=buy.starts_on,
                instances=buy.instances or None,
                term_usd=significant(buy.usd, _DIGITS),
                paid_back_on=buy.paid_back_on,
            )
            for buy in found.buys
        ),
        regret_after_price_cut=tuple(
            RegretView(
                price_cut_pct=regret.price_cut_pct,
                monthly_usd=significant(regret.usd_per_month, _DIGITS),
            )
            for regret in found.regrets
        ),
    )


def payback_view(recommendation: Recommendation) -> PaybackView | None:
    """The better of the first two that is no API, against the better API; None without both."""
    own = next((e for e in recommendation.options if _feasible(e, api=False)), None)
    api = next((e for e in recommendation.options if _feasible(e, api=True)), None)
    chosen = recommendation.chosen
    if chosen is not None and not chosen.option.is_api:
        own = chosen
    if own is None or api is None:
        return None
    rate = Decimal(recommendation.scenario.horizon.discount_rate_per_year)
    found = payback(own, api, rate)
    return PaybackView(
        option=own.option.name,
        against=api.option.name,
        month=found.month,
        setup_usd=found.setup_usd,
        saved_usd=significant(found.saved_usd, _DIGITS),
        discounted=found.discounted,
    )


def decline_views(recommendation: Recommendation) -> tuple[DeclineView, ...]:
    """The cheapest feasible API at falling prices, where there is something to compare with."""
    api = next((e for e in recommendation.options if _feasible(e, api=True)), None)
    chosen = recommendation.chosen
    others = [e for e in recommendation.options if _feasible(e, api=False)]
    if api is None or chosen is None or not others:
        return ()
    return tuple(
        DeclineView(
            api=api.option.name,
            left_after_a_year=each.left_after_a_year,
            api_monthly_usd=significant(each.api_monthly_usd, _DIGITS),
            changes_the_answer=not each.still_chosen,
        )
        for each in price_declines(api, chosen, [api, *others])
    )


def _feasible(evaluated: Evaluated, *, api: bool) -> bool:
    return evaluated.option.feasible and evaluated.option.is_api == api

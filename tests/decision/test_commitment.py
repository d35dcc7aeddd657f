"""What a commitment buys, when it has paid back, what a price cut would cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from planner.decision import Recommendation
from planner.decision.commitment import Commitment, commitment_of
from planner.decision.recommendation import Evaluated
from tests.costs.test_options import by_arm, decide, scenario, selfhost, workload

PLAN = {"percent_off": 28, "source": "quote", "observed": "2026-11-20"}


def reserved(
    *, per_day: int = 3_000_000, growth: float = 0, months: int = 12, **changes: Any
) -> dict[str, Any]:
    given = {"instance_types": ["g6e.xlarge"], "purchase": ["savings_plan"], "savings_plan": PLAN}
    return scenario(
        options=selfhost(**{**given, **changes}),
        workload=workload(per_day, growth_per_month=growth),
        horizon={"months": months},
        starts_on="2027-01-01",
    )


def found(content: dict[str, Any], arm: str = "selfhost_ri_1y") -> tuple[Evaluated, Commitment]:
    recommendation: Recommendation = decide(content)
    evaluated = by_arm(recommendation, arm)
    commitment = commitment_of(evaluated.option, recommendation.months)
    assert commitment is not None
    return evaluated, commitment


def test_a_steady_fleet_is_bought_once_and_pays_back_in_its_share_of_the_term() -> None:
    evaluated, commitment = found(reserved())
    count = evaluated.instances
    assert count is not None
    assert commitment.usd_per_hour == Decimal("1.861") * Decimal("0.72")
    # 72 % of 12 months is 8.64: 0.64 x 30 days of September are 19.2.
    (buy,) = commitment.buys
    assert (buy.starts_on, buy.instances) == (date(2027, 1, 1), count)
    assert buy.usd == count * 12 * 730 * Decimal("1.861") * Decimal("0.72")
    assert buy.paid_back_on == date(2027, 9, 21)


def test_regret_is_what_waiting_for_the_cut_would_have_saved() -> None:
    evaluated, commitment = found(reserved())
    on_demand = (evaluated.instances or 0) * 730 * Decimal("1.861")
    # At 30 % off later, a plan at 28 % off is 2 % of the old price too dear; at 45 %, 17 %.
    assert [each.price_cut_pct for each in commitment.regrets] == [30, 45]
    assert commitment.regrets[0].usd_per_month == pytest.approx(on_demand * Decimal("0.02"))
    assert commitment.regrets[1].usd_per_month == pytest.approx(on_demand * Decimal("0.17"))


def test_a_second_term_is_bought_after_the_cut_or_not_at_all() -> None:
    # The same loss as over one year, spread over the 24 months that costs are the mean of.
    evaluated, commitment = found(reserved(months=24))
    on_demand = (evaluated.instances or 0) * 730 * Decimal("1.861")
    assert commitment.regrets[1].usd_per_month == pytest.approx(on_demand * Decimal("0.17") / 2)


def test_instances_added_later_are_not_regretted() -> None:
    # Of the growing fleet only what is signed on the first day is bought at the old price.
    _, commitment = found(reserved(growth=0.1, months=14))
    first = commitment.buys[0].instances * 730 * Decimal("1.861")
    assert commitment.regrets[1].usd_per_month == pytest.approx(first * Decimal("0.17") * 12 / 14)


def test_a_term_that_begins_inside_a_month_is_renewed_on_its_own_day() -> None:
    content = reserved(months=24)
    content["starts_on"] = "2026-11-21"
    _, commitment = found(content)
    # 8.64 months from 21 November: 21 July, and 0.64 x 31 days are 19.84.
    assert [(buy.starts_on, buy.paid_back_on) for buy in commitment.buys] == [
        (date(2026, 11, 21), date(2027, 8, 10)),
        (date(2027, 11, 21), date(2028, 8, 10)),
    ]


def test_a_price_cut_reaches_the_hours_above_the_commitment_too() -> None:
    _, commitment = found(reserved(scaling=["hourly"]))
    count = sum(buy.instances for buy in commitment.buys)
    each = 730 * Decimal("1.861")
    # Of a committed instance 72 % is paid; after 45 % off its hours are worth at most 55 %, and
    # at least 0.72 x 55 %, since only one needed in 72 % of the hours is committed.
    least, most = (count * each * Decimal(text) for text in ("0.17", "0.324"))
    assert least <= commitment.regrets[1].usd_per_month <= most


def test_a_growing_fleet_buys_again_while_a_term_fits() -> None:
    _, commitment = found(reserved(growth=0.1, months=14))
    assert [buy.starts_on for buy in commitment.buys] == [
        date(2027, 1, 1),
        date(2027, 2, 1),
        date(2027, 3, 1),
    ]


def test_an_hourly_fleet_commits_the_hours_worth_it() -> None:
    evaluated, commitment = found(reserved(scaling=["hourly"]))
    assert sum(buy.instances for buy in commitment.buys) < (evaluated.instances or 0)
    assert all(buy.paid_back_on is not None for buy in commitment.buys)


def test_money_committed_beyond_use_never_pays_back() -> None:
    plan = {**PLAN, "commitment_usd_per_hour": 200}
    _, commitment = found(reserved(savings_plan=plan))
    (buy,) = commitment.buys
    assert commitment.usd_per_hour is None
    assert buy.usd == 200 * 730 * 12
    assert buy.paid_back_on is None


def test_a_hybrid_base_is_a_commitment_too() -> None:
    content = reserved(per_day=500_000)
    model = content["options"]["selfhost"][0]["model"]
    content["options"]["hybrid"] = [{"selfhost": model, "purchase": ["savings_plan"]}]
    evaluated, commitment = found(content, "hybrid")
    assert commitment.buys[0].instances == evaluated.instances


def test_on_demand_commits_nothing() -> None:
    recommendation = decide(reserved(purchase=["on_demand"]))
    option = by_arm(recommendation, "selfhost_ondemand").option
    assert commitment_of(option, recommendation.months) is None

"""Payback of set-up, and falling API prices, by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from planner.costs import Fixed, Months, Option, mean_ledger, monthly_ledgers
from planner.decision.payback import payback, price_declines
from planner.decision.recommendation import Evaluated
from tests.decision.options import api, cost_line, months_of, stepped

TWELVE = months_of(1000)


def evaluated(option: Option, months: Months = TWELVE) -> Evaluated:
    ledgers = monthly_ledgers(option, months)
    return Evaluated(
        option=option,
        months=ledgers,
        mean=mean_ledger(ledgers),
        instances=None,
        peak_instances=None,
        utilisation=None,
    )


def with_setup(option: Option, usd: str, months: int = 12) -> Option:
    """Spread over the horizon, as the scenario's engineering is."""
    lines = (
        *option.lines_in_month(0),
        cost_line("set-up", Fixed(Decimal(usd) / months), "labour"),
    )
    return replace(option, lines_in_month=lambda month: lines)


# $1,000 a month at the API, $700 self-hosted.
API = evaluated(api("1"))
OWN = stepped("700", 10_000)


class TestPayback:
    def test_the_month_in_which_savings_reach_the_set_up(self) -> None:
        # $300 a month: $1,000 after the fourth month, which is month 3.
        found = payback(evaluated(with_setup(OWN, "1000")), API, Decimal(0))
        assert (found.month, found.setup_usd, found.saved_usd) == (3, 1000, 3600)
        assert not found.discounted

    def test_exactly_reached_counts(self) -> None:
        assert payback(evaluated(with_setup(OWN, "900")), API, Decimal(0)).month == 2

    def test_never_inside_the_horizon(self) -> None:
        assert payback(evaluated(with_setup(OWN, "3601")), API, Decimal(0)).month is None

    def test_the_apis_own_set_up_is_taken_off(self) -> None:
        both = evaluated(with_setup(api("1"), "400"))
        assert payback(evaluated(with_setup(OWN, "1000")), both, Decimal(0)).setup_usd == 600

    def test_discounted_it_comes_later(self) -> None:
        # At 10 % a year twelve payments of $1,000 are worth $11,400.49, so of $300 $3,420.15.
        found = payback(evaluated(with_setup(OWN, "3421")), API, Decimal("0.1"))
        assert found.saved_usd == pytest.approx(Decimal("3420.15"), abs=Decimal("0.01"))
        assert found.month is None
        assert payback(evaluated(with_setup(OWN, "3420")), API, Decimal("0.1")).month == 11


class TestDeclines:
    def test_prices_fall_steadily(self) -> None:
        # Sum of 0.5^(t/12), t = 0…11, is 0.5 / (1 - 0.943874) = 8.9086; ÷ 12 = 0.74238.
        half, _ = price_declines(API, API, [API, evaluated(OWN)])
        assert half.api_monthly_usd == pytest.approx(Decimal("742.38"), abs=Decimal("0.01"))

    def test_they_may_change_the_answer(self) -> None:
        # At a tenth after a year: 0.9 / (1 - 0.825404) ÷ 12 = 0.4296 of $1,000 < $700.
        own = evaluated(OWN)
        half, tenth = price_declines(API, own, [API, own])
        assert half.still_chosen
        assert tenth.api_monthly_usd == pytest.approx(Decimal("429.6"), abs=Decimal("0.1"))
        assert not tenth.still_chosen

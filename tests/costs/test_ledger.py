"""Months, commitments and credits, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import (
    CostLine,
    Factors,
    Fixed,
    Fleet,
    Months,
    Option,
    PerInstance,
    PerRequest,
    Reserved,
    Term,
    mean_ledger,
    monthly_ledgers,
    plan_months,
)
from planner.costs.commitments import instance_months
from planner.costs.types import BilledBy, Category, Driver
from planner.scenario.economics import Credit


def line(
    name: str,
    term: Term | None,
    *,
    category: Category = "infrastructure",
    billed_by: BilledBy = "aws",
    driver: Driver = "other",
    provider: str | None = None,
) -> CostLine:
    return CostLine(
        name=name,
        category=category,
        billed_by=billed_by,
        driver=driver,
        term=term,
        formula="",
        source="test",
        provider=provider,
        reason_unpriced="unknown" if term is None else None,
    )


def option(*lines: CostLine, commitment_months: int = 0, missing: bool = False) -> Option:
    return Option(
        arm="selfhost_ri_1y",
        name="x",
        kind="vllm_gpu",
        feasible=True,
        reason=None,
        deployable=True,
        deployable_reason=None,
        provider_of_capacity=None,
        lines_in_month=lambda month: lines,
        missing=("operational",) if missing else (),
        commitment_months=commitment_months,
    )


def months(*requests: int) -> Months:
    return Months(
        priced_on=tuple(date(2027, 1 + t, 1) for t in range(len(requests))),
        requests=tuple(Decimal(r) for r in requests),
    )


def test_growth_compounds_from_the_first_month() -> None:
    # 200 M x 1.1^8 = 428.72 M.
    plan = plan_months(
        first_day=date(2026, 11, 21),
        months=9,
        requests=Decimal(200_000_000),
        growth_per_month=Decimal("0.1"),
    )
    assert plan.requests[0] == 200_000_000
    assert round(plan.requests[8]) == 428_717_762
    assert plan.priced_on[:3] == (date(2026, 11, 21), date(2026, 12, 1), date(2027, 1, 1))


def test_the_mean_month_is_the_mean_of_the_months() -> None:
    ledgers = monthly_ledgers(option(line("use", PerRequest(Decimal("0.01")))), months(100, 300))
    assert [ledger.total_usd for ledger in ledgers] == [Decimal("1.00"), Decimal("3.00")]
    assert mean_ledger(ledgers).total_usd == Decimal("2.00")


class TestCommitment:
    FLEET = Fleet(capacity_requests_per_month=Decimal(100))

    def costs(self, term: int, *requests: int) -> list[Decimal]:
        bought = line("instances", Reserved(self.FLEET, Decimal(10), Decimal(16)))
        running = line("volumes", PerInstance(self.FLEET, Decimal(1)))
        priced = replace(option(bought, running, commitment_months=term), fleet=self.FLEET)
        return [ledger.total_usd for ledger in monthly_ledgers(priced, months(*requests))]

    def test_a_steady_need_is_reserved_throughout(self) -> None:
        assert self.costs(2, 300, 300, 300, 300) == [33, 33, 33, 33]

    def test_reserved_instances_are_paid_whether_needed_or_not(self) -> None:
        # Three reserved for two months; then one is needed, for another whole term.
        assert self.costs(2, 300, 100, 100, 100) == [33, 31, 11, 11]

    def test_a_remainder_shorter_than_a_term_is_on_demand(self) -> None:
        # One for three months: two reserved, the third at 16. The second instance comes in
        # month 2, when no whole term is left.
        assert self.costs(2, 100, 100, 200) == [11, 11, 2 * 16 + 2]


@pytest.mark.parametrize(
    ("needed", "reserved", "on_demand"),
    [
        ([2] * 24, [2] * 24, [0] * 24),
        ([2] * 18, [2] * 12 + [0] * 6, [0] * 12 + [2] * 6),
        ([1] * 20 + [2] * 4, [1] * 24, [0] * 20 + [1] * 4),
        ([0] * 3 + [5] * 12, [0] * 3 + [5] * 12, [0] * 15),
    ],
)
def test_terms_of_twelve_months(
    needed: list[int], reserved: list[int], on_demand: list[int]
) -> None:
    assert instance_months(needed, 12) == (tuple(reserved), tuple(on_demand))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(1, 12))
def test_what_is_needed_is_there(needed: list[int], term: int) -> None:
    reserved, on_demand = instance_months(needed, term)
    for month, count in enumerate(needed):
        assert reserved[month] + on_demand[month] >= count
        assert on_demand[month] <= count


class TestCredits:
    def credit(self, usd: int, ends_on: date, provider: str = "openai") -> Credit:
        return Credit(provider=provider, usd=Decimal(usd), ends_on=ends_on, source="contract")

    def totals(self, credit: Credit) -> list[Decimal]:
        tokens = line(
            "tokens",
            Fixed(Decimal(100)),
            category="api_usage",
            billed_by="provider",
            provider="openai",
        )
        aws = line("gateway", Fixed(Decimal(30)))
        ledgers = monthly_ledgers(option(tokens, aws), months(1, 1, 1), credits=[credit])
        return [ledger.total_usd for ledger in ledgers]

    def test_it_is_used_up_in_order(self) -> None:
        assert self.totals(self.credit(150, date(2027, 12, 31))) == [30, 80, 130]

    def test_it_ends_on_its_day(self) -> None:
        assert self.totals(self.credit(1000, date(2027, 2, 1))) == [30, 30, 130]

    def test_it_is_spread_over_what_it_pays(self) -> None:
        # $13 of AWS credit on $20 of infrastructure and $6 of tokens: 10 and 3.
        lines = option(
            line("gateway", Fixed(Decimal(20))),
            line("bedrock", Fixed(Decimal(6)), category="api_usage"),
        )
        credit = self.credit(13, date(2027, 12, 31), "aws")
        ledger = monthly_ledgers(lines, months(1), credits=[credit])[0]
        assert ledger.category_usd("infrastructure") == 10
        assert ledger.category_usd("api_usage") == 3
        assert all(a.line.is_credit for a in ledger.lines if a.usd is not None and a.usd < 0)

    def test_it_pays_only_its_own_provider(self) -> None:
        assert self.totals(self.credit(1000, date(2027, 12, 31), "anthropic")) == [130] * 3
        assert self.totals(self.credit(1000, date(2027, 12, 31), "aws")) == [100] * 3


class TestUnknown:
    def test_an_unpriced_line_makes_the_total_a_floor(self) -> None:
        ledger = monthly_ledgers(option(line("a", Fixed(Decimal(5))), line("b", None)), months(1))[
            0
        ]
        assert ledger.total_usd == 5
        assert ledger.is_floor
        assert [unpriced.name for unpriced in ledger.unpriced] == ["b"]

    def test_an_unpriced_line_stays_unpriced_in_the_mean(self) -> None:
        ledgers = monthly_ledgers(option(line("b", None)), months(1, 2))
        assert mean_ledger(ledgers).unpriced

    def test_a_missing_category_is_unknown_not_zero(self) -> None:
        ledger = monthly_ledgers(option(line("a", Fixed(Decimal(5))), missing=True), months(1))[0]
        assert ledger.category_usd("operational") is None
        assert ledger.category_usd("quality") == 0
        assert ledger.is_floor


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        (Factors(), 100 + 20 + 7),
        (Factors(api_price=Decimal(2)), 200 + 20 + 7),
        (Factors(gpu_price=Decimal("0.5")), 100 + 10 + 7),
        (Factors(labour=Decimal(3)), 100 + 20 + 21),
        (Factors(volume=Decimal(2)), 200 + 20 + 7),
    ],
)
def test_a_factor_scales_its_own_lines_only(factors: Factors, expected: int) -> None:
    priced = option(
        line("tokens", PerRequest(Decimal(1)), driver="api_price"),
        line("instances", Fixed(Decimal(20)), driver="gpu_price"),
        line("people", Fixed(Decimal(7)), driver="labour"),
    )
    assert monthly_ledgers(priced, months(100), factors=factors)[0].total_usd == expected


def test_a_bill_has_no_labour() -> None:
    ledger = monthly_ledgers(
        option(
            line("aws", Fixed(Decimal(5))),
            line("people", Fixed(Decimal(7)), category="engineering", billed_by="labour"),
        ),
        months(1),
    )[0]
    assert (ledger.bill_usd, ledger.total_usd) == (5, 12)

"""Months, commitments and credits, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from planner.costs import (
    CostLine,
    Factors,
    Fixed,
    Fleet,
    Months,
    Option,
    PerInstance,
    PerRequest,
    Term,
    mean_ledger,
    monthly_ledgers,
    plan_months,
)
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
    committed: bool = False,
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
        committed=committed,
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

    def costs(self, commitment_months: int) -> list[Decimal]:
        bought = line("instances", PerInstance(self.FLEET, Decimal(10)), committed=True)
        running = line("volumes", PerInstance(self.FLEET, Decimal(1)))
        ledgers = monthly_ledgers(
            option(bought, running, commitment_months=commitment_months), months(300, 100, 100, 200)
        )
        return [ledger.total_usd for ledger in ledgers]

    def test_without_one_the_cost_follows_the_load(self) -> None:
        assert self.costs(0) == [33, 11, 11, 22]

    def test_reserved_instances_stay_paid_for_their_term(self) -> None:
        # Three bought in month 0 stay for three months; in month 3 two are needed.
        assert self.costs(3) == [33, 31, 31, 22]


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

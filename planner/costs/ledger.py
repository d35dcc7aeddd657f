"""What an option costs: at one volume, month by month, and on average over the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from planner.costs.commitments import instance_months
from planner.costs.hourly_terms import HourlyCommitted
from planner.costs.hybrid_terms import HybridTerm
from planner.costs.months import Months
from planner.costs.terms import Bought, Fixed, Reserved
from planner.costs.types import AmountLine, Category, CostLine, Factors, Ledger, Option
from planner.scenario.economics import Credit

__all__ = [
    "AS_GIVEN",
    "bought_by_month",
    "idle_ledger",
    "ledger_at",
    "mean_ledger",
    "monthly_ledgers",
]

AS_GIVEN = Factors()


def ledger_at(
    option: Option,
    requests: Decimal,
    *,
    month: int = 0,
    factors: Factors = AS_GIVEN,
    bought: Bought | None = None,
) -> Ledger:
    """Lines of ``option`` at a monthly volume, at the prices of a month.

    ``bought`` are its reserved and on-demand instances when those do not follow the volume: a
    reservation outlives the month that needed it, and its last months may be on demand.
    """
    volume = requests * factors.volume
    return Ledger(
        requests_per_month=volume,
        lines=tuple(
            AmountLine(line=line, usd=_amount(line, volume, bought, factors))
            for line in option.lines_in_month(month)
        ),
        missing=option.missing,
    )


def _amount(
    line: CostLine, volume: Decimal, bought: Bought | None, factors: Factors
) -> Decimal | None:
    if line.term is None:
        return None
    if bought is not None and isinstance(line.term, Reserved):
        return line.term.of_month(*bought) * factors.of(line.driver)
    if bought is not None and isinstance(line.term, HourlyCommitted | HybridTerm):
        usd = line.term.with_bought(bought, volume, factors.capacity)
        return usd * factors.of(line.driver)
    return line.term.at(volume, factors.capacity) * factors.of(line.driver)


def monthly_ledgers(
    option: Option,
    months: Months,
    *,
    factors: Factors = AS_GIVEN,
    credits: Sequence[Credit] = (),
) -> tuple[Ledger, ...]:
    """One ledger a month, credits taken off."""
    ledgers: list[Ledger] = []
    known: dict[object, Ledger] = {}
    bought = bought_by_month(option, months.requests, factors)
    for month, requests in enumerate(months.requests):
        instances = None if bought is None else bought[month]
        # Months with the same lines and volume are one ledger: most plans have only one.
        key = (id(option.lines_in_month(month)), requests, instances)
        if key not in known:
            known[key] = ledger_at(option, requests, month=month, factors=factors, bought=instances)
        ledgers.append(known[key])
    for credit in credits:
        ledgers = _with_credit(ledgers, credit, months.priced_on)
    return tuple(ledgers)


def idle_ledger(option: Option, planned_requests: Sequence[Decimal]) -> Ledger:
    """A month without a request: what the plan for the first of these months pays anyway."""
    bought = bought_by_month(option, planned_requests)
    ledger = ledger_at(option, Decimal(0), bought=None if bought is None else bought[0])
    base, planned = option.hybrid, planned_requests[0]
    if base is None or (bought is not None and not base.scheduled):
        return ledger
    plan = base.plan(planned) if bought is None else base.plan_bought(bought[0], planned)
    return replace(
        ledger,
        lines=tuple(
            AmountLine(line=a.line, usd=a.line.term.with_plan(plan, Decimal(0)))
            if isinstance(a.line.term, HybridTerm)
            else a
            for a in ledger.lines
        ),
    )


def bought_by_month(
    option: Option, planned_requests: Sequence[Decimal], factors: Factors = AS_GIVEN
) -> tuple[Bought, ...] | None:
    """Reserved and on-demand instances of each month; None without a commitment."""
    fleet = option.fleet
    if option.purchases is not None:
        volumes = [requests * factors.volume for requests in planned_requests]
        return option.purchases.of_months(volumes, factors.capacity)
    if fleet is None or not option.commitment_months:
        return None
    needed = [
        fleet.instances(requests * factors.volume, factors.capacity)
        for requests in planned_requests
    ]
    reserved, on_demand = instance_months(needed, option.commitment_months)
    return tuple(zip(reserved, on_demand, strict=True))


def _with_credit(ledgers: list[Ledger], credit: Credit, days: Sequence[date]) -> list[Ledger]:
    """Credit is used from the first month on, against its own provider's lines, until it ends."""
    left = credit.usd
    changed: list[Ledger] = []
    for ledger, day in zip(ledgers, days, strict=True):
        owed = sum(
            (a.usd for a in ledger.lines if a.usd is not None and _pays(credit, a.line)),
            Decimal(0),
        )
        used = min(left, owed) if day <= credit.ends_on else Decimal(0)
        left -= used
        changed.append(_credited(ledger, credit, used, owed) if used else ledger)
    return changed


def _pays(credit: Credit, line: CostLine) -> bool:
    if credit.provider == "aws":
        return line.billed_by == "aws"
    return line.billed_by == "provider" and line.provider == credit.provider


def _credited(ledger: Ledger, credit: Credit, used: Decimal, owed: Decimal) -> Ledger:
    """The credit as a line of its own in each category it pays, by their shares of what is owed."""
    owed_in: dict[Category, Decimal] = {}
    for amount in ledger.lines:
        if amount.usd is not None and _pays(credit, amount.line):
            category = amount.line.category
            owed_in[category] = owed_in.get(category, Decimal(0)) + amount.usd
    lines = tuple(
        AmountLine(line=_credit_line(credit, category), usd=-used * part / owed)
        for category, part in owed_in.items()
    )
    return replace(ledger, lines=(*ledger.lines, *lines))


def _credit_line(credit: Credit, category: Category) -> CostLine:
    return CostLine(
        name=f"{credit.provider} credit",
        category=category,
        billed_by="aws" if credit.provider == "aws" else "provider",
        driver="other",
        term=Fixed(Decimal(0)),
        formula=f"${credit.usd:f} until {credit.ends_on}",
        source=credit.source,
        provider=credit.provider,
        is_credit=True,
    )


def mean_ledger(ledgers: Sequence[Ledger]) -> Ledger:
    """The mean month: each line's mean over the months, 0 in months without it.

    An unpriced line stays unpriced. The first appearance of a line describes it.
    """
    count = len(ledgers)
    first: dict[tuple[str, str], CostLine] = {}
    sums: dict[tuple[str, str], Decimal | None] = {}
    for ledger in ledgers:
        for amount in ledger.lines:
            key = (amount.line.category, amount.line.name)
            first.setdefault(key, amount.line)
            before = sums.get(key, Decimal(0))
            sums[key] = None if before is None or amount.usd is None else before + amount.usd
    return Ledger(
        requests_per_month=sum((x.requests_per_month for x in ledgers), Decimal(0)) / count,
        lines=tuple(
            AmountLine(line=line, usd=None if (total := sums[key]) is None else total / count)
            for key, line in first.items()
        ),
        missing=ledgers[0].missing,
    )

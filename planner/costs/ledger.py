"""What an option costs: at one volume, month by month, and on average over the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from planner.costs.months import Months
from planner.costs.terms import Fixed
from planner.costs.types import AmountLine, CostLine, Factors, Ledger, Option
from planner.scenario.economics import Credit

__all__ = ["AS_GIVEN", "bought_for", "ledger_at", "mean_ledger", "monthly_ledgers"]

AS_GIVEN = Factors()


def ledger_at(
    option: Option,
    requests: Decimal,
    *,
    month: int = 0,
    factors: Factors = AS_GIVEN,
    fleet_requests: Decimal | None = None,
) -> Ledger:
    """Lines of ``option`` at a monthly volume, at the prices of a month.

    ``fleet_requests`` is the volume its instances were bought for, when that is not the volume
    served: a commitment outlives the month that needed it.
    """
    volume = requests * factors.volume
    committed = volume if fleet_requests is None else fleet_requests * factors.volume
    return Ledger(
        requests_per_month=volume,
        lines=tuple(
            AmountLine(line=line, usd=_amount(line, volume, committed, factors))
            for line in option.lines_in_month(month)
        ),
        missing=option.missing,
    )


def _amount(
    line: CostLine, volume: Decimal, committed: Decimal, factors: Factors
) -> Decimal | None:
    if line.term is None:
        return None
    base = committed if line.committed else volume
    return line.term.at(base, factors.capacity) * factors.of(line.driver)


def bought_for(option: Option, months: Months, month: int) -> Decimal:
    """The volume whose instances are paid in a month: the largest of the months before that
    the option's commitment still covers.
    """
    first = max(0, month + 1 - max(option.commitment_months, 1))
    return max(months.requests[first : month + 1])


def monthly_ledgers(
    option: Option,
    months: Months,
    *,
    factors: Factors = AS_GIVEN,
    credits: Sequence[Credit] = (),
) -> tuple[Ledger, ...]:
    """One ledger a month; committed instances stay paid for the length of their commitment."""
    ledgers: list[Ledger] = []
    known: dict[tuple[int, Decimal, Decimal], Ledger] = {}
    for month, requests in enumerate(months.requests):
        paid_for = bought_for(option, months, month)
        # Months with the same lines and volume are one ledger: most plans have only one.
        key = (id(option.lines_in_month(month)), requests, paid_for)
        if key not in known:
            known[key] = ledger_at(
                option, requests, month=month, factors=factors, fleet_requests=paid_for
            )
        ledgers.append(known[key])
    for credit in credits:
        ledgers = _with_credit(ledgers, credit, months.priced_on)
    return tuple(ledgers)


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
        changed.append(_add(ledger, _credit_line(credit, ledger), -used) if used else ledger)
    return changed


def _pays(credit: Credit, line: CostLine) -> bool:
    if credit.provider == "aws":
        return line.billed_by == "aws"
    return line.billed_by == "provider" and line.provider == credit.provider


def _credit_line(credit: Credit, ledger: Ledger) -> CostLine:
    paid = next(a.line for a in ledger.lines if _pays(credit, a.line))
    return CostLine(
        name=f"{credit.provider} credit",
        category=paid.category,
        billed_by=paid.billed_by,
        driver="other",
        term=Fixed(Decimal(0)),
        formula=f"${credit.usd:f} until {credit.ends_on}",
        source=credit.source,
    )


def _add(ledger: Ledger, line: CostLine, usd: Decimal) -> Ledger:
    return Ledger(
        requests_per_month=ledger.requests_per_month,
        lines=(*ledger.lines, AmountLine(line=line, usd=usd)),
        missing=ledger.missing,
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

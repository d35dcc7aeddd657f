"""What a committed option buys, when that has paid back, and what it loses if prices fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planner.costs import CostLine, Months, Option, Reserved, bought_by_month, day_after
from planner.costs.hourly_terms import HourlyCommitted, HourlySavingsPlan
from planner.costs.hybrid_terms import HybridInstances
from planner.costs.terms import Bought
from planner.decision.stress import gpu_price_cuts

__all__ = ["Buy", "Commitment", "Regret", "commitment_of"]

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buy:
    """A purchase for one term; ``usd`` is paid over it whatever is used.

    ``paid_back_on`` is the first day by which the same hours on demand would have cost that much,
    None when they never do inside the term.
    """

    starts_on: date
    instances: int
    usd: Decimal
    paid_back_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """What the commitment costs more than on demand, per mean month, after a price cut.

    The cut comes the day after the first signing, the worst time. What is signed later is bought at
    the prices of then, or not at all: it is not among what is regretted.
    """

    price_cut_pct: Decimal
    usd_per_month: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """The purchases of an option over the horizon.

    ``usd_per_hour`` is for one instance; None where the commitment is an hourly amount of money,
    which is then ``usd_per_hour_committed``.
    """

    purchase: str
    instance_type: str
    term_months: int
    usd_per_hour: Decimal | None
    usd_per_hour_committed: Decimal
    on_demand_usd_per_hour: Decimal
    buys: tuple[Buy, ...]
    regrets: tuple[Regret, ...]


def commitment_of(option: Option, months: Months) -> Commitment | None:
    """The commitment of an option, None when it makes none."""
    line = _instances(option)
    if line is None or option.serving is None or not option.commitment_months:
        return None
    if isinstance(line.term, HourlySavingsPlan):
        return _of_money(option, line.term, months)
    bought = bought_by_month(option, months.requests)
    prices = _prices(line)
    if bought is None or prices is None:
        return None
    committed, on_demand, hours = prices
    paid = committed * hours
    used = _used_on_demand(line, months, bought, paid)
    buys = _buys(months, bought, used, paid, option.commitment_months)
    if not buys:
        return None
    return Commitment(
        purchase=option.purchase or "",
        instance_type=option.serving.instance_type,
        term_months=option.commitment_months,
        usd_per_hour=committed,
        usd_per_hour_committed=committed * buys[0].instances,
        on_demand_usd_per_hour=on_demand,
        buys=buys,
        regrets=_regrets(
            buys[0].usd, _of_first_buy(bought, used, option.commitment_months), len(bought)
        ),
    )


def _of_first_buy(
    bought: Sequence[Bought], used: Sequence[Decimal], term_months: int
) -> list[Decimal]:
    """What the instances of the first purchase would have cost on demand, in its months."""
    start = next(month for month, (reserved, _) in enumerate(bought) if reserved)
    first = bought[start][0]
    term = zip(bought[start : start + term_months], used[start:], strict=False)
    return [usd * first / reserved for (reserved, _), usd in term]


def _instances(option: Option) -> CostLine | None:
    lines = option.lines_in_month(0) if option.feasible else ()
    return next((line for line in lines if line.name == "instances"), None)


def _prices(line: CostLine) -> tuple[Decimal, Decimal, Decimal] | None:
    """Committed and on-demand USD an instance hour, and hours of a month."""
    term = line.term
    match term:
        case Reserved():
            resource = line.resource
            if resource is None or resource.units_per_month is None:
                return None
            hours = resource.units_per_month
            return (
                term.monthly_usd_per_instance / hours,
                term.on_demand_usd_per_instance / hours,
                hours,
            )
        case HourlyCommitted():
            return term.committed_usd_per_hour, term.on_demand_usd_per_hour, term.hours_per_month
        case HybridInstances() if term.committed_usd_per_hour is not None:
            return term.committed_usd_per_hour, term.usd_per_hour, term.base.hours_per_month
        case _:
            return None


def _none_committed(bought: Sequence[Bought]) -> tuple[Bought, ...]:
    """The same instances, all on demand."""
    return tuple((0, reserved + on_demand) for reserved, on_demand in bought)


def _usd(line: CostLine, bought: Sequence[Bought], months: Months) -> list[Decimal]:
    """The instances' cost of each month with these purchases."""
    term = line.term
    if isinstance(term, Reserved):
        return [term.of_month(*each) for each in bought]
    assert isinstance(term, HourlyCommitted | HybridInstances)
    return [
        term.with_bought(each, volume) for each, volume in zip(bought, months.requests, strict=True)
    ]


def _buys(
    months: Months,
    bought: Sequence[Bought],
    used: Sequence[Decimal],
    usd_per_instance_month: Decimal,
    term_months: int,
) -> tuple[Buy, ...]:
    """One purchase for each month in which terms begin; months are counted from the plan's day."""
    running = [0] * len(bought)
    buys: list[Buy] = []
    for month, (reserved, _) in enumerate(bought):
        new = reserved - running[month]
        if new <= 0:
            continue
        for paid in range(month, min(month + term_months, len(bought))):
            running[paid] += new
        usd = usd_per_instance_month * term_months * new
        share = Decimal(new) / reserved
        back = _paid_back([u * share for u in used[month : month + term_months]], usd)
        first = months.priced_on[0]
        buys.append(
            Buy(
                starts_on=day_after(first, Decimal(month)),
                instances=new,
                usd=usd,
                paid_back_on=None if back is None else day_after(first, month + back),
            )
        )
    return tuple(buys)


def _used_on_demand(
    line: CostLine, months: Months, bought: Sequence[Bought], usd_per_instance_month: Decimal
) -> list[Decimal]:
    """What the hours that the committed instances serve would cost on demand, by month."""
    all_on_demand = _usd(line, _none_committed(bought), months)
    with_commitment = _usd(line, bought, months)
    return [
        on_demand - (both - usd_per_instance_month * reserved)
        for on_demand, both, (reserved, _) in zip(
            all_on_demand, with_commitment, bought, strict=True
        )
    ]


def _paid_back(used_usd: Sequence[Decimal], committed_usd: Decimal) -> Decimal | None:
    """Months, the last one in part, after which on demand would have cost as much."""
    left = committed_usd
    for month, usd in enumerate(used_usd):
        if usd >= left:
            return month + left / usd
        left -= usd
    return None


def _regrets(
    committed_usd: Decimal, used_usd: Sequence[Decimal], months: int
) -> tuple[Regret, ...]:
    """Against the committed instances' own hours on demand, per month of ``months``: those above
    them become cheaper too.
    """
    used = sum(used_usd, Decimal(0))
    return tuple(
        Regret(
            price_cut_pct=cut,
            usd_per_month=max(committed_usd - used * (1 - cut / _HUNDRED), Decimal(0)) / months,
        )
        for cut in gpu_price_cuts()
    )


def _of_money(option: Option, term: HourlySavingsPlan, months: Months) -> Commitment:
    """A Savings Plan of a given hourly amount."""
    assert option.serving is not None
    plan = [term.at(volume) for volume in months.requests]
    on_demand = [term.on_demand_use_usd(volume) for volume in months.requests]
    usd = term.commitment_usd_per_hour * term.hours_per_month * option.commitment_months
    fixed = term.commitment_usd_per_hour * term.hours_per_month
    covered = [use - (cost - fixed) for use, cost in zip(on_demand, plan, strict=True)]
    back = _paid_back(covered[: option.commitment_months], usd)
    start = months.priced_on[0]
    return Commitment(
        purchase=option.purchase or "",
        instance_type=option.serving.instance_type,
        term_months=option.commitment_months,
        usd_per_hour=None,
        usd_per_hour_committed=term.commitment_usd_per_hour,
        on_demand_usd_per_hour=term.on_demand_usd_per_hour,
        buys=(
            Buy(
                starts_on=start,
                instances=0,
                usd=usd,
                paid_back_on=None if back is None else day_after(start, back),
            ),
        ),
        regrets=_regrets(usd, covered[: option.commitment_months], len(months)),
    )

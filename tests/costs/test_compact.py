"""The quick sums agree with the ledgers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from planner.costs import (
    AboveFloor,
    Factors,
    Fixed,
    Fleet,
    Option,
    PerInstance,
    PerRequest,
    Reserved,
    Term,
    Tiered,
    compact_cost,
    mean_ledger,
    monthly_ledgers,
)
from planner.costs.commitments import HourlyPurchases
from planner.costs.hourly_terms import (
    HourlyCommitted,
    HourlyInstances,
    HourlySavingsPlan,
    hourly_fleet,
)
from tests.costs.test_ledger import line, months, option

FLEET = Fleet(capacity_requests_per_month=Decimal(100), spare_replicas=1, replicas_per_instance=2)
OPTION = option(
    line("instances", Reserved(FLEET, Decimal(700), Decimal(1100)), driver="gpu_price"),
    line("volumes", PerInstance(FLEET, Decimal(9))),
    line("logs", PerRequest(Decimal("0.003"))),
    line(
        "transfer",
        Tiered(Decimal("0.5"), ((Decimal(0), Decimal("0.09")), (Decimal(90), Decimal("0.05")))),
    ),
    line("people", Fixed(Decimal(4000)), driver="labour", category="engineering"),
    line("unknown", None),
    commitment_months=2,
)


@given(
    volumes=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
    capacity=st.decimals(min_value="0.2", max_value=5, places=2),
)
def test_the_total_is_the_mean_ledgers(volumes: list[int], capacity: Decimal) -> None:
    priced = replace(OPTION, fleet=FLEET)
    ledgers = monthly_ledgers(priced, months(*volumes), factors=Factors(capacity=capacity))
    compact = compact_cost(priced, months(*volumes))
    difference = compact.total(capacity=capacity) - mean_ledger(ledgers).total_usd
    assert abs(difference) < Decimal("1e-18")


@given(
    volumes=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
    factor=st.decimals(min_value="0.2", max_value=5, places=2),
)
def test_scaled_volumes_are_the_ledgers_of_scaled_volumes(
    volumes: list[int], factor: Decimal
) -> None:
    priced = replace(OPTION, fleet=FLEET)
    ledgers = monthly_ledgers(priced, months(*volumes), factors=Factors(volume=factor))
    compact = compact_cost(priced, months(*volumes))
    difference = compact.total(volume=factor) - mean_ledger(ledgers).total_usd
    assert abs(difference) < Decimal("1e-18")


def test_parts_by_driver_add_up_to_the_total() -> None:
    compact = compact_cost(replace(OPTION, fleet=FLEET), months(150, 700))
    parts = [compact.of(driver) for driver in ("api_price", "gpu_price", "labour", "other")]
    assert sum(parts) == compact.total()
    assert compact.of("labour") == 4000
    # Month 0 needs 2 + 1 replicas on 2 instances, reserved for both months; month 1 needs
    # 7 + 1 on 4, the other two on demand: (2 x 2 x 700 + 2 x 1,100) ÷ 2.
    assert compact.of("gpu_price") == 2500


NEEDS = st.lists(st.integers(1, 9), min_size=2, max_size=8)


def hourly_option(kind: str, needs: list[int], spare: int) -> Option:
    """An hourly fleet with each kind of payment, and what comes with an instance."""
    peak = replace(FLEET, spare_replicas=spare)
    fleet = hourly_fleet(peak, needs)
    hours = Decimal(730)
    committed = HourlyCommitted(
        fleet=fleet,
        hours_per_month=hours,
        committed_usd_per_hour=Decimal("0.7"),
        on_demand_usd_per_hour=Decimal(1),
    )
    terms: dict[str, Term] = {
        "on demand": HourlyInstances(
            fleet=fleet, hours_per_month=hours, usd_per_instance_hour=Decimal(1)
        ),
        "above a floor": HourlyInstances(
            fleet=fleet, hours_per_month=hours, usd_per_instance_hour=Decimal(1), beyond=1
        ),
        "committed": committed,
        "plan": HourlySavingsPlan(
            fleet=fleet,
            hours_per_month=hours,
            on_demand_usd_per_hour=Decimal(1),
            commitment_usd_per_hour=Decimal(2),
            discount=Decimal("0.3"),
        ),
    }
    base = option(
        line("instances", terms[kind], driver="gpu_price"),
        line("floor", AboveFloor(peak, Decimal(5), 1)),
        line("logs", PerRequest(Decimal("0.003"))),
        commitment_months=2 if kind == "committed" else 0,
    )
    purchases = HourlyPurchases(term=committed, term_months=2) if kind == "committed" else None
    return replace(base, fleet=peak, hourly=fleet, purchases=purchases)


@given(
    kind=st.sampled_from(["on demand", "above a floor", "committed", "plan"]),
    needs=NEEDS,
    spare=st.integers(0, 1),
    volumes=st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    factor=st.decimals(min_value="0.2", max_value=5, places=2),
    capacity=st.decimals(min_value="0.2", max_value=5, places=2),
)
def test_hourly_fleets_too(
    kind: str,
    needs: list[int],
    spare: int,
    volumes: list[int],
    factor: Decimal,
    capacity: Decimal,
) -> None:
    priced = hourly_option(kind, needs, spare)
    factors = Factors(volume=factor, capacity=capacity)
    ledgers = monthly_ledgers(priced, months(*volumes), factors=factors)
    compact = compact_cost(priced, months(*volumes))
    total = compact.total(volume=factor, capacity=capacity)
    assert abs(total - mean_ledger(ledgers).total_usd) < Decimal("1e-18")
    assert compact.least(volume=factor, capacity=capacity) <= total + Decimal("1e-18")


@given(
    volumes=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
    factor=st.decimals(min_value="0.2", max_value=5, places=2),
    capacity=st.decimals(min_value="0.2", max_value=5, places=2),
)
def test_the_bound_is_below_the_total(
    volumes: list[int], factor: Decimal, capacity: Decimal
) -> None:
    compact = compact_cost(replace(OPTION, fleet=FLEET), months(*volumes))
    bound = compact.least(volume=factor, capacity=capacity)
    assert bound <= compact.total(volume=factor, capacity=capacity) + Decimal("1e-18")

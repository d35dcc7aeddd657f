"""The quick sums agree with the ledgers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from planner.costs import (
    Factors,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Reserved,
    Tiered,
    compact_cost,
    mean_ledger,
    monthly_ledgers,
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

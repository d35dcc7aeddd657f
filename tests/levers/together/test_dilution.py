"""A term of a part of the requests, restated over all of them, costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.costs import (
    CachedTokens,
    CostLine,
    Fixed,
    Fleet,
    PerInstance,
    PerRequest,
    Term,
    Tiered,
)
from planner.levers.together.dilution import diluted

FLEET = Fleet(capacity_requests_per_month=Decimal(1000), spare_replicas=1)


@dataclass(frozen=True, slots=True)
class Odd:
    """A kind of term that dilution does not know."""

    linear: bool = False

    def at(self, requests: Decimal, capacity_factor: Decimal = Decimal(1)) -> Decimal:
        return requests * requests

    def kinks(self) -> tuple[float, ...]:
        return (10.0,)


TERMS: list[Term] = [
    Fixed(Decimal(5)),
    PerRequest(Decimal("0.003")),
    Tiered(Decimal("0.5"), ((Decimal(0), Decimal(3)), (Decimal(100), Decimal(1)))),
    CachedTokens(Decimal("0.01"), Decimal("0.002"), Decimal("0.012"), 1e-4),
    PerInstance(FLEET, Decimal(700)),
    Odd(),
]


def line(term: Term | None) -> CostLine:
    return CostLine(
        name="made",
        category="infrastructure",
        billed_by="aws",
        driver="gpu_price",
        term=term,
        formula="",
        source="made for a test",
    )


def term_of(found: CostLine) -> Term:
    assert found.term is not None
    return found.term


@pytest.mark.parametrize("term", TERMS, ids=[type(term).__name__ for term in TERMS])
@given(
    share=st.sampled_from(["0.25", "0.5", "0.8", "1", "1.25"]),
    requests=st.integers(0, 100_000),
)
def test_it_costs_what_the_part_costs(term: Term, share: str, requests: int) -> None:
    part = Decimal(share)
    found = term_of(diluted(line(term), part)).at(Decimal(requests))
    assert float(found) == pytest.approx(float(term.at(requests * part)), rel=1e-9)


def test_kinks_move_out_with_the_volume() -> None:
    half = Decimal("0.5")
    assert term_of(diluted(line(Odd()), half)).kinks() == (20.0,)
    tiers = term_of(diluted(line(TERMS[2]), half))
    assert tiers.kinks() == (400.0,)


def test_nothing_is_left_of_no_share_but_what_is_fixed() -> None:
    assert term_of(diluted(line(TERMS[3]), Decimal(0))).at(Decimal(100)) == 0
    assert term_of(diluted(line(TERMS[0]), Decimal(0))).at(Decimal(100)) == 5


def test_an_unpriced_line_stays_unpriced() -> None:
    assert diluted(line(None), Decimal("0.5")).term is None

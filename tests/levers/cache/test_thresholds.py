"""Rows R20 to R23 of the textbook, and the best threshold against brute force."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.levers.cache import (
    CacheCosts,
    ThresholdRates,
    ThresholdResult,
    WrongBasis,
    best_by_error_cost,
    best_threshold,
    threshold_results,
)

# Table K: threshold, hit rate, false-hit rate.
TABLE = (
    ("0.85", "0.62", "0.08"),
    ("0.90", "0.55", "0.03"),
    ("0.92", "0.50", "0.01"),
    ("0.95", "0.42", "0.002"),
    ("0.98", "0.28", "0"),
)


def results(
    basis: WrongBasis = "hits", *, wrong: str = "0", lookup: str = "0", store: str = "0"
) -> tuple[ThresholdResult, ...]:
    rates = [
        ThresholdRates(
            threshold=Decimal(t), hit_rate=Decimal(h), false_hit_rate=Decimal(f), basis=basis
        )
        for t, h, f in TABLE
    ]
    costs = CacheCosts(
        queries_per_month=Decimal(300_000),
        usd_per_query=Decimal("0.003"),
        lookup_usd_per_query=Decimal(lookup),
        store_monthly_usd=Decimal(store),
        usd_per_wrong_answer=Decimal(wrong),
    )
    return threshold_results(rates, costs)


def test_r20_gross_saving_and_risk() -> None:
    assert [each.gross_saving_usd for each in results()] == [558, 495, 450, 378, 252]
    risks = [each.rates.risk for each in results()]
    assert risks == ["HIGH", "MEDIUM", "LOW", "LOW", "LOW"]


@pytest.mark.parametrize(
    ("basis", "expected"),
    [("hits", [14_880, 4_950, 1_500, 252, 0]), ("queries", [24_000, 9_000, 3_000, 600, 0])],
)
def test_r21_wrong_answers_depend_on_what_the_rate_is_a_share_of(
    basis: WrongBasis, expected: list[int]
) -> None:
    assert [each.wrong_answers_per_month for each in results(basis)] == expected


@pytest.mark.parametrize(
    ("basis", "switches"),
    [
        ("hits", [Fraction(63, 9930), Fraction(45, 3450), Fraction(72, 1248), Fraction(126, 252)]),
        (
            "queries",
            [Fraction(42, 10000), Fraction(75, 10000), Fraction(3, 100), Fraction(21, 100)],
        ),
    ],
)
def test_r22_the_best_threshold_switches_at_saving_over_wrong_answers(
    basis: WrongBasis, switches: list[Fraction]
) -> None:
    spans = best_by_error_cost(results(basis))
    assert [span.threshold for span in spans] == [Decimal(t) for t, _, _ in TABLE]
    assert [span.to_usd for span in spans] == [*switches, None]
    assert [span.from_usd for span in spans] == [0, *switches]


def test_r22_at_the_switch_itself_the_stricter_threshold_wins() -> None:
    assert best_threshold(results(), Decimal("0.5")) == Decimal("0.98")


def test_r23_net_of_look_ups_and_store() -> None:
    found = results(lookup="0.00001", store="50")
    assert [each.lookup_usd for each in found] == [3] * 5
    assert [each.net_saving_usd for each in found] == [505, 442, 397, 325, 199]


def test_r23_net_of_wrong_answers() -> None:
    found = results(wrong="0.02")
    expected = [Decimal(usd) for usd in ("260.4", "396", "420", "372.96", "252")]
    assert [each.net_saving_usd for each in found] == expected


def test_no_cache_is_best_where_every_threshold_loses() -> None:
    assert best_threshold(results(store="600"), Decimal(0)) is None


def test_a_threshold_that_does_not_qualify_is_never_best() -> None:
    rates = [
        ThresholdRates(
            threshold=Decimal("0.8"),
            hit_rate=Decimal("0.9"),
            false_hit_rate=Decimal(0),
            basis="hits",
            qualifies=False,
        )
    ]
    found = threshold_results(
        rates,
        CacheCosts(
            queries_per_month=Decimal(1),
            usd_per_query=Decimal(1),
            lookup_usd_per_query=Decimal(0),
            store_monthly_usd=Decimal(0),
            usd_per_wrong_answer=Decimal(0),
        ),
    )
    assert found[0].net_saving_usd > 0
    assert best_threshold(found, Decimal(0)) is None


shares = st.decimals(min_value=0, max_value=1, places=2)
# Few values, so that ties are common.
coarse = st.sampled_from([Decimal(text) for text in ("0", "0.01", "0.1", "0.25", "0.5", "0.51")])


@st.composite
def tables(draw: st.DrawFn) -> tuple[ThresholdResult, ...]:
    """Any rates, also ones that no similarity would give: ties and crossings abound."""
    levels = draw(st.lists(shares, min_size=1, max_size=6, unique=True))
    rates = [
        ThresholdRates(
            threshold=level,
            hit_rate=draw(coarse),
            false_hit_rate=draw(coarse),
            basis=draw(st.sampled_from(["hits", "queries"])),
            qualifies=draw(st.booleans()),
        )
        for level in levels
    ]
    costs = CacheCosts(
        queries_per_month=Decimal(1000),
        usd_per_query=draw(shares),
        lookup_usd_per_query=draw(shares) / 10,
        store_monthly_usd=draw(shares) * 100,
        usd_per_wrong_answer=Decimal(0),
    )
    return threshold_results(rates, costs)


@settings(max_examples=300)
@given(tables(), st.lists(st.decimals(min_value=0, max_value=20, places=3), max_size=8))
def test_the_best_threshold_is_that_of_brute_force(
    table: tuple[ThresholdResult, ...], costs: list[Decimal]
) -> None:
    spans = best_by_error_cost(table)
    ends = [span.to_usd for span in spans if span.to_usd is not None]
    just_above = [Fraction(1, 1000) + end for end in (0, *ends)]
    for cost in [Fraction(0), *ends, *just_above, *(Fraction(c) for c in costs)]:
        nets: dict[Decimal | None, Fraction] = {None: Fraction(0)}
        for each in table:
            if each.rates.qualifies:
                wrong = Fraction(each.wrong_answers_per_month)
                nets[each.rates.threshold] = Fraction(each.before_errors_usd) - wrong * cost
        top = max(nets.values())
        strictest = max(
            (level for level, net in nets.items() if net == top),
            key=lambda level: Decimal(2) if level is None else level,
        )
        inside = next(
            s for s in spans if s.from_usd <= cost and (s.to_usd is None or cost < s.to_usd)
        )
        assert nets[inside.threshold] == top
        if cost.denominator in (1, 10, 100, 1000):
            exact = Decimal(cost.numerator) / cost.denominator
            assert best_threshold(table, exact) == strictest


@given(tables())
def test_spans_cover_every_cost_once(table: tuple[ThresholdResult, ...]) -> None:
    spans = best_by_error_cost(table)
    assert spans[0].from_usd == 0
    assert spans[-1].to_usd is None
    for before, after in pairwise(spans):
        assert before.to_usd == after.from_usd
        assert before.threshold != after.threshold

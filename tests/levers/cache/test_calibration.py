"""From labelled pairs to rates: a sample small enough to count by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.levers.cache import Calibrated, Pair, calibrated
from planner.levers.intervals import upper_bound


def pair(similarity: str, same: bool, *texts: str) -> Pair:
    return Pair(
        similarity=Decimal(similarity), same=same, texts=(texts[0], texts[1]) if texts else None
    )


# 4 same pairs, 3 of them at 0.9 or more; 5 different ones, 2 of them.
SAMPLE = (
    pair("0.97", True),
    pair("0.95", True),
    pair("0.90", True),
    pair("0.60", True),
    pair("0.93", False),
    pair("0.90", False),
    pair("0.50", False),
    pair("0.40", False),
    pair("0.10", False),
)


def at(
    threshold: str,
    *,
    duplicates: str | None = "0.2",
    guard: bool = True,
    limit: str | None = None,
    pairs: tuple[Pair, ...] = SAMPLE,
) -> Calibrated:
    return calibrated(
        pairs,
        [Decimal(threshold)],
        duplicate_share=None if duplicates is None else Decimal(duplicates),
        guard=guard,
        limit=None if limit is None else Decimal(limit),
    )[0]


def test_hits_are_recall_of_duplicates_and_false_serves_of_the_rest() -> None:
    # R = 3/4, F = 2/5, d = 0.2: h = 0.15 + 0.32 = 0.47, of which 0.32 wrong.
    found = at("0.9")
    assert found.recall == Decimal("0.75")
    assert found.rates.hit_rate == Decimal("0.47")
    assert float(found.rates.false_hit_rate) == pytest.approx(0.32 / 0.47, rel=1e-9)
    assert found.rates.basis == "hits"


def test_without_a_duplicate_share_the_sample_is_taken_as_look_ups() -> None:
    # 5 of 9 pairs are served, 2 of them wrongly.
    found = at("0.9", duplicates=None)
    assert float(found.rates.hit_rate) == pytest.approx(5 / 9, rel=1e-9)
    assert float(found.rates.false_hit_rate) == pytest.approx(2 / 5, rel=1e-9)


def test_bounds_are_those_of_different_pairs_served() -> None:
    sample = at("0.9").false_serve
    assert (sample.wrong, sample.of) == (2, 5)
    assert float(sample.upper) == pytest.approx(upper_bound(2, 5), abs=1e-9)


def test_a_threshold_nobody_reaches_serves_nothing() -> None:
    found = at("1")
    assert (found.rates.hit_rate, found.rates.false_hit_rate) == (0, 0)


@pytest.mark.parametrize(("limit", "qualifies"), [("0.46", True), ("0.45", False)])
def test_a_limit_must_be_certified(limit: str, qualifies: bool) -> None:
    # 0 wrong of 5 proves 1 - 0.05^(1/5) = 45.07 %.
    assert at("0.95", limit=limit).rates.qualifies is qualifies


def test_the_guard_takes_away_wrong_and_right_hits() -> None:
    pairs = (
        pair("0.99", False, "order 1", "order 2"),
        pair("0.99", False, "red shoes", "blue shoes"),
        pair("0.99", True, "open today", "are you open now"),
        pair("0.99", True, "how to pay", "ways to pay"),
    )
    found = at("0.9", pairs=pairs)
    assert found.guard is not None
    assert found.guard.wrong_prevented_share == Decimal("0.5")
    assert found.guard.right_lost_share == Decimal("0.5")
    assert (found.recall, found.false_serve.wrong) == (Decimal("0.5"), 1)


def test_without_the_guard_everything_similar_is_served() -> None:
    pairs = (pair("0.99", False, "order 1", "order 2"), pair("0.99", True, "a", "b"))
    found = at("0.9", pairs=pairs, guard=False)
    assert (found.guard, found.false_serve.wrong) == (None, 1)

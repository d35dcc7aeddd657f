"""What two texts must agree on before one answer serves both."""

from __future__ import annotations

import pytest

from planner.levers.cache import forces_miss


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("Track order 48213", "Track order 48231", "number"),
        ("Track order 48213", "Track my order", "number"),
        ("two tickets to Rome", "three tickets to Rome", "number"),
        ("a plan at $9.99", "a plan at $9.90", "number"),
        ("due on 2026-03-01", "due on 2026-03-02", "date"),
        ("due on March 1st", "due on 2 March", "date"),
        ("hours on Monday", "hours on Tuesday", "date"),
        ("revenue last quarter", "revenue this quarter", "date"),
        ("sales in June 2025", "sales in June 2026", "date"),
        ("was I charged in March 2026", "was I charged in May 2026", "date"),
        ("was I charged in Mar. 2026", "was I charged in March 2025", "date"),
        # More digits than a Decimal keeps when it is rounded.
        (f"parcel {'7' * 29}1", f"parcel {'7' * 29}2", "number"),
        ("is 3/4 enough", "is 4/3 enough", "number"),
        ("two adults and 3 children", "3 adults and two children", "number"),
        ("away from 2026-03-01 to 2026-03-05", "away from 2026-03-05 to 2026-03-01", "date"),
        ("can I return it", "can I not return it", "negation"),
        ("do you ship abroad", "don't you ship abroad", "negation"),
        ("flights with a stop", "flights without a stop", "negation"),
    ],
)
def test_a_difference_forces_a_miss(first: str, second: str, reason: str) -> None:
    assert forces_miss(first, second) == reason
    assert forces_miss(second, first) == reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What is your return policy?", "How do I return an item?"),
        ("I don't want it", "I do not want it"),
        ("I don’t want it", "I don't want it"),
        ("two tickets", "2 tickets"),
        ("pay 1,000 dollars", "pay 1000.00 dollars"),
        ("due on 2026-03-01", "due on 2026-3-1"),
        ("due on March 1st", "due on 1 march"),
        ("charged in Mar 2026", "charged in March, 2026"),
        ("open on Mondays", "open on Monday"),
        ("no refund", "NO refund"),
        ("may I come in", "can I come in"),
        ("which one is it", "which is it"),
    ],
)
def test_the_same_said_differently_is_let_through(first: str, second: str) -> None:
    assert forces_miss(first, second) is None

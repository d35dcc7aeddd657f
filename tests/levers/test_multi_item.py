"""Several items in one call: rows R27 and R28 of the textbook."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.levers.batch import Items, best_size, item_cost

# Table B on gpt-4o: 180 tokens shared, 13 in and 2 out of its own.
ITEMS = Items(
    shared_tokens=Decimal(180),
    own_input_tokens=Decimal(13),
    output_tokens=Decimal(2),
    input_usd_per_1m_tokens=Decimal("2.50"),
    output_usd_per_1m_tokens=Decimal(10),
    item_failure_share=Decimal("0.01"),
)


@pytest.mark.parametrize(
    ("size", "usd"), [(1, "0.5025"), (5, "0.1425"), (10, "0.0975"), (20, "0.075")]
)
def test_r27_cost_of_a_thousand_items(size: int, usd: str) -> None:
    assert item_cost(ITEMS, size).usd_per_1000_items == Decimal(usd)


@pytest.mark.parametrize(
    ("size", "fails", "factor"),
    [(1, "1.00", "1.0101"), (5, "4.90", "1.0515"), (10, "9.56", "1.1057"), (20, "18.21", "1.2226")],
)
def test_r28_failing_calls_and_what_doing_them_again_costs(
    size: int, fails: str, factor: str
) -> None:
    found = item_cost(ITEMS, size)
    assert round(found.call_failure_share * 100, 2) == Decimal(fails)
    assert round(found.redo_call_factor, 4) == Decimal(factor)
    assert round(found.redo_item_factor, 4) == Decimal("1.0101")
    assert found.blast_radius_items == size
    expected = found.usd_per_1000_items * found.redo_call_factor
    assert found.expected_usd_per_1000_items == expected


def test_single_items_done_again_cost_the_same_factor_at_any_size() -> None:
    by_item = replace(ITEMS, retry="item")
    found = item_cost(by_item, 20)
    assert found.expected_usd_per_1000_items == found.usd_per_1000_items * found.redo_item_factor


def test_the_best_size_stops_at_the_largest_allowed() -> None:
    assert best_size(ITEMS, 20).items_per_call == 20
    # (450 / b + 52.5) x 0.99^-b is least at b = 25.
    assert best_size(ITEMS, 100).items_per_call == 25


@given(st.integers(1, 40), st.decimals(min_value=0, max_value="0.5", places=3))
def test_no_size_up_to_the_limit_is_cheaper_than_the_best(most: int, fails: Decimal) -> None:
    items = replace(ITEMS, item_failure_share=fails)
    best = best_size(items, most).expected_usd_per_1000_items
    assert all(
        best <= item_cost(items, size).expected_usd_per_1000_items for size in range(1, most + 1)
    )


@pytest.mark.parametrize(("size", "fails"), [(0, "0.01"), (5, "1")])
def test_what_never_works_is_refused(size: int, fails: str) -> None:
    with pytest.raises(ValueError, match="items a call"):
        item_cost(replace(ITEMS, item_failure_share=Decimal(fails)), size)

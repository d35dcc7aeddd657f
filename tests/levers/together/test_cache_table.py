"""The threshold of the semantic cache, chosen on what the levers before it leave."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.levers.together import Resolved, counting, lever_waterfall, resolve_levers
from planner.scenario.options import ManualOption
from tests.levers.together.test_stream import inputs

# At gpt-4o's $2.50 and $10 per 1M a request of 2,000 and 100 tokens costs $0.006: 30,000 a month
# are $180. Threshold 0.8 then saves 0.5 x 180 - 15,000 x 0.01 x 0.2 = 60, 0.9 saves 0.3 x 180 = 54.
# At a tenth of that price 0.8 loses 21 and 0.9 saves 5.40.
TABLE = [
    {"threshold": 0.8, "hit_rate": 0.5, "false_hit_rate": 0.01},
    {"threshold": 0.9, "hit_rate": 0.3, "false_hit_rate": 0},
]
CACHE: dict[str, Any] = {
    "thresholds": TABLE,
    "false_hit_basis": "hits",
    "usd_per_wrong_answer": 0.2,
}
TENTH = {
    "kind": "route",
    "models": [{"name": "small", "usd_per_request": 0.0006, "answered_share": 1}],
}


def resolved(levers: dict[str, Any], **more: Any) -> Resolved:
    return resolve_levers(inputs(levers), **more)


def in_use(found: Resolved) -> Decimal | None:
    assert found.cache is not None
    return None if found.cache.chosen is None else found.cache.chosen.threshold


def saves(found: Resolved) -> Decimal:
    steps = lever_waterfall(found).steps
    return next(step.saves_usd for step in steps if step.lever == "semantic_cache")


def test_alone_the_threshold_is_chosen_at_the_price_of_a_call() -> None:
    found = resolved({"semantic_cache": CACHE})
    assert in_use(found) == Decimal("0.8")
    assert saves(found) == 60


def test_behind_a_route_the_threshold_is_chosen_at_the_routed_price() -> None:
    found = resolved({"route": TENTH, "semantic_cache": CACHE})
    assert in_use(found) == Decimal("0.9")
    assert saves(found) == Decimal("5.4")


def test_a_lever_that_is_not_asked_for_does_not_move_the_threshold() -> None:
    only = frozenset(("semantic_cache",))
    found = resolved({"route": TENTH, "semantic_cache": CACHE}, only=only)
    assert in_use(found) == Decimal("0.8")


def test_an_assumed_lever_does_not_move_the_threshold_that_counts() -> None:
    found = resolved({"route": {**TENTH, "basis": "assumed"}, "semantic_cache": CACHE})
    assert in_use(found) == Decimal("0.9")
    assert in_use(counting(found)) == Decimal("0.8")


def test_a_cache_that_pays_at_no_threshold_is_listed_and_not_applied() -> None:
    store = {"items": [{"name": "store", "monthly_usd": 6}]}
    found = resolved({"route": TENTH, "semantic_cache": {**CACHE, **store}})
    declared = next(each for each in found.declared if each.lever == "semantic_cache")
    assert declared.not_applied == "does not pay here, no threshold saves more than it costs"
    assert (saves(found), declared.counts) == (0, False)


def test_a_threshold_of_the_scenario_stays_in_use_whatever_it_saves() -> None:
    found = resolved({"route": TENTH, "semantic_cache": {**CACHE, "threshold": 0.8}})
    assert (in_use(found), saves(found)) == (Decimal("0.8"), Decimal(-21))


@pytest.mark.parametrize("basis", ["hits", "queries"])
def test_a_sample_gives_the_upper_bound_of_the_wrong_answers(basis: str) -> None:
    row = {"threshold": 0.9, "hit_rate": 0.3, "false_hit_rate": 0}
    sampled = {**row, "sample_pairs": 59, "sample_wrong": 0}
    cache = {**CACHE, "thresholds": [sampled], "false_hit_basis": basis}
    table = resolved({"semantic_cache": cache}).cache
    assert table is not None
    upper = table.results[0].wrong_answers_upper
    # 0 of 59 proves 1 - 0.05^(1/59) = 4.951 %, of 9,000 hits or of 30,000 queries.
    expected = Decimal("445.55") if basis == "hits" else Decimal("1485.17")
    assert upper is not None
    assert abs(upper - expected) < Decimal("0.5")
    assert table.results[0].net_saving_usd == 54


rates = st.decimals(min_value="0", max_value="0.9", places=2)


@settings(max_examples=25, deadline=None)
@given(
    exact=rates,
    taken=rates,
    route=st.decimals(min_value="0", max_value="0.01", places=4),
    table=st.lists(st.tuples(rates, rates), min_size=1, max_size=4),
    store=st.integers(0, 60),
)
def test_a_chosen_threshold_never_loses_and_saves_what_its_row_says(
    exact: Decimal, taken: Decimal, route: Decimal, table: list[tuple[Decimal, Decimal]], store: int
) -> None:
    rows = [
        {"threshold": 0.8 + index / 20, "hit_rate": float(hit), "false_hit_rate": float(wrong)}
        for index, (hit, wrong) in enumerate(table)
    ]
    models = [{"name": "small", "usd_per_request": float(route), "answered_share": 1}]
    cache = {
        **CACHE,
        "thresholds": rows,
        "items": [{"name": "store", "monthly_usd": store}],
        "usd_per_request": 0.0001,
    }
    found = resolved(
        {
            "route": {"kind": "route", "models": models, "usd_per_request": 0.0002},
            "compress": {"reduction_share": float(taken), "usd_per_request": 0.0001},
            "exact_cache": {"hit_rate": float(exact)},
            "semantic_cache": cache,
        }
    )
    assert found.cache is not None
    best = max([each.net_saving_usd for each in found.cache.results] + [Decimal(0)])
    assert saves(found) >= 0
    assert abs(saves(found) - best) < Decimal("1e-6")


def test_several_items_in_a_call_priced_by_the_request_are_not_applied() -> None:
    given = inputs({"multi_item": {"shared_tokens": 100, "usd_per_request": 1}}, deferrable_share=1)
    by_hand = {
        "name": "hand",
        "arm": "api_frontier",
        "fixed_monthly_usd": Decimal(0),
        "marginal_usd_per_request": Decimal("0.01"),
        "source": "quote",
    }
    options = given.scenario.options.model_copy(
        update={"api": [], "manual": [ManualOption.model_validate(by_hand)]}
    )
    scenario = given.scenario.model_copy(update={"options": options})
    found = resolve_levers(replace(given, scenario=scenario))
    (step,) = [s for s in lever_waterfall(found).steps if s.lever == "multi_item"]
    assert step.saves_usd == 0
    assert found.not_applied["multi_item"].startswith("hand is priced by the request")

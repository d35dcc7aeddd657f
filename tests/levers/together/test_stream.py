"""The stream behind levers: how many requests reach a model, how long they are, in which parts."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import load_catalog
from planner.costs import PricingInputs, pricing_inputs
from planner.demand import build_demand
from planner.levers.together import Resolved, resolve_levers
from planner.levers.together.stream import (
    compressed,
    passing_share,
    stream_parts,
    thinned,
)
from planner.scenario import parse_scenario

KNOWN = {"basis": "measured", "source": "test"}


def inputs(levers: dict[str, Any], **workload: Any) -> PricingInputs:
    content = {
        "version": 1,
        "id": "test",
        "workload": {
            "requests_per_day": 1000,
            "input_tokens": {"mean": 2000, "cv": 0.5},
            "output_tokens": 100,
            **workload,
        },
        "options": {"api": [{"provider": "openai", "model": "gpt-4o"}]},
        "levers": {name: {**KNOWN, **given} for name, given in levers.items()},
    }
    loaded = parse_scenario(json.dumps(content), path=Path("test.yaml"))
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=Path())
    return pricing_inputs(loaded.scenario, build_demand(loaded.scenario, Path()), catalog)


def resolved(levers: dict[str, Any], **workload: Any) -> Resolved:
    return resolve_levers(inputs(levers, **workload))


def test_each_cache_answers_its_share_of_what_reaches_it() -> None:
    table = [{"threshold": 0.9, "hit_rate": 0.3, "false_hit_rate": 0}]
    found = resolved(
        {
            "exact_cache": {"hit_rate": 0.2},
            "semantic_cache": {
                "thresholds": table,
                "false_hit_basis": "hits",
                "usd_per_wrong_answer": 1,
            },
        }
    )
    both = frozenset(("exact_cache", "semantic_cache"))
    assert passing_share(found.settings, both) == Decimal("0.56")
    assert passing_share(found.settings, frozenset(("semantic_cache",))) == Decimal("0.7")
    assert passing_share(found.settings, frozenset()) == 1


@pytest.mark.parametrize(
    ("acts_on", "mean", "prefix"),
    [("all", "1400", "840"), ("prefix", "1640", "840"), ("rest", "1760", "1200")],
)
def test_compression_takes_its_share_of_what_it_acts_on(
    acts_on: str, mean: str, prefix: str
) -> None:
    # 2,000 tokens, 1,200 of them shared; 30 % of 2,000, of 1,200, of 800.
    found = resolved(
        {"compress": {"reduction_share": 0.3, "acts_on": acts_on}},
        input_tokens=2000,
        shared_prefix={"tokens": 1200},
    )
    demand = compressed(found.inputs.demand, found.settings, frozenset(("compress",)))
    assert demand.input_tokens.mean == Decimal(mean)
    assert demand.shared_prefix is not None
    assert demand.shared_prefix.tokens == Decimal(prefix)
    assert demand.input_tokens.p95 == pytest.approx(float(mean))


def test_the_mean_stays_that_of_the_buckets() -> None:
    found = resolved({"compress": {"reduction_share": 0.3, "acts_on": "rest"}},
                     shared_prefix={"tokens": 1500})  # fmt: skip
    demand = compressed(found.inputs.demand, found.settings, frozenset(("compress",)))
    mean = sum(bucket.share * bucket.input_tokens for bucket in demand.buckets)
    assert demand.input_tokens.mean == mean
    shorter = zip(demand.buckets, found.inputs.demand.buckets, strict=True)
    assert all(new.input_tokens <= old.input_tokens for new, old in shorter)


def test_a_thinner_stream_has_the_shape_of_the_whole() -> None:
    demand = inputs({}).demand
    half = thinned(demand, Decimal("0.5"))
    assert half.requests_per_month == demand.requests_per_month / 2
    assert half.peak_rps == pytest.approx(demand.peak_rps / 2)
    assert half.hour_weights == demand.hour_weights


def test_requests_that_may_wait_are_grouped_and_the_others_are_not() -> None:
    found = resolved(
        {"multi_item": {"shared_tokens": 1000, "items_per_call": 5, "item_failure_share": 0.1}},
        input_tokens=2000,
        deferrable_share=0.4,
    )
    levers = frozenset(("multi_item", "batch"))
    alone, grouped = stream_parts(found.inputs.demand, found.settings, levers)
    assert (alone.share, alone.demand.deferrable_share) == (Decimal("0.6"), 0)
    assert alone.demand.input_tokens.mean == 2000
    # 1,000 own tokens and a fifth of the shared ones; all five again until they work.
    assert grouped.demand.input_tokens.mean == 1200
    assert float(grouped.share) == pytest.approx(0.4 / 0.9**5, rel=1e-12)
    assert grouped.demand.deferrable_share == 1


def test_without_the_lever_nothing_is_grouped() -> None:
    found = resolved(
        {"multi_item": {"shared_tokens": 1000, "items_per_call": 5}}, deferrable_share=0.4
    )
    (only,) = stream_parts(found.inputs.demand, found.settings, frozenset(("batch",)))
    assert (only.share, only.demand.deferrable_share) == (1, Decimal("0.4"))


def test_without_prompt_caching_no_prefix_is_shared() -> None:
    found = resolved({}, shared_prefix={"tokens": 1200})
    (off,) = stream_parts(found.inputs.demand, found.settings, frozenset())
    (on,) = stream_parts(found.inputs.demand, found.settings, frozenset(("prompt_cache",)))
    assert (off.demand.shared_prefix, on.demand.shared_prefix is not None) == (None, True)

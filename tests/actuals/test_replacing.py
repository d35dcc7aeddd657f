"""Which measured figures replace a scenario's, and which are only told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planner.actuals.measured import Lengths, Measured, ModelCost
from planner.actuals.replacing import Change, Replacement, replacement
from planner.catalog import Catalog, load_catalog
from planner.demand import build_demand
from planner.scenario import parse_scenario

_SCENARIO = """\
version: 1
id: shop
workload: {{requests_per_day: 1000, input_tokens: 500, output_tokens: 200{more}}}
options: {{api: [{{provider: openai, model: gpt-4o-mini}}]}}
"""
_PATH = Path("shop.yaml")
_MEASURED = Measured(
    first_day=date(2026, 11, 1),
    observed=date(2026, 11, 14),
    days=14,
    sources=("litellm",),
    timezone="UTC",
    requests_per_day=Decimal(100_000),
    retries=Decimal(0),
    weights=None,
    input=Lengths(mean=Decimal(600), quantiles=None),
    output=Lengths(mean=Decimal(100), quantiles=None),
    cache_read_share=Decimal(0),
    models=(),
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(prices=None, base_dir=Path.cwd(), prices_file=None)


def replaced(catalog: Catalog, measured: Measured, more: str = "") -> Replacement:
    loaded = parse_scenario(_SCENARIO.format(more=more), path=_PATH)
    demand = build_demand(loaded.scenario, Path())
    found = replacement(measured, loaded.scenario, demand, catalog)
    # What it says is a scenario again.
    parse_scenario(
        _SCENARIO.format(more=more), path=_PATH, sets=[each for each in found.sets if each]
    )
    return found


def change(found: Replacement, path: str) -> Change:
    return next(each for each in found.changes if each.path == path)


def _cost(basis: str, factor: str) -> Measured:
    model = ModelCost(
        provider="openai",
        model="gpt-4o-mini",
        calls=100,
        usd=Decimal(10) * Decimal(factor),
        list_usd=Decimal(10),
        basis=basis,
    )
    return replace(_MEASURED, models=(model,))


def test_a_billed_price_replaces_the_lists(catalog: Catalog) -> None:
    found = replaced(catalog, _cost("bill (openai-costs)", "0.8"))
    told = change(found, "prices.overrides.0")
    assert (told.after, told.is_applied) == ("0.8000", True)
    (text,) = [each for each in found.sets if each.startswith("prices.")]
    # 0.15 and 0.60 per 1M at the list.
    assert "input_usd_per_1m_tokens: 0.12," in text
    assert "output_usd_per_1m_tokens: 0.48," in text
    assert "observed: 2026-11-14" in text


def test_a_gateways_estimate_is_told_and_not_used(catalog: Catalog) -> None:
    found = replaced(catalog, _cost("source", "0.8"))
    told = change(found, "prices.overrides.0")
    assert not told.is_applied
    assert told.note == "a gateway's estimate: list prices kept"
    assert not any(each.startswith("prices.") for each in found.sets)


def test_a_price_as_listed_is_no_change(catalog: Catalog) -> None:
    found = replaced(catalog, _cost("bill (openai-costs)", "1.004"))
    assert not any(each.path.startswith("prices") for each in found.changes)


def test_a_cache_that_never_hits_takes_the_prefix_away(catalog: Catalog) -> None:
    found = replaced(catalog, _MEASURED, ", shared_prefix: {tokens: 300}")
    assert change(found, "workload.shared_prefix").after == "none"
    assert "workload.shared_prefix=null" in found.sets


def test_cached_input_that_no_warm_prefix_explains_is_told(catalog: Catalog) -> None:
    measured = replace(_MEASURED, requests_per_day=Decimal(10), cache_read_share=Decimal("0.5"))
    told = change(replaced(catalog, measured), "workload.shared_prefix")
    assert not told.is_applied
    assert "no prefix would stay warm" in told.note


def test_hours_keep_the_burst_that_nobody_measured(catalog: Catalog) -> None:
    measured = replace(_MEASURED, weights=(2.0, *[1.0] * 22, 0.0))
    found = replaced(catalog, measured, ", traffic: {burst_within_hour: 1.5}")
    (text,) = [each for each in found.sets if each.startswith("workload.traffic")]
    assert text.endswith("0], burst_within_hour: 1.5}")
    assert change(found, "workload.traffic").after == "2.00"


def test_the_source_names_files_and_days(catalog: Catalog) -> None:
    assert replaced(catalog, _MEASURED).sets[-1] == (
        'workload.source="actuals of litellm, 2026-11-01 to 2026-11-14 (14 complete days)"'
    )

"""Pinning: one file with what some scenarios need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import LlmRef, load_catalog, load_snapshot
from planner.catalog.pin import Pin, pin
from planner.catalog.snapshot import Snapshot, snapshot_from_text
from planner.errors import InputError
from planner.scenario import Scenario
from tests.catalog.price_support import raw, snapshot, usd

_AS_OF = date(2026, 11, 21)
_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)

Make = Callable[..., Scenario]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Make:
    """A small scenario with other options and prices."""
    from planner.scenario import parse_scenario

    text = """
version: 1
id: pinned
workload: {requests_per_day: 1000, input_tokens: 500, output_tokens: 200}
options: {api: [{provider: openai, model: gpt-4o}]}
"""
    base = parse_scenario(text, path=request.config.rootpath / "pinned.yaml").scenario

    def changed(**fields: Any) -> Scenario:
        return base.model_copy(update=fields)

    return changed


def _options(**block: Any) -> Any:
    from planner.scenario.options import Options

    return Options.model_validate(block)


def _prices(**block: Any) -> Any:
    from planner.scenario.economics import Prices

    return Prices.model_validate(block)


def _pin(*scenarios: Scenario, current: Snapshot | None = None, before: Any = None) -> Pin:
    shipped = load_snapshot(None)
    return pin(
        scenarios,
        current=current or shipped,
        shipped=shipped,
        before=before,
        as_of=_AS_OF,
        tool_version="0.0.0",
    )


def _read(result: Pin) -> Snapshot:
    return snapshot_from_text(result.text, "pinned.json")


def test_rows_are_those_of_the_scenarios_regions_and_the_home_of_service_prices(
    make: Make,
) -> None:
    option = {"model": "meta-llama/Llama-3.1-8B-Instruct", "region": "eu-central-1"}
    result = _pin(make(region="us-west-2"), make(options=_options(selfhost=[option])))
    found = _read(result)
    places = {(row.kind, row.region) for row in found.rows()}
    assert result.regions == ("eu-central-1", "us-east-1", "us-west-2")
    assert places == {
        ("instance", "eu-central-1"),
        ("instance", "us-east-1"),
        ("instance", "us-west-2"),
        ("service", "eu-central-1"),
        ("service", "us-east-1"),
        ("service", "us-west-2"),
    }
    elsewhere = _read(_pin(make(region="eu-west-2")))
    assert {row.region for row in elsewhere.rows()} == {"eu-west-2", "us-east-1"}
    assert elsewhere.items("service") == load_snapshot(None).items("service")


def test_token_prices_are_resolved_into_the_file(make: Make, tmp_path: Path) -> None:
    result = _pin(make())
    (tmp_path / "planner.prices.json").write_text(result.text, encoding="utf-8")
    catalog = load_catalog(prices=None, base_dir=tmp_path)
    quote = catalog.llm_quote(LlmRef(provider="openai", model="gpt-4o"), _AT, "batch")
    assert result.llm_rows == len(catalog.snapshot.llm_rows or ()) > 0
    assert quote is not None
    assert quote.input[0].usd_per_1m_tokens == usd("1.25")
    assert not any("not among the pinned" in note for note in quote.notes)


def test_the_hash_of_a_pinned_file_does_not_depend_on_the_installation(make: Make) -> None:
    found = _read(_pin(make()))
    assert found.sha256 == found.file_sha256


def test_two_runs_give_the_same_bytes(make: Make) -> None:
    assert (
        _pin(make(), make(region="us-west-2")).text == _pin(make(region="us-west-2"), make()).text
    )


def test_prices_do_not_change_by_pinning(make: Make) -> None:
    shipped = load_snapshot(None)
    for row in _read(_pin(make())).rows():
        assert row == shipped.row(row.kind, row.region, row.item, row.purchase)


def test_newer_rows_of_the_file_in_use_are_kept(make: Make) -> None:
    current = snapshot(
        raw(usd="1.7", observed="2026-11-01"),
        raw(item="g5.xlarge", usd="9", observed="2020-01-01"),
        raw(purchase="spot_az_median", usd="0.7", observed="2026-11-01"),
    )
    found = _read(_pin(make(), current=current))

    def price(item: str, purchase: str = "on_demand") -> Any:
        row = found.row("instance", "us-east-1", item, purchase)
        return None if row is None else row.usd

    assert price("g6e.xlarge") == usd("1.7")
    assert price("g6e.xlarge", "spot_az_median") == usd("0.7")
    # An older row gives way to what this version ships, seen 2026-07-20.
    assert price("g5.xlarge") == usd("1.006")


def test_regions_that_an_earlier_pin_left_out_are_completed(make: Make) -> None:
    narrow = _read(_pin(make()))
    found = _read(_pin(make(region="eu-central-1"), current=narrow))
    assert found.row("instance", "eu-central-1", "g5.xlarge", "on_demand") is not None


def test_changes_are_counted_against_the_file_that_is_replaced(make: Make) -> None:
    before = _read(_pin(make()))
    assert _pin(make(), before=before).changes == ()
    changed = _pin(make(region="us-west-2"), before=before).changes
    assert {change.what for change in changed} == {"added", "removed"}


def test_a_model_priced_by_the_scenario_alone_needs_no_list_price(make: Make) -> None:
    own = {"provider": "our-gateway", "model": "house-13b"}
    override = own | {
        "kind": "llm",
        "input_usd_per_1m_tokens": 1,
        "output_usd_per_1m_tokens": 1,
        "source": "rate card",
        "observed": "2026-11-01",
    }
    options = _options(api=[own])
    result = _pin(make(options=options, prices=_prices(overrides=[override])))
    assert result.llm_rows == 0
    with pytest.raises(InputError, match="our-gateway"):
        _pin(make(options=options))


def test_the_file_says_how_it_was_made(make: Make) -> None:
    meta = _read(_pin(make(id="b"), make(id="a"))).meta
    assert meta["scenarios"] == ["a", "b"]
    assert meta["as_of"] == "2026-11-21"
    assert meta["pinned_by"] == "planner 0.0.0"
    assert str(meta["llm_source"]).startswith("genai-prices")

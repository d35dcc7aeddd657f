"""A saved plan reads back as it was, and not otherwise."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.catalog import load_catalog
from planner.decision import Plan, Recommendation, build_plan, read_plan, recommend
from planner.demand import build_demand
from planner.errors import PlanFileError
from planner.scenario import parse_scenario

SCENARIO = """\
version: 1
id: small
timezone: Europe/Berlin
workload: {requests_per_day: 10000, input_tokens: 500, output_tokens: 200, growth_per_month: 0.1}
options:
  api: [{provider: openai, model: gpt-4o}]
  manual:
    - name: own cluster
      arm: selfhost_ondemand
      fixed_monthly_usd: 2000
      marginal_usd_per_1m_tokens: 0.1
      source: quote
tco: {engineering: {usd_per_hour: 100, hours_per_month: 80}}
"""


def recommendation(text: str = SCENARIO) -> Recommendation:
    loaded = parse_scenario(text, path=Path("small.yaml"))
    catalog = load_catalog(prices=loaded.scenario.prices, base_dir=loaded.base_dir)
    demand = build_demand(loaded.scenario, loaded.base_dir)
    return recommend(loaded.scenario, demand, catalog)


def plan(text: str = SCENARIO) -> Plan:
    found = recommendation(text)
    assert found.chosen is not None
    return build_plan(found, found.chosen)


def save(folder: Path, text: str) -> Path:
    path = folder / "plan.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_gives_back_what_was_written(tmp_path: Path) -> None:
    written = plan()
    assert read_plan(save(tmp_path, written.to_json())) == written


def test_the_same_scenario_gives_the_same_bytes() -> None:
    assert plan().to_json() == plan().to_json()


def test_another_volume_gives_another_hash() -> None:
    changed = SCENARIO.replace("requests_per_day: 10000", "requests_per_day: 10001")
    assert plan().plan_hash != plan(changed).plan_hash


def test_a_figure_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    content: dict[str, Any] = json.loads(plan().to_json())
    content["chosen"]["monthly_cost_usd"] = "1"
    with pytest.raises(PlanFileError, match="does not match its hash"):
        read_plan(save(tmp_path, json.dumps(content)))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"p-1"'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PlanFileError, match=r"recommend --save"):
        read_plan(save(tmp_path, text))


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="schema version 99"):
        read_plan(save(tmp_path, '{"plan_hash": "p-1", "schema_version": 99}'))


def test_lines_add_up_to_the_monthly_cost() -> None:
    content = plan().content
    total = sum(Decimal(line["monthly_usd"]) for line in content["lines"])
    assert total == Decimal(content["chosen"]["monthly_cost_usd"])


def test_spend_is_split_by_invoice_and_month() -> None:
    by_month = plan().content["spend"]["by_month"]
    assert len(by_month) == 12
    first = by_month[0]
    # gpt-4o: 300,000 x (500 x 2.50 + 200 x 10) / 1e6 = $975 on the provider's invoice.
    assert Decimal(first["provider_billed_usd"]) == 975
    assert Decimal(first["aws_billed_usd"]) > 0
    # 10 % more requests, 10 % more tokens: $1,072.50.
    assert Decimal(by_month[1]["provider_billed_usd"]) == Decimal("1072.5")


def test_hours_of_the_week_add_up_to_the_month() -> None:
    spend = plan().content["spend"]
    hours = [Decimal(hour) for hour in spend["hourly_usd_utc"]]
    assert len(hours) == 168
    first = spend["by_month"][0]
    month = Decimal(first["provider_billed_usd"]) + Decimal(first["aws_billed_usd"])
    # What follows requests counts 720 hours a month, what is paid by the hour 730: the mean hour
    # lies between the two readings of the month.
    mean = sum(hours) / 168
    assert month / 730 < mean < month / 720


def test_the_scenario_reads_back_from_the_plan() -> None:
    found = recommendation()
    text = json.dumps(plan().content["scenario"])
    again = parse_scenario(text, path=Path("plan.json")).scenario
    assert again == found.scenario


def test_the_price_snapshot_is_named() -> None:
    prices = plan().content["prices"]
    assert len(prices["snapshot_sha256"]) == 64
    assert prices["as_of"] >= "2026-01-01"

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planner.demand.profiles import (
    default_burst,
    default_figure,
    length_table,
    traffic_table,
)
from planner.demand.traffic import week_of
from planner.scenario.workload import LENGTH_PROFILES, TRAFFIC_PROFILES

SHIPPED_TRAFFIC = [name for name in TRAFFIC_PROFILES if name != "flat"]


@pytest.mark.parametrize("name", LENGTH_PROFILES)
def test_length_tables_are_percentiles_with_an_origin(name: str) -> None:
    table = length_table(name)
    for tokens, mean in (
        (table.input_tokens, table.input_mean),
        (table.output_tokens, table.output_mean),
    ):
        assert len(tokens) == 101
        assert list(tokens) == sorted(tokens)
        assert tokens[0] <= mean <= tokens[100]
    assert 0 < table.request_share_with_lengths <= 1
    assert "@" in table.source
    assert table.licence.startswith(("CC-BY-4.0", "Apache-2.0"))
    assert date.fromisoformat(table.observed) <= date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "in_mean", "in_p50", "in_p99", "out_mean", "out_p95"),
    [
        # The table of the public traces, rounded as published.
        ("azure_2023_conv", "1154.7", 1020, 4142, "211.1", 451),
        ("azure_2023_code", "2047.8", 1469, 7436, "27.9", 90),
        ("mooncake_conv", "12035.1", 6909, 85400, "342.6", 698),
        ("servegen_m_small", "119.7", 40, 1478, "14.9", 71),
        ("servegen_deepseek_r1", "1268.2", 208, 23423, "1527.4", 5701),
    ],
)
def test_length_tables_agree_with_the_published_figures(
    name: str, in_mean: str, in_p50: int, in_p99: int, out_mean: str, out_p95: int
) -> None:
    table = length_table(name)
    assert (table.input_mean, table.output_mean) == (Decimal(in_mean), Decimal(out_mean))
    assert (table.input_tokens[50], table.input_tokens[99]) == (in_p50, in_p99)
    assert table.output_tokens[95] == out_p95


@pytest.mark.parametrize("name", SHIPPED_TRAFFIC)
def test_traffic_tables_have_mean_one_and_no_gap(name: str) -> None:
    table = traffic_table(name)
    week = week_of(table.weights)
    assert len(table.weights) == (168 if table.days == 14 else 24)
    assert math.fsum(table.weights) / len(table.weights) == pytest.approx(1, abs=1e-6)
    assert math.fsum(week) / 168 == pytest.approx(1, abs=1e-12)
    # A collection gap would show as an hour near zero.
    assert min(week) > 0.3
    assert "ServeGen@" in table.source


def test_a_one_day_profile_keeps_its_published_peak() -> None:
    # Busiest hour ÷ mean of the one-day series, as published.
    assert round(max(traffic_table("servegen_deepseek_r1").weights), 2) == 2.19
    assert round(max(traffic_table("servegen_mm_image").weights), 2) == 1.35


def test_two_weeks_are_averaged_hour_by_hour() -> None:
    # m-large, hour 0: 205.3542 and 232.6 of the hourly file's mean 195.84; its busiest single
    # hour is 1.86, the average of the two weeks must be below.
    assert max(traffic_table("servegen_m_large").weights) < 1.86


def test_defaults_are_the_documented_ones() -> None:
    assert default_figure("traffic_profile").value == "servegen_m_large"
    assert default_figure("peak_to_mean").value == "2.0"
    assert [
        default_burst(name).value
        for name in (None, "azure_2023_conv", "azure_2023_code", "mooncake_conv", "mooncake_synth")
    ] == ["1.5", "1.5", "4", "1.2", "1.2"]


def test_every_default_has_a_source_and_a_date(root: Path) -> None:
    table = json.loads((root / "planner/demand/data/defaults.json").read_text())
    rows = [row for name, row in table.items() if name != "burst_within_hour"]
    for row in [*rows, *table["burst_within_hour"].values()]:
        assert row["source"]
        assert date.fromisoformat(row["observed"])

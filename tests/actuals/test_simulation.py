"""The textbook's simulation of 200 calls as an import (R38, table S)."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from planner.actuals import UsageRecord, open_store
from tests.actuals.simulated import START, simulation_rows
from tests.actuals.support import imported


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[UsageRecord]:
    folder: Path = tmp_path_factory.mktemp("simulation")
    rows = simulation_rows()
    with (folder / "calls.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    imported(folder / "store", "plain", [folder / "calls.csv"])
    return list(open_store(folder / "store").records())


def test_the_calls_come_in_as_they_were_drawn(records: list[UsageRecord]) -> None:
    assert len(records) == 200
    first, second, last = records[0], records[1], records[-1]
    # The costs are kept at 12 decimals, and are not computed anew from the tokens.
    assert (first.model_raw, first.feature, first.cost_source_usd) == (
        "claude-opus",
        "classification",
        Decimal("0.013125268881"),
    )
    assert (first.logical_input_tokens, first.output_tokens) == (663, 175)
    assert first.latency_ms == pytest.approx(262.0502012413816)
    assert (second.cost_source_usd, second.logical_input_tokens, second.output_tokens) == (
        Decimal("0.029417487186"),
        1927,
        329,
    )
    assert (last.model_raw, last.feature, last.cost_source_usd) == (
        "gpt-4o-mini",
        "chat",
        Decimal("0.004388679879"),
    )
    assert {record.endpoint for record in records} == {"unassigned"}


# Table S: cost, calls, input and output tokens. Costs are rounded to 6 decimals.
_TABLE = {
    "claude-opus": ("1.925576", 77, 77_114, 21_777),
    "gpt-4o": ("0.667651", 55, 57_930, 15_118),
    "gpt-4o-mini": ("0.204113", 68, 70_992, 19_701),
    "extraction": ("0.815868", 54, 59_192, 16_651),
    "chat": ("0.731678", 54, 51_494, 14_087),
    "summarization": ("0.626257", 51, 48_179, 14_775),
    "classification": ("0.623537", 41, 47_171, 11_083),
}


def _sums(records: list[UsageRecord]) -> tuple[str, int, int, int]:
    cost = sum((record.cost_source_usd or Decimal(0) for record in records), Decimal(0))
    return (
        f"{cost:.6f}",
        sum(record.calls for record in records),
        sum(record.logical_input_tokens for record in records),
        sum(record.output_tokens for record in records),
    )


@pytest.mark.parametrize("group", _TABLE)
def test_every_group_has_its_cost_calls_and_tokens(records: list[UsageRecord], group: str) -> None:
    mine = [record for record in records if group in (record.model_raw, record.feature)]
    assert _sums(mine) == _TABLE[group]


def test_the_whole_is_the_same_on_every_axis(records: list[UsageRecord]) -> None:
    assert _sums(records) == ("2.797340", 200, 206_036, 56_596)
    latencies = [record.latency_ms or 0.0 for record in records]
    assert sum(latencies) / 200 == pytest.approx(557.853783, abs=1e-6)
    assert {record.started_at.date() for record in records} == {START.date()}

"""Reading by columns gives what reading row by row gives."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from planner.actuals import ImportSettings, import_files, source_spec
from planner.actuals.bulk import batches
from planner.actuals.pricing import CataloguePricer
from planner.actuals.sources import plain
from planner.actuals.store import open_store
from planner.catalog import load_catalog
from tests.actuals.support import EXPORTED, NOW

_MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "openai/gpt-4o",
    "nobody/nothing",
    "claude-sonnet-4-5",
    "",
    None,
)
_TIERED = "gemini-2.5-pro"


def _rows(count: int, seed: int) -> list[dict[str, Any]]:
    draws = random.Random(seed)
    start = datetime(2026, 10, 1, tzinfo=UTC)

    def sometimes(value: Any, other: Any = None, share: float = 0.1) -> Any:
        return other if draws.random() < share else value

    rows: list[dict[str, Any]] = []
    for number in range(count):
        given, output = draws.randrange(400_000), draws.randrange(3_000)
        read = sometimes(draws.randrange(given + 1), given + 5, 0.02)
        rows.append(
            {
                "ts": sometimes(
                    start + timedelta(seconds=draws.randrange(5 * 86_400), microseconds=number),
                    datetime(1999, 1, 1, tzinfo=UTC),
                    0.02,
                ),
                "request_id": sometimes(
                    f"r-{draws.randrange(count)}",
                    draws.choice(["", None, "a b", " x", "é", "\x01"]),
                ),
                "provider": draws.choice(["openai", "OpenAI", "azure", "", None, "google"]),
                "model": draws.choice([*_MODELS, _TIERED]),
                "input_tokens": sometimes(given, draws.choice([None, -1, 10**16]), 0.05),
                "cached_tokens": sometimes(read, None),
                "cache_write_5m_tokens": draws.choice([0, 0, None, 12]),
                "cache_write_12h_tokens": draws.choice([0, 0, 0, 3]),
                "output_tokens": float(output) if output % 7 else output + 0.5,
                "reasoning_tokens": sometimes(draws.randrange(output + 1), output + 1, 0.02),
                "total_tokens": sometimes(None, given + output, 0.3),
                "cost_usd": draws.choice(
                    [None, 0.0, 1.5e-12, 2.5e-12, 0.1, draws.random() * 1e-4, 1e13, -0.25]
                ),
                "status": sometimes("ok", draws.choice(["", None, "error", "cache_hit", "what"])),
                "feature": draws.choice(["search", "eval-1", None, " padded ", "x" * 301]),
                "environment": draws.choice(["prod", "CI", "", None]),
                "service_tier": draws.choice(["default", "flex", None]),
                "is_batch": draws.choice([True, False, None]),
                "attempts": draws.choice([1, 2, None]),
                "latency_ms": draws.choice([None, 12.5, -1.0, float("nan"), 0.0]),
                "cost_basis": draws.choice(["billed", "GATEWAY", None]),
            }
        )
    return rows


def _file(folder: Path, rows: list[dict[str, Any]], **kinds: Any) -> Path:
    path = folder / "log.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=150, **kinds)
    return path


def _imported(store: Path, path: Path, *, by_columns: bool) -> tuple[list[str], Any, list[str]]:
    spec = source_spec("plain")
    if not by_columns:
        spec = replace(spec, by_columns=None)
    result = import_files(
        store,
        spec,
        [path],
        ImportSettings(
            now=NOW,
            exported_at=EXPORTED,
            label_paths={},
            pricer=CataloguePricer(load_catalog(prices=None, base_dir=path.parent)),
        ),
    )
    opened = open_store(store)
    # The order of the records of a file is nobody's business.
    records = sorted(repr(replace(each, source_item=0)) for each in opened.records())
    facts = replace(result.imported[0], name="")
    return records, facts, sorted(map(repr, opened.quarantined()))


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_give_the_same_records_and_refuse_the_same_rows(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_BATCH_ROWS", 200)
    path = _file(tmp_path, _rows(900, seed))
    fast = _imported(tmp_path / "fast", path, by_columns=True)
    slow = _imported(tmp_path / "slow", path, by_columns=False)
    assert fast == slow
    assert len(fast[0]) > 100 and fast[2]


def test_regular_rows_are_not_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {
            "ts": datetime(2026, 10, 1, tzinfo=UTC),
            "id": f"r{number}",
            "model": "gpt-4o",
            "input_tokens": number,
            "output_tokens": 5,
        }
        for number in range(500)
    ]
    path = _file(tmp_path, rows)

    def refuse(*_: object) -> object:
        raise AssertionError("read alone")

    monkeypatch.setattr(plain, "_parse", refuse)
    records, facts, _ = _imported(tmp_path / "store", path, by_columns=True)
    assert len(records) == 500
    assert facts.records == 500


def test_columns_of_other_kinds_are_read_row_by_row(tmp_path: Path) -> None:
    rows = [
        {"ts": "2026-10-01T12:00:00Z", "model": "gpt-4o", "input_tokens": "7", "output_tokens": 5}
    ]
    records, facts, refused = _imported(tmp_path / "store", _file(tmp_path, rows), by_columns=True)
    assert len(records) == 1
    assert facts.records == 1
    assert not refused

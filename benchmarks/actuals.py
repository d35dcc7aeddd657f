"""Time `planner actuals import` beside a bare read of the same file by the same engine.

    python benchmarks/actuals.py [--records 1000000]

A log of one's own as Parquet, and a tenth of it as gzip JSON lines. Prints records a second, for
the import and for DuckDB adding up the tokens of the file, in one run. Goal: a million records a
second from Parquet.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from planner.actuals import CataloguePricer, ImportSettings, import_files, source_spec
from planner.catalog import load_catalog

_MODELS = np.array(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro"])
_FEATURES = np.array(["search", "chat", "summary", "extraction"])
_MONTH_US = 30 * 86_400 * 10**6


def log(records: int) -> Any:
    """A month's log of requests as an Arrow table."""
    draws = np.random.default_rng(1)
    given = draws.integers(50, 5_000, records)
    start = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * 10**6
    return pa.table(
        {
            "timestamp": pa.array(start + draws.integers(0, _MONTH_US, records)).cast(
                pa.timestamp("us", tz="UTC")
            ),
            "request_id": [f"req-{number:012d}" for number in range(records)],
            "model": _MODELS[draws.integers(0, len(_MODELS), records)],
            "feature": _FEATURES[draws.integers(0, len(_FEATURES), records)],
            "input_tokens": given,
            "cached_tokens": (given * draws.random(records)).astype(np.int64),
            "output_tokens": draws.integers(1, 1_000, records),
            "cost_usd": draws.random(records) / 100,
            "latency_ms": draws.random(records) * 5_000,
        }
    )


def _measure(name: str, path: Path, records: int, read: str) -> None:
    started = time.perf_counter()
    duckdb.connect().execute(
        f"SELECT sum(input_tokens), sum(output_tokens), sum(cost_usd) FROM {read}"
    ).fetchall()
    bare = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        settings = ImportSettings(
            now=datetime.now(UTC),
            exported_at=None,
            label_paths={},
            pricer=CataloguePricer(load_catalog(prices=None, base_dir=Path(folder))),
        )
        started = time.perf_counter()
        result = import_files(Path(folder), source_spec("plain"), [path], settings)
        taken = time.perf_counter() - started
    assert result.imported[0].records == records
    print(
        f"{name}: {records:,} records, import {taken:.2f} s = {records / taken:,.0f} a second; "
        f"bare read {bare:.2f} s = {records / bare:,.0f} a second"
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Time imports of actuals.")
    parser.add_argument("--records", type=int, default=1_000_000)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        table = log(records)
        path = Path(folder) / "log.parquet"
        parquet.write_table(table, path, compression="zstd")
        _measure("Parquet", path, records, f"read_parquet('{path}')")
        few = table.slice(0, records // 10)
        text = Path(folder) / "log.jsonl.gz"
        with gzip.open(text, "wt", compresslevel=1) as handle:
            for row in few.to_pylist():
                handle.write(json.dumps({**row, "timestamp": row["timestamp"].isoformat()}) + "\n")
        _measure("gzip JSON lines", text, few.num_rows, f"read_json('{text}')")
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    _main()

"""Opens a store for questions, and answers them: DuckDB with bounded memory, or Spark."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal

from planner.actuals.clusters import spark_records
from planner.actuals.engines import ibis_module, spark_session
from planner.actuals.queries import Row, Table
from planner.actuals.store import Store

__all__ = ["EngineName", "answer", "kept", "opened"]

EngineName = Literal["duckdb", "spark"]


@contextmanager
def opened(
    store: Store,
    since: date | None,
    until: date | None,
    *,
    engine: EngineName = "duckdb",
    memory_limit: str = "768MB",
    spill: Path | None = None,
) -> Generator[Table | None]:
    """The live records of these UTC days as a table of an engine; None where there are none.

    DuckDB: what does not fit into ``memory_limit`` goes to a folder below ``spill`` (default: that
    of the system for temporary files), which is removed at the end. Spark: the session that its
    own settings describe. MissingExtra.
    """
    if engine == "spark":
        yield spark_records(spark_session(), store, since, until)
        return
    ibis = ibis_module()
    files = store.part_files(since=since, until=until)
    if not files:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=spill) as folder:
        duckdb = ibis.duckdb.connect(memory_limit=memory_limit, temp_directory=folder)
        try:
            with _older_names():
                table = duckdb.read_parquet([str(path) for path in files], hive_partitioning=True)
            yield table
        finally:
            duckdb.disconnect()


def kept(expression: Table) -> Table:
    """The answer of an expression, kept by the engine for further questions while it is open."""
    engine = expression.get_backend()
    if engine.name == "pyspark":
        return expression.cache()
    with _older_names():
        name = ibis_module().util.gen_name("kept")
        # Not `cache`: it drops its table when nobody holds it, perhaps after the engine is closed.
        return engine.create_table(name, expression, temp=True)


def answer(expression: Table) -> list[Row]:
    """The rows of an expression, in its order."""
    with _older_names():
        return expression.to_pyarrow().to_pylist()


@contextmanager
def _older_names() -> Generator[None]:
    """Ibis 12 calls methods of DuckDB that DuckDB 2 has renamed; nothing a user can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", r"fetch_arrow_table\(\) is deprecated", DeprecationWarning
        )
        yield

"""The packages of the extra `actuals`, imported where they are used and nowhere else."""

from __future__ import annotations

import importlib
from typing import Any

from planner.errors import MissingExtra

__all__ = [
    "duckdb_module",
    "ibis_module",
    "pyarrow_module",
    "pyarrow_parquet",
    "require_engines",
    "spark_session",
]

_EXTRA = "actuals"
_NEEDED_FOR = "a store of actuals"


def require_engines() -> None:
    """MissingExtra, before anything is done, unless the packages of the extra are installed."""
    pyarrow_module()
    duckdb_module()


# Any: these packages are an extra; without them there are no types to check against.
def pyarrow_module() -> Any:
    """The module ``pyarrow``; MissingExtra."""
    return _imported("pyarrow")


def pyarrow_parquet() -> Any:
    """The module ``pyarrow.parquet``; MissingExtra."""
    return _imported("pyarrow.parquet")


def duckdb_module() -> Any:
    """The module ``duckdb``; MissingExtra."""
    return _imported("duckdb")


def ibis_module() -> Any:
    """The module ``ibis``; MissingExtra."""
    duckdb_module()
    return _imported("ibis")


def spark_session() -> Any:
    """A session of Spark in UTC, as `SPARK_REMOTE` or its own settings describe; MissingExtra."""
    try:
        sql = importlib.import_module("pyspark.sql")
    except ImportError as error:
        raise MissingExtra("spark", "the engine Spark") from error
    builder = sql.SparkSession.builder.appName("planner actuals")
    return builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(_EXTRA, _NEEDED_FOR) from error

"""The same records as tables of Spark and of Athena, for stores too large for one machine.

The expressions of ``queries`` are the same for every engine. Both read the folder ``records`` of a
store, copied to where they can see it, as a table partitioned by `source` and `dt`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from planner.actuals.columns import staged_schema
from planner.actuals.commit import RECORDS
from planner.actuals.engines import ibis_module, pyarrow_module
from planner.actuals.store import Store

__all__ = ["athena_sql", "athena_table_sql", "records_table", "spark_records"]

# Hive types of the Arrow types that the store has.
_HIVE = {
    "int64": "bigint",
    "string": "string",
    "bool": "boolean",
    "double": "double",
    "timestamp[us, tz=UTC]": "timestamp",
}

# Any: Ibis and Spark are no packages of ours and have no types to check against.
Table = Any


def spark_records(
    session: Any, store: Store, since: date | None, until: date | None
) -> Table | None:
    """The live records of these UTC days as a table of a Spark session; None where there are none.

    The session's time zone must be UTC: ``spark.sql.session.timeZone``.
    """
    files = [str(path) for path in store.part_files(since=since, until=until)]
    if not files:
        return None
    base = str(store.path / RECORDS)
    frame = session.read.option("basePath", base).parquet(*files)
    frame.createOrReplaceTempView("records")
    return ibis_module().pyspark.connect(session).table("records")


def records_table(since: date, until: date, name: str = "records") -> Table:
    """The records of these UTC days as a table without an engine, to write SQL for one elsewhere.

    The days are asked for by partition: Athena charges for what it scans.
    """
    pa = pyarrow_module()
    schema = pa.schema(
        [*staged_schema(), pa.field("source", pa.string()), pa.field("dt", pa.date32())]
    )
    table = ibis_module().table(ibis_module().Schema.from_pyarrow(schema), name=name)
    return table.filter((table.dt >= since) & (table.dt <= until))


def athena_sql(expression: Table) -> str:
    """The statement that asks Athena what the expression asks."""
    return f"{ibis_module().to_sql(expression, dialect='athena')};\n"


def athena_table_sql(location: str, sources: Sequence[str], first: date) -> str:
    """The statement that makes Athena see a copy of ``records`` at this S3 address.

    Partitions are projected from ``first`` on, so that none has to be added after an import.
    """
    columns = ",\n".join(f"  {name} {kind}" for name, kind in _hive_columns())
    return (
        f"CREATE EXTERNAL TABLE records (\n{columns}\n)\n"
        "PARTITIONED BY (source string, dt date)\n"
        "STORED AS PARQUET\n"
        f"LOCATION '{location.rstrip('/')}/'\n"
        "TBLPROPERTIES (\n"
        "  'projection.enabled' = 'true',\n"
        "  'projection.source.type' = 'enum',\n"
        f"  'projection.source.values' = '{','.join(sources)}',\n"
        "  'projection.dt.type' = 'date',\n"
        "  'projection.dt.format' = 'yyyy-MM-dd',\n"
        f"  'projection.dt.range' = '{first.isoformat()},NOW'\n"
        ");\n"
    )


def _hive_columns() -> Iterator[tuple[str, str]]:
    for column in staged_schema():
        kind = str(column.type)
        if kind.startswith("decimal128"):
            yield column.name, kind.replace("decimal128", "decimal").replace(" ", "")
        else:
            yield column.name, _HIVE[kind]

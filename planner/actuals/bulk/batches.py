"""Reads a Parquet file batch by batch into the table that is staged."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from planner.actuals.bulk.columns import Columns, NotByColumns
from planner.actuals.bulk.prices import priced
from planner.actuals.bulk.usages import BulkUsages
from planner.actuals.columns import FileOrigin, constant_columns, staged_schema
from planner.actuals.engines import pyarrow_module, pyarrow_parquet
from planner.actuals.pricing import Pricer

__all__ = ["BulkBatch", "BulkReader", "open_bulk"]

# A chunk of the staging is written after each: large enough to amortise, small in memory.
_BATCH_ROWS = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkBatch:
    """Rows read by columns, and those left to be read alone.

    ``tables`` have the stored columns of the ``records`` regular rows, by day; ``lines`` are the
    others with their places, as a row reader would give them. ``rows`` is how many lines both come
    from. ``started`` are the first and the last moment in the tables, None without any.
    ``unpriced`` and ``noted`` count records of the tables, by model and by note.
    """

    rows: int
    records: int
    tables: Mapping[str, Any]
    lines: list[tuple[int, Mapping[str, Any]]]
    started: tuple[datetime, datetime] | None
    unpriced: Mapping[str, int]
    noted: Mapping[str, int]


class BulkReader:
    """The batches of one file. ``is_at_end``: all of it has been read by columns."""

    def __init__(
        self,
        stream: IO[bytes],
        parse: Callable[[Columns], BulkUsages],
        origin: FileOrigin,
        pricer: Pricer,
    ) -> None:
        self._stream = stream
        self._parse = parse
        self._origin = origin
        self._pricer = pricer
        self.is_at_end = False

    def bytes_read(self) -> int:
        """Bytes of the file that have been read, for a progress bar."""
        return self._stream.tell()

    def batches(self, skip: int, records: Callable[[], int]) -> Iterator[BulkBatch]:
        """Every batch after the first ``skip`` rows; stops where the file or its columns cannot
        be read so: the rest has to be read by rows.

        ``records`` says how many records there are before a batch.
        """
        pa = pyarrow_module()
        line = 0
        try:
            file = pyarrow_parquet().ParquetFile(self._stream)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                taken = batch.slice(max(skip - line, 0)) if line < skip else batch
                start = line + batch.num_rows - taken.num_rows
                line += batch.num_rows
                if taken.num_rows:
                    yield self._read(taken, start, records())
            self.is_at_end = True
        except (OSError, ValueError, NotByColumns, pa.ArrowException):
            return

    def _read(self, batch: Any, start: int, first_item: int) -> BulkBatch:
        import numpy as np

        pa = pyarrow_module()
        columns = Columns(batch)
        usages = self._parse(columns)
        prices = priced(usages, columns, self._pricer)
        kept = np.flatnonzero(columns.regular)
        others = np.flatnonzero(~columns.regular)
        found = {
            **usages.arrow(),
            **prices.columns,
            "source_line": np.arange(start + 1, start + 1 + columns.rows),
        }
        places = np.cumsum(columns.regular) - 1
        found["source_item"] = first_item + places
        # By day, and within it as they come.
        days = usages.days()[kept]
        order = np.argsort(days, kind="stable")
        table = _table(found, kept[order], self._origin)
        ends = pa.compute.min_max(table["started_at"]).as_py()
        return BulkBatch(
            rows=columns.rows,
            records=table.num_rows,
            tables=_by_day(table, days[order]),
            started=(ends["min"], ends["max"]) if table.num_rows else None,
            lines=[
                (start + 1 + int(index), row)
                for index, row in zip(others, batch.take(others).to_pylist(), strict=True)
            ],
            unpriced=prices.unpriced(kept),
            noted={name: int(flags[kept].sum()) for name, flags in usages.notes.items()},
        )


def _by_day(table: Any, days: Any) -> dict[str, Any]:
    """Slices of a table whose rows are in the order of their days, numbered since 1970."""
    import numpy as np

    found, starts = np.unique(days, return_index=True)
    ends = [*starts.tolist()[1:], table.num_rows]
    first = date(1970, 1, 1)
    return {
        (first + timedelta(days=day)).isoformat(): table.slice(start, end - start)
        for day, start, end in zip(found.tolist(), starts.tolist(), ends, strict=True)
    }


def _table(found: Mapping[str, Any], kept: Any, origin: FileOrigin) -> Any:
    """These rows of the columns found, and the same value in all rows of every other column."""
    pa = pyarrow_module()
    constants = constant_columns(origin)
    rows = pa.array(kept)
    repeated: dict[tuple[Any, Any], Any] = {}
    arrays: list[Any] = []
    for column in staged_schema():
        if column.name in found:
            given = found[column.name]
            array = (given if isinstance(given, pa.Array) else pa.array(given)).take(rows)
            # Codes of a text are written as they are: the file's reader sees text.
            is_text = pa.types.is_dictionary(array.type)
            arrays.append(array if is_text else array.cast(column.type))
        else:
            value = constants[column.name]
            key = (value, column.type)
            if key not in repeated:
                repeated[key] = _repeated(value, column.type, len(kept))
            arrays.append(repeated[key])
    return pa.table(arrays, names=[column.name for column in staged_schema()])


def _repeated(value: Any, kind: Any, rows: int) -> Any:
    pa = pyarrow_module()
    if value is None or not pa.types.is_string(kind):
        return pa.repeat(pa.scalar(value, type=kind), rows)
    # One text with its places is smaller than a copy for every row, and is written faster.
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), [value])


@contextmanager
def open_bulk(
    path: Path, parse: Callable[[Columns], BulkUsages], origin: FileOrigin, pricer: Pricer
) -> Generator[BulkReader]:
    """The batches of a Parquet file."""
    with path.open("rb") as stream:
        yield BulkReader(stream, parse, origin, pricer)

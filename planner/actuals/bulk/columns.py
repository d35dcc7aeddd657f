"""Columns of one batch, each checked as ``planner.actuals.values`` checks a value of a row.

Any: pyarrow and numpy arrays of a batch of n rows; pyarrow has no types of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from planner.actuals.engines import duckdb_module, pyarrow_module
from planner.actuals.types import RowError
from planner.actuals.values import MONEY_STEP, MOST_TOKENS, YEARS, text

__all__ = ["Columns", "NotByColumns", "Words", "decimals"]


class NotByColumns(Exception):
    """These columns hold something that is only read row by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text of few different values: n codes into ``values``."""

    codes: Any
    values: list[str]

    def mapped(self, change: Callable[[str], str]) -> Words:
        """The same rows with every value changed."""
        return Words(codes=self.codes, values=[change(value) for value in self.values])

    def where(self, test: Callable[[str], bool]) -> Any:
        """n flags: rows whose value passes."""
        import numpy as np

        return np.array([test(value) for value in self.values], dtype=bool)[self.codes]


class Columns:
    """The columns of one batch; ``regular`` are n flags, lowered by every value that is not.

    Each question names the columns that may hold a value; at most one of them may be there.
    """

    def __init__(self, batch: Any) -> None:
        import numpy as np

        self._batch = batch
        self.rows: int = batch.num_rows
        self.regular = np.ones(self.rows, dtype=bool)

    def require(self, flags: Any) -> None:
        """Rows without the flag are not regular."""
        self.regular &= flags

    def has(self, *names: str) -> bool:
        """Whether one of the columns is there."""
        return self._name(names) is not None

    def _name(self, names: tuple[str, ...]) -> str | None:
        there = [name for name in names if name in self._batch.schema.names]
        if len(there) > 1:
            # Which of them holds the value is another question in every row.
            raise NotByColumns
        return there[0] if there else None

    def _column(self, names: tuple[str, ...]) -> Any:
        name = self._name(names)
        return None if name is None else self._batch.column(name)

    def words(self, *names: str, default: str = "") -> Words:
        """Names and ids of few different values; ``default`` where there is none."""
        import numpy as np

        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return Words(codes=np.zeros(self.rows, dtype=np.int32), values=[default])
        if not pa.types.is_dictionary(column.type):
            _require(_is_text(column.type))
            column = column.dictionary_encode()
        _require(_is_text(column.type.value_type))
        given = column.dictionary.to_pylist()
        values = [default if value is None else value for value in given]
        good = np.ones(len(values) + 1, dtype=bool)
        for code, value in enumerate(values):
            try:
                values[code] = text({"": value}, "", default=default)
            except RowError:
                good[code] = False
        codes = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        self.require(good[codes])
        return Words(codes=codes.astype(np.int32), values=[*values, default])

    def given(self, *names: str) -> Any:
        """n flags: rows that have a value."""
        import numpy as np

        column = self._column(names)
        if column is None:
            return np.zeros(self.rows, dtype=bool)
        return column.is_valid().to_numpy(zero_copy_only=False)

    def count(self, *names: str, default: int = 0) -> Any:
        """n whole numbers of zero or more."""
        import numpy as np

        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return np.full(self.rows, default, dtype=np.int64)
        if pa.types.is_floating(column.type):
            wide = column.fill_null(default).to_numpy(zero_copy_only=False).astype(np.float64)
            good = (wide >= 0) & (wide <= MOST_TOKENS) & (np.floor(wide) == wide)
            self.require(good)
            return np.where(good, wide, 0).astype(np.int64)
        _require(pa.types.is_integer(column.type) and column.type != pa.uint64())
        whole = column.fill_null(default).to_numpy(zero_copy_only=False).astype(np.int64)
        self.require((whole >= 0) & (whole <= MOST_TOKENS))
        return whole

    def milliseconds(self, *names: str) -> Any:
        """An Arrow array of durations in ms, null where there is none."""
        import numpy as np

        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return pa.nulls(self.rows, pa.float64())
        _require(column.type in (pa.float64(), pa.int64(), pa.int32()))
        wide = column.cast(pa.float64(), safe=False)
        value = wide.fill_null(0.0).to_numpy(zero_copy_only=False)
        self.require((value >= 0) & (value < _MOST_NUMBER) & np.isfinite(value))
        return wide

    def flag(self, *names: str) -> Any:
        """n flags, False where there is none."""
        import numpy as np

        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return np.zeros(self.rows, dtype=bool)
        _require(pa.types.is_boolean(column.type))
        return column.fill_null(False).to_numpy(zero_copy_only=False)

    def instant(self, *names: str) -> Any:
        """An Arrow array of moments in UTC; each row must have one."""
        pa = pyarrow_module()
        column = self._column(names)
        if column is None or not pa.types.is_timestamp(column.type):
            raise NotByColumns
        _require(column.type.unit in ("s", "ms", "us"))
        unit = pa.timestamp("us", tz="UTC")
        # Without a zone the clock time is UTC; with one the moment is what is stored.
        micros = column.cast(pa.timestamp("us", tz=column.type.tz)).view(pa.int64())
        moments = micros.view(unit)
        first, last = _YEAR_LIMITS_US
        value = micros.fill_null(0).to_numpy(zero_copy_only=False)
        self.require((value >= first) & (value < last))
        return moments

    def money(self, *names: str) -> Any:
        """An Arrow array of USD as DECIMAL(24,12), null where there is none."""
        import numpy as np

        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return pa.nulls(self.rows, pa.decimal128(24, 12))
        if pa.types.is_integer(column.type):
            column = column.cast(pa.float64())
        _require(column.type == pa.float64())
        usd = column.fill_null(0.0).to_numpy(zero_copy_only=False)
        good = np.abs(usd) < _MOST_USD
        self.require(good)
        usd = np.where(good, usd, 0.0)
        units = np.rint(usd * _UNITS_PER_USD)
        # Rounding is sure but near the middle of two units: there the exact text decides.
        near = np.abs(np.abs(usd * _UNITS_PER_USD - units) - 0.5) <= np.abs(units) * _FLOAT_STEP
        exact = units.astype(np.int64)
        for row in np.flatnonzero(near & self.regular).tolist():
            exact[row] = int(Decimal(repr(float(usd[row]))).quantize(MONEY_STEP).scaleb(12))
        return decimals(exact, column.is_valid().to_numpy(zero_copy_only=False))

    def keys(self, source: str, *names: str) -> Any:
        """An Arrow array of record keys, empty for rows without an id."""
        pa = pyarrow_module()
        column = self._column(names)
        if column is None or pa.types.is_null(column.type):
            return pa.repeat("", self.rows)
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        _require(_is_text(column.type))
        found = _query(
            pa.table({"id": column}),
            f"SELECT CASE WHEN coalesce(id, '') = '' THEN '' ELSE md5('{source}' || chr(31) || id) "
            # Plain characters and no blanks: what else may be an id is asked row by row.
            "END AS key, coalesce(length(id) <= 300 AND NOT regexp_matches(id, '[^!-~]'), true) "
            "AS good FROM given",
        )
        self.require(found.column("good").to_numpy(zero_copy_only=False))
        return found.column("key").combine_chunks()


_MOST_NUMBER = 1e30
_UNITS_PER_USD = 1e12
# Beyond, whole units of 1E-12 USD do not fit into 64 bits.
_MOST_USD = 1e6
# Two roundings of the 53 bits of a float, and one to spare.
_FLOAT_STEP = 2.0**-50


def decimals(units: Any, valid: Any) -> Any:
    """n whole numbers of 1E-12 as an Arrow array of DECIMAL(24,12), null where not valid."""
    import numpy as np

    pa = pyarrow_module()
    wide = np.empty((len(units), 2), dtype=np.int64)
    # 128 bits, the lower half first; the upper one repeats the sign.
    wide[:, 0], wide[:, 1] = units, units >> 63
    return pa.Array.from_buffers(
        pa.decimal128(24, 12), len(units), [pa.array(valid).buffers()[1], pa.py_buffer(wide)]
    )


def _year_limits_us() -> tuple[int, int]:
    from datetime import UTC, datetime

    first, last = YEARS
    start = datetime(first, 1, 1, tzinfo=UTC)
    end = datetime(last + 1, 1, 1, tzinfo=UTC)
    return int(start.timestamp()) * 10**6, int(end.timestamp()) * 10**6


_YEAR_LIMITS_US = _year_limits_us()


def _require(holds: bool) -> None:
    if not holds:
        raise NotByColumns


def _is_text(kind: Any) -> bool:
    pa = pyarrow_module()
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _query(given: Any, query: str) -> Any:
    connection = duckdb_module().connect()
    try:
        connection.register("given", given)
        return connection.sql(query).to_arrow_table()
    finally:
        connection.close()

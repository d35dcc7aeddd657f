"""Opens a file of any form as rows, and says how far it has been read."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from planner.actuals.reading.csv_rows import csv_rows
from planner.actuals.reading.json_rows import document_rows, is_by_line, jsonl_rows
from planner.actuals.reading.lines import unpacked
from planner.actuals.reading.parquet_rows import PARQUET_MAGIC, parquet_rows
from planner.actuals.reading.prometheus import is_prometheus, prometheus_rows
from planner.actuals.reading.rows import BadRow, FileForm, GoodRow
from planner.errors import InputError

__all__ = ["RowReader", "open_rows"]

_SAMPLE_BYTES = 1 << 18
_BLOCK_BYTES = 1 << 12
_TEXT_FORMS: dict[FileForm, Callable[[IO[bytes]], Iterator[GoodRow | BadRow]]] = {
    "json": document_rows,
    "jsonl": jsonl_rows,
    "csv": csv_rows,
    "prometheus": prometheus_rows,
}


class RowReader:
    """The rows of one open file. ``form`` is what it is; ``rows`` can be read once."""

    def __init__(self, form: FileForm, rows: Iterator[GoodRow | BadRow], raw: IO[bytes]) -> None:
        self.form = form
        self.rows = rows
        self._raw = raw

    def bytes_read(self) -> int:
        """Bytes of the file as it lies on disk that have been read, for a progress bar."""
        return self._raw.tell()

    def skip(self, rows: int) -> None:
        """Leave out rows that were taken before."""
        next(itertools.islice(self.rows, rows, rows), None)


@contextmanager
def open_rows(path: Path) -> Generator[RowReader]:
    """The rows of a file, whatever its name says; InputError when it cannot be opened."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error
    with raw:
        if raw.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC:
            yield RowReader("parquet", parquet_rows(path, raw), raw)
            return
        raw.seek(0)
        form = _form(_sample(raw))
        raw.seek(0)
        yield RowReader(form, _TEXT_FORMS[form](unpacked(raw)), raw)


def _sample(raw: IO[bytes]) -> str:
    sample = b""
    # Whatever is wrong is met again, with its line, when the rows are read.
    with contextlib.suppress(OSError, EOFError, zlib.error):
        stream = unpacked(raw)
        while len(sample) < _SAMPLE_BYTES and (block := stream.read(_BLOCK_BYTES)):
            sample += block
    return sample.decode("utf-8-sig", "replace")


def _form(sample: str) -> FileForm:
    start = sample.lstrip()[:1]
    if start in ("{", "["):
        return "jsonl" if is_by_line(sample) else "json"
    if is_prometheus(sample):
        return "prometheus"
    # The first line of JSON lines may be the broken one.
    return "jsonl" if is_by_line(sample) else "csv"

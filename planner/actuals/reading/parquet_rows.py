"""Rows of Parquet files, some thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from planner.actuals.engines import pyarrow_module, pyarrow_parquet
from planner.actuals.reading.rows import BadRow, GoodRow

__all__ = ["PARQUET_MAGIC", "parquet_rows"]

PARQUET_MAGIC = b"PAR1"
_BATCH_ROWS = 4096
# Columns with what was said, by the names of the exports we read: they are not even loaded.
_CONTENT = frozenset({"messages", "response", "prompt", "proxy_server_request"})
# `input` and `output` are text in some exports and structures with token counts in others.
_CONTENT_IF_TEXT = frozenset({"input", "output", "metadata_input", "metadata_output"})


def parquet_rows(path: Path, stream: IO[bytes]) -> Iterator[GoodRow | BadRow]:
    """One row a record, without columns of prompts and responses; MissingExtra."""
    pa, parquet = pyarrow_module(), pyarrow_parquet()
    number = 0
    try:
        file = parquet.ParquetFile(stream)
        columns = [name for name in file.schema_arrow.names if not _is_content(file, name)]
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            for row in cast("list[dict[str, Any]]", batch.to_pylist()):
                number += 1
                yield GoodRow(line=number, data=row)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = f"not Parquet that can be read: {str(error).splitlines()[0][:120]}"
        yield BadRow(line=number + 1, reason=reason, is_end=True)


# Any: pyarrow has no types of its own.
def _is_content(file: Any, name: str) -> bool:
    pa = pyarrow_module()
    if name in _CONTENT:
        return True
    kind = file.schema_arrow.field(name).type
    return name in _CONTENT_IF_TEXT and (pa.types.is_string(kind) or pa.types.is_large_string(kind))

"""Rows of files in every form exports come in: JSON, JSON lines, CSV, Parquet, Prometheus text.

Memory is bounded: a file is read row by row, gzip included. A broken row costs that row alone.
"""

from __future__ import annotations

from planner.actuals.reading.files import RowReader, open_rows
from planner.actuals.reading.rows import BadRow, FileForm, GoodRow

__all__ = ["BadRow", "FileForm", "GoodRow", "RowReader", "open_rows"]

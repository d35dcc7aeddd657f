"""Rows of a columnar file, some hundred thousand at a time.

What a source's rows usually look like is read by columns. A row that looks otherwise is handed on,
to be read alone as rows of any file are: both ways give the same record.
"""

from __future__ import annotations

from planner.actuals.bulk.batches import BulkBatch, BulkReader, open_bulk
from planner.actuals.bulk.columns import Columns, NotByColumns, Words
from planner.actuals.bulk.usages import BulkUsages

__all__ = [
    "BulkBatch",
    "BulkReader",
    "BulkUsages",
    "Columns",
    "NotByColumns",
    "Words",
    "open_bulk",
]

"""What a reader yields: a row with its place, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.actuals.values import Row

__all__ = ["LONGEST_ROW_BYTES", "BadRow", "FileForm", "GoodRow"]

FileForm = Literal["json", "jsonl", "csv", "parquet", "prometheus"]

# A batch of spans or a row with its prompt is below; beyond, a quote or a line end is missing.
LONGEST_ROW_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRow:
    """A row as read; ``line`` is where it starts, from 1."""

    line: int
    data: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A place where no row could be read. ``is_end``: nothing after it could be read either."""

    line: int
    reason: str
    is_end: bool = False

"""The raw rows of ``planner capacity``."""

from __future__ import annotations

from planner.render.csv_ import csv_text
from planner.render.json_ import jsonable
from planner.render.payload_capacity import CapacityOptionView, CapacityReport

__all__ = ["capacity_csv"]

_RANGES = ("requests_per_s_range", "output_tokens_per_s_range", "usd_per_1m_tokens_range")
_LISTS = ("source_ids", "warnings")
_PLAIN = tuple(
    name for name in CapacityOptionView._fields if name not in (*_RANGES, *_LISTS)
)  # fmt: skip
_ENDS = ("low", "high")


def capacity_csv(report: CapacityReport) -> str:
    """One row for each instance type and degree; ranges as columns, lists joined by ``; ``."""
    ends = [f"{name.removesuffix('_range')}_{end}" for name in _RANGES for end in _ENDS]
    return csv_text(
        ("model", *_PLAIN, *ends, *_LISTS),
        ((report.question.model, *_cells(option)) for option in report.options),
    )


def _cells(option: CapacityOptionView) -> list[object]:
    ranges = [getattr(option, name) for name in _RANGES]
    return [
        *(jsonable(getattr(option, name)) for name in _PLAIN),
        *(
            None if found is None else jsonable(getattr(found, end))
            for found in ranges
            for end in _ENDS
        ),
        *("; ".join(getattr(option, name)) for name in _LISTS),
    ]

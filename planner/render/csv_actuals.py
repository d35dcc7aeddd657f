"""Spend by model, endpoint and feature as CSV, unrounded."""

from __future__ import annotations

from planner.money import usd_text
from planner.render.csv_ import csv_text
from planner.render.payload_actuals import ReportView

__all__ = ["groups_csv"]

_FIELDS = (
    *("model", "endpoint", "feature", "usd", "is_floor"),
    *("calls", "input_tokens", "output_tokens", "unpriced_calls"),
)


def groups_csv(report: ReportView) -> str:
    """One row a group; what bills have beside usage is a last row named `unattributed`."""
    rows: list[tuple[object, ...]] = [
        (
            *each.labels,
            usd_text(each.usd),
            each.is_floor,
            each.calls,
            each.input_tokens,
            each.output_tokens,
            each.unpriced_calls,
        )
        for each in report.groups
    ]
    if report.bills:
        usd = usd_text(report.total.unattributed_usd)
        rows.append(("unattributed", "", "", usd, False, 0, 0, 0, 0))
    return csv_text(_FIELDS, rows)

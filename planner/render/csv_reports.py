"""The raw rows of each report."""

from __future__ import annotations

from collections.abc import Sequence

from planner.render.csv_ import csv_text
from planner.render.json_ import jsonable
from planner.render.payload_breakeven_report import BreakevenReport
from planner.render.payload_portfolio import PortfolioReport
from planner.render.payload_recommend import RecommendReport
from planner.render.payload_tco_report import TcoReport

__all__ = ["breakeven_csv", "portfolio_csv", "recommend_csv", "tco_csv"]

_OPTION_FIELDS = (
    "choice", "arm", "name", "feasible", "reason", "monthly_cost_usd", "bill_monthly_usd",
    "is_floor", "usd_per_1m_tokens", "usd_per_request", "instance_type", "instances",
    "tensor_parallel_size", "utilisation", "provider_of_capacity", "deployable",
    "deployable_reason", "quality_score", "marks",
)  # fmt: skip
_MEMBER_FIELDS = (
    "scenario", "arm", "option", "monthly_cost_usd", "confidence", "p_choice_cheaper", "together",
    "shared_by",
)  # fmt: skip
_LINE_FIELDS = (
    "category", "name", "monthly_usd", "billed_by", "formula", "source", "observed", "mark",
    "reason_unpriced",
)  # fmt: skip
_POINT_FIELDS = (
    "requests_per_month", "requests_per_s", "api_monthly_usd", "selfhost_monthly_usd",
    "selfhost_option", "instance_type", "instances", "cheaper",
)  # fmt: skip

_AXIS_FIELDS = (
    "value", "api_monthly_usd", "selfhost_monthly_usd", "selfhost_option", "instance_type",
    "instances", "cheaper",
)  # fmt: skip


def recommend_csv(reports: Sequence[RecommendReport]) -> str:
    """One row for each option of each scenario."""
    return csv_text(
        ("scenario", *_OPTION_FIELDS),
        (
            (report.scenario.id, *_values(option, _OPTION_FIELDS))
            for report in reports
            for option in report.options
        ),
    )


def portfolio_csv(report: PortfolioReport) -> str:
    """One row for each scenario: its own answer, and the one it has in the portfolio."""
    return csv_text(
        _MEMBER_FIELDS,
        (_values(member, _MEMBER_FIELDS) for member in report.portfolio.scenarios),
    )


def tco_csv(report: TcoReport) -> str:
    """One row for each line of each option's mean month."""
    return csv_text(
        ("scenario", "arm", "option", *_LINE_FIELDS),
        (
            (report.scenario.id, arm.arm, arm.name, *_values(line, _LINE_FIELDS))
            for arm in report.arms
            for line in arm.lines
        ),
    )


def breakeven_csv(report: BreakevenReport) -> str:
    """One row for each volume of the curve, or for each value of the axis asked for."""
    axis = report.axis
    if axis is not None and axis.axis != "volume":
        return csv_text(
            ("scenario", "api", "axis", "unit", *_AXIS_FIELDS),
            (
                (report.scenario.id, axis.api, axis.axis, axis.unit, *_values(point, _AXIS_FIELDS))
                for point in axis.points
            ),
        )
    return csv_text(
        ("scenario", "api", *_POINT_FIELDS),
        (
            (report.scenario.id, report.curve.api, *_values(point, _POINT_FIELDS))
            for point in report.curve.points
        ),
    )


def _values(view: object, names: Sequence[str]) -> list[object]:
    return [jsonable(getattr(view, name)) for name in names]

"""The JSON object of ``planner drill``."""

from __future__ import annotations

from collections.abc import Mapping

from planner.drill import CaseResult, DrillReport

__all__ = ["drill_payload"]


def drill_payload(report: DrillReport) -> Mapping[str, object]:
    """Times of detection are seconds from the fault's start, null where nobody was told."""
    planned = report.planned
    return {
        "schema_version": 1,
        "scenario_id": report.scenario_id,
        "stack_id": report.stack_id,
        "kind": report.kind,
        "plan_hash": report.plan_hash,
        "passed": report.passed,
        "as_registered": report.as_registered,
        "note": report.note,
        "seed": report.seed,
        "alarms": report.alarms,
        "budgets": report.budgets,
        "lag": report.lag,
        "planned": {
            "days": planned.days,
            "starts": planned.starts.isoformat(),
            "clock_change": None
            if planned.clock_change is None
            else planned.clock_change.isoformat(),
            "false_alarms": planned.false_alarms,
            "alarms": [{"name": each.name, "at": each.at.isoformat()} for each in planned.alarms],
        },
        "cases": [_case(each) for each in report.cases],
        "not_applicable": report.not_applicable,
        "max_overspend_usd": report.max_overspend_usd,
        "over_limit": report.over_limit,
    }


def _case(case: CaseResult) -> Mapping[str, object]:
    return {
        "case": case.case,
        "description": case.description,
        "started": case.started.isoformat(),
        "detected": case.detected,
        "missed": case.missed,
        "first_alarm": case.first_alarm,
        "time_to_detect_s": case.time_to_detect_s,
        "overspend_usd": case.overspend_usd,
        "budgets_only_alarm": case.budgets_only_alarm,
        "budgets_only_time_to_detect_s": case.budgets_only_time_to_detect_s,
        "budgets_only_overspend_usd": case.budgets_only_overspend_usd,
        "cap_at_s": case.cap_at_s,
        "capped_overspend_usd": case.capped_overspend_usd,
        "uncapped_overspend_usd": case.uncapped_overspend_usd,
    }

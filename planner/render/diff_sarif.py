"""The rules of a comparison as SARIF 2.1.0, each at the line of the scenario behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from planner.render.payload_diff_types import DiffReportView, PolicyRuleView
from planner.render.sarif import location, sarif_document
from planner.render.text_diff import rule_sentence

__all__ = ["diff_sarif"]

# GitHub takes 25,000 results a run and shows 5,000.
_MOST_RESULTS = 5_000
_LEVELS = {
    "violated": "error",
    "waived": "warning",
    "unpriced": "warning",
    "known": "note",
    "inconclusive": "note",
}


def diff_sarif(report: DiffReportView) -> str:
    """One result for each rule that is not kept; waivers are suppressions."""
    told = [rule for rule in report.policy if rule.verdict in _LEVELS]
    told.sort(key=lambda rule: list(_LEVELS).index(rule.verdict))
    names = dict.fromkeys(rule.rule for rule in told)
    rules = [{"id": name, "shortDescription": {"text": f"Cost rule {name}"}} for name in names]
    return sarif_document(rules, [_result(rule) for rule in told[:_MOST_RESULTS]])


def _result(rule: PolicyRuleView) -> Mapping[str, object]:
    result: dict[str, object] = {
        "ruleId": rule.rule,
        "level": _LEVELS[rule.verdict],
        "message": {"text": rule_sentence(rule)},
        "locations": [] if rule.file is None else [location(rule.file, rule.line)],
        "partialFingerprints": {"plannerCostRule/v1": _fingerprint(rule)},
    }
    if rule.verdict == "waived":
        until = f"until {rule.waived_until}: {rule.waiver_reason}"
        result["suppressions"] = [{"kind": "external", "justification": until}]
    return result


def _fingerprint(rule: PolicyRuleView) -> str:
    """The same as long as the rule and what it is about are, whatever the amounts and lines."""
    about = "\n".join((rule.rule, rule.kind, rule.subject or ""))
    return hashlib.sha256(about.encode()).hexdigest()[:32]

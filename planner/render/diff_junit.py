"""The rules of a comparison as JUnit XML: one case for each rule."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from planner.render.payload_diff_types import DiffReportView, PolicyRuleView
from planner.render.text_diff import rule_sentence

__all__ = ["junit_text"]

# What XML 1.0 cannot hold, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: DiffReportView) -> str:
    """A broken rule is a failure, what cannot be told an error, an open answer is skipped."""
    cases = [_case(rule) for rule in report.policy] or [_no_rules(report)]
    verdicts = [rule.verdict for rule in report.policy]
    counts = {
        "tests": len(cases),
        "failures": verdicts.count("violated"),
        "errors": verdicts.count("unpriced"),
        "skipped": sum(verdict in ("inconclusive", "waived") for verdict in verdicts),
    }
    totals = " ".join(f'{name}="{number}"' for name, number in counts.items())
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="planner diff" {totals}>',
            f"  <testsuite name={_attribute(report.title)} {totals}>",
            *cases,
            f"    <system-out>{_text(report.verdict.sentence)}</system-out>",
            "  </testsuite>",
            "</testsuites>\n",
        )
    )


def _case(rule: PolicyRuleView) -> str:
    name = f"{rule.rule}: {rule.kind}" if rule.subject is None else f"{rule.rule}: {rule.subject}"
    head = f"    <testcase classname={_attribute('policy')} name={_attribute(name)}"
    said = rule_sentence(rule)
    match rule.verdict:
        case "violated":
            inside = f"<failure message={_attribute(said)}/>"
        case "unpriced":
            inside = f"<error message={_attribute(said)}/>"
        case "inconclusive" | "waived":
            inside = f"<skipped message={_attribute(said)}/>"
        case _:
            inside = f"<system-out>{_text(said)}</system-out>"
    return f"{head}>{inside}</testcase>"


def _no_rules(report: DiffReportView) -> str:
    said = _text(f"no rules are set: {report.verdict.sentence}")
    return (
        '    <testcase classname="policy" name="no rules">'
        f"<system-out>{said}</system-out></testcase>"
    )


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

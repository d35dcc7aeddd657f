"""Problems in files as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from planner import __version__
from planner.errors import Problem

__all__ = ["location", "sarif_document", "sarif_text"]

# OASIS, Static Analysis Results Interchange Format 2.1.0, 2020-03-27.
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(problems: Sequence[Problem], *, rule: str, rule_description: str) -> str:
    """One run with one result for each problem, all errors of one rule; ends in a newline.

    Problems of command line options have no place in a file and get no location.
    """
    rules = [{"id": rule, "shortDescription": {"text": rule_description}}]
    return sarif_document(rules, [_result(problem, rule) for problem in problems])


def sarif_document(
    rules: Sequence[Mapping[str, object]], results: Sequence[Mapping[str, object]]
) -> str:
    """One run with these rules and results as text, ending in a newline."""
    driver = {"name": "planner", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def location(file: str, line: int | None, column: int | None = None) -> dict[str, object]:
    """A place in a file; the whole file without a line."""
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        place["region"] = {"startLine": line, "startColumn": column or 1}
    return {"physicalLocation": place}


def _result(problem: Problem, rule: str) -> dict[str, object]:
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.file.startswith("--"):
        return {
            "ruleId": rule,
            "level": "error",
            "message": {"text": f"{problem.file}: {text}"},
            "locations": [],
        }
    return {
        "ruleId": rule,
        "level": "error",
        "message": {"text": text},
        "locations": [location(problem.file, problem.line, problem.column)],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())

"""Problems in files as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from planner import __version__
from planner.errors import Problem

__all__ = ["sarif_text"]

# OASIS, Static Analysis Results Interchange Format 2.1.0, 2020-03-27.
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(problems: Sequence[Problem], *, rule: str, rule_description: str) -> str:
    """One run with one result for each problem, all errors of one rule; ends in a newline.

    Problems of command line options have no place in a file and get no location.
    """
    run = {
        "tool": {
            "driver": {
                "name": "planner",
                "version": __version__,
                "rules": [{"id": rule, "shortDescription": {"text": rule_description}}],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rule) for problem in problems],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _result(problem: Problem, rule: str) -> dict[str, object]:
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.file.startswith("--"):
        return {
            "ruleId": rule,
            "level": "error",
            "message": {"text": f"{problem.file}: {text}"},
            "locations": [],
        }
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    return {
        "ruleId": rule,
        "level": "error",
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())

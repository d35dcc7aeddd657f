"""SARIF 2.1.0: problems beside their lines in code hosts."""

from __future__ import annotations

import json
from typing import Any

from planner import __version__
from planner.errors import Problem
from planner.render.sarif import sarif_text

_IN_FILE = Problem(
    file="scenarios/my chat.yaml", message="must be a number", path="slo.zones", line=4, column=21
)


def _run(*problems: Problem) -> dict[str, Any]:
    text = sarif_text(problems, rule="scenario", rule_description="Cannot be used")
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    assert len(document["runs"]) == 1
    return document["runs"][0]


def test_the_tool_and_its_rule_are_named() -> None:
    driver = _run()["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("planner", __version__)
    assert [rule["id"] for rule in driver["rules"]] == ["scenario"]


def test_a_problem_points_at_its_line_and_column() -> None:
    (result,) = _run(_IN_FILE)["results"]
    assert result["ruleId"] == "scenario"
    assert result["level"] == "error"
    assert result["message"]["text"] == "slo.zones: must be a number"
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 4, "startColumn": 21}
    # A URI reference, so the blank is escaped.
    assert place["artifactLocation"]["uri"] == "scenarios/my%20chat.yaml"


def test_an_absolute_path_is_a_file_uri() -> None:
    (result,) = _run(Problem(file="/a/b.yaml", message="m"))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///a/b.yaml"}}


def test_a_problem_of_an_option_has_no_place_and_names_the_option() -> None:
    (result,) = _run(Problem(file="--set a=1", message="wrong", path="a"))["results"]
    assert result["locations"] == []
    assert result["message"]["text"] == "--set a=1: a: wrong"


def test_columns_count_characters() -> None:
    assert _run()["columnKind"] == "unicodeCodePoints"

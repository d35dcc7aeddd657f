"""The committed schemas of the JSON reports, and what the commands write against them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scripts.build_report_schemas import REPORTS, schema, text
from tests.cli.scenario_texts import ManualApi, ManualSelf, write_scenario
from tests.support import CliResult

Run = Callable[..., CliResult]

# Those of a scenario file; the others have tests of their own.
OF_A_SCENARIO = ("recommend", "tco", "breakeven")
SMALL = Path(__file__).parent / "fixtures" / "small.yaml"


def errors(name: str, report: Any) -> list[str]:
    validator = Draft202012Validator(schema(name))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]


@pytest.mark.parametrize("name", REPORTS)
def test_committed_schema_is_current_and_sound(root: Path, name: str) -> None:
    committed = (root / "docs" / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == text(name), "run `make docs`"
    Draft202012Validator.check_schema(json.loads(committed))


@pytest.mark.parametrize("name", OF_A_SCENARIO)
@pytest.mark.parametrize("more", [(), ("--explain",)])
def test_a_report_keeps_to_its_schema(run_cli: Run, name: str, more: tuple[str, ...]) -> None:
    report = run_cli(name, SMALL, "--format", "json", "-q", "--as-of", "2026-11-21", *more)
    assert errors(name, report.json()) == []


@pytest.mark.parametrize("more", [(), ("--explain",)])
def test_several_scenarios_keep_to_the_schema(
    run_cli: Run, tmp_path: Path, more: tuple[str, ...]
) -> None:
    other = write_scenario(tmp_path, ManualSelf("small", "1", capacity="10", most=1))
    report = run_cli("recommend", SMALL, other, "--format", "json", "-q", *more)
    assert errors("recommend", report.json()) == []


@pytest.mark.parametrize("name", OF_A_SCENARIO)
def test_answers_without_a_pair_or_a_choice_keep_to_the_schema(
    run_cli: Run, tmp_path: Path, name: str
) -> None:
    nothing = write_scenario(tmp_path, ManualSelf("small", "1", capacity="10", most=1))
    assert errors(name, run_cli(name, nothing, "--format", "json", "-q").json()) == []
    api = write_scenario(tmp_path, ManualApi("api", "0"), name="api")
    assert errors(name, run_cli(name, api, "--format", "json", "-q").json()) == []


def test_a_wrong_report_is_told(run_cli: Run) -> None:
    report = run_cli("tco", SMALL, "--format", "json", "-q").json()
    report["arms"][0]["monthly_total_usd"] = 5.0
    assert errors("tco", report) != []

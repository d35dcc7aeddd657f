"""``planner drill``: its forms, exit codes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.drill import rehearsal
from planner.drill.subject import Watch
from tests.support import CliResult

_Cli = Callable[..., CliResult]
_json: list[CliResult] = []


@pytest.fixture
def textbook(root: Path) -> Path:
    """No stack deploys it: the program is not run."""
    return root / "scenarios" / "textbook-cache.yaml"


@pytest.fixture
def found(run_cli: _Cli, textbook: Path) -> CliResult:
    """Made once: nothing in it depends on the test."""
    if not _json:
        _json.append(run_cli("drill", textbook, "--format", "json"))
    return _json[0]


def test_json_has_the_answers_by_case(found: CliResult) -> None:
    report = json.loads(found.stdout)
    assert report["planned"]["days"] == 30
    assert report["planned"]["false_alarms"] == 0
    cases = {each["case"]: each for each in report["cases"]}
    spike = cases["spike_3x"]
    assert spike["detected"] is True
    assert spike["time_to_detect_s"] <= 900
    assert {"first_alarm", "overspend_usd", "budgets_only_overspend_usd"} <= set(spike)
    assert {each["case"] for each in report["not_applicable"]} >= {"gpu_idle"}


def test_an_option_that_no_stack_deploys_is_drilled_and_said_to_be(found: CliResult) -> None:
    report = json.loads(found.stdout)
    assert report["as_registered"] is False
    assert "no stack is known for it" in report["note"]


def test_a_drill_that_passes_exits_with_0(found: CliResult) -> None:
    assert found.code == 0


def test_a_fault_dearer_than_the_scenarios_limit_exits_with_1(
    run_cli: _Cli, textbook: Path
) -> None:
    done = run_cli("drill", textbook, "--set", "drill.max_overspend_usd=0.2")
    assert done.code == 1
    assert "Failed" in done.stdout
    assert "cost more than the limit of $0.20" in done.stdout


def test_a_missed_fault_exits_with_1(
    run_cli: _Cli, textbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Watch(alarms=(), composites=(), budgets=())
    monkeypatch.setattr(rehearsal, "as_defined", lambda serving: nothing)
    done = run_cli("drill", textbook)
    assert done.code == 1
    assert "missed (spike_3x" in done.stdout
    assert "nobody was told" in done.stdout


def test_a_saved_plan_takes_no_changes(run_cli: _Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text("{}", encoding="utf-8")
    done = run_cli("drill", plan, "--set", "a=1")
    assert done.code == 2
    assert "is a saved plan" in done.stderr


def test_another_seed_is_another_traffic(run_cli: _Cli, textbook: Path, found: CliResult) -> None:
    other = json.loads(run_cli("drill", textbook, "--format", "json", "--seed", "2").stdout)
    assert other["cases"] != json.loads(found.stdout)["cases"]
    assert other["seed"] == 2


def test_the_report_says_how_late_each_clock_is(run_cli: _Cli, textbook: Path) -> None:
    text = run_cli("drill", textbook, "--format", "markdown").stdout
    assert "Metrics are 2 minutes late" in text
    assert "Budgets see the AWS bill only, 12 hours late" in text

"""``planner validate``: all problems of all files, in every form, without a price."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenario.support import SMALL
from tests.support import CliResult

_Run = Callable[..., CliResult]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    text = SMALL.replace("10000", "ten").replace("input_tokens", "input_token")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_valid_file_is_ok(run_cli: _Run, good: Path) -> None:
    result = run_cli("validate", good)
    assert result == CliResult(code=0, stdout=f"{good}: ok\n", stderr="")


def test_problems_are_written_with_line_caret_and_count(run_cli: _Run, bad: Path) -> None:
    result = run_cli("validate", bad)
    assert result.code == 2
    assert result.stdout == f"{bad}: 2 problems\n"
    assert result.stderr == (
        f'{bad}:4:21: error: workload.requests_per_day: must be a number, got "ten"; '
        "for example 10000\n"
        "     4 |   requests_per_day: ten\n"
        "       |                     ^\n"
        f"{bad}:5:3: error: workload.input_token: unknown key (did you mean `input_tokens`?)\n"
        "     5 |   input_token: 500\n"
        "       |   ^\n"
        "2 problems\n"
    )


def test_every_file_is_read_although_one_is_bad(
    run_cli: _Run, good: Path, bad: Path, tmp_path: Path
) -> None:
    none = tmp_path / "none.yaml"
    result = run_cli("validate", bad, good, none)
    assert result.code == 2
    assert result.stdout == f"{bad}: 2 problems\n{good}: ok\n{none}: 1 problem\n"
    assert result.stderr.endswith("3 problems\n")


def test_json_has_every_problem_and_the_place(run_cli: _Run, good: Path, bad: Path) -> None:
    result = run_cli("validate", good, bad, "--format", "json")
    assert result.code == 2
    report = result.json()
    assert report["valid"] is False
    assert report["files"] == [
        {"file": str(good), "problems": 0},
        {"file": str(bad), "problems": 2},
    ]
    assert report["problems"][0] == {
        "file": str(bad),
        "line": 4,
        "column": 21,
        "path": "workload.requests_per_day",
        "message": 'must be a number, got "ten"; for example 10000',
    }


def test_json_of_valid_files_says_so(run_cli: _Run, good: Path) -> None:
    result = run_cli("validate", good, "--format", "json")
    assert (result.code, result.stderr) == (0, "")
    assert (result.json()["valid"], result.json()["problems"]) == (True, [])


def test_sarif_is_written_beside_the_result(run_cli: _Run, bad: Path, tmp_path: Path) -> None:
    sarif, report = tmp_path / "p.sarif", tmp_path / "p.json"
    result = run_cli("validate", bad, "--output", f"sarif={sarif}", "--output", f"json={report}")
    assert result.code == 2
    results = json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"]
    lines = [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in results]
    assert lines == [4, 5]
    assert len(json.loads(report.read_text(encoding="utf-8"))["problems"]) == 2


def test_sarif_of_valid_files_has_no_results(run_cli: _Run, good: Path, tmp_path: Path) -> None:
    sarif = tmp_path / "p.sarif"
    assert run_cli("validate", good, "--output", f"sarif={sarif}").code == 0
    assert json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"] == []


def test_another_output_format_is_a_usage_error(run_cli: _Run, good: Path, tmp_path: Path) -> None:
    result = run_cli("validate", good, "--output", f"html={tmp_path / 'p.html'}")
    assert result.code == 2
    assert "no format 'html' here; write table, json, sarif" in result.stderr


def test_overrides_are_checked_and_named(run_cli: _Run, good: Path) -> None:
    assert run_cli("validate", good, "--set", "slo.zones=3").code == 0
    result = run_cli("validate", good, "--set", "slo.zones=9")
    assert result.code == 2
    assert "--set slo.zones=9: error: slo.zones: must be at most 6, got 9" in result.stderr


def test_unknown_models_are_found_without_a_price(run_cli: _Run, good: Path) -> None:
    good.write_text(SMALL.replace("gpt-6-luna", "gpt-6-lune"), encoding="utf-8")
    result = run_cli("validate", good)
    assert result.code == 2
    assert f"{good}:9:33: error: options.api.0.model: no model `gpt-6-lune`" in result.stderr


def test_github_gets_a_mark_for_each_problem(
    run_cli: _Run, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    marks = [line for line in run_cli("validate", bad).stderr.split("\n") if "::error" in line]
    assert len(marks) == 2
    assert f"file={bad},line=4,col=21" in marks[0]


def test_no_price_and_no_slow_package_is_loaded(run_process: _Run, good: Path) -> None:
    program = (
        "import sys; from planner.cli.app import main; code = main(['validate', sys.argv[1]]); "
        "print(code, sorted(m for m in sys.modules if m.split('.')[0] in "
        "('genai_prices', 'numpy', 'rich', 'tiktoken', 'boto3', 'pulumi')))"
    )
    import subprocess

    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(good)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 []"

"""``planner schema``: the schema on standard output or in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from planner.scenario.schema import SCHEMA_ID, schema_text
from tests.support import CliResult

_Run = Callable[..., CliResult]


def test_the_schema_goes_to_standard_output(run_cli: _Run) -> None:
    result = run_cli("schema")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == schema_text()
    assert result.json()["$id"] == SCHEMA_ID


def test_the_name_may_be_said(run_cli: _Run) -> None:
    assert run_cli("schema", "scenario").stdout == schema_text()


def test_another_name_is_a_usage_error(run_cli: _Run) -> None:
    result = run_cli("schema", "bill")
    assert (result.code, result.stdout) == (2, "")


def test_out_writes_the_file_that_presets_name(run_cli: _Run, tmp_path: Path) -> None:
    path = tmp_path / "planner.schema.json"
    assert run_cli("schema", "--out", path).stdout == ""
    assert path.read_text(encoding="utf-8") == schema_text()

"""``planner init``: a file to start from that is never lost to a second call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planner.scenario.presets import preset_text
from tests.support import CliResult

_Run = Callable[..., CliResult]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_arguments_it_writes_the_small_preset(run_cli: _Run) -> None:
    result = run_cli("init")
    assert (result.code, result.stdout) == (0, "")
    assert Path("scenario.yaml").read_text(encoding="utf-8") == preset_text("small")
    assert "wrote scenario.yaml; next: planner validate scenario.yaml" in result.stderr


@pytest.mark.parametrize("preset", ["small", "medium", "large"])
def test_what_it_writes_is_valid(run_cli: _Run, preset: str) -> None:
    assert run_cli("init", "my.yaml", "--preset", preset).code == 0
    assert run_cli("validate", "my.yaml").code == 0


def test_a_file_that_is_there_stays(run_cli: _Run) -> None:
    Path("scenario.yaml").write_text("mine", encoding="utf-8")
    result = run_cli("init")
    assert result.code == 2
    assert "scenario.yaml is there already" in result.stderr
    assert "--force" in result.stderr
    assert Path("scenario.yaml").read_text(encoding="utf-8") == "mine"


def test_force_replaces_it(run_cli: _Run) -> None:
    Path("scenario.yaml").write_text("mine", encoding="utf-8")
    assert run_cli("init", "--force", "--preset", "large").code == 0
    assert Path("scenario.yaml").read_text(encoding="utf-8") == preset_text("large")


def test_a_dangling_link_is_not_written_through(run_cli: _Run) -> None:
    Path("scenario.yaml").symlink_to("elsewhere.yaml")
    assert run_cli("init").code == 2
    assert not Path("elsewhere.yaml").exists()


def test_a_dash_writes_to_standard_output(run_cli: _Run) -> None:
    assert run_cli("init", "-", "--preset", "medium").stdout == preset_text("medium")


def test_a_folder_that_is_not_there_is_told(run_cli: _Run) -> None:
    result = run_cli("init", "none/scenario.yaml")
    assert result.code == 2
    assert "none/scenario.yaml: cannot write: No such file or directory" in result.stderr


def test_an_unknown_preset_is_a_usage_error(run_cli: _Run) -> None:
    assert run_cli("init", "--preset", "huge").code == 2

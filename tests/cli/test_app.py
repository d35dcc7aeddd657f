"""The top level: help, unknown names, and every way in which a command can end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from planner import __version__
from planner.cli.registry import COMMANDS
from planner.errors import GateFailed, InputError, PriceError, Problem, ScenarioError
from tests.support import CliResult

Run = Callable[..., CliResult]
Register = Callable[..., None]


def test_help_lists_every_command_under_its_group(run_cli: Run) -> None:
    result = run_cli("--help")
    assert result.code == 0
    assert result.stderr == ""
    for entry in COMMANDS.values():
        section = result.stdout.split(f"{entry.group.capitalize()}:\n")[1].split("\n\n")[0]
        assert f"  {entry.name} " in section
        assert entry.summary in section


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "70", "130", "141"])
def test_help_shows_each_exit_code(run_cli: Run, code: str) -> None:
    table = run_cli("--help").stdout.split("Exit codes:\n")[1]
    assert any(line.split()[0] == code for line in table.splitlines())


def test_version_is_one_line(run_cli: Run) -> None:
    assert run_cli("--version") == CliResult(code=0, stdout=f"planner {__version__}\n", stderr="")


def test_no_command_shows_help_as_a_usage_error(run_cli: Run) -> None:
    result = run_cli()
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: planner ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("recomend", "no command 'recomend' (did you mean `recommend`?)"),
        ("price", "no command 'price' (did you mean `prices`?)"),
        ("a/b.yaml", "no command 'a/b.yaml' (did you mean `recommend a/b.yaml`?)"),
        ("zzz", "no command 'zzz'"),
    ],
)
def test_unknown_command_names_the_nearest(run_cli: Run, typed: str, said: str) -> None:
    expected = f"error: {said}\nTry `planner --help`.\n"
    assert run_cli(typed) == CliResult(code=2, stdout="", stderr=expected)


def test_unknown_option_of_a_command_is_a_usage_error(run_cli: Run, register: Register) -> None:
    register(command=lambda: None)
    result = run_cli("probe", "--colour", "always")
    assert result.code == 2
    assert result.stderr.startswith("error: No such option: --colour")
    assert result.stderr.endswith("Try `planner probe --help`.\n")


def test_a_returned_number_is_the_exit_code(run_cli: Run, register: Register) -> None:
    def command() -> int:
        return 3

    register(command=command)
    assert run_cli("probe").code == 3


def test_a_raised_exit_is_the_exit_code(run_cli: Run, register: Register) -> None:
    def command() -> None:
        raise typer.Exit(4)

    register(command=command)
    assert run_cli("probe").code == 4


@pytest.mark.parametrize(
    ("error", "code", "stderr"),
    [
        (InputError("x.yaml: cannot read"), 2, "error: x.yaml: cannot read\n"),
        (PriceError("no price", hint="give one"), 3, "error: no price\nhint: give one\n"),
        (GateFailed("over budget"), 1, "error: over budget\n"),
    ],
)
def test_an_error_for_the_user_is_one_message_and_its_code(
    run_cli: Run, register: Register, error: Exception, code: int, stderr: str
) -> None:
    def command() -> None:
        raise error

    register(command=command)
    assert run_cli("probe") == CliResult(code=code, stdout="", stderr=stderr)


def test_a_defect_is_one_line_without_traceback(run_cli: Run, register: Register) -> None:
    def command() -> None:
        raise ZeroDivisionError("division\nby zero")

    register(command=command)
    expected = (
        "internal error: ZeroDivisionError: division by zero; "
        "rerun with --debug for the traceback\n"
    )
    assert run_cli("probe") == CliResult(code=70, stdout="", stderr=expected)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_debug_shows_the_traceback(
    run_cli: Run, register: Register, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def command() -> None:
        raise ZeroDivisionError("boom")

    register(command=command)
    if how == "variable":
        monkeypatch.setenv("PLANNER_DEBUG", "1")
    result = run_cli("probe", *(["--debug"] if how == "option" else []))
    assert result.code == 70
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert result.stderr.endswith("internal error: ZeroDivisionError: boom\n")


def test_debug_switched_off_by_its_variable_shows_none(
    run_cli: Run, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command() -> None:
        raise InputError("bad")

    register(command=command)
    monkeypatch.setenv("PLANNER_DEBUG", "0")
    assert run_cli("probe").stderr == "error: bad\n"


def test_interrupt_ends_silently_with_130(run_cli: Run, register: Register) -> None:
    def command() -> None:
        raise KeyboardInterrupt

    register(command=command)
    assert run_cli("probe") == CliResult(code=130, stdout="", stderr="")


def test_a_reader_that_went_away_is_silent(root: Path) -> None:
    # The pipe's reading end is closed before the command writes to it.
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "planner", "--help"],
        cwd=root,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_problems_are_marked_for_github_actions(
    run_cli: Run, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command() -> None:
        problem = Problem(file="a.yaml", line=4, column=3, path="x.y", message="bad")
        raise ScenarioError((problem,))

    register(command=command)
    assert "::error" not in run_cli("probe").stderr
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert run_cli("probe").stderr.endswith("::error file=a.yaml,line=4,col=3::x.y: bad\n")


def test_shell_completion_lists_commands(run_process: Run) -> None:
    # What the script that --install-completion writes asks for after `planner pri<TAB>`.
    env = {
        "_PLANNER_COMPLETE": "complete_bash",
        "COMP_WORDS": "planner sche",
        "COMP_CWORD": "1",
    }
    assert run_process(env=env).stdout.split() == ["schema"]

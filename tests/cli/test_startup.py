"""What a start imports: help and version load neither the models nor the price library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SLOW = ("pydantic", "rich", "yaml", "numpy", "genai_prices", "tiktoken", "boto3", "pulumi")

_PROGRAM = """
import sys
from planner._entry import main
sys.argv = ["planner", *sys.argv[1:]]
code = main()
sys.stderr.write("\\n".join(sorted(sys.modules)))
sys.exit(code)
"""


def _modules_after(root: Path, *args: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *args],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split("\n"))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_slow(root: Path, option: str) -> None:
    modules = _modules_after(root, option)
    assert "typer" in modules
    assert modules.isdisjoint(_SLOW)


def test_help_imports_no_command(root: Path) -> None:
    ours = {name for name in _modules_after(root, "--help") if name.startswith("planner.cli.")}
    assert ours == {
        "planner.cli.app",
        "planner.cli.errors",
        "planner.cli.helptext",
        "planner.cli.registry",
    }


def test_options_priced_by_hand_import_nothing_that_sizes_replicas(root: Path) -> None:
    modules = _modules_after(root, "recommend", "scenarios/textbook.yaml")
    assert "planner.costs.manual" in modules
    assert not [name for name in modules if name.startswith("planner.serving")]

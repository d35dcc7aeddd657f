"""The console script tells when another distribution has replaced the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def _run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from planner._entry import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, *flags, "-c", program, "--version"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("init", ['__version__ = "0.3.3"\n', None])
def test_a_replaced_or_removed_package_is_said_in_one_line(
    root: Path, tmp_path: Path, init: str | None
) -> None:
    # Installing the other distribution replaces __init__.py, uninstalling it removes the file.
    package = tmp_path / "planner"
    package.mkdir()
    shutil.copy(root / "planner" / "_entry.py", package)
    if init is not None:
        (package / "__init__.py").write_text(init, encoding="utf-8")
    # -S: an installed copy of the package must not be found instead.
    done = _run(tmp_path, "-S")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: another package has replaced files of llm-serving-")
    assert "uv tool install llm-serving-planner" in done.stderr
    assert done.stderr.count("\n") == 1


def test_our_own_package_starts(root: Path) -> None:
    done = _run(root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("planner ")

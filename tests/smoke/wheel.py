"""Builds the wheel, installs it into an empty environment and runs it there; `make smoke`.

Not collected by pytest: unlike every test it needs the package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# Nothing of the repository, of the user's settings or of an outer environment may help.
_LEFT_OUT = ("PLANNER_", "PYTHON", "VIRTUAL_ENV", "GITHUB_ACTIONS")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="planner-smoke-") as name:
        folder = Path(name)
        wheel = _build(folder / "dist")
        scripts = _install(wheel, folder / "env")
        failed = _run_commands(scripts, folder)
    for command, output in failed:
        sys.stderr.write(f"\nFAILED: {command}\n{output}\n")
    sys.stdout.write(f"smoke: {'FAILED' if failed else 'passed'} ({wheel.name})\n")
    return 1 if failed else 0


def _build(folder: Path) -> Path:
    hatchling = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(hatchling, cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _install(wheel: Path, folder: Path) -> Path:
    """Install the locked dependencies and the wheel; the folder of the scripts."""
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
    pip += [str(scripts / "python")]
    locked = ["--require-hashes", "-r", str(ROOT / "requirements" / "base.txt")]
    subprocess.run([*pip, "install", "--quiet", *locked], cwd=folder, check=True)
    subprocess.run([*pip, "install", "--quiet", "--no-deps", str(wheel)], cwd=folder, check=True)
    # The wheel's own list of dependencies is satisfied by what was locked.
    subprocess.run([*pip, "check"], cwd=folder, check=True)
    return scripts


def _run_commands(scripts: Path, folder: Path) -> list[tuple[str, str]]:
    """Run each command from an empty folder; those that failed, with what they wrote."""
    scenarios = sorted((ROOT / "scenarios").glob("*.yaml"))
    commands: list[list[str]] = [
        ["planner", "--help"],
        ["planner", "--version"],
        ["llm-serving-planner", "--version"],
        *(["planner", "validate", str(scenario)] for scenario in scenarios),
        *(["planner", "recommend", str(scenario)] for scenario in scenarios),
    ]
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    environ = {k: v for k, v in os.environ.items() if not k.startswith(_LEFT_OUT)}
    environ["HOME"] = str(elsewhere)
    failed: list[tuple[str, str]] = []
    if not scenarios:
        failed.append(("planner recommend", "no scenario in scenarios/"))
    for program, *args in commands:
        done = subprocess.run(
            [scripts / program, *args],
            cwd=elsewhere,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not done.stdout.strip():
            shown = f"{done.stdout}{done.stderr}exit code {done.returncode}"
            failed.append((f"{program} {' '.join(args)}", shown))
    return failed


if __name__ == "__main__":
    sys.exit(main())

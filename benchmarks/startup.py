"""How long each command takes from the shell, and how much of that is importing.

    python benchmarks/startup.py [--runs 15] [--small scenarios/support-chat.yaml]

Wall-clock time of a whole process, the least of N runs with warm files: what the code needs, not
what else the machine does. The import share comes from `-X importtime`, whose own cost is in both
parts of the ratio. No test depends on these numbers; tests check which modules are imported.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"

HELP_BUDGET_MS = 120
VALIDATE_BUDGET_MS = 300
SMALL_BUDGET_MS = 500
LARGEST_BUDGET_MS = 1000

# A report that ends incomplete has still been computed in full.
_FINISHED = (0, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command line, and the time it may take on an idle core."""

    name: str
    args: tuple[str, ...]
    budget_ms: int | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--small", type=Path, default=SCENARIOS / "support-chat.yaml")
    options = parser.parse_args()

    bare_ms = _least_ms([sys.executable, "-c", "pass"], options.runs)
    print(f"{sys.version.split()[0]} on {os.cpu_count()} cores, least of {options.runs} runs")
    print(f"{'':40} {'ms':>6} {'budget':>7} {'x bare':>7} {'imports':>8}")
    print(f"{'bare interpreter':40} {bare_ms:6.0f} {'':>7} {1:7.1f}")
    failed = False
    for case in _cases(options.small):
        command = [sys.executable, "-m", "planner", *case.args]
        code = _run(command).returncode
        if code not in _FINISHED:
            print(f"{case.name:40} failed with exit code {code}")
            failed = True
            continue
        ms = _least_ms(command, options.runs)
        share = _import_share(case.args)
        budget = "" if case.budget_ms is None else f"{case.budget_ms}"
        over = " over" if case.budget_ms is not None and ms > case.budget_ms else ""
        print(f"{case.name:40} {ms:6.0f} {budget:>7} {ms / bare_ms:7.1f} {share:8.0%}{over}")
    return 1 if failed else 0


def _cases(small: Path) -> list[Case]:
    shipped = sorted(SCENARIOS.glob("*.yaml"))
    return [
        Case(name="planner --help", args=("--help",), budget_ms=HELP_BUDGET_MS),
        Case(name="planner --version", args=("--version",), budget_ms=HELP_BUDGET_MS),
        Case(
            name=f"planner validate {small.name}",
            args=("validate", str(small)),
            budget_ms=VALIDATE_BUDGET_MS,
        ),
        *(
            Case(
                name=f"planner recommend {path.name}",
                args=("recommend", str(path), "--no-emit"),
                budget_ms=SMALL_BUDGET_MS if path.name == small.name else LARGEST_BUDGET_MS,
            )
            for path in shipped
        ),
    ]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _least_ms(command: list[str], runs: int) -> float:
    _run(command)  # Brings the files into the cache.
    return min(_timed_ms(command) for _ in range(runs))


def _timed_ms(command: list[str]) -> float:
    begin = time.perf_counter()
    _run(command)
    return (time.perf_counter() - begin) * 1000


def _import_share(args: tuple[str, ...]) -> float:
    """Time spent importing ÷ time of the process, in the run of three that took least."""
    shares: list[tuple[float, float]] = []
    for _ in range(3):
        begin = time.perf_counter()
        done = _run([sys.executable, "-X", "importtime", "-m", "planner", *args])
        total_s = time.perf_counter() - begin
        # "import time: self [us] | cumulative | name", one line per module, after a heading.
        rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")][1:]
        importing_s = sum(int(row[len("import time:") :].split("|")[0]) for row in rows) / 1e6
        shares.append((total_s, importing_s / total_s))
    return min(shares)[1]


if __name__ == "__main__":
    sys.exit(main())

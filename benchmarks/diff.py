"""How long `planner diff` takes, cold: one file, and two folders of 50 scenarios.

    python benchmarks/diff.py [--runs 5]

Wall-clock and processor time of a whole process, the least of N runs with warm files. The folders
are made from shipped scenarios: `small` compares APIs and quotes, `hosted` sizes machines in every
fifth one. Ten of the 50 differ between the folders. No test depends on these numbers.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"
ONE_FILE_S = 0.5
FOLDERS_S = 1.5
FILES = 50
CHANGED = 10
# What `planner diff` may end with: done, a rule broken, incomplete.
FINISHED = (0, 1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The least of several runs, in seconds."""

    wall_s: float
    cpu_s: float


def timed(*args: str | Path, runs: int) -> Timing:
    """`planner diff` with these arguments, each run a process of its own."""
    command = [sys.executable, "-m", "planner", "diff", *map(str, args), "--quiet"]
    found: list[Timing] = []
    for _ in range(runs):
        before, begin = os.times(), time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        wall, after = time.perf_counter() - begin, os.times()
        if done.returncode not in FINISHED:
            raise SystemExit(done.stderr)
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        found.append(Timing(wall_s=wall, cpu_s=used))
    return min(found, key=lambda each: each.wall_s)


def folders(parent: Path, sources: list[str]) -> tuple[Path, Path]:
    """Two folders with copies of ``sources`` in turn; every fifth asks for twice the requests."""
    old, new = parent / "old", parent / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        for number in range(FILES):
            text = (SCENARIOS / f"{sources[number % len(sources)]}.yaml").read_text("utf-8")
            text = re.sub(r"(?m)^id: .*$", f"id: made-{number}", text)
            # Each has a load of its own, so that nothing is found again from the one before.
            text = scaled(text, 1 + number / 1000)
            if folder is new and number % (FILES // CHANGED) == 0:
                text = scaled(text, 2)
            (folder / f"made-{number}.yaml").write_text(text, "utf-8")
    return old, new


def scaled(text: str, by: float) -> str:
    """The scenario with another number of requests a day."""
    return re.sub(
        r"(requests_per_day: )(\d+)", lambda found: f"{found[1]}{int(int(found[2]) * by)}", text
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    small = ["textbook", "textbook-mini", "textbook-breakeven", "textbook-cache"]
    with tempfile.TemporaryDirectory() as made:
        parent = Path(made)
        cases: list[tuple[str, tuple[str | Path, ...], float]] = []
        for name in ("textbook", "support-chat"):
            other = parent / f"{name}.yaml"
            other.write_text(scaled((SCENARIOS / f"{name}.yaml").read_text("utf-8"), 2), "utf-8")
            cases.append((f"one file, {name}", (SCENARIOS / f"{name}.yaml", other), ONE_FILE_S))
        for name, sources in (("small", small), ("hosted", [*small, "support-chat"])):
            cases.append(
                (f"{FILES} + {FILES} files, {name}", folders(parent / name, sources), FOLDERS_S)
            )
        print(f"{'case':30} {'wall s':>7} {'cpu s':>7} {'limit':>6}")
        for name, files, limit in cases:
            found = timed(*files, runs=args.runs)
            print(f"{name:30} {found.wall_s:7.2f} {found.cpu_s:7.2f} {limit:6.1f}")


if __name__ == "__main__":
    main()

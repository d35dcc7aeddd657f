"""Writes the generated parts of README.md and of the pages under docs/; `make docs` runs it.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. NAME is a planner command,
whose standard output is shown, or ``scenario table``. ``| from LINE`` after a command leaves out
what it prints before that line.
"""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from planner.cli.app import main
from planner.files import write_atomic

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
# Exit codes of a command that printed its whole result.
_DONE = (0, 3)


def page(text: str) -> str:
    """The page with every generated part made anew."""
    return _PART.sub(lambda part: part[1] + _made(part[2]) + part[3], text)


def _made(name: str) -> str:
    if name == "scenario table":
        return _scenario_table()
    command, _, first = name.partition(" | from ")
    printed = _run(*command.split()[1:]).rstrip()
    shown = printed[printed.index(f"\n{first}\n") + 1 :] if first else printed
    return f"```text\n{shown}\n```\n"


def _scenario_table() -> str:
    rows = ["| scenario | what | answer | a month |", "|---|---|---|---|"]
    for path in sorted((ROOT / "scenarios").glob("*.yaml")):
        report = json.loads(_run("recommend", f"scenarios/{path.name}", "--format", "json"))
        answer = report["recommendation"]
        cost = round(float(answer["monthly_cost_usd"]))
        rows.append(
            f"| [{path.stem}](scenarios/{path.name}) | {report['scenario']['description']} "
            f"| `{answer['arm']}`: {answer['option']} | ${cost:,} |"
        )
    return "\n".join(rows) + "\n"


# One width, and nothing written into the repository, which is a Pulumi project.
_SET = {"COLUMNS": "100", "PLANNER_NO_EMIT": "1"}


def _run(*args: str) -> str:
    before = {name: os.environ.get(name) for name in _SET}
    os.environ.update(_SET)
    try:
        with chdir(ROOT), redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()) as out:
            code = main(list(args))
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    if code not in _DONE:
        raise RuntimeError(f"`planner {' '.join(args)}` ended with {code}")
    return out.getvalue()


if __name__ == "__main__":
    for path in PAGES:
        before = path.read_text(encoding="utf-8")
        after = page(before)
        if after != before:
            write_atomic(path, after)

"""Writes docs/cli.md from the help pages of the commands; `make docs` runs it."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from typer.core import TyperGroup

from planner.cli.app import main
from planner.cli.helptext import EXIT_CODES
from planner.cli.loader import load
from planner.cli.registry import COMMANDS, GROUPS
from planner.files import write_atomic

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

_COLUMNS = "100"

_INTRODUCTION = """\
# Command line

<!-- Written by `make docs` from the help pages of the commands; edit those instead. -->

Every option can be set by the environment variable shown beside it. Options beat variables.
Standard output carries the result only; notes and warnings go to standard error.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [_INTRODUCTION, "## planner\n", _block(_help()), "## Exit codes\n", _exit_codes()]
    for group in GROUPS:
        for name in _importable(group):
            parts.extend(_sections((name,)))
    return "\n".join(parts)


def _importable(group: str) -> list[str]:
    return [
        entry.name
        for entry in COMMANDS.values()
        if entry.group == group and importlib.util.find_spec(entry.module) is not None
    ]


def _sections(path: tuple[str, ...]) -> Iterator[str]:
    yield f"## planner {' '.join(path)}\n"
    yield _block(_help(*path))
    command = load(path[0])
    if len(path) == 1 and isinstance(command, TyperGroup):
        for name in command.commands:
            yield from _sections((*path, name))


def _help(*path: str) -> str:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        with redirect_stdout(io.StringIO()) as out:
            code = main([*path, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    if code != 0:
        raise RuntimeError(f"`planner {' '.join(path)} --help` ended with {code}")
    return out.getvalue()


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _exit_codes() -> str:
    rows = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES)
    return (
        f"| Code | Meaning |\n|---|---|\n{rows}\n\n"
        "When several apply: 2, then 1, then 3. A gate that fails on a floor has failed (1); one "
        "that passes\nonly on a floor is unknown (3).\n"
    )


if __name__ == "__main__":
    write_atomic(PAGE, page())

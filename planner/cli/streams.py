"""Standard output carries the result only; notes and warnings go to standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from planner.errors import InputError
from planner.files import write_atomic

__all__ = ["Streams", "current", "open_streams", "to_ascii", "use"]

# Reports in files and pipes have one width, so that they are the same bytes everywhere.
_WIDTH_WITHOUT_TERMINAL = 100
_NARROWEST = 40

_ASCII = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "-": "-",
        "×": "x",
        "·": ".",
        "…": "...",
        "≥": ">=",
        "≤": "<=",
        "≈": "~",
        "±": "+/-",
        "→": "->",
        "†": "+",
        "Δ": "delta",
        "∞": "inf",
        "✓": "+",
        "✗": "x",
        "•": "*",
        "─": "-",
        "━": "-",
        "│": "|",
        "┃": "|",
        "┌": "+",
        "┐": "+",
        "└": "+",
        "┘": "+",
        "├": "+",
        "┤": "+",
        "┬": "+",
        "┴": "+",
        "┼": "+",
        "█": "#",
        "▏": "|",
        "\u00a0": " ",
        "\u202f": " ",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Where a command writes, and what that place can show.

    ``width`` is in columns. ``unicode`` is False when standard output cannot encode UTF-8.
    """

    stdout: TextIO
    stderr: TextIO
    color: bool
    width: int
    unicode: bool
    quiet: bool = False
    verbosity: int = 0

    def write_result(self, text: str, out: Path | None = None) -> None:
        """Write the result, ending in one newline, to ``out`` in one step, else to stdout.

        ``-`` as ``out`` is stdout. InputError when the text cannot be written; BrokenPipeError
        when the reader of stdout went away.
        """
        text = text.rstrip("\n") + "\n"
        if out is not None and str(out) != "-":
            write_atomic(out, text)
            return
        try:
            self.stdout.write(text if self.unicode else to_ascii(text, self.stdout.encoding))
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"standard output: cannot write: {reason}") from error

    def note(self, text: str) -> None:
        """Tell the user something beside the result; silent with ``--quiet``."""
        self._say("note", text)

    def warn(self, text: str) -> None:
        """Tell the user that the result is less certain than it looks; silent with ``--quiet``."""
        self._say("warning", text)

    def detail(self, text: str) -> None:
        """Tell what was done and how long it took; shown with ``--verbose`` only."""
        if self.verbosity > 0:
            self._say("detail", text)

    def _say(self, kind: str, text: str) -> None:
        if not self.quiet:
            self.stderr.write(f"{kind}: {text}\n")
            self.stderr.flush()


def open_streams(
    stdout: TextIO,
    stderr: TextIO,
    environ: Mapping[str, str],
    *,
    quiet: bool = False,
    verbosity: int = 0,
    color: Literal["auto", "always", "never"] = "auto",
) -> Streams:
    """Streams for these files, this environment and these options."""
    return Streams(
        stdout=stdout,
        stderr=stderr,
        color=_wants_color(stdout, environ, color),
        width=_width(stdout, environ),
        unicode=(stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf"),
        quiet=quiet,
        verbosity=verbosity,
    )


def to_ascii(text: str, encoding: str = "ascii") -> str:
    """``text`` with its typography in ASCII, and ``?`` for what ``encoding`` still cannot hold."""
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def current() -> Streams:
    """The streams of the command that is running."""
    streams = _CURRENT.get()
    return open_streams(sys.stdout, sys.stderr, os.environ) if streams is None else streams


@contextmanager
def use(streams: Streams) -> Generator[None]:
    """Make ``streams`` the current ones inside the block."""
    token = _CURRENT.set(streams)
    try:
        yield
    finally:
        _CURRENT.reset(token)


_CURRENT: ContextVar[Streams | None] = ContextVar("planner_streams", default=None)


def _wants_color(stdout: TextIO, environ: Mapping[str, str], color: str) -> bool:
    if color != "auto":
        return color == "always"
    # https://no-color.org: any value that is not empty switches colour off.
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stdout.isatty()


def _width(stdout: TextIO, environ: Mapping[str, str]) -> int:
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return max(int(columns), _NARROWEST)
    if not stdout.isatty():
        return _WIDTH_WITHOUT_TERMINAL
    return max(shutil.get_terminal_size().columns, _NARROWEST)

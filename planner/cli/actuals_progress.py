"""How far a long import is, on standard error of a terminal."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from planner.cli.streams import Streams

__all__ = ["ProgressBar"]

_SHOWN_AFTER_S = 1.0
_EVERY_S = 0.2
_WIDTH = 24
_NAME_WIDTH = 32


class ProgressBar:
    """A line that is written over; nothing without a terminal, with --quiet, or within 1 s."""

    def __init__(self, streams: Streams, files: int) -> None:
        self._stderr = streams.stderr
        self._is_shown = streams.stderr.isatty() and not streams.quiet
        self._files = files
        self._started = time.monotonic()
        self._drawn = 0.0
        self._length = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._length:
            self._stderr.write("\r" + " " * self._length + "\r")
            self._stderr.flush()

    def show(self, index: int, path: Path, read: int, size: int) -> None:
        """Say that ``read`` of ``size`` bytes of one file are read; ``index`` counts from 0."""
        now = time.monotonic()
        if not self._is_shown or now - self._started < _SHOWN_AFTER_S:
            return
        if now - self._drawn < _EVERY_S and read < size:
            return
        self._drawn = now
        line = progress_line(index, self._files, path.name, read, size)
        self._stderr.write("\r" + line.ljust(self._length))
        self._stderr.flush()
        self._length = len(line)


def progress_line(index: int, files: int, name: str, read: int, size: int) -> str:
    """`[#####.....]  42 %  file 3 of 12  spend.jsonl.gz`; one file's share of bytes read."""
    share = min(read / size, 1.0) if size else 1.0
    done = round(share * _WIDTH)
    bar = "#" * done + "." * (_WIDTH - done)
    short = name if len(name) <= _NAME_WIDTH else "..." + name[3 - _NAME_WIDTH :]
    return f"[{bar}] {share:4.0%}  file {index + 1} of {files}  {short}"

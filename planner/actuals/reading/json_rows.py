"""Rows of JSON: one object a line, or documents with the objects somewhere inside."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from planner.actuals.reading.lines import Line, lines
from planner.actuals.reading.rows import LONGEST_ROW_BYTES, BadRow, GoodRow

__all__ = ["document_rows", "is_by_line", "jsonl_rows"]

_READ = 1 << 16
_FORGET_FROM = 1 << 20
_DECODER = json.JSONDecoder()


def is_by_line(sample: str) -> bool:
    """Whether the start of a file looks like one object a line rather than a document."""
    if sample.lstrip()[:1] == "[":
        return False
    # Items of an indented document stand behind blanks; the last line of a sample is cut off.
    seen = [line for line in sample.split("\n")[:20] if line.startswith("{")]
    return any(_object(line) is not None for line in seen)


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def jsonl_rows(stream: IO[bytes]) -> Iterator[GoodRow | BadRow]:
    """One row a line."""
    for each in lines(stream):
        if isinstance(each, BadRow):
            yield each
        elif each[1].strip():
            yield _row_of_line(each)


def _row_of_line(line: Line) -> GoodRow | BadRow:
    number, text = line
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return BadRow(line=number, reason=f"not JSON: {error.msg}, column {error.colno}")
    except (ValueError, RecursionError) as error:
        return BadRow(line=number, reason=f"not JSON: {type(error).__name__}")
    if not isinstance(value, dict):
        return BadRow(line=number, reason="not a JSON object")
    return GoodRow(line=number, data=cast("dict[str, Any]", value))


def document_rows(stream: IO[bytes]) -> Iterator[GoodRow | BadRow]:
    """The outermost objects that can be read, whatever arrays or documents they stand in.

    Where one cannot be read, those inside it are tried: a broken item costs that item, and an
    object too large for memory is opened up. The line of a row is the one its object starts in.
    """
    return _Document(stream).rows()


class _Document:
    """A window that moves over the text of a stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        # A byte that is not UTF-8 becomes an escape that JSON does not have: its object is broken.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("backslashreplace")
        self._window = ""
        self._line = 1
        self._counted = 0
        self._ended = False
        self._broken: str | None = None

    def rows(self) -> Iterator[GoodRow | BadRow]:
        position = 0
        reported = False
        while (start := self._next_object(position)) is not None:
            start = self._forget(start)
            found = self._object_at(start)
            line = self._line_of(start)
            if found is None:
                # What it holds may be whole; only the outermost break is worth a row.
                if not reported:
                    yield BadRow(line=line, reason="not JSON: this object cannot be read")
                reported = True
                position = start + 1
                continue
            reported = False
            value, position = found
            yield GoodRow(line=line, data=value)
        if self._broken is not None:
            line = self._line_of(len(self._window))
            yield BadRow(line=line, reason=self._broken, is_end=True)

    def _next_object(self, position: int) -> int | None:
        while True:
            start = self._window.find("{", position)
            if start >= 0:
                return start
            position = len(self._window)
            if not self._read_more():
                return None

    def _object_at(self, start: int) -> tuple[dict[str, Any], int] | None:
        """The object that starts here and its end; reads on while it may only be cut off."""
        length = len(self._window) - start
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, start)
            except (ValueError, RecursionError):
                # Twice as much each time, so that the tries add up to twice the last one.
                length = min(2 * length + _READ, LONGEST_ROW_BYTES)
                if not self._read_until(start + length):
                    return None
                continue
            return cast("dict[str, Any]", value), end

    def _read_until(self, end: int) -> bool:
        before = len(self._window)
        while len(self._window) < end and self._read_more():
            pass
        return len(self._window) > before

    def _line_of(self, position: int) -> int:
        self._line += self._window.count("\n", self._counted, position)
        self._counted = max(self._counted, position)
        return self._line

    def _forget(self, start: int) -> int:
        """Drop the text before ``start`` once it is worth the copy; the new place of ``start``."""
        if start < _FORGET_FROM:
            return start
        self._line_of(start)
        self._window = self._window[start:]
        self._counted = 0
        return 0

    def _read_more(self) -> bool:
        if self._ended:
            return False
        try:
            raw = self._stream.read(_READ)
        except (OSError, EOFError, zlib.error) as error:
            raw, self._broken = b"", f"the file breaks off: {error}"
        self._ended = not raw
        self._window += self._decoder.decode(raw, final=self._ended)
        return True

"""Lines of a byte stream, each of bounded length."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import IO

from planner.actuals.reading.rows import LONGEST_ROW_BYTES, BadRow

__all__ = ["GZIP_MAGIC", "Line", "lines", "unpacked"]

GZIP_MAGIC = b"\x1f\x8b"

# A line's number from 1, and its text without the line end.
Line = tuple[int, str]


def unpacked(stream: IO[bytes]) -> IO[bytes]:
    """The stream itself, or what is in it when it is gzip; it must be able to seek."""
    packed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    stream.seek(0)
    # GzipFile is a reader of bytes, though it does not say so in its type.
    return gzip.GzipFile(fileobj=stream) if packed else stream  # pyright: ignore[reportReturnType]


def lines(stream: IO[bytes]) -> Iterator[Line | BadRow]:
    """Every line; one that is not UTF-8 or too long is a ``BadRow``."""
    number = 0
    while True:
        try:
            raw = stream.readline(LONGEST_ROW_BYTES)
            number += 1
            if not raw:
                return
            if len(raw) == LONGEST_ROW_BYTES and not raw.endswith(b"\n"):
                _skip_line(stream)
                yield BadRow(line=number, reason="the line is longer than 64 MiB")
                continue
        except (OSError, EOFError, zlib.error) as error:
            yield BadRow(line=number + 1, reason=f"the file breaks off: {error}", is_end=True)
            return
        yield _decoded(raw, number)


def _decoded(raw: bytes, number: int) -> Line | BadRow:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        return BadRow(line=number, reason=f"not UTF-8: byte {error.start + 1} of the line")
    return number, text.removesuffix("\n").removesuffix("\r")


def _skip_line(stream: IO[bytes]) -> None:
    while True:
        raw = stream.readline(LONGEST_ROW_BYTES)
        if not raw or raw.endswith(b"\n"):
            return

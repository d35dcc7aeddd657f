"""Output files are the old one or the whole new one, never a half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from planner.errors import InputError

__all__ = ["decoded_text", "read_text", "write_atomic", "write_atomic_bytes"]

# Larger text inputs are a mistake (a log, a model file) and would only fail later and slower.
_LARGEST_TEXT_BYTES = 64 * 1024 * 1024


def read_text(path: Path) -> str:
    """The UTF-8 text of ``path``; InputError, naming the file, when it cannot be had."""
    try:
        if path.stat().st_size > _LARGEST_TEXT_BYTES:
            raise InputError(f"{path}: larger than 64 MiB, which no input of planner is")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error
    return decoded_text(content, str(path))


def decoded_text(content: bytes, name: str) -> str:
    """UTF-8 text without its byte order mark, lines ending in line feeds.

    InputError, naming it by ``name``, when it is not UTF-8 or larger than any input is.
    """
    if len(content) > _LARGEST_TEXT_BYTES:
        raise InputError(f"{name}: larger than 64 MiB, which no input of planner is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x}); "
            "save it as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_atomic(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8; see ``write_atomic_bytes``."""
    write_atomic_bytes(path, text.encode("utf-8"))


def write_atomic_bytes(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step, through a temporary file beside it.

    A link is followed, so that the file it names is replaced and the link stays; permissions of
    a file that exists are kept. InputError when the folder cannot be written.
    """
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            # A device or a pipe is written to: replaced, /dev/null would be a file for all.
            target.write_bytes(content)
            return
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        descriptor, temporary = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"
        )
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
        temporary = None
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

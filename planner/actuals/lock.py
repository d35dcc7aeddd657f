"""One import into a store at a time; the lock ends with the process, however it ends."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from planner.errors import InputError

__all__ = ["locked"]


@contextmanager
def locked(store: Path) -> Generator[None]:
    """Hold the store's lock; InputError when another import holds it."""
    descriptor = os.open(store / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _taken(descriptor):
            raise InputError(
                f"{store}: another import into this store is running; wait for it, or use another "
                "--store"
            )
        yield
    finally:
        # The system gives the lock back with the descriptor.
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return _taken_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _taken_on_windows(descriptor: int) -> bool:
    import importlib

    msvcrt = importlib.import_module("msvcrt")
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True

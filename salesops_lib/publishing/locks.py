"""Locks between batches that write into the same reports folder at the same time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows has none; there every file still appears whole.
    fcntl = None

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Block that one process at a time runs, on any machine that sees the file.

    The system gives the lock back when a process ends, however it ends, so no
    lock is ever stale. Where the file system has no locks, the block runs without.

    Parameters
    ----------
    path : Path
        Lock file; it is there only while somebody holds the lock. Missing folders
        above it are made.
    """
    file = _held(path) if fcntl is not None else None
    try:
        yield
    finally:
        if file is not None:
            # Gone before it is given back: whoever waits for it sees that, and begins anew.
            path.unlink(missing_ok=True)
            os.close(file)


def _held(path: Path) -> int | None:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            return None
        except BaseException:
            os.close(file)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)

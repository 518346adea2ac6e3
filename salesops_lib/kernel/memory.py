"""Memory of a kernel: its peak, and the limit that ends it.

What counts is resident memory (VmHWM, the most that was ever resident), pages
that are shared with the kernel server included: so the same notebook fits the
same limit, whether its kernel is warm or not. A limit on address space would
count what is only reserved; DuckDB, Arrow and each thread reserve much.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from pathlib import Path
from threading import Event, Thread

__all__ = ["MemoryWatch", "peak_memory"]

_INTERVAL = 0.05
_KIBIBYTE = 1024


def peak_memory(pid: int) -> int | None:
    """Most memory that a running process has ever had resident.

    Parameters
    ----------
    pid : int
        Process.

    Returns
    -------
    int or None
        Bytes; None when it has ended, or where the system has no ``/proc``.

    Examples
    --------
    >>> import os, sys
    >>> (peak_memory(os.getpid()) or 1) > 0
    True
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIBIBYTE
    return None


class MemoryWatch:
    """Thread that follows the peak memory of a kernel, and ends one that exceeds its limit.

    A kernel may pass the limit by what it allocates within a twentieth of a second.

    Parameters
    ----------
    pid : int
        The kernel: leader of its process group.
    limit : int
        Bytes; 0 for no limit.
    """

    def __init__(self, pid: int, limit: int = 0) -> None:
        self.pid = pid
        self.limit = limit
        self.peak: int | None = None
        self.exceeded = False
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        # It may have ended already, or the system may be an old one.
        with contextlib.suppress(OSError, AttributeError):
            handle = os.pidfd_open(self.pid)
            self._thread = Thread(target=self._watch, args=(handle,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, handle: int) -> None:
        try:
            ended = select.poll()
            ended.register(handle, select.POLLIN)
            while not self._stopped.wait(_INTERVAL):
                # Once the process has ended, its number may be another's.
                if ended.poll(0):
                    return
                self.peak = peak_memory(self.pid) or self.peak
                if self.limit and self.peak is not None and self.peak > self.limit:
                    self.exceeded = True
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self.pid, signal.SIGKILL)
                    return
        finally:
            os.close(handle)

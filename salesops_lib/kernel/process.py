"""A kernel that is the kernel server's child, as its client sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from typing import Any

__all__ = ["WarmProcess"]


class WarmProcess:
    """What jupyter_client expects of a `subprocess.Popen`, for a process that is not our child.

    The server, whose child it is, tells exit code and peak memory through the
    connection. Closing the connection ends the kernel.

    Parameters
    ----------
    pid : int
        Process, and leader of its process group.
    connection : socket
        Connection to the server; it belongs to this object from now on.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.peak_memory: int | None = None
        self._connection = connection
        self._connection.setblocking(False)
        self._received = b""

    def poll(self) -> int | None:
        """Exit code, or None while the process runs."""
        if self.returncode is None:
            self._read()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Exit code, once the process has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            It has not ended in time.
        """
        while (code := self.poll()) is None:
            readable = select.poll()
            readable.register(self._connection, select.POLLIN)
            if not readable.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _read(self) -> None:
        try:
            part = self._connection.recv(1 << 12)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self._received += part
        if self._received.endswith(b"\n"):
            end: dict[str, Any] = json.loads(self._received)
            self.returncode, self.peak_memory = end["returncode"], end["peak"]
        elif not part:
            # The server has ended; the system kills its children then.
            self.returncode = -signal.SIGKILL
        if self.returncode is not None:
            self._connection.close()

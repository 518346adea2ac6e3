"""Requests to a kernel server, and its answers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salesops_lib.kernel.process import WarmProcess

__all__ = ["LOG", "asked"]

LOG = "log"
"""File beside a server's socket that it writes its complaints to."""


async def asked(
    address: str, request: Mapping[str, Any], streams: Sequence[int], timeout: float
) -> tuple[WarmProcess | None, dict[str, Any]]:
    """Kernel that a server has forked, if it has; and its answer."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address)
        answer = await asyncio.wait_for(_answer(connection, request, streams), timeout)
    except (OSError, ValueError) as error:
        connection.close()
        reason = str(error) or "not in time"
        return None, {
            "unusable": f"the kernel server gave no answer: {reason}{_last_words(address)}"
        }
    except BaseException:
        connection.close()
        raise
    if "pid" in answer:
        return WarmProcess(answer["pid"], connection), answer
    connection.close()
    return None, answer


def _last_words(address: str) -> str:
    """Last line that a server has written."""
    try:
        lines = Path(address).with_name(LOG).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return f" ({lines[-1]})" if lines else ""


async def _answer(
    connection: socket.socket, request: Mapping[str, Any], streams: Sequence[int]
) -> dict[str, Any]:
    text = json.dumps(request).encode() + b"\n"
    connection.setblocking(False)
    sent = socket.send_fds(connection, [text], list(streams))
    loop = asyncio.get_running_loop()
    # A server may answer and leave at once; then even sending nothing more would fail.
    if text[sent:]:
        await loop.sock_sendall(connection, text[sent:])
    received = b""
    # Not a byte more than the first line: the next one is for the process.
    while not received.endswith(b"\n"):
        part = await loop.sock_recv(connection, 1)
        if not part:
            raise ConnectionError("it has ended")
        received += part
    answer: dict[str, Any] = json.loads(received)
    return answer

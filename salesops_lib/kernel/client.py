"""Kernel manager and client of a batch: ready at once, and with no port to fight for."""

from __future__ import annotations

import os
import shutil
import time
import weakref
from collections.abc import Callable
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from traitlets import DottedObjectName, Type

from salesops_lib.kernel.folders import private_folder
from salesops_lib.kernel.recipe import ADDRESS

__all__ = ["PromptClient", "PromptManager"]

_REPLY_WAIT = 1.0
_SHORTEST_SILENCE, _LONGEST_SILENCE = 0.01, 0.2


class PromptClient(AsyncKernelClient):
    """Client that waits for its kernel's word, where others wait for its silence.

    jupyter_client takes a kernel for ready once it has said nothing for 0.2
    seconds. A kernel says itself when it is idle after a request; until then
    all earlier messages have arrived too, because they keep their order.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and its outputs are heard.

        Parameters
        ----------
        timeout : float, optional
            Seconds. Default: for ever.

        Raises
        ------
        RuntimeError
            The kernel has died, or did not answer in time.
        """
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        silence = _SHORTEST_SILENCE
        while True:
            request = self.kernel_info()
            try:
                reply = await self.shell_channel.get_msg(timeout=_REPLY_WAIT)
            except Empty:
                reply = {}
            is_answer = reply.get("msg_type") == "kernel_info_reply"
            if is_answer and await self._is_idle_after(request, silence):
                self._handle_kernel_info_reply(reply)
                return
            # The outputs are heard a moment after the answers: asked again, soon at first.
            silence = min(2 * silence, _LONGEST_SILENCE)
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _is_idle_after(self, request: str, silence: float) -> bool:
        """Whether the kernel says that it is; not while its outputs are not yet heard."""
        while True:
            try:
                message: dict[str, Any] = await self.iopub_channel.get_msg(timeout=silence)
            except Empty:
                return False
            is_status = message["msg_type"] == "status"
            is_ours = message["parent_header"].get("msg_id") == request
            if is_status and is_ours and message["content"]["execution_state"] == "idle":
                return True


class PromptManager(AsyncKernelManager):
    """Kernel manager whose clients are `PromptClient`.

    Kernel and client talk through sockets in a folder that only this user may
    enter. Ports, which others use, are chosen long before the kernel takes them:
    of many kernels that start at once, some would find theirs taken. Where there
    are no such sockets, messages are encrypted if they can be: they hold pay and names.
    """

    client_class = DottedObjectName(f"{__name__}.PromptClient")
    client_factory = Type(PromptClient, klass=AsyncKernelClient)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._without_folder: Callable[..., Any] = lambda: None
        if zmq.has("ipc"):
            folder = private_folder("kernel-5", os.environ.get(ADDRESS, ""))
            self._without_folder = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self.transport = "ipc"
            self.ip = str(folder / "kernel")
            self.connection_file = f"{self.ip}.json"
        elif zmq.has("curve"):
            self.transport_encryption = "auto"

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if not restart:
            self._without_folder()

    cleanup_resources = _async_cleanup_resources

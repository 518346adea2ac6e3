"""The kernel provisioner: a warm kernel where that is possible, else a normal one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Float, Integer, List, Unicode

from salesops_lib.kernel import KERNEL_NAME
from salesops_lib.kernel.exits import KernelExit, announce
from salesops_lib.kernel.library import Library
from salesops_lib.kernel.memory import MemoryWatch
from salesops_lib.kernel.process import WarmProcess
from salesops_lib.kernel.recipe import (
    PRELOAD,
    Recipe,
    arguments_of,
    kernel_environment,
    obstacle,
)
from salesops_lib.kernel.server import NoServerError, forked_kernel

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo

__all__ = ["KERNEL_NAME", "WarmProvisioner"]

_HISTORY = "--HistoryManager.hist_file"
_POLL_INTERVAL = 0.005
_POLLS = 20


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a server that has imported the packages.

    Below the kernel manager, so that papermill, nbval and JupyterLab have the
    same kernels. Options may stand in the kernelspec or in a traitlets
    configuration, such as ``Config({"WarmProvisioner": {"memory_limit": 2 << 30}})``.
    """

    warm = Bool(True, help="Whether to fork kernels at all.").tag(config=True)
    memory_limit = Integer(0, min=0, help="Most resident memory, in bytes; 0: no limit.").tag(
        config=True
    )
    preload = List(Unicode(), list(PRELOAD), help="Modules that the server imports.").tag(
        config=True
    )
    library = List(
        Unicode(),
        help="Modules of the library that kernels start with; later edits are unseen.",
    ).tag(config=True)
    start_timeout = Float(
        60.0, help="Seconds to wait for the server, which imports its packages first."
    ).tag(config=True)

    process: Any = None
    _watch: MemoryWatch | None = None
    _requested = False
    _recorded = False

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Options of the launch, with the environment that warm and normal kernels share."""
        given = kwargs.get("extra_arguments")
        if given is not None and not any(part.startswith(_HISTORY) for part in given):
            # nbclient keeps runs out of the user's history, but only of kernels named python3.
            kwargs["extra_arguments"] = [*given, f"{_HISTORY}=:memory:"]
        options: dict[str, Any] = await super().pre_launch(**kwargs)
        options["env"] = kernel_environment(options["env"])
        return options

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel: forked, or with one line in the log a normal one."""
        self.process = await self._forked(cmd, self._scrub_kwargs(kwargs)) if self.warm else None
        if self.process is None:
            await super().launch_kernel(cmd, **kwargs)
        else:
            self.pid = self.pgid = self.process.pid
            self.cwd = kwargs.get("cwd") or Path.cwd()
        self._requested = self._recorded = False
        self._begin_watch()
        return self.connection_info

    async def _forked(self, command: list[str], options: dict[str, Any]) -> WarmProcess | None:
        environment: dict[str, str] = options.pop("env")
        folder = Path(options.pop("cwd", None) or Path.cwd()).absolute()
        reason = obstacle(command, environment, folder, options, self.preload)
        if not reason:
            try:
                with _streams(options) as streams:
                    return await forked_kernel(
                        Recipe.of_kernel(command, environment, tuple(self.preload)),
                        [_program(), *arguments_of(command)],
                        folder,
                        environment,
                        streams,
                        self.start_timeout,
                        self._loaded(folder),
                    )
            except (NoServerError, OSError) as error:
                reason = str(error)
        self.log.warning("Kernel %s is a normal one, not warm: %s.", self.kernel_id, reason)
        return None

    def _loaded(self, folder: Path) -> Library | None:
        if not self.library:
            return None
        found = Library.now(Path(__file__).parents[1], tuple(self.library))
        return None if found.is_hidden_from(folder) else found

    async def wait(self) -> int | None:
        """Exit code, once the kernel has ended."""
        # The base class looks ten times a second, which each report would pay for.
        while await self.poll() is None:
            await asyncio.sleep(_POLL_INTERVAL)
        self._finish()
        return await super().wait()

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and what it has started, while it runs."""
        # A kernel that its server has buried leaves a number that may be another's.
        if not isinstance(self.process, WarmProcess) or self.process.poll() is None:
            await super().send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel."""
        self._requested = self._requested or await self.poll() is None
        await super().kill(restart)
        # The manager looks for the end at once, and then only a tenth of a second later.
        for _ in range(_POLLS):
            if await self.poll() is not None:
                break
            await asyncio.sleep(_POLL_INTERVAL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        self._requested = self._requested or await self.poll() is None
        await super().terminate(restart)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Note that the kernel has been asked to end."""
        self._requested = True
        await super().shutdown_requested(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of what belongs to the kernel."""
        if self.process is not None and await self.poll() is not None:
            self._finish()
        await super().cleanup(restart)

    def _begin_watch(self) -> None:
        # A warm kernel's peak is told by its server, exactly.
        is_warm = isinstance(self.process, WarmProcess)
        if sys.platform == "linux" and (self.memory_limit or not is_warm):
            self._watch = MemoryWatch(self.process.pid, self.memory_limit)
            self._watch.start()

    def _finish(self) -> None:
        """Record how the kernel ended, once."""
        if self.process is None or self._recorded:
            return
        self._recorded = True
        watch, self._watch = self._watch, None
        peaks = [getattr(self.process, "peak_memory", None)]
        if watch is not None:
            watch.stop()
            peaks.append(watch.peak)
        exceeded = watch is not None and watch.exceeded
        announce(
            KernelExit(
                self.kernel_id,
                self.process.pid,
                self.process.returncode,
                warm=isinstance(self.process, WarmProcess),
                requested=self._requested and not exceeded,
                peak_memory=max((peak for peak in peaks if peak is not None), default=None),
                memory_limit=self.memory_limit if exceeded else None,
            )
        )


@contextmanager
def _streams(options: Mapping[str, Any]) -> Iterator[list[int]]:
    """Descriptors of the kernel's standard streams; options as in `subprocess.Popen`."""
    with ExitStack() as stack:
        streams: list[int] = []
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            wanted = options.get(name)
            if wanted == subprocess.PIPE:
                raise NoServerError(f"its {name} is to be a pipe")
            if wanted == subprocess.DEVNULL or (wanted is None and name == "stdin"):
                wanted = stack.enter_context(Path(os.devnull).open("r+b"))
            elif wanted == subprocess.STDOUT:
                wanted = streams[1]
            elif wanted is None:
                wanted = number
            streams.append(wanted if isinstance(wanted, int) else wanted.fileno())
        yield streams


def _program() -> str:
    """File of the program that a normal kernel runs; notebooks see it in ``sys.argv``."""
    found = find_spec("ipykernel_launcher")
    return str(found.origin) if found else "ipykernel_launcher"

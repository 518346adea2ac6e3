"""The kernel server, from outside: started, asked for kernels, ended.

A process starts a server with its first kernel and shares it among all kernels
after that. Worker processes share their parent's when it has announced one
(`shared_server`). Nobody else can reach it: its socket is in a folder that only
its user may enter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import SalesOpsError
from salesops_lib.kernel.folders import private_folder
from salesops_lib.kernel.recipe import ADDRESS, PRELOAD, Recipe, obstacle
from salesops_lib.kernel.request import LOG, asked
from salesops_lib.kernel.zygote import READY

if TYPE_CHECKING:
    from salesops_lib.kernel.library import Library
    from salesops_lib.kernel.process import WarmProcess

__all__ = ["KernelServer", "NoServerError", "forked_kernel", "server_status", "shared_server"]

_PROGRAM = Path(__file__).with_name("zygote.py")
_SPEC = Path(__file__).with_name("kernelspec") / "kernel.json"
_BACKLOG = 512
_END_TIMEOUT = 2.0
_STATUS_TIMEOUT = 60.0
_TRIES = 2
_log = logging.getLogger(__name__)


class NoServerError(SalesOpsError):
    """No kernel could be forked; the sentence says why."""


class KernelServer:
    """A server process that this process has started.

    It is of use at once: requests wait until it has imported its packages.

    Parameters
    ----------
    recipe : Recipe
        What it is made of.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.key = recipe.key
        self._owner = os.getpid()
        self._folder = private_folder("socket")
        self.address = str(self._folder / "socket")
        lease, self._lease = os.pipe()
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.address)
                listener.listen(_BACKLOG)
                self._process = self._started(recipe, listener.fileno(), lease)
        except BaseException:
            os.close(self._lease)
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            os.close(lease)

    def _started(self, recipe: Recipe, listener: int, lease: int) -> subprocess.Popen[bytes]:
        given = {
            "listener": listener,
            "lease": lease,
            "key": recipe.key,
            "folder": str(self._folder),
            "modules": recipe.preload,
        }
        with (self._folder / LOG).open("wb") as log:
            return subprocess.Popen(  # noqa: S603 (our own program)
                [*recipe.interpreter, str(_PROGRAM), json.dumps(given)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=recipe.server_environment,
                pass_fds=(listener, lease),
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        """Whether the server still serves; in a fork of its owner, whether it may."""
        return self._owner != os.getpid() or self._process.poll() is None

    def retire(self) -> None:
        """Take no more requests; the server ends with the last kernel that it has forked."""
        if self._owner == os.getpid():
            with contextlib.suppress(OSError):
                os.write(self._lease, b"r")

    def close(self) -> None:
        """End the server and all kernels that it has forked."""
        if self._owner != os.getpid() or self._lease < 0:
            return
        os.close(self._lease)
        self._lease = -1
        if not (self._folder / READY).exists():
            # It still imports, and has no kernel: nothing to wait for.
            self._process.kill()
        try:
            self._process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Servers:
    """The server of this process, and those before it whose kernels may still run."""

    def __init__(self) -> None:
        self._current: KernelServer | None = None
        self._retired: list[KernelServer] = []
        self._unusable: set[str] = set()
        self._failures = 0
        self._lock = RLock()

    def addresses(self, recipe: Recipe) -> Iterator[str]:
        """Where to ask for a kernel: at the parent's server, then at our own."""
        announced = os.environ.get(ADDRESS, "")
        if announced and announced not in self._unusable:
            yield announced
        yield self.own(recipe).address

    def own(self, recipe: Recipe) -> KernelServer:
        """Server of this process, started when there is none for this recipe."""
        with self._lock:
            if self._current and not (self._current.key == recipe.key and self._current.is_alive):
                self._retire()
            self._sweep()
            if self._current is None:
                if self._failures >= _TRIES:
                    raise NoServerError("the kernel server has failed before")
                self._current = KernelServer(recipe)
            return self._current

    def failed(self, address: str) -> None:
        """Do without a server that does not work; kernels that it has forked live on."""
        with self._lock:
            self._unusable.add(address)
            if self._current is not None and self._current.address == address:
                self._failures += 1
                self._retire()

    def worked(self) -> None:
        """Forget failures of long ago."""
        self._failures = 0

    def close(self) -> None:
        """End all servers of this process."""
        with self._lock:
            if self._current is not None:
                self._retire()
            for server in self._retired:
                server.close()
            self._retired = []

    def _retire(self) -> None:
        if self._current is not None:
            self._current.retire()
            self._retired.append(self._current)
        self._current = None

    def _sweep(self) -> None:
        for server in [server for server in self._retired if not server.is_alive]:
            server.close()
            self._retired.remove(server)


_servers = _Servers()
atexit.register(_servers.close)


async def forked_kernel(
    recipe: Recipe,
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    streams: Sequence[int],
    timeout: float,
    library: Library | None = None,
) -> WarmProcess:
    """Kernel forked from a server.

    Parameters
    ----------
    recipe : Recipe
        What the server is made of.
    arguments : sequence of str
        Command line of the kernel's program, its name first.
    folder : Path
        Current folder of the kernel.
    environment : mapping
        Its whole environment.
    streams : sequence of int
        File descriptors of its standard input, output and error.
    timeout : float
        Seconds; the first request waits for the server's imports.
    library : Library, optional
        What the kernel starts with besides packages.

    Returns
    -------
    WarmProcess

    Raises
    ------
    NoServerError
        It could not be forked.
    """
    request = {
        "ask": "kernel",
        "key": recipe.key,
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
    }
    answer: dict[str, Any] = {}
    for address in _servers.addresses(recipe):
        if library is not None:
            wish = {**request, "library": asdict(library)}
            kernel, answer = await asked(address, wish, streams, timeout)
            if "redirect" in answer:
                kernel, answer = await asked(answer["redirect"], request, streams, timeout)
            if kernel is not None:
                return kernel
            # A kernel that imports the library itself is as good, only slower.
            _log.info("The library is not loaded beforehand: %s.", answer)
        kernel, answer = await asked(address, request, streams, timeout)
        if kernel is not None:
            _servers.worked()
            return kernel
        if "unusable" not in answer:
            break
        _servers.failed(address)
    raise NoServerError(str(answer.get("unusable") or answer.get("failed") or "it ended at once"))


def server_status(recipe: Recipe | None = None) -> dict[str, Any]:
    """What a server has imported, and which kernels it runs.

    Parameters
    ----------
    recipe : Recipe, optional
        Asks this process's own server for it, which is started when need be.
        Default: the one that is announced in the environment.

    Returns
    -------
    dict
        ``pid``, ``kernels`` (process ids), ``missing``, ``failed`` (modules),
        ``threads`` (names of native threads), ``obstacle``, ``seconds`` (of imports).

    Raises
    ------
    OSError
        It does not answer.
    """
    address = os.environ.get(ADDRESS, "") if recipe is None else _servers.own(recipe).address
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_STATUS_TIMEOUT)
        connection.connect(address)
        connection.sendall(json.dumps({"ask": "status"}).encode() + b"\n")
        with connection.makefile("rb") as answer:
            status: dict[str, Any] = json.loads(answer.read())
    return status


@contextmanager
def shared_server(
    environment: Mapping[str, str] | None = None, preload: Sequence[str] = PRELOAD
) -> Iterator[str | None]:
    """Server that this process and the processes it starts share while the block is open.

    It starts to import at once; nobody waits before the first kernel is wanted.

    Parameters
    ----------
    environment : mapping, optional
        What the kernels' environment has besides this process's, such as
        ``PYTHONHASHSEED``: kernels with other settings get a server of their own.
    preload : sequence of str
        Modules that it imports.

    Yields
    ------
    str or None
        Its address; None, after one line in the log, when there can be none.
    """
    if announced := os.environ.get(ADDRESS):
        yield announced
        return
    recipe = Recipe.of_kernel(_command(), {**os.environ, **(environment or {})}, tuple(preload))
    server = _shared(recipe)
    if server is None:
        yield None
        return
    os.environ[ADDRESS] = server.address
    try:
        yield server.address
    finally:
        os.environ.pop(ADDRESS, None)
        server.close()


def _shared(recipe: Recipe) -> KernelServer | None:
    reason = obstacle(_command(), recipe.environment)
    if not reason:
        try:
            return KernelServer(recipe)
        except OSError as error:
            reason = str(error)
    _log.warning("Kernels are normal ones, not warm: %s.", reason)
    return None


def _command() -> list[str]:
    """Command of our own kernelspec, as jupyter_client would start it."""
    command: list[str] = json.loads(_SPEC.read_text(encoding="utf-8"))["argv"]
    return [sys.executable, *command[1:]]

"""The loop of the kernel server: it answers clients, forks, and watches kernels.

The server's program reads this module as a file beside it, so it uses the
standard library alone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

if __package__:
    from salesops_lib.kernel.library import PACKAGE, Library
else:
    from library import PACKAGE, Library  # type: ignore[import-not-found,no-redef]

__all__ = ["Branch", "Forked", "Imports", "Kernel", "Request", "Server", "tell"]

_STREAMS = 3
_REQUEST_TIMEOUT = 10.0
_BACKLOG = 512
_MOST_BRANCHES = 4


@dataclass(frozen=True)
class Imports:
    """What the server has imported, and what that has brought about."""

    missing: tuple[str, ...]  # not installed
    failed: dict[str, str]  # could not be imported, with the reason
    environment: dict[str, str]  # variables that imports have set
    threads: tuple[str, ...]  # native threads
    obstacle: str  # why nothing may be forked
    seconds: float

    @classmethod
    def of(cls, modules: Iterable[str], library: Library | None = None) -> Imports:
        """Import modules by name, those that are installed; our own for a branch only."""
        begun, before = time.monotonic(), dict(os.environ)
        missing: list[str] = []
        failed: dict[str, str] = {}
        gc.disable()
        for name in modules:
            try:
                if importlib.util.find_spec(name.partition(".")[0]) is None:
                    missing.append(name)
                else:
                    importlib.import_module(name)
            except Exception as error:  # noqa: BLE001 (a kernel meets the same, if it wants it)
                failed[name] = f"{type(error).__name__}: {error}"
        gc.enable()
        gc.collect()
        # Objects that no collection visits stay in pages that all kernels share.
        gc.freeze()
        return cls(
            tuple(missing),
            failed,
            {name: value for name, value in os.environ.items() if name not in before},
            _native_threads(),
            _obstacle(library),
            time.monotonic() - begun,
        )


@dataclass(frozen=True)
class Request:
    """What a client wants a kernel to be."""

    arguments: list[str]  # command line, the program's name first
    folder: str
    environment: dict[str, str]  # all of it
    streams: list[int]  # descriptors of standard input, output and error


@dataclass
class Kernel:
    """A running kernel, as its server sees it."""

    pid: int  # process, and its process group
    pidfd: int  # readable once the process has ended
    client: socket.socket | None  # while it is connected

    def kill(self) -> None:
        """End the kernel and all that it has started in its process group."""
        # Before the group is made, and after it has ended, there is none.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)


@dataclass
class Branch:
    """A fork of the server that has imported the library too, and serves in turn."""

    library: Library
    address: str
    pid: int
    pidfd: int  # readable once the process has ended
    lease: int  # pipe that its life hangs on
    retired: bool = False

    def retire(self) -> None:
        """Take no more requests; it ends with its last kernel."""
        self.retired = True
        with contextlib.suppress(OSError):
            os.write(self.lease, b"r")


class Forked(NamedTuple):
    """In a forked kernel: what it shall be, and where to say that it is."""

    server: Server
    request: Request
    client: socket.socket


@dataclass
class Server:
    """Loop that answers clients and watches kernels."""

    listener: socket.socket
    lease: int  # pipe that the parent holds: a byte retires the server, its end ends it
    key: str  # requests with another one are refused
    imports: Imports
    library: Library | None = None  # in a branch: what it has imported
    kernels: dict[int, Kernel] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    retired: bool = False
    pid: int = field(default_factory=os.getpid)

    def run(self) -> Forked | None:
        """Serve until the parent ends.

        Returns
        -------
        Forked or None
            In the server: None, at its end.
        """
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.lease, selectors.EVENT_READ)
        while self.kernels or self.branches or not self.retired:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    forked = None if self.retired else self._answer()
                    if forked is not None:
                        return forked
                elif key.fileobj == self.lease:
                    if not os.read(self.lease, 1):
                        self._end()
                        return None
                    self._retire()
                elif isinstance(key.data, Branch):
                    self._bury_branch(key.data)
                elif key.fileobj is key.data.client:
                    self._abandon(key.data)
                else:
                    self._bury(key.data)
        return None

    def _answer(self) -> Forked | None:
        client: socket.socket | None = None
        streams: list[int] = []
        try:
            client, _ = self.listener.accept()
            client.settimeout(_REQUEST_TIMEOUT)
            wish = _received(client, streams)
            if wish.get("ask") == "status":
                tell(client, self._status())
            elif refusal := self._refusal(wish, streams):
                tell(client, {"unusable": refusal})
            elif self.library is None and wish.get("library"):
                library = Library.of_request(wish["library"])
                branch = self._branch_of(library) or self._grow(library, client, streams)
                if isinstance(branch, Forked):
                    return branch
                tell(client, {"redirect": branch.address})
            else:
                request = Request(wish["arguments"], wish["folder"], wish["environment"], streams)
                pid = _fork()
                if not pid:
                    return Forked(self, request, client)
                self._watch(pid, client)
                client = None
        except (OSError, ValueError, KeyError, TypeError) as error:
            if client is not None:
                tell(client, {"failed": f"{type(error).__name__}: {error}"})
        for stream in streams:
            os.close(stream)
        if client is not None:
            client.close()
        return None

    def _refusal(self, wish: dict[str, Any], streams: list[int]) -> str:
        if wish["key"] != self.key:
            return "the kernel server was started for other packages or settings"
        if len(streams) != _STREAMS:
            return "a request comes with three standard streams"
        return self.imports.obstacle

    def _branch_of(self, library: Library) -> Branch | None:
        serving = [branch for branch in self.branches if not branch.retired]
        return next((branch for branch in serving if branch.library == library), None)

    def _grow(self, library: Library, client: socket.socket, streams: list[int]) -> Branch | Forked:
        """Fork a server that imports the library; what earlier ones hold has been edited."""
        address = f"{self.listener.getsockname()}-{len(self.branches)}-{time.monotonic_ns()}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(_BACKLOG)
        lease, held = os.pipe()
        pid = _fork()
        if not pid:
            client.close()
            for descriptor in (*streams, held):
                os.close(descriptor)
            return self._become_branch(library, listener, lease)
        listener.close()
        os.close(lease)
        try:
            branch = Branch(library, address, pid, os.pidfd_open(pid), held)
        except OSError:
            # Out of descriptors: what cannot be watched must not live.
            os.close(held)
            os.waitpid(pid, 0)
            raise
        self.branches.append(branch)
        serving = [branch for branch in self.branches if not branch.retired]
        for old in serving[:-_MOST_BRANCHES]:
            old.retire()
        self.selector.register(branch.pidfd, selectors.EVENT_READ, branch)
        return branch

    def _become_branch(self, library: Library, listener: socket.socket, lease: int) -> Forked:
        """In a branch: serve, until it ends or is a forked kernel itself."""
        self.leave()
        imports = Imports.of(library.modules, library)
        environment = {**self.imports.environment, **imports.environment}
        listener.setblocking(False)
        forked = Server(
            listener, lease, self.key, replace(imports, environment=environment), library
        ).run()
        if forked is None:
            os._exit(0)
        return forked

    def _bury_branch(self, branch: Branch) -> None:
        os.waitpid(branch.pid, 0)
        self.selector.unregister(branch.pidfd)
        os.close(branch.pidfd)
        os.close(branch.lease)
        self.branches.remove(branch)
        Path(branch.address).unlink(missing_ok=True)

    def _status(self) -> dict[str, Any]:
        return {
            "pid": self.pid,
            "kernels": sorted(self.kernels),
            "missing": self.imports.missing,
            "failed": self.imports.failed,
            "threads": self.imports.threads,
            "obstacle": self.imports.obstacle,
            "seconds": self.imports.seconds,
        }

    def _watch(self, pid: int, client: socket.socket) -> None:
        try:
            kernel = Kernel(pid, os.pidfd_open(pid), client)
        except OSError:
            # Out of descriptors: what cannot be watched must not live.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self.kernels[pid] = kernel
        self.selector.register(kernel.pidfd, selectors.EVENT_READ, kernel)
        self.selector.register(client, selectors.EVENT_READ, kernel)

    def _abandon(self, kernel: Kernel) -> None:
        """End a kernel whose client has gone."""
        if kernel.client is not None:
            self.selector.unregister(kernel.client)
            kernel.client.close()
            kernel.client = None
            kernel.kill()

    def _bury(self, kernel: Kernel) -> None:
        """Tell the client how its kernel ended."""
        if kernel.pid not in self.kernels:
            return
        # While the dead process waits for us, its number and its group are not given away.
        os.waitid(os.P_PID, kernel.pid, os.WEXITED | os.WNOWAIT)
        kernel.kill()
        _, status, usage = os.wait4(kernel.pid, 0)
        self.selector.unregister(kernel.pidfd)
        os.close(kernel.pidfd)
        del self.kernels[kernel.pid]
        if kernel.client is not None:
            end = {"returncode": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss * 1024}
            tell(kernel.client, end)
            self.selector.unregister(kernel.client)
            kernel.client.close()
            kernel.client = None

    def _retire(self) -> None:
        """Take no more requests; end with the last kernel."""
        if not self.retired:
            self.retired = True
            self.selector.unregister(self.listener)
            self.listener.close()
            for branch in self.branches:
                branch.retire()

    def _end(self) -> None:
        for branch in self.branches:
            # First all of them, then the wait for each.
            os.close(branch.lease)
        for branch in self.branches:
            os.waitpid(branch.pid, 0)
        for kernel in list(self.kernels.values()):
            kernel.kill()
            self._bury(kernel)

    def leave(self) -> None:
        """In a forked kernel: let go of what is the server's."""
        self.selector.close()
        self.listener.close()
        os.close(self.lease)
        for branch in self.branches:
            os.close(branch.pidfd)
            os.close(branch.lease)
        for kernel in self.kernels.values():
            os.close(kernel.pidfd)
            if kernel.client is not None:
                kernel.client.close()


def _received(client: socket.socket, streams: list[int]) -> dict[str, Any]:
    """Request of a client, and its streams."""
    text, received, _, _ = socket.recv_fds(client, 1 << 16, _STREAMS)
    streams.extend(received)
    parts = [text]
    while parts[-1] and not parts[-1].endswith(b"\n"):
        parts.append(client.recv(1 << 20))
    wish = json.loads(b"".join(parts))
    if not isinstance(wish, dict):
        raise TypeError("a request is a JSON object")
    return wish


def tell(client: socket.socket, message: dict[str, Any]) -> None:
    """Answer a client."""
    # Whoever has gone need not be told.
    with contextlib.suppress(OSError):
        client.sendall(json.dumps(message).encode() + b"\n")


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python warns of native threads; `Imports.threads` says which there are.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _native_threads() -> tuple[str, ...]:
    tasks = sorted(Path("/proc/self/task").iterdir())
    return tuple((task / "comm").read_text(encoding="utf-8").strip() for task in tasks)


def _obstacle(library: Library | None) -> str:
    others = [thread.name for thread in threading.enumerate()]
    if len(others) > 1:
        return f"an imported package has started threads: {', '.join(others[1:])}"
    if library is not None:
        return library.obstacle()
    if any(name.partition(".")[0] == PACKAGE for name in sys.modules):
        return "an imported package has imported salesops_lib, whose edits kernels must see"
    return ""

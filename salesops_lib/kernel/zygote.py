"""The kernel server's program: imports packages once, then forks a kernel for each request.

It runs as a script in a process of its own, not as a module of this package:
whatever it imports, every kernel inherits, and kernels must import
`salesops_lib` afresh. So it uses the standard library alone, and computes nothing.

A client connects to the server's socket, sends one line of JSON together with
the three standard streams, and reads lines of JSON: first the kernel's process
id, written by the kernel itself once it is set up; at the end its exit code and
peak memory. A kernel lives no longer than its client's connection, the server
no longer than the pipe that its parent holds.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Started as a script, Python would import from this folder first.
    del sys.path[0]

import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import selectors
import shutil
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Imports", "Kernel", "Request", "Server", "main"]

_STREAMS = 3
_REQUEST_TIMEOUT = 10.0
_PR_SET_PDEATHSIG = 1
_INLINE = "module://matplotlib_inline.backend_inline"


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
    def of(cls, modules: Iterable[str]) -> Imports:
        """Import modules by name, those that are installed."""
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
            _obstacle(),
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
class Server:
    """Loop that answers clients and watches kernels."""

    listener: socket.socket
    lease: int  # pipe that the parent holds: a byte retires the server, its end ends it
    key: str  # requests with another one are refused
    imports: Imports
    kernels: dict[int, Kernel] = field(default_factory=dict)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    retired: bool = False
    pid: int = field(default_factory=os.getpid)

    def run(self) -> tuple[Request, socket.socket] | None:
        """Serve until the parent ends.

        Returns
        -------
        tuple of Request and socket, or None
            In a forked kernel: what it shall be, and where to say that it is.
            In the server: None, at its end.
        """
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.lease, selectors.EVENT_READ)
        while self.kernels or not self.retired:
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
                elif key.fileobj is key.data.client:
                    self._abandon(key.data)
                else:
                    self._bury(key.data)
        return None

    def _answer(self) -> tuple[Request, socket.socket] | None:
        client: socket.socket | None = None
        streams: list[int] = []
        try:
            client, _ = self.listener.accept()
            client.settimeout(_REQUEST_TIMEOUT)
            wish = _received(client, streams)
            if wish.get("ask") == "status":
                _tell(client, self._status())
            elif refusal := self._refusal(wish, streams):
                _tell(client, {"unusable": refusal})
            else:
                request = Request(wish["arguments"], wish["folder"], wish["environment"], streams)
                pid = _fork()
                if not pid:
                    return request, client
                self._watch(pid, client)
                client = None
        except (OSError, ValueError, KeyError, TypeError) as error:
            if client is not None:
                _tell(client, {"failed": f"{type(error).__name__}: {error}"})
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
            _tell(kernel.client, end)
            self.selector.unregister(kernel.client)
            kernel.client.close()
            kernel.client = None

    def _retire(self) -> None:
        """Take no more requests; end with the last kernel."""
        if not self.retired:
            self.retired = True
            self.selector.unregister(self.listener)
            self.listener.close()

    def _end(self) -> None:
        for kernel in list(self.kernels.values()):
            kernel.kill()
            self._bury(kernel)

    def leave(self) -> None:
        """In a forked kernel: let go of what is the server's."""
        self.selector.close()
        self.listener.close()
        os.close(self.lease)
        for kernel in self.kernels.values():
            os.close(kernel.pidfd)
            if kernel.client is not None:
                kernel.client.close()


def main(arguments: list[str]) -> None:
    """Serve; in a forked kernel, become that kernel. The one argument is JSON."""
    given = json.loads(arguments[0])
    # The terminal's Ctrl-C is for the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imports = Imports.of(given["modules"])
    listener = socket.socket(fileno=given["listener"])
    listener.setblocking(False)
    server = Server(listener, given["lease"], given["key"], imports)
    forked = server.run()
    if forked is None:
        atexit._run_exitfuncs()
        shutil.rmtree(given["folder"], ignore_errors=True)
        os._exit(0)
    _become(server, *forked)


def _become(server: Server, request: Request, client: socket.socket) -> None:
    """Turn a fresh fork into a kernel, as if it had been started from the command line."""
    try:
        server.leave()
        # A folder that an import has made is the server's to remove.
        atexit.unregister(shutil.rmtree)
        _settle(request, server)
        from ipykernel.kernelapp import IPKernelApp

        # Read from the environment when the class was made, which was in the server.
        app: Any = IPKernelApp.instance(parent_handle=server.pid)
        app.initialize(request.arguments[1:])
        _integrate_charts(app.shell)
        _tell(client, {"pid": os.getpid()})
        client.close()
    except BaseException as error:  # noqa: BLE001 (the client starts a normal kernel instead)
        _tell(client, {"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)
    app.start()
    _end_kernel()


def _end_kernel() -> None:
    """End a kernel as Python ends, but for taking apart the modules that the server owns too.

    That would copy every page they share, a second's work for nothing.
    """
    python: Any = threading
    python._shutdown()
    # Among these, IPython's clears the notebook's names, so that its files are closed.
    atexit._run_exitfuncs()
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _settle(request: Request, server: Server) -> None:
    os.setsid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "the kernel could not be tied to its server")
    if os.getppid() != server.pid:
        raise OSError("the server has ended")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(server.imports.environment)
    os.environ.update(request.environment)
    os.environ["JPY_PARENT_PID"] = str(server.pid)
    sys.argv = list(request.arguments)
    importlib.invalidate_caches()
    # Python itself seeds `random` anew after a fork.
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "multiprocessing.process" in sys.modules:
        process = sys.modules["multiprocessing.process"].current_process()
        process.authkey = os.urandom(32)


def _integrate_charts(shell: Any) -> None:
    """Show figures below their cell: pyplot sets this up on import, if there is a shell then."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    if sys.modules["matplotlib"].get_backend(auto_select=False) != _INLINE:
        return
    from IPython.core.pylabtools import activate_matplotlib

    activate_matplotlib(_INLINE)
    inline: Any = sys.modules["matplotlib_inline.backend_inline"]
    inline.configure_inline_support(shell, _INLINE)


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


def _tell(client: socket.socket, message: dict[str, Any]) -> None:
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


def _obstacle() -> str:
    others = [thread.name for thread in threading.enumerate()]
    if len(others) > 1:
        return f"an imported package has started threads: {', '.join(others[1:])}"
    if any(name.partition(".")[0] == "salesops_lib" for name in sys.modules):
        return "an imported package has imported salesops_lib, whose edits kernels must see"
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])

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

import atexit
import ctypes
import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Started as a script: the folder that Python imports from first is this one. Neither
    # it nor what is taken from it is left for the kernels.
    from forkserver import (  # type: ignore[import-not-found]
        Forked,
        Imports,
        Request,
        Server,
        tell,
    )

    del sys.path[0], sys.modules["forkserver"], sys.modules["library"]
else:
    from salesops_lib.kernel.forkserver import Forked, Imports, Request, Server, tell

__all__ = ["READY", "main"]

READY = "ready"
"""File in the server's folder that says that its imports are done."""

_PR_SET_PDEATHSIG = 1
_INLINE = "module://matplotlib_inline.backend_inline"


def main(arguments: list[str]) -> None:
    """Serve; in a forked kernel, become that kernel. The one argument is JSON."""
    given = json.loads(arguments[0])
    # The terminal's Ctrl-C is for the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imports = Imports.of(given["modules"])
    Path(given["folder"], READY).touch()
    listener = socket.socket(fileno=given["listener"])
    listener.setblocking(False)
    server = Server(listener, given["lease"], given["key"], imports)
    forked = server.run()
    if forked is None:
        atexit._run_exitfuncs()
        shutil.rmtree(given["folder"], ignore_errors=True)
        os._exit(0)
    _become(forked)


def _become(forked: Forked) -> None:
    """Turn a fresh fork into a kernel, as if it had been started from the command line."""
    server, request, client = forked
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
        tell(client, {"pid": os.getpid()})
        client.close()
    except BaseException as error:  # noqa: BLE001 (the client starts a normal kernel instead)
        tell(client, {"failed": f"{type(error).__name__}: {error}"})
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


if __name__ == "__main__":
    main(sys.argv[1:])

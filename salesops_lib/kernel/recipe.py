"""What a kernel server is made of, and when a kernel cannot come from one.

A forked kernel has what its server read when it started: Python's switches, the
variables that packages look at while they are imported, the packages themselves.
All of that is in the recipe's key. A request with another key gets another server;
a request that no server can serve faithfully gets a normal kernel.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

__all__ = ["ADDRESS", "PRELOAD", "Recipe", "arguments_of", "kernel_environment", "obstacle"]

ADDRESS = "SALESOPS_KERNEL_SERVER"
"""Environment variable that names the socket of a parent's server."""

PRELOAD = (
    # The kernel, with what IPython and others import only when it is first wanted.
    *("ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib"),
    *("IPython.core.logger", "IPython.core.magics", "IPython.core.magics.extension"),
    *("IPython.core.oinspect", "IPython.core.pylabtools", "IPython.extensions.autoreload"),
    *("IPython.extensions.storemagic", "bdb", "matplotlib_inline.backend_inline", "stack_data"),
    *("pygments.formatters.terminal256", "sqlite3", "tornado.platform.asyncio", "ipywidgets"),
    # Data.
    *("numpy", "pandas", "pandas.io.formats.html", "pyarrow.parquet", "pyarrow.pandas_compat"),
    *("pyarrow.acero", "pyarrow.dataset", "pandas.core.methods.to_dict"),
    *("pandas.io.formats.string", "duckdb", "ibis", "ibis.backends.duckdb"),
    *("ibis.backends.duckdb.converter", "ibis.expr.types.groupby", "ibis.formats.pandas"),
    # Statistics, charts, text.
    *("scipy.stats", "matplotlib.pyplot", "seaborn"),
    *("PIL.PngImagePlugin", "PIL.JpegImagePlugin", "jinja2", "babel.dates", "babel.lists"),
    *("babel.numbers", "pydantic.main", "pydantic.json_schema", "pydantic.types", "ruamel.yaml"),
)
"""Modules that the server imports: third parties', never our own."""

_THREADS = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# Variables that Python or a package reads once, when it starts. Not those that packages
# set for themselves: they differ between processes that want the same kernels.
_READ_AT_START = (
    *("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LANG", "LC_", "TZ", "HOME", "XDG_"),
    *("TMP", "TEMP", "MPL", "MATPLOTLIB", "NPY_", "NUMPY_", "PANDAS_", "ARROW_"),
    *("SCIPY_", "SKLEARN_", "JOBLIB_", "OMP_", "OPENBLAS_", "MKL_", "IBIS_", "BABEL_"),
)
_INLINE = "module://matplotlib_inline.backend_inline"
_PROGRAM_FILES = ("zygote.py", "forkserver.py", "library.py")
_PROGRAM = ["-m", "ipykernel_launcher"]
_LOCK = Path(__file__).parents[2] / "requirements.lock"


@dataclass(frozen=True)
class Recipe:
    """What a server is made of.

    Parameters
    ----------
    interpreter : tuple of str
        Python and its switches.
    environment : mapping
        Environment that it starts with.
    preload : tuple of str
        Modules that it imports.
    """

    interpreter: tuple[str, ...]
    environment: Mapping[str, str]
    preload: tuple[str, ...] = PRELOAD

    @classmethod
    def of_kernel(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        preload: tuple[str, ...] = PRELOAD,
    ) -> Recipe:
        """Recipe for a kernel, from the command and environment of a normal one."""
        return cls(
            tuple(command[: _program_place(command)]), kernel_environment(environment), preload
        )

    @cached_property
    def key(self) -> str:
        """Hash of all that a forked kernel inherits from its server."""
        read = {
            name: value
            for name, value in self.environment.items()
            if name.startswith(_READ_AT_START) and name != "MPLBACKEND"
        }
        packages = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
        parts = [
            self.interpreter,
            sorted(read.items()),
            self.preload,
            # An installation touches the folder that packages are in.
            [(path, _modified(Path(path))) for path in sorted(packages)],
            _modified(Path(sys.executable)),
            _digest(_LOCK),
            *(_digest(Path(__file__).with_name(name)) for name in _PROGRAM_FILES),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def server_environment(self) -> dict[str, str]:
        """Environment of the server: charts must know where they are shown before pyplot loads."""
        return {**self.environment, "MPLBACKEND": _INLINE}


def kernel_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment that a kernel gets, warm or not.

    Numeric libraries have one thread each unless the environment says otherwise:
    reports run side by side, and a sum over several threads depends on their number.

    Parameters
    ----------
    environment : mapping
        What jupyter_client would give it.

    Returns
    -------
    dict

    Examples
    --------
    >>> environment = kernel_environment({"OMP_NUM_THREADS": "4"})
    >>> environment["OMP_NUM_THREADS"], environment["OPENBLAS_NUM_THREADS"]
    ('4', '1')
    """
    result = {**dict.fromkeys(_THREADS, "1"), **environment}
    # The one confuses Python, the other would let a notebook reach the server.
    for name in ("PYTHONEXECUTABLE", ADDRESS):
        result.pop(name, None)
    return result


def obstacle(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None = None,
    options: Mapping[str, Any] | None = None,
    preload: Sequence[str] = PRELOAD,
) -> str:
    """Why a kernel must be a normal one; empty when it may be forked.

    Parameters
    ----------
    command : sequence of str
        Command that a normal kernel is started by.
    environment : mapping
        Environment of the kernel.
    folder : Path, optional
        Current folder of the kernel.
    options : mapping, optional
        Further options of `subprocess.Popen`.
    preload : sequence of str
        Modules that the server imports.

    Returns
    -------
    str
        A reason to log.
    """
    return (
        _system_obstacle()
        or _command_obstacle(command, options or {})
        or _environment_obstacle(environment)
        or (_folder_obstacle(folder, preload) if folder else "")
    )


def arguments_of(command: Sequence[str]) -> list[str]:
    """Arguments of the kernel's program, from a command that `obstacle` has nothing against.

    Examples
    --------
    >>> arguments_of(["python", "-Xdev", "-m", "ipykernel_launcher", "-f", "x.json"])
    ['-f', 'x.json']
    """
    return list(command[_program_place(command) + len(_PROGRAM) :])


def _program_place(command: Sequence[str]) -> int:
    places = range(1, len(command) - 1)
    return next((n for n in places if list(command[n : n + 2]) == _PROGRAM), 0)


def _system_obstacle() -> str:
    if sys.platform == "linux":
        # Old systems and strict containers do without.
        with contextlib.suppress(OSError, AttributeError):
            os.close(os.pidfd_open(os.getpid()))
            return ""
    return "this system has no fork that is safe here"


def _command_obstacle(command: Sequence[str], options: Mapping[str, Any]) -> str:
    if not _program_place(command) or command[0] != sys.executable:
        return "the kernel is no ipykernel of this Python"
    unknown = options.keys() - {"stdin", "stdout", "stderr"}
    if unknown:
        return f"a forked kernel cannot have the option {sorted(unknown)[0]}"
    return ""


def _environment_obstacle(environment: Mapping[str, str]) -> str:
    for name in _THREADS:
        if environment.get(name, "1") != "1":
            return f"{name} is {environment[name]}, and threads do not survive a fork"
    if environment.get("MPLBACKEND", _INLINE) != _INLINE:
        return f"MPLBACKEND is {environment['MPLBACKEND']}"
    return ""


def _folder_obstacle(folder: Path, preload: Sequence[str]) -> str:
    """Find what a normal kernel would take from its folder instead of from the packages."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted({name.partition(".")[0] for name in preload})
    for name in ["matplotlibrc", *(f"{name}.py" for name in names), *names]:
        # A folder shadows nothing that is installed, unless it is a package.
        place = folder / name
        if place.is_file() or (place / "__init__.py").is_file():
            return f"{place} stands in the kernel's folder"
    return ""


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

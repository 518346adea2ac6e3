"""Tables derived from a snapshot: made once, kept beside it, shared by every kernel.

Building a query costs more than running it, and hundreds of reports of one
quarter ask the same ones. So a table that many need is made for all of them at
once, by whoever is first. It is named by what it was made of: other settings or
other code make another file, and nothing is ever out of date.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["code_digest", "derived_folder", "derived_table"]

_PACKAGE = Path(__file__).parents[1]
_SMALL = 1 << 20


def derived_table(
    snapshot: Snapshot,
    name: str,
    settings: Sequence[Any],
    make: Callable[[], pa.Table],
    module: str,
    scope: str | None = None,
) -> pa.Table:
    """Table that is made once for a snapshot and its settings.

    Parameters
    ----------
    snapshot : Snapshot
        What it is derived from.
    name : str
        What it holds; part of its file's name.
    settings : sequence
        All that it depends on besides the snapshot and the code: JSON values, or
        what `str` tells apart.
    make : callable
        Makes it where it is not there yet.
    module : str
        Module that says how. All code that matters is taken to lie in its package,
        in `data` or on the ground floor.
    scope : str, optional
        Only the rows whose column `scope` holds this.

    Returns
    -------
    pyarrow.Table
        Where the snapshot's folder cannot be written to, or the library has been
        edited since this process loaded it, it is made each time.
    """
    # What is derived for some eyes only must not reach others, nor stand for the whole.
    is_kept = snapshot.whole is snapshot and snapshot.keeps_derived
    code = _code_of(module) if is_kept else ""
    if not code:
        return _of_scope(make(), scope)
    key = json.dumps([name, *settings], default=str, ensure_ascii=False)
    stem = f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    path = snapshot.path / "derived" / "tables" / f"{stem}-{code[:12]}.parquet"
    # A file that a crash of the machine has damaged is made anew.
    with contextlib.suppress(OSError, pa.ArrowException):
        return _kept(path, scope)
    table = make()
    with contextlib.suppress(OSError):
        _keep(table, path, stem)
    return _of_scope(table, scope)


def derived_folder(folder: Path, write: Callable[[Path], None]) -> Path | None:
    """Folder that is made once, and appears whole.

    Parameters
    ----------
    folder : Path
        Where; its name says all that its content depends on.
    write : callable
        Writes the files into the folder that it is given, where there is none yet.

    Returns
    -------
    Path or None
        `folder`; None where it cannot be written to.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=folder.parent))
    except OSError:
        return None
    try:
        write(work)
        work.chmod(0o755)
        # Another kernel may have been first: its folder holds the same bytes.
        if not folder.is_dir():
            os.replace(work, folder)  # noqa: PTH105 (Path.replace refuses nothing less)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def code_digest(*names: str) -> str:
    """Hash of some modules of `data`, for the name of what they make."""
    digest = hashlib.sha256()
    for name in names:
        digest.update((_PACKAGE / "data" / name).read_bytes())
    return digest.hexdigest()


def _kept(path: Path, scope: str | None) -> pa.Table:
    # Reading a part costs more than reading all of a small file.
    if scope is None or path.stat().st_size < _SMALL:
        return _of_scope(pq.ParquetFile(path).read(use_threads=False), scope)
    return pq.read_table(path, filters=[("scope", "=", scope)], partitioning=None)


def _of_scope(table: pa.Table, scope: str | None) -> pa.Table:
    return table if scope is None else table.filter(pc.field("scope") == scope)


def _keep(table: pa.Table, path: Path, stem: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    number, work = tempfile.mkstemp(prefix=".work-", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            pq.write_table(table, file)
        Path(work).chmod(0o644)
        Path(work).replace(path)
    except BaseException:
        Path(work).unlink(missing_ok=True)
        raise
    # What earlier code has made of the same is asked for no more.
    for other in path.parent.glob(f"{stem}-*"):
        if other != path:
            other.unlink(missing_ok=True)


def _code_of(module: str) -> str:
    """Hash of the source that a module's queries run; empty where it is not what is loaded."""
    package = module.split(".")[1:-1][:1]
    folders = {_PACKAGE, _PACKAGE / "data", _PACKAGE.joinpath(*package)}
    files = tuple(sorted(stamp for folder in folders for stamp in _stamps(folder)))
    return _digest_of(files) if _LOADED.issuperset(files) else ""


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    """Path, time of change and size of each module in a folder."""
    with os.scandir(folder) as entries:
        return [
            (entry.path, entry.stat().st_mtime_ns, entry.stat().st_size)
            for entry in entries
            if entry.name.endswith(".py")
        ]


@lru_cache(maxsize=16)
def _digest_of(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _modified, _size in files:
        digest.update(Path(path).relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return digest.hexdigest()


# As the library was when this process loaded it. What is edited after that is not
# what runs here, or only in part.
_LOADED = frozenset(
    stamp
    for folder in (_PACKAGE, *(path.parent for path in _PACKAGE.glob("*/__init__.py")))
    for stamp in _stamps(folder)
)

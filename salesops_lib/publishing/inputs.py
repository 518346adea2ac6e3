"""What a report is made of besides code: notebook, snapshot, environment, files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import re
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from salesops_lib.publishing.files import digest, json_object, values_digest, write_atomically

__all__ = ["Inputs", "NotebookSource", "notebook_source"]

_LOCK = "requirements.lock"
_MANIFEST = "manifest.json"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_LONGEST_NAME = 1024


@dataclass(frozen=True)
class NotebookSource:
    """A notebook's text, as it is stored.

    Parameters
    ----------
    code : tuple of (str, tuple of str)
        Source and tags of each code cell.
    prose : tuple
        All other cells, each with the number of code cells before it; and the title.
    is_readable : bool
        Whether its cells could be found.
    """

    code: tuple[tuple[str, tuple[str, ...]], ...] = ()
    prose: tuple[Any, ...] = ()
    is_readable: bool = True


def notebook_source(content: bytes) -> NotebookSource:
    """Cells of a notebook file, without their outputs.

    It is read as JSON and not by nbformat, which takes half a second to import.

    Parameters
    ----------
    content : bytes
        The file's bytes.

    Returns
    -------
    NotebookSource
    """
    try:
        notebook = json.loads(content)
        code: list[tuple[str, tuple[str, ...]]] = []
        prose: list[Any] = [str(notebook.get("metadata", {}).get("title", ""))]
        for cell in notebook["cells"]:
            source = cell["source"]
            text = source if isinstance(source, str) else "".join(source)
            if cell["cell_type"] == "code":
                tags = cell.get("metadata", {}).get("tags", ())
                code.append((text, tuple(map(str, tags))))
            else:
                prose.append((len(code), cell["cell_type"], text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NotebookSource((), (digest(content),), is_readable=False)
    return NotebookSource(tuple(code), tuple(prose))


class Inputs:
    """Fingerprints of what the reports of one project folder are made of.

    Data files are hashed once: while a file keeps its size and time stamp, the
    hash in ``.cache/tables.json`` stands for its content. Everything is read
    once: make a new one for another look at the disk.

    Parameters
    ----------
    root : Path
        Project folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept_file = root / ".cache" / "tables.json"
        self._kept = json_object(self._kept_file)
        self._is_new = False
        self._snapshots: dict[Path, str] = {}

    @cached_property
    def lock(self) -> str:
        """SHA-256 of the lock file; of nothing where there is none."""
        return digest(self._lock)

    @cached_property
    def environment(self) -> str:
        """Hash of the Python version, and of the versions installed of locked packages."""
        names = {_plain(name) for name in _PINNED.findall(self._lock.decode("utf-8", "replace"))}
        folder = Path(sysconfig.get_paths()["purelib"])
        installed = sorted(path.name for path in folder.glob("*.dist-info"))
        kept = [name for name in installed if not names or _plain(name.split("-")[0]) in names]
        return values_digest([platform.python_implementation(), platform.python_version(), kept])

    def snapshot(self, folder: Path) -> str:
        """Hash of a snapshot: its manifest, and the content of its tables.

        Parameters
        ----------
        folder : Path
            The snapshot's folder.

        Returns
        -------
        str
        """
        if folder not in self._snapshots:
            tables = sorted(folder.glob("*.parquet"))
            found = {path.name: self._table(path) for path in tables}
            manifest = folder / _MANIFEST
            found[_MANIFEST] = digest(manifest.read_bytes()) if manifest.is_file() else ""
            self._snapshots[folder] = values_digest(found)
        return self._snapshots[folder]

    def named_files(self, *values: Any) -> dict[str, str]:
        """Files of the project that some values name, with the hash of their content.

        Parameters
        ----------
        *values
            JSON values, such as parameters; texts in them may be paths from the
            project folder.

        Returns
        -------
        dict of str to str
            SHA-256 by path; only of files inside the project folder.
        """
        found = {}
        for text in set(_texts(values)):
            if not 0 < len(text) <= _LONGEST_NAME or "\0" in text or "\n" in text:
                continue
            try:
                path = (self._root / text).resolve()
                if path.is_relative_to(self._root.resolve()) and path.is_file():
                    found[text] = digest(path.read_bytes())
            except (OSError, ValueError, RuntimeError):
                continue
        return found

    def keep(self) -> None:
        """Keep what was learnt for the next time; a folder that cannot be written is no error."""
        if not self._is_new:
            return
        with contextlib.suppress(OSError):
            write_atomically(self._kept_file, json.dumps(self._kept))
        self._is_new = False

    @cached_property
    def _lock(self) -> bytes:
        path = self._root / _LOCK
        return path.read_bytes() if path.is_file() else b""

    def _table(self, path: Path) -> str:
        about = path.stat()
        stamp = [about.st_size, about.st_mtime_ns]
        known = self._kept.get(str(path))
        if isinstance(known, list) and known[:2] == stamp:
            return str(known[2])
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._kept[str(path)] = [*stamp, sha256]
        self._is_new = True
        return sha256


def _plain(name: str) -> str:
    """Package name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _texts(inner)

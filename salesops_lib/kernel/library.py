"""The library as it stands on disk: what a kernel may have loaded before it starts.

The kernel server's program reads this module too, as a file beside it, so it
uses the standard library alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PACKAGE", "Library"]

PACKAGE = "salesops_lib"


@dataclass(frozen=True)
class Library:
    """Modules of the library that kernels start with, and their state on disk.

    Parameters
    ----------
    folder : str
        Folder of the package.
    modules : tuple of str
        What is imported.
    state : str
        Hash of path, size and time of change of every file of the package.
    """

    folder: str
    modules: tuple[str, ...]
    state: str

    @classmethod
    def now(cls, folder: Path, modules: tuple[str, ...]) -> Library:
        """The library as it is at this moment."""
        digest = hashlib.sha256()
        for line in sorted(_stamps(str(folder))):
            digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
        return cls(str(folder), modules, digest.hexdigest())

    @classmethod
    def of_request(cls, wish: dict[str, Any]) -> Library:
        """Library that a client asks for."""
        return cls(str(wish["folder"]), tuple(wish["modules"]), str(wish["state"]))

    def obstacle(self) -> str:
        """Why what has been imported is not this; empty where it is."""
        found = importlib.util.find_spec(PACKAGE)
        if found is None or str(Path(str(found.origin)).parent) != self.folder:
            return "another copy of the library comes first"
        if Library.now(Path(self.folder), self.modules) != self:
            return "the library has changed meanwhile"
        return ""

    def is_hidden_from(self, folder: Path) -> bool:
        """Whether a kernel in a folder would import a copy that lies there instead."""
        own = folder / PACKAGE
        return (own / "__init__.py").is_file() and own.resolve() != Path(self.folder).resolve()


def _stamps(folder: str) -> list[str]:
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                found += [] if entry.name == "__pycache__" else _stamps(entry.path)
            else:
                about = entry.stat()
                found.append(f"{entry.path}|{about.st_size}|{about.st_mtime_ns}")
    return found

"""Source files that a notebook, or a module, depends on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path

import salesops_lib
from salesops_lib.languages import catalogue_files
from salesops_lib.publishing.files import digest, json_object, write_atomically
from salesops_lib.publishing.imports import Imports, cell_imports, module_imports

__all__ = ["Sources"]

_LIBRARY = "salesops_lib"
_VERSION = 1
"""Raised when `imports` reads anything else out of a source."""


class Sources:
    """Source files of the library and of the project folder, and who imports whom.

    What a source imports is kept in ``.cache/imports.json`` by the hash of its
    bytes, so that an unchanged one is hashed and not parsed again. Everything is
    read once: make a new one for another look at the disk.

    Parameters
    ----------
    root : Path
        Project folder; notebooks may import modules that lie in it.
    package : Path, optional
        Folder of the library. Default: the one that is running.
    """

    def __init__(self, root: Path, package: Path | None = None) -> None:
        self._root = root
        self._package = package or Path(salesops_lib.__file__).parent
        self._kept_file = root / ".cache" / "imports.json"
        kept = json_object(self._kept_file)
        self._kept = dict(kept.get("imports", {})) if kept.get("version") == _VERSION else {}
        self._is_new = False
        self._read: dict[Path, tuple[str, Imports]] = {}
        self._found: dict[str, Path | None] = {}
        self._loaded: dict[str, list[tuple[Path, str]]] = {}
        self._closures: dict[tuple[str, ...], dict[str, str]] = {}

    def closure(self, modules: Iterable[str]) -> dict[str, str]:
        """Files that importing some modules depends on.

        These are the modules, all that they import in turn, and the data files
        of the packages among them. A package that is named itself counts with
        all parts that it offers lazily; one that merely holds a module, with what
        its ``__init__`` imports at once.

        Parameters
        ----------
        modules : iterable of str
            Modules, or names in modules. Those that are neither the library's nor
            the project's are left out.

        Returns
        -------
        dict of str to str
            SHA-256 by path, such as ``salesops_lib/results.py``.
        """
        wanted = tuple(sorted(set(modules)))
        if wanted not in self._closures:
            self._closures[wanted] = self._closure(wanted)
        return self._closures[wanted]

    def of_cells(self, sources: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Files that code cells depend on, and the texts that the cells hold.

        Parameters
        ----------
        sources : sequence of str
            Code cells.

        Returns
        -------
        tuple of dict and tuple of str
            Where a cell cannot be read as Python, it may need anything: the
            whole library.
        """
        found = cell_imports(sources)
        if found is None:
            return self.library, ()
        imports, texts = found
        return self.closure(imports.at_once), texts

    def file(self, name: str) -> str:
        """SHA-256 of one file of the library, named from its folder."""
        return self._digest(self._package / name)

    def catalogues(self, language: str) -> dict[str, str]:
        """SHA-256 of the catalogues of a language, by name; English has none.

        They are no part of what a module needs: a change in one language makes no
        report in another anew.
        """
        files = catalogue_files(language, self._package)
        return {name: _file_digest(path) for name, path in files.items()}

    @cached_property
    def library(self) -> dict[str, str]:
        """SHA-256 of every file of the library."""
        return {self._name(path): _file_digest(path) for path in _files(self._package)}

    def keep(self) -> None:
        """Keep what was learnt for the next time; a folder that cannot be written is no error."""
        if not self._is_new:
            return
        with contextlib.suppress(OSError):
            text = json.dumps({"version": _VERSION, "imports": self._kept})
            write_atomically(self._kept_file, text)
        self._is_new = False

    def _closure(self, wanted: Sequence[str]) -> dict[str, str]:
        seen: set[tuple[Path, str]] = set()
        waiting = [target for name in wanted for target in self._targets(name)]
        while waiting:
            path, part = waiting.pop()
            if (path, part) in seen:
                continue
            seen.add((path, part))
            imports = self._imports(path)
            module = self._module(path)
            names = [_absolute(name, module, path) for name in imports.at_once]
            if path.name == "__init__.py" and part:
                late = self._offered(path, part)
                names += [_absolute(name, module, path) for name in late]
                # Lazy parts are named without their package.
                names += [f"{module}.{name}" for name in late if not name.startswith(_LIBRARY)]
            elif path.name != "__init__.py":
                names += [name for name in imports.late if name.startswith(f"{_LIBRARY}.")]
            waiting += [target for name in names for target in self._targets(name)]
        paths = {path for path, _ in seen}
        packages = {path.parent for path in paths if path.name == "__init__.py"}
        data = {file for package in packages for file in _data_files(package)}
        found = {self._name(path): self._digest(path) for path in paths}
        return found | {self._name(path): _file_digest(path) for path in data}

    def _offered(self, path: Path, part: str) -> tuple[str, ...]:
        """Late imports of a package that count for one of its parts, or for all of them."""
        late = self._imports(path).late
        homes = tuple(name for name in late if name.endswith(f".{part}"))
        # Packages of the library say for type checkers where each lazy part is at home.
        return homes if homes and path.is_relative_to(self._package) else late

    def _targets(self, name: str) -> list[tuple[Path, str]]:
        """Files that importing a name loads; the last one with which of its parts count too."""
        if name not in self._loaded:
            self._loaded[name] = self._loading(name)
        return self._loaded[name]

    def _loading(self, name: str) -> list[tuple[Path, str]]:
        parts = name.split(".")
        found: list[tuple[Path, str]] = []
        for length in range(1, len(parts) + 1):
            path = self._file(".".join(parts[:length]))
            if path is not None:
                found.append((path, ""))
            elif parts[0] == _LIBRARY or found:
                break
        if not found:
            return []
        # The name itself with all its parts, or the module that holds the name.
        part = "*" if len(found) == len(parts) else parts[len(found)]
        return [*found, (found[-1][0], part)]

    def _file(self, module: str) -> Path | None:
        if module not in self._found:
            first, *rest = module.split(".")
            base = self._package if first == _LIBRARY else self._root / first
            place = "/".join([str(base), *rest])
            choices = Path(f"{place}/__init__.py"), Path(f"{place}.py")
            self._found[module] = next((path for path in choices if path.is_file()), None)
        return self._found[module]

    def _digest(self, path: Path) -> str:
        return self._content(path)[0]

    def _imports(self, path: Path) -> Imports:
        return self._content(path)[1]

    def _content(self, path: Path) -> tuple[str, Imports]:
        if path not in self._read:
            content = path.read_bytes()
            sha256 = digest(content)
            key = f"{path.name == '__init__.py':d}{sha256}"
            if key not in self._kept:
                self._kept[key] = _parsed(content, is_package=path.name == "__init__.py")
                self._is_new = True
            at_once, late = self._kept[key]
            self._read[path] = (sha256, Imports(tuple(at_once), tuple(late)))
        return self._read[path]

    def _module(self, path: Path) -> str:
        parts = list(Path(self._name(path)).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _name(self, path: Path) -> str:
        if path.is_relative_to(self._package):
            return f"{_LIBRARY}/{path.relative_to(self._package).as_posix()}"
        return path.relative_to(self._root).as_posix()


def _parsed(content: bytes, *, is_package: bool) -> list[list[str]]:
    try:
        found = module_imports(content.decode("utf-8-sig"), is_package=is_package)
    except (SyntaxError, ValueError):
        # It cannot be imported either: the run will tell.
        return [[], []]
    return [list(found.at_once), list(found.late)]


def _absolute(name: str, module: str, path: Path) -> str:
    """Name without leading dots."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parts = module.split(".")
    drop = level - 1 if path.name == "__init__.py" else level
    return ".".join([*parts[: len(parts) - drop], name.lstrip(".")])


@cache
def _is_code_or_cache(name: str) -> bool:
    # Catalogues are keyed by language; see `Sources.catalogues`.
    is_code = name.endswith((".py", ".pyc", ".pyo", ".po"))
    return is_code or name == "__pycache__" or name.startswith(".")


def _files(folder: Path) -> list[Path]:
    """Files below a folder, without caches and hidden ones."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found += [] if _is_code_or_cache(path.name) else _files(path)
        elif path.suffix == ".py" or not _is_code_or_cache(path.name):
            found.append(path)
    return found


def _data_files(package: Path) -> list[Path]:
    """Files that belong to a package and are no code: templates, style sheets."""
    found: list[Path] = []
    for path in sorted(package.iterdir()):
        if _is_code_or_cache(path.name):
            continue
        if path.is_file():
            found.append(path)
        elif path.is_dir() and not (path / "__init__.py").is_file():
            found += _data_files(path)
    return found


def _file_digest(path: Path) -> str:
    return digest(path.read_bytes())

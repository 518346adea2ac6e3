"""The files of an export folder: which there are, their hashes, their text as UTF-8."""

from __future__ import annotations

import codecs
import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["READABLE", "Export", "Fingerprint"]

TEXT = frozenset({".csv", ".tsv", ".txt"})
WORKBOOK = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
PARQUET = frozenset({".parquet"})
READABLE = TEXT | WORKBOOK | PARQUET
"""Endings of the files that can be read."""

_CHUNK = 1 << 20
_PATTERN = frozenset("*?[")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Fingerprint:
    """What one pass over a file's bytes tells.

    Parameters
    ----------
    sha256 : str
        Hash.
    bytes : int
        Size.
    encoding : str
        ``utf-8``, ``utf-16`` or ``cp1252``, whatever the bytes fit.
    blank : bool
        Nothing but blanks in it.
    """

    sha256: str
    bytes: int
    encoding: str
    blank: bool

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """Fingerprint of a file."""
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder("utf-8")()
        size, utf8, blank, start = 0, True, True, b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                start = start or chunk[:4]
                size += len(chunk)
                digest.update(chunk)
                blank = blank and not chunk.removeprefix(codecs.BOM_UTF8).strip()
                if utf8:
                    utf8 = _decodes(decoder, chunk)
        utf8 = utf8 and _decodes(decoder, b"", final=True)
        encoding = "utf-16" if start.startswith(_UTF16) else "utf-8" if utf8 else "cp1252"
        return cls(digest.hexdigest(), size, encoding, blank)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class Export:
    """A folder of exported files and a folder for passing copies of them.

    Parameters
    ----------
    folder : Path
        The export, which is only read.
    work : Path
        Temporary folder.
    encoding : str
        Encoding of its text files, or ``auto``.
    """

    folder: Path
    work: Path
    encoding: str = "auto"
    _fingerprints: dict[Path, Fingerprint] = field(default_factory=dict, repr=False)
    _stamps: dict[Path, tuple[int, int]] = field(default_factory=dict, repr=False)
    _links: dict[tuple[Path, str], Path] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InputError(f"no such folder: {self.folder}")

    @property
    def names(self) -> list[str]:
        """Names of all files that can be read, with the folders they lie in."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(
            self.name(path)
            for path in found
            if path.suffix.lower() in READABLE and not path.name.startswith(("~$", "."))
        )

    def name(self, path: Path) -> str:
        """Name of a file inside the export."""
        return path.relative_to(self.folder).as_posix()

    def files(self, patterns: Iterable[str], where: str) -> list[Path]:
        """Files that names or patterns stand for, in order, each once.

        Raises
        ------
        InputError
            A name stands for no file, or for one that cannot be read.
        """
        found: dict[Path, None] = {}
        for pattern in patterns:
            exact = self.folder / pattern
            matches = [exact] if exact.is_file() else []
            if not matches and _PATTERN & set(pattern):
                matches = sorted(path for path in self.folder.glob(pattern) if path.is_file())
            if not matches:
                raise InputError(
                    f"no such file `{pattern}` in {self.folder.name}",
                    where=where,
                    found=pattern,
                    allowed=self.names,
                )
            for path in matches:
                if path.suffix.lower() not in READABLE:
                    raise InputError(
                        f"{self.name(path)} is of a kind that cannot be read",
                        where=where,
                        allowed=READABLE,
                    )
                found[path] = None
        return list(found)

    def fingerprint(self, path: Path) -> Fingerprint:
        """Fingerprint of a file, taken once.

        Raises
        ------
        InputError
            The file is empty or cannot be read.
        """
        if path not in self._fingerprints:
            try:
                self._stamps[path] = _stamp(path)
                mark = Fingerprint.of(path)
            except OSError as error:
                raise InputError(
                    f"cannot be read: {error.strerror}", where=self.name(path)
                ) from None
            if mark.blank:
                raise InputError("the file is empty", where=self.name(path))
            self._fingerprints[path] = mark
        return self._fingerprints[path]

    def check_unchanged(self) -> None:
        """Refuse an export of which a file was written while it was being read.

        Raises
        ------
        InputError
            A file's size or time of change is another than at first.
        """
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                raise InputError(
                    "the file was changed while it was being read; ingest again",
                    where=self.name(path),
                )

    @property
    def fingerprints(self) -> dict[str, Fingerprint]:
        """Fingerprints taken so far, by file name."""
        return {self.name(path): mark for path, mark in sorted(self._fingerprints.items())}

    def link(self, path: Path) -> Path:
        """Harmless name for a file, since engines read patterns and addresses into names."""
        return self._passing(path, "", lambda target: target.symlink_to(path.resolve()))

    def utf8(self, path: Path, encoding: str | None = None) -> Path:
        """File that holds a text file's text as UTF-8: itself or a passing copy.

        Raises
        ------
        InputError
            The bytes do not fit the encoding.
        """
        mark = self.fingerprint(path)
        wanted = encoding or self.encoding
        chosen = mark.encoding if wanted == "auto" else codecs.lookup(wanted).name
        if chosen in {"utf-8", "utf-8-sig", "ascii"} and mark.encoding == "utf-8":
            return self.link(path)
        return self._passing(path, chosen, lambda target: self._recode(path, chosen, target))

    def _passing(self, path: Path, kind: str, make: Callable[[Path], object]) -> Path:
        key = (path, kind)
        if key not in self._links:
            target = self.work / f"source_{len(self._links)}{path.suffix.lower()}"
            make(target)
            self._links[key] = target
        return self._links[key]

    def _recode(self, path: Path, encoding: str, target: Path) -> None:
        try:
            with (
                path.open(encoding=encoding, newline="") as source,
                target.open("w", encoding="utf-8", newline="") as copy,
            ):
                shutil.copyfileobj(source, copy, _CHUNK)
        except UnicodeDecodeError as error:
            raise InputError(
                f"byte 0x{error.object[error.start]:02x} is not {encoding} text; "
                "name the file's encoding with `encoding`",
                where=self.name(path),
            ) from None

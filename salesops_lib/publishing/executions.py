"""Executed notebooks of good runs, kept by the key of what went into them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.publishing.files import digest, json_object, json_text, write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["KeptRun", "forget_run", "keep_run", "kept_run", "prune_runs"]

_NEWEST = 100


@dataclass(frozen=True)
class KeptRun:
    """A good run that can be rendered again.

    Parameters
    ----------
    notebook : bytes
        The executed notebook file.
    finished : datetime
        When the run ended, UTC.
    seconds : float
        How long it took.
    warnings : tuple of str
        What the cells wrote to their error stream.
    cells : mapping of int to float
        Seconds of each code cell, by its number in the notebook.
    """

    notebook: bytes
    finished: dt.datetime
    seconds: float
    warnings: tuple[str, ...] = ()
    cells: Mapping[int, float] = field(default_factory=dict)


def keep_run(
    root: Path,
    key: str,
    notebook: NotebookNode,
    finished: dt.datetime,
    seconds: float,
    warnings: Sequence[str] = (),
    cells: Mapping[int, float] | None = None,
) -> None:
    """Keep the notebook of a good run.

    Parameters
    ----------
    root : Path
        Project folder.
    key : str
        Execute key of the run.
    notebook : NotebookNode
        Notebook with its outputs.
    finished, seconds, warnings, cells
        As in `KeptRun`.
    """
    # In one line: the encoder that indents is twenty times slower.
    text = json.dumps(notebook, ensure_ascii=False)
    file, record = _files(root, key)
    write_atomically(file, text)
    about = {
        "sha256": digest(text.encode("utf-8", "replace")),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": seconds,
        "warnings": list(warnings),
        "cells": {str(number): spent for number, spent in (cells or {}).items()},
    }
    # The record comes last: what has one is complete.
    write_atomically(record, json_text(about))


def kept_run(root: Path, key: str) -> KeptRun | None:
    """Good run with a key; None where none is kept, or where it is damaged.

    Parameters
    ----------
    root : Path
        Project folder.
    key : str
        Execute key.

    Returns
    -------
    KeptRun or None
    """
    file, record = _files(root, key)
    about: dict[str, Any] = json_object(record)
    try:
        content = file.read_bytes()
        if digest(content) != about["sha256"]:
            return None
        finished = dt.datetime.fromisoformat(about["finished"])
        cells = {int(number): float(spent) for number, spent in about["cells"].items()}
        seconds = float(about["seconds"])
        return KeptRun(content, finished, seconds, tuple(about["warnings"]), cells)
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return None


def forget_run(root: Path, key: str) -> None:
    """Forget a run, because another with the same key has failed."""
    for path in reversed(_files(root, key)):
        path.unlink(missing_ok=True)


def prune_runs(root: Path, used: Collection[str], newest: int = _NEWEST) -> int:
    """Forget old runs that no published report was made of.

    Parameters
    ----------
    root : Path
        Project folder.
    used : collection of str
        Execute keys to keep whatever their age.
    newest : int
        How many of the others to keep.

    Returns
    -------
    int
        How many were forgotten.
    """
    aged: list[tuple[float, str]] = []
    with contextlib.suppress(OSError):
        aged += [
            (path.stat().st_mtime, path.stem)
            for path in _folder(root).glob("*.ipynb")
            if path.stem not in used
        ]
    old = [key for _, key in sorted(aged, reverse=True)[newest:]]
    for key in old:
        with contextlib.suppress(OSError):
            forget_run(root, key)
    return len(old)


def _folder(root: Path) -> Path:
    return root / ".cache" / "executed"


def _files(root: Path, key: str) -> tuple[Path, Path]:
    return _folder(root) / f"{key}.ipynb", _folder(root) / f"{key}.json"

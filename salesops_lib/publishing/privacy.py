"""Privacy of a run: no output may name a person whom its audience must not see.

What a report's view shows is cut for its audience already; this looks at what
the cells have made, because a cell may read the data in a way of its own.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from salesops_lib.publishing.jobs import RunError

if TYPE_CHECKING:
    from salesops_lib.data.audience import Audience
    from salesops_lib.publishing.execution import Execution
    from salesops_lib.publishing.jobs import Job

__all__ = ["Names", "names_forbidden", "private"]

_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")
_FILE = re.compile(r";base64,([A-Za-z0-9+/=\s]+)")
_ZIP = b"PK\x03\x04"


class Names:
    """Names of people, looked for in texts of any markup.

    Names of two and more words are found wherever their words follow each other;
    one of a single word only where it is a whole text, such as a table's cell,
    because it may be a word of the language too.

    Parameters
    ----------
    names : iterable of str
        The names.

    Examples
    --------
    >>> names = Names(["Ana O'Neil", "Sales"])
    >>> names.are_in("<td>Ana&nbsp;O&#39;Neil</td>"), names.are_in("Sales cycle, Ana")
    (True, False)
    >>> names.are_in({"rep": ["Sales"]})
    True
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[list[str]]] = {}
        self._single: set[str] = set()
        for name in names:
            words = _words(name)
            if len(words) > 1:
                self._by_first.setdefault(words[0], []).append(words)
            elif words:
                self._single.add(name.strip().casefold())

    def __bool__(self) -> bool:
        return bool(self._by_first or self._single)

    def are_in(self, value: Any) -> bool:
        """Whether a JSON value of any depth holds one of them, files inside it too."""
        return bool(self) and any(self._is_in(text) for text in _texts(value))

    def _is_in(self, text: str) -> bool:
        if "<" in text:
            parts = [html.unescape(part).strip().casefold() for part in _TAG.split(text)]
            text = html.unescape(_TAG.sub(" ", text))
        else:
            parts = [text.strip().casefold()]
            text = html.unescape(text)
        if not self._single.isdisjoint(parts):
            return True
        words = _words(text)
        return any(
            words[place : place + len(name)] == name
            for place, word in enumerate(words)
            for name in self._by_first.get(word, ())
        )


def names_forbidden(job: Job) -> Names:
    """Names that a job's report must not hold; none for leadership."""
    audience: Audience = job.parameters.get("audience") or "leadership"
    if audience == "leadership":
        return Names(())
    import datetime as dt

    from salesops_lib.data.audience import names_of_others
    from salesops_lib.data.snapshot import Snapshot, find_snapshot

    day: str = job.parameters.get("as_of") or ""
    as_of = dt.date.fromisoformat(day) if day else None
    place = find_snapshot(job.root / str(job.parameters["snapshot"]), as_of)
    snapshot = Snapshot.open(place)
    return Names(names_of_others(snapshot, audience, job.scope, as_of or snapshot.as_of))


def private(job: Job, execution: Execution) -> Execution:
    """A run as its audience may have it.

    Parameters
    ----------
    job : Job
        The job.
    execution : Execution
        What its notebook has made.

    Returns
    -------
    Execution
        The same one, or a failed one without any output, where an output, an error
        or a warning names somebody whom the audience must not see.

    Raises
    ------
    InputError
        The snapshot cannot be read.
    """
    names = names_forbidden(job)
    if not names:
        return execution
    cells = execution.notebook.cells
    found = [number for number, cell in enumerate(cells) if names.are_in(cell.get("outputs", []))]
    told = [vars(execution.error)] if execution.error is not None else []
    if not found and not names.are_in([*told, *execution.warnings]):
        return execution
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs = []
    error = RunError(
        "Not private",
        f"an output names a person whom the audience `{job.parameters['audience']}` of this"
        " report must not see; all outputs were dropped",
        cell=_stored_number(cells, found[0]) if found else None,
    )
    return replace(execution, status="failed", error=error, warnings=())


def _stored_number(cells: list[Any], index: int) -> int:
    """Number of a cell as the stored notebook counts, which lacks papermill's own."""
    from salesops_lib.publishing.execution import INJECTED

    before = cells[: index + 1]
    return sum(1 for cell in before if INJECTED not in cell.metadata.get("tags", []))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _texts(value: Any) -> Iterator[str]:
    """All texts of a value, and those of the files that stand in them."""
    if isinstance(value, str):
        if ";base64," in value:
            for coded in _FILE.findall(value):
                yield from _file_texts(coded)
            value = _FILE.sub(" ", value)
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            # Pictures are shown as they are; nothing can be read in them here.
            if not str(key).startswith("image/") or key == "image/svg+xml":
                yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _file_texts(coded: str) -> Iterator[str]:
    """Text of a file in base64; of a workbook, that of all its parts."""
    try:
        content = base64.b64decode(coded)
        if not content.startswith(_ZIP):
            yield content.decode("utf-8", "replace")
            return
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            for name in parts.namelist():
                yield parts.read(name).decode("utf-8", "replace")
    except (binascii.Error, ValueError, zipfile.BadZipFile):
        return

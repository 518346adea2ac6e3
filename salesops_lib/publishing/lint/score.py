"""The score of a page: which points it meets, and which elements fail the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesops_lib.errors import InputError
from salesops_lib.publishing.lint import (
    accessibility,
    collection,
    colours,
    file,
    first_screen,
    provenance,
    reading,
    tables,
    truth,
)
from salesops_lib.publishing.lint.gates import GATES
from salesops_lib.publishing.lint.problem import Problem, problems, problems_of
from salesops_lib.publishing.lint.subject import Check, Subject

__all__ = [
    "CHECKS",
    "INDEX_CHECKS",
    "Score",
    "index_score",
    "letter_score",
    "page_score",
    "scores",
]

CHECKS: dict[int, Check] = {
    **truth.CHECKS,
    **first_screen.CHECKS,
    **reading.CHECKS,
    **tables.CHECKS,
    **accessibility.CHECKS,
    **colours.CHECKS,
    **file.CHECKS,
    **provenance.CHECKS,
    **collection.PAGE_CHECKS,
}
"""What decides a point from a report's page, by its number."""

INDEX_CHECKS: dict[int, Check] = {
    2: truth.nothing_left_over,
    13: reading.headings_descend,
    24: accessibility.rules_of_the_markup,
    29: colours.texts_stand_out,
    31: accessibility.only_what_acts_is_focused,
    34: file.asks_nothing,
    40: file.markup_is_valid,
    41: file.nothing_of_the_machine,
    **collection.INDEX_CHECKS,
}
"""The same for the page that lists the reports."""


@dataclass(frozen=True)
class Score:
    """The score of one page, index or message.

    Parameters
    ----------
    name : str
        Its file, as it was found.
    checked : tuple of int
        Points that were checked.
    problems : tuple of Problem
        What is wrong, in the order of points.
    """

    name: str
    checked: tuple[int, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> tuple[int, ...]:
        """Points that are not met."""
        return tuple(sorted({problem.point for problem in self.problems}))

    @property
    def met(self) -> int:
        """How many points are met."""
        return len(self.checked) - len(self.failed)

    @property
    def is_good(self) -> bool:
        """Whether all that was checked is met."""
        return not self.problems

    def records(self) -> dict[str, Any]:
        """The score for machines."""
        return {
            "file": self.name,
            "met": self.met,
            "checked": list(self.checked),
            "failed": list(self.failed),
            "gates_passed": not set(self.failed) & set(GATES),
            "problems": [vars(problem) for problem in self.problems],
        }

    def joined(self, other: Score) -> Score:
        """Score of the same page with what another way of looking at it found."""
        return Score(
            self.name,
            tuple(sorted({*self.checked, *other.checked})),
            tuple(sorted((*self.problems, *other.problems), key=lambda p: p.point)),
        )


def page_score(html: str, path: Path | None = None, name: str = "") -> Score:
    """Score of a report's page.

    Parameters
    ----------
    html : str
        The page.
    path : Path, optional
        Its file: what lies beside it is looked at as well.
    name : str
        What to call it. Default: the file.

    Returns
    -------
    Score
    """
    subject = Subject(html, path)
    return _score(subject, CHECKS, name or (path.as_posix() if path else "page"))


def index_score(html: str, path: Path, name: str = "") -> Score:
    """Score of the page that lists the reports, as for `page_score`."""
    return _score(Subject(html, path), INDEX_CHECKS, name or path.as_posix())


def letter_score(content: bytes, name: str) -> Score:
    """Score of a message, as an ``.eml`` file holds it."""
    from salesops_lib.publishing.lint.letter import letter_is_plain

    return Score(name, (50,), tuple(problems_of(50, letter_is_plain(content))))


def scores(paths: Iterable[Path]) -> list[Score]:
    """Scores of reports, of messages, and of folders of reports with their index.

    Parameters
    ----------
    paths : iterable of Path
        Files ending in ``.html`` or ``.eml``, and folders.

    Returns
    -------
    list of Score
        In the order given; of a folder, reports first, then the index.

    Raises
    ------
    InputError
        There is nothing to check under a path.
    """
    files = [file for path in paths for file in _files(path)]
    return [_file_score(path) for path in dict.fromkeys(files)]


def _file_score(path: Path) -> Score:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if path.suffix == ".eml":
        return letter_score(content, path.as_posix())
    html = content.decode("utf-8", "replace")
    if path.name == collection.INDEX:
        return index_score(html, path)
    return page_score(html, path)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        pages = collection.page_paths(path) or sorted(path.rglob("*.html"))
        index = path / collection.INDEX
        found = [page for page in pages if page != index] + ([index] if index.is_file() else [])
        found += sorted(path.rglob("*.eml"))
        if not found:
            raise InputError("there is no report in this folder", where=str(path))
        return found
    if not path.is_file():
        raise InputError("there is no such file or folder", where=str(path))
    if path.suffix not in {".html", ".eml"}:
        raise InputError(
            f"`{path.suffix or path.name}` is no report: a page ends in .html, a message in .eml",
            where=str(path),
        )
    return [path]


def _score(subject: Subject, checks: Mapping[int, Check], name: str) -> Score:
    return Score(name, tuple(sorted(checks)), problems(subject, checks))

"""What is wrong with a page, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

__all__ = ["Problem", "problems", "problems_of"]


@dataclass(frozen=True)
class Problem:
    """A point that is not met, and where.

    Parameters
    ----------
    point : int
        Its number.
    message : str
        What is wrong.
    tag, id, text : str
        Name, id and beginning of the text of the element that fails; empty where
        it is the page as a whole.
    line : int
        Line of the file; 0 for the page as a whole.
    """

    point: int
    message: str
    tag: str = ""
    id: str = ""
    text: str = ""
    line: int = 0

    @property
    def element(self) -> str:
        """The element as people find it; empty for the page as a whole."""
        if not self.tag:
            return ""
        name = f'<{self.tag} id="{self.id}">' if self.id else f"<{self.tag}>"
        text = f" “{self.text}”" if self.text else ""
        return f"{name}{text}, line {self.line}"

    def __str__(self) -> str:
        return f"point {self.point}: {self.message}" + (f": {self.element}" if self.tag else "")


def problems(subject: Subject, checks: Mapping[int, Check]) -> tuple[Problem, ...]:
    """What some checks find wrong with a page, in the order of points."""
    return tuple(
        problem
        for number in sorted(checks)
        for problem in problems_of(number, checks[number](subject))
    )


def problems_of(number: int, flaws: Iterable[Flaw]) -> list[Problem]:
    """Flaws as problems of one point."""
    return [_problem(number, flaw) for flaw in flaws]


def _problem(number: int, flaw: Flaw) -> Problem:
    element = flaw.element
    if element is None or not element.tag:
        return Problem(number, flaw.message)
    return Problem(
        number, flaw.message, element.tag, element.id[:80], element.excerpt, element.line
    )

"""The gates: a page that fails one of them is not published."""

from __future__ import annotations

from salesops_lib.publishing.lint import accessibility, file, truth
from salesops_lib.publishing.lint.problem import Problem, problems
from salesops_lib.publishing.lint.subject import Check, Subject

__all__ = ["GATES", "gate_problems"]

GATES: dict[int, Check] = {
    1: truth.every_cell_ran,
    2: truth.nothing_left_over,
    24: accessibility.rules_of_the_markup,
    34: file.asks_nothing,
}
"""What decides a gate, by the number of its point."""


def gate_problems(html: str) -> tuple[Problem, ...]:
    """What keeps a page from being published.

    Parameters
    ----------
    html : str
        The page.

    Returns
    -------
    tuple of Problem
        Empty for a page that may be published.
    """
    return problems(Subject(html), GATES)

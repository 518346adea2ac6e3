"""Sentences with the numbers behind them, where a chart would say no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from markupsafe import Markup

from salesops_lib.fragments import fragment, grid_html
from salesops_lib.notebook.figures import undrawn
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from salesops_lib.fragments import Grid

__all__ = ["Statement", "Tabled", "statement"]


class Tabled(Protocol):
    """What `statement` can show."""

    @property
    def headline(self) -> str:
        """One sentence with the numbers."""

    @property
    def grid(self) -> Grid:
        """The numbers behind it."""

    def records(self) -> dict[str, Any]:
        """Values for machines."""


@dataclass(frozen=True)
class Statement:
    """A sentence, and its table folded below it.

    Parameters
    ----------
    result : Tabled
        What is told. Where it has a sentence `undrawn`, that stands alone.
    """

    result: Tabled

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        result = self.result
        said = undrawn(result) or result.headline
        html = fragment("sentence", text=said)
        if not undrawn(result):
            grid = result.grid
            html += fragment(
                "folded",
                summary=grid.show.say("Show the numbers"),
                body=Markup(grid_html(grid)),  # noqa: S704 (a template's output)
            )
        return {"text/plain": said, "text/html": html, MIME: result.records()}


def statement(result: Tabled | None) -> Statement | None:
    """A result in a sentence, with its table folded below it.

    Parameters
    ----------
    result : Tabled or None
        What to tell; None where the report has nothing of the kind.

    Returns
    -------
    Statement or None
        None, which a cell does not show, where there is nothing to tell.
    """
    return None if result is None else Statement(result)

"""HTML fragments: how results look, in JupyterLab and in reports.

Everything that comes from data is escaped by the templates; the only markup
that passes is what these templates, and our own charts, make themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.results import Measure

__all__ = ["ROWS_SHOWN", "Cell", "Grid", "fragment", "grid_html", "measure_table"]

ROWS_SHOWN = 25
"""Rows of a table that stand open on the page; the others are folded."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text : str
        What it shows.
    kind : str
        ``head`` (names the row), ``text`` or ``number``.
    below : str
        Smaller lines under it.
    tone : str
        ``good``, ``bad`` or empty; it colours the first of them, whose sign says the same.
    title : str
        What a dash or a mark means.
    drawing : Markup, optional
        Our own inline SVG, shown instead of the text.
    """

    text: str
    kind: str = "number"
    below: str = ""
    tone: str = ""
    title: str = ""
    drawing: str = ""


@dataclass(frozen=True)
class Grid:
    """A table ready to be shown.

    Parameters
    ----------
    caption : str
        What it shows.
    headers : tuple of (str, str)
        Text and kind (``text`` or ``number``) of each column's head.
    rows : tuple of tuple of Cell
        The cells.
    note : str
        What marks mean; shown under the table.
    definitions : mapping
        Id of the definition that a column's head links to, by the head's text.
    """

    caption: str
    headers: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)


def fragment(template: str, **values: Any) -> str:
    """HTML of a template of this package, all values escaped.

    Parameters
    ----------
    template : str
        Name without ending, such as ``findings``.
    **values
        What it shows.

    Returns
    -------
    str
    """
    return _environment().get_template(f"{template}.html.j2").render(**values)


def grid_html(grid: Grid, rows_shown: int = ROWS_SHOWN) -> str:
    """Table with its caption; rows past the limit are folded.

    Parameters
    ----------
    grid : Grid
        What to show.
    rows_shown : int
        Rows that stand open.

    Returns
    -------
    str
    """
    return fragment("grid", grid=grid, shown=rows_shown)


def measure_table(measure: Measure) -> str:
    """Table of one measure: each group in each period.

    Parameters
    ----------
    measure : Measure
        What to show.

    Returns
    -------
    str
    """
    show, unit = measure.show, measure.definition.unit
    roles = [role for role in ("current", "prior", "last_year") if measure.period(role)]
    headers = [((measure.by or "scope").capitalize(), "text")]
    for role in roles:
        headers.append((measure.period(role), "number"))
        if role != "current":
            headers.append(("change", "number"))
    rows = []
    for group, label in measure.groups:
        cells = [Cell(label if measure.by else measure.scope.capitalize(), "head")]
        for role in roles:
            value = measure.value(role, group)
            shown = show.value(value.number, unit)
            interval = show.interval(value.low, value.high, unit)
            cells.append(Cell(shown, below=interval, title=value.reason))
            if role != "current":
                cells.append(Cell(measure.change_text(role, group), tone=measure.tone(role, group)))
        rows.append(tuple(cells))
    return grid_html(Grid(measure.definition.name, tuple(headers), tuple(rows)))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("salesops_lib.fragments", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

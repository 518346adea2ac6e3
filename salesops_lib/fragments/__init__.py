"""HTML fragments: how results look, in JupyterLab and in reports.

Everything that comes from data is escaped by the templates; the only markup
that passes is what these templates, and our own charts, make themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from salesops_lib.formats import Formatter
from salesops_lib.fragments.attachments import csv_link, csv_name
from salesops_lib.words import grouping_head

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from salesops_lib.results import Measure

__all__ = [
    "CELLS_ON_PAGE",
    "ROWS_SHOWN",
    "Cell",
    "Grid",
    "fragment",
    "grid_html",
    "load_templates",
    "measure_table",
    "unbroken",
]

_HYPHENED = re.compile(r"\b([0-9]{4}-[\w-]{2,30})\b")

ROWS_SHOWN = 25
"""Rows of a table that stand open on the page. A longer table comes as a CSV file too."""

CELLS_ON_PAGE = 400
"""Cells of a long table on the page, open or folded; the CSV file holds those past them."""


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
    title : str
        What a dash or a mark means.
    drawing : Markup, optional
        Our own inline SVG, shown instead of the text.
    number : float or Decimal, optional
        The number in full, for the CSV file of a long table.
    """

    text: str
    kind: str = "number"
    below: str = ""
    title: str = ""
    drawing: str = ""
    number: float | Decimal | None = None


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
    show : Formatter
        Language of what the table says itself. Default: English.
    folded : bool
        Whether the page folds rows past those shown; otherwise the file alone has them.
    """

    caption: str
    headers: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    show: Formatter = field(default_factory=Formatter)
    folded: bool = True

    def columns(self, *places: int) -> Grid:
        """The same table with some of its columns, counted from 0."""
        return replace(
            self,
            headers=tuple(self.headers[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )


def fragment(template: str, *, show: Formatter | None = None, **values: Any) -> str:
    """HTML of a template of this package, all values escaped.

    Parameters
    ----------
    template : str
        Name without ending, such as ``findings``.
    show : Formatter, optional
        Language of the template's own words, which it gives to `say` and `counted`.
        Default: English.
    **values
        What it shows.

    Returns
    -------
    str
    """
    words = show or Formatter()
    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(say=words.say, counted=words.counted, **values)
    )


def grid_html(
    grid: Grid,
    rows_shown: int = ROWS_SHOWN,
    *,
    whole: Grid | None = None,
) -> str:
    """Table with its caption; rows past the limit are folded, and all are in a file.

    Parameters
    ----------
    grid : Grid
        What to show.
    rows_shown : int
        Rows that stand open.
    whole : Grid, optional
        What the file holds, where `grid` is a part of it.

    Returns
    -------
    str
    """
    whole = whole or grid
    long = len(whole.rows) > min(ROWS_SHOWN, len(grid.rows))
    return fragment(
        "grid",
        show=grid.show,
        grid=grid,
        shown=rows_shown,
        most=max(ROWS_SHOWN, CELLS_ON_PAGE // max(len(grid.headers), 1) if grid.folded else 0),
        file=csv_link(whole) if long else "",
        file_name=csv_name(whole) if long else "",
        file_rows=len(whole.rows),
    )


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
    compared = [role for role in ("prior", "last_year") if measure.period(role)]
    headers = (
        (grouping_head(measure.by, show), "text"),
        (measure.period(), "number"),
        (show.say("Cases"), "number"),
        *((measure.period(role), "number") for role in compared),
    )
    rows = []
    for group, label in measure.groups:
        value = measure.value(group=group)
        interval = show.interval(value.low, value.high, unit)
        cells = [
            Cell(label if measure.by else measure.scope, "head"),
            _measure_cell(measure, "current", group, interval),
            Cell("" if value.n is None else show.count(value.n), number=value.n),
        ]
        for role in compared:
            change = measure.change_text(role, group)
            cells.append(_measure_cell(measure, role, group, change))
        rows.append(tuple(cells))
    note = show.say("Second line: 95% interval, or the change of this period on that one.")
    is_lined = any(cell.below for row in rows for cell in row)
    return grid_html(
        Grid(measure.definition.name, headers, tuple(rows), note if is_lined else "", show=show)
    )


def _measure_cell(measure: Measure, role: str, group: str, below: str) -> Cell:
    value = measure.value(role, group)
    text = measure.show.value(value.number, measure.definition.unit)
    return Cell(text, below=below, title=value.reason, number=value.number)


def unbroken(text: str) -> Markup:
    """Text whose dates, periods and ids, such as 2026-Q3, stay on one line.

    Examples
    --------
    >>> unbroken("2026-Q3 & on")
    Markup('<span class=nowrap>2026-Q3</span> &amp; on')
    """
    return Markup().join(
        Markup("<span class=nowrap>{}</span>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(_HYPHENED.split(text))
    )


def load_templates() -> None:
    """Read and compile all templates of this package, so that no later call has to."""
    environment = _environment()
    for name in environment.list_templates(extensions=["j2"]):
        environment.get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("salesops_lib.fragments", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    return environment
